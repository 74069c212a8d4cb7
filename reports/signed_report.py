"""A signed report beside the other files of its package: what its signatures say, and whether all are there.

The manifest of a package knows the report as it was made; signatures come after it. So that none can be taken
off again unseen, each leaves a line in ``signatures.txt``: SHA-256 and number of the report's bytes with that
signature, time, meaning, name. ``head -c BYTES report.pdf | sha256sum`` checks a line without this software.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reports.meanings import MEANINGS, told
from reports.signature_check import SignatureFound, Unreadable, signatures_of
from rig.errors import StoreError
from rig.records.verify import Finding

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate

LOG = "signatures.txt"
LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<bytes>\d+)  (?P<at>\S+)  (?P<meaning>\w+)  (?P<name>.+)")


@dataclass(frozen=True)
class Judged:
    """What was found: the signatures, what was altered, and what else a reader should know."""

    signatures: tuple[SignatureFound, ...]
    altered: tuple[Finding, ...]
    information: tuple[Finding, ...]


def log_signature(pdf: Path) -> None:
    """Add the line of a PDF's last signature to the ``signatures.txt`` beside it.

    Raises:
        StoreError: it cannot be written.
    """
    last, data = signatures_of(pdf)[-1], pdf.read_bytes()
    at = "" if last.at is None else f"{last.at:%Y-%m-%dT%H:%M:%SZ}"
    line = f"{hashlib.sha256(data).hexdigest()}  {len(data)}  {at}  {last.meaning}  {last.name}\n"
    try:
        with (pdf.parent / LOG).open("a", encoding="utf-8", newline="\n") as file:
            file.write(line)
    except OSError as error:
        raise StoreError(
            f"{pdf} is signed, and {LOG} beside it cannot be written ({error.strerror or error})",
            do=f"Add this line to it: {line.strip()}",
        ) from error


def judge_report(pdf: Path, made_bytes: int, roots: Sequence[Certificate] = ()) -> Judged:
    """Judge everything that came to a report after it was made.

    Args:
        pdf: the report.
        made_bytes: its length as it was made; those bytes are the manifest's affair.
        roots: certificates of the authorities to trust. Without any, no signature can be trusted, and that is
            information; with some, a signature that they do not vouch for counts as an alteration.

    Raises:
        OSError: the file cannot be read.
        RefusedToStart: it is signed, and what reads signatures is not installed.
    """
    data = pdf.read_bytes()
    if len(data) == made_bytes and not (pdf.parent / LOG).exists():
        return Judged((), (), ())  # every signature makes it longer
    altered: list[Finding] = []
    information: list[Finding] = []
    found: list[SignatureFound] = []
    try:
        found = signatures_of(pdf, roots)
    except Unreadable as error:
        altered.append(Finding(pdf.name, error.what.removeprefix(f"{pdf.name}: ")))
    for signature in found:
        is_bad = not signature.whole or (roots and not signature.trusted)
        (altered if is_bad else information).append(Finding(pdf.name, str(signature)))
    signed_to = max([made_bytes, *(signature.covers_to for signature in found)])
    if len(data) > signed_to:
        what = f"its last {len(data) - signed_to} bytes came after it was made, and no signature covers them"
        altered.append(Finding(pdf.name, what))
    altered += [Finding(LOG, what) for what in _missing(pdf.parent / LOG, data)]
    information += [Finding(pdf.name, what) for what in _unusual(found)]
    if found and not (pdf.parent / LOG).exists():
        information.append(
            Finding(LOG, "it is missing: whether a signature was taken off again cannot be told")
        )
    return Judged(tuple(found), tuple(altered), tuple(information))


def _missing(log: Path, data: bytes) -> Iterator[str]:
    """Tell which lines of the log the report does not answer to."""
    if not log.exists():
        return
    for number, line in enumerate(log.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        match = LINE.fullmatch(line)
        if match is None:
            yield f"line {number} was altered"
            continue
        signed, who = int(match["bytes"]), f"{match['name']} ({told(match['meaning'])} {match['at']})"
        if signed > len(data):
            yield f"line {number}: the signature of {who} is not in the report any more"
        elif hashlib.sha256(data[:signed]).hexdigest() != match["sha256"]:
            yield f"line {number}: the report is not as it was once {who} had signed it"


def _unusual(found: Sequence[SignatureFound]) -> Iterator[str]:
    """Tell which meanings are unknown, or come without the one that should come before."""
    given: set[str] = set()
    for signature in found:
        meaning = MEANINGS.get(signature.meaning)
        if meaning is None:
            yield f"what the signature of {signature.name} means is not known here: {told(signature.meaning)}"
        elif meaning.after and meaning.after not in given:
            yield f"{meaning.told} by {signature.name} without a {meaning.after} before"
        given.add(signature.meaning)
