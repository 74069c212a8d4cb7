"""Signing a PDF: each signature is added after the bytes that are there, and is bound to every one of them.

A signature is PAdES baseline B: name, meaning, date and time stand in what is signed and, for people, in a
box on the last page. A time-stamp server may witness the time (baseline T); none is needed. What was signed
before stays whole.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reports.certificates import unusable
from reports.meanings import MEANINGS, Meaning
from reports.signature_box import place_of, typeset_box
from reports.signature_check import SignatureFound, signatures_of
from rig.errors import RefusedToStart
from rig.records.files import sync_folder

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfSigner, Signer
    from pyhanko.sign.timestamps import TimeStamper

__all__ = ["SignatureFound", "refuse_to_sign", "sign_pdf", "signatures_of"]


def sign_pdf(
    pdf: Path,
    signer: Signer,
    *,
    name: str,
    meaning: str,
    at: datetime,
    time_stamps: TimeStamper | None = None,
) -> None:
    """Sign a PDF where it lies.

    Args:
        pdf: the file; it is replaced at once by the signed one, whose first bytes are the old one's.
        signer: key and certificate of the person.
        name: of the person, as it is to be printed.
        meaning: a name in :data:`reports.meanings.MEANINGS`.
        at: date and time, with its time zone.
        time_stamps: a server that witnesses the time.

    Raises:
        RefusedToStart: this signature must not be made; the file is as it was.
        Unreadable: the file is no PDF.
    """
    certificate = signer.signing_cert
    if certificate is None:
        raise RefusedToStart("the key has no certificate", do="Sign with another")
    found = signatures_of(pdf)
    refuse_to_sign(pdf, found, name=name, meaning=meaning)
    if wrong := unusable(certificate, at):
        raise RefusedToStart(f"{name} cannot sign: {wrong}", do="Get a certificate that is good for signing")
    data = pdf.read_bytes()
    signed = _signed(
        data, signer, certificate, len(found), name, MEANINGS[meaning], at.astimezone(UTC), time_stamps
    )
    assert signed.startswith(data), "a signature must leave the bytes before it as they are"
    _replace(pdf, signed)


def refuse_to_sign(pdf: Path, found: Sequence[SignatureFound], *, name: str, meaning: str) -> None:
    """Refuse a signature that must not be made beside those that were found.

    Raises:
        RefusedToStart: the meaning is unknown, was given by this person, or is out of order; or the PDF is
            not as it was signed before.
    """
    wanted, given = MEANINGS.get(meaning), {signature.meaning for signature in found}
    if wanted is None:
        raise RefusedToStart(f"meaning {meaning}", expected=", ".join(MEANINGS), do="Choose one of them")
    for signature in found:
        if not signature.whole:
            raise RefusedToStart(
                f"{pdf.name}: {signature}", do="Nobody should sign it; compare it with a copy"
            )
    extra = pdf.stat().st_size - found[-1].covers_to if found else 0
    if extra:
        raise RefusedToStart(
            f"{pdf.name}: {extra} bytes after the last signature",
            do="Nobody should sign it; compare it with a copy",
        )
    if any((signature.name, signature.meaning) == (name, meaning) for signature in found):
        raise RefusedToStart(f"{name} has signed this already: {wanted.told}", do="Nothing is left to do")
    if wanted.after and wanted.after not in given:
        raise RefusedToStart(
            f"{meaning} before {wanted.after}", do=f"Let somebody sign the {wanted.after} first"
        )
    order = list(MEANINGS)
    if late := [other for other in order[order.index(meaning) + 1 :] if other in given]:
        raise RefusedToStart(
            f"{meaning} after {late[0]}",
            expected=", then ".join(order),
            do="Make the report again to sign it anew",
        )


def _signed(
    data: bytes, signer: Signer, certificate: Certificate, number: int, name: str, meaning: Meaning,
    at: datetime, time_stamps: TimeStamper | None,
) -> bytes:  # fmt: skip
    """Return the bytes of the PDF with one signature more."""
    from pyhanko.pdf_utils.content import ImportedPdfPage
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.stamp import StaticStampStyle

    field = f"Signature{number + 1}"
    place = SigFieldSpec(
        field, on_page=-1, box=place_of(number), readable_field_name=f"{meaning.printed} {name}"
    )
    told = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        name=name,
        reason=meaning.name,
        subfilter=SigSeedSubFilter.PADES,
    )
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder) / "box.pdf"
        box.write_bytes(typeset_box(name, meaning.printed, at, certificate))
        page = ImportedPdfPage(str(box))  # type: ignore[no-untyped-call]
        whole = SimpleBoxLayoutRule(AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MIN, Margins(0, 0, 0, 0))
        style = StaticStampStyle(border_width=0, background=page, background_layout=whole)
        maker = PdfSigner(told, signer, timestamper=time_stamps, stamp_style=style, new_field_spec=place)
        return asyncio.run(_append_signature(maker, IncrementalPdfFileWriter(io.BytesIO(data)), at))


async def _append_signature(maker: PdfSigner, writer: IncrementalPdfFileWriter, at: datetime) -> bytes:
    """Do what ``PdfSigner.sign_pdf`` does, at a time that is given."""
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

    session = maker.init_signing_session(writer)
    session.system_time = at
    reserved = await session.estimate_signature_container_size(None)
    document = session.prepare_tbs_document(None, reserved)
    digest, output = document.digest_tbs_document()
    await document.perform_signature(digest.document_digest, PdfCMSSignedAttributes(signing_time=at))
    output.seek(0)
    return bytes(output.read())


def _replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of a file, wholly or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise RefusedToStart(
            f"{path} cannot be written ({error.strerror or error})",
            do="Make its folder writable, and sign again",
        ) from error
    finally:
        part.unlink(missing_ok=True)
