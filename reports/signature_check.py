"""Finding the signatures of a PDF, and what each of them is worth.

It never says that a document is good. It tells whose signatures it bears, what bytes each covers, whether
these are as they were signed, what came after, and whether the certificate is one to trust. Nothing is asked
over a network: whether a certificate was revoked is not known here.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reports.certificates import SIGNING_USAGES, common_name, issuer_name, unusable
from reports.meanings import told
from rig.errors import RefusedToStart, RigError

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus

CLOCKS_AGREE_WITHIN = timedelta(hours=1)
"""The time that a signer claims may be this far off the time stamp of a server."""


@dataclass(frozen=True)
class SignatureFound:
    """A signature in a PDF.

    Args:
        field: name of its field in the PDF.
        name: of the signer, as the signature says.
        certificate_name: of the person the certificate is for.
        issuer: who issued the certificate.
        meaning: "review", "approval" …, as the signature says.
        at: date and time as the signer claims, in UTC.
        whole: whether the bytes it covers are those that were signed, and only later signatures came after.
        covers_to: number of bytes it covers, from the first.
        stamped_at: date and time as a trusted time-stamp server witnessed.
        trusted: whether its certificate leads to a trusted authority, and was good at that time.
        why: why it is not whole, or not trusted; several reasons in one text.
    """

    field: str
    name: str
    certificate_name: str
    issuer: str
    meaning: str
    at: datetime | None
    whole: bool
    covers_to: int
    stamped_at: datetime | None
    trusted: bool
    why: str

    def __str__(self) -> str:
        certified = "" if self.name == self.certificate_name else f" (certificate of {self.certificate_name})"
        when = "at no stated time" if self.at is None else f"{self.at:%Y-%m-%d %H:%M:%S} UTC"
        stamped = "" if self.stamped_at is None else f", time stamp {self.stamped_at:%Y-%m-%d %H:%M:%S} UTC"
        worth = "trusted" if self.trusted else self.why
        return f"signed by {self.name}{certified}: {told(self.meaning)} {when}{stamped}; {worth}"


class Unreadable(RigError):
    """The file is no PDF whose signatures can be told."""


def signatures_of(pdf: Path, roots: Sequence[Certificate] = ()) -> list[SignatureFound]:
    """Return every signature of a PDF, the first one first.

    Args:
        pdf: the file.
        roots: certificates of the authorities to trust; without any, no certificate is trusted.

    Raises:
        Unreadable: the file is no PDF, or damaged so that its signatures cannot be told.
        RefusedToStart: what reads signatures is not installed.
    """
    need_pyhanko()
    data = pdf.read_bytes()
    with _quiet():
        try:
            embedded = _embedded(data)
            fields = [signature.fq_name for signature in embedded]
            return [_judge(data, each, set(fields[n:]), roots) for n, each in enumerate(embedded, start=1)]
        except Exception as error:  # damaged bytes break a parser in any way they like
            raise Unreadable(
                f"{pdf.name}: its signatures cannot be read ({error})", do="Compare it with a copy"
            ) from error


def need_pyhanko() -> None:
    """Refuse to go on without the library that makes and checks signatures.

    Raises:
        RefusedToStart: it is not installed.
    """
    if find_spec("pyhanko") is None:
        raise RefusedToStart(
            "signatures can be neither made nor checked here",
            expected="pyHanko",
            do="Install it: pip install needle-rig[evidence]",
        )


def _embedded(data: bytes) -> list[EmbeddedPdfSignature]:
    from pyhanko.pdf_utils.reader import PdfFileReader

    return list(PdfFileReader(io.BytesIO(data)).embedded_regular_signatures)


def _judge(
    data: bytes, embedded: EmbeddedPdfSignature, later: set[str], roots: Sequence[Certificate]
) -> SignatureFound:
    entries = embedded.sig_object
    said = {key: str(entries.get(f"/{key}", "")) for key in ("Name", "Reason", "M")}
    at, covers_to = _utc(said["M"]), _covers_to(embedded)
    try:
        certificate = embedded.signer_cert
        certified, issuer = common_name(certificate), issuer_name(certificate)
        stamp = _time_stamp(embedded)
        status = _validate(embedded, roots, stamp or at)
        if stamp and not _is_witnessed(status):  # what an unknown server says proves nothing
            stamp, status = None, _validate(embedded, roots, at)
        damage = _damage(data, embedded, status, later)
    except Exception as error:  # noqa: BLE001  # damaged bytes break a parser in any way they like
        return SignatureFound(
            embedded.fq_name, said["Name"], "", "", said["Reason"], at, False, covers_to, None, False,
            f"it cannot be checked ({error})",
        )  # fmt: skip
    why = damage or _distrust(certificate, status, at, stamp)
    return SignatureFound(
        embedded.fq_name, said["Name"] or certified, certified, issuer, said["Reason"], at, not damage,
        covers_to, stamp, not why, why,
    )  # fmt: skip


def _validate(
    embedded: EmbeddedPdfSignature, roots: Sequence[Certificate], at: datetime | None
) -> PdfSignatureStatus:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    return validate_pdf_signature(
        embedded,
        ValidationContext(trust_roots=list(roots), moment=at, allow_fetching=False),
        ValidationContext(trust_roots=list(roots), moment=at, allow_fetching=False),
        key_usage_settings=KeyUsageConstraints(key_usage=SIGNING_USAGES, match_all_key_usages=False),
    )


def _is_witnessed(status: PdfSignatureStatus) -> bool:
    stamp = status.timestamp_validity
    return stamp is not None and stamp.trusted


def _damage(data: bytes, embedded: EmbeddedPdfSignature, status: PdfSignatureStatus, later: set[str]) -> str:
    """Tell what is wrong with the bytes that a signature covers, with itself, or with what came after."""
    from pyhanko.sign.diff_analysis import DiffResult
    from pyhanko.sign.validation import SignatureCoverageLevel

    if not status.intact:
        return f"the first {_covers_to(embedded)} bytes are not those that were signed"
    if not status.valid:
        return "it was not made with the key of its certificate"
    if status.coverage is None or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return "it does not cover everything up to its end"
    if not _is_plain(data, embedded):
        return "its own bytes were altered"
    change = status.diff_result
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return ""
    if not isinstance(change, DiffResult):
        return f"the document was changed after it ({change})"
    filled = ", ".join(sorted(set(change.changed_form_fields) - later))
    return f"the document was changed after it (field {filled})" if filled else ""


def _distrust(
    certificate: Certificate, status: PdfSignatureStatus, at: datetime | None, stamped_at: datetime | None
) -> str:
    """Tell why a whole signature is not to be trusted; empty where it is."""
    when = stamped_at or at
    if when is None:
        return "it does not say when it was made"
    if stamped_at is not None and at is not None and abs(stamped_at - at) > CLOCKS_AGREE_WITHIN:
        return f"the time it claims is {abs(stamped_at - at)} off its time stamp"
    if status.trusted:
        return ""
    unknown = (
        f"certificate unknown: {issuer_name(certificate)} issued it, and no trusted authority vouches for it"
    )
    return unusable(certificate, when) or unknown


def _is_plain(data: bytes, embedded: EmbeddedPdfSignature) -> bool:
    """Say whether what lies between the two ranges is the signature in hexadecimal, filled up with zeros.

    The digest does not cover these bytes, and a reader overlooks much in them.
    """
    from asn1crypto import parser

    _, first, second, _ = embedded.byte_range
    between, content = data[first:second], embedded.pkcs7_content
    digits = content.hex().encode()
    plain = between in (b"<" + digits + b">", b"<" + digits.upper() + b">")
    return plain and not any(content[parser.peek(content) :])


def _covers_to(embedded: EmbeddedPdfSignature) -> int:
    _, _, second, length = embedded.byte_range
    return int(second + length)


def _time_stamp(embedded: EmbeddedPdfSignature) -> datetime | None:
    for attribute in embedded.signer_info["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            told = (
                attribute["values"][0]["content"]["encap_content_info"]["content"].parsed["gen_time"].native
            )
            assert isinstance(told, datetime)
            return told.astimezone(UTC)
    return None


def _utc(pdf_date: str) -> datetime | None:
    from pyhanko.pdf_utils.generic import parse_pdf_date
    from pyhanko.pdf_utils.misc import PdfError

    try:
        return parse_pdf_date(pdf_date).astimezone(UTC)
    except (ValueError, TypeError, PdfError):
        return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Let pyHanko not log what is told here anyway."""
    log = logging.getLogger("pyhanko")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
