"""What a person sees of a signature: a box on the last page with name, meaning, date and time."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate

WIDTH_PT, HEIGHT_PT = 160, 58
LEFT_PT, BOTTOM_PT, GAP_PT = 50, 48, 8
ACROSS, UPWARDS = 3, 2
"""Boxes stand at the foot of an A4 or letter page, from the left, the second row above the first."""

Box = tuple[int, int, int, int]

BOX = """
#set page(width: {width}pt, height: {height}pt, margin: 4pt, fill: white)
#set document(title: "Signature", date: datetime(year: {at.year}, month: {at.month}, day: {at.day}))
#set text(font: ("Libertinus Serif", "DejaVu Sans"), size: 8pt)
#set par(leading: 0.45em, spacing: 0.6em)
#set rect(width: {width}pt - 1pt, height: {height}pt - 1pt, stroke: 0.4pt)
#place(top + left, dx: -3.5pt, dy: -3.5pt, rect())
#text(sys.inputs.meaning) \\
#text(size: 10pt, weight: "bold", sys.inputs.name) \\
#text(sys.inputs.at)

#text(size: 5.5pt, sys.inputs.certificate)
"""


def place_of(number: int) -> Box:
    """Return where the box of a signature stands, in points from the page's lower left corner.

    Args:
        number: how many signatures there are before it.

    Raises:
        RefusedToStart: the page has no room for one more.
    """
    if number >= ACROSS * UPWARDS:
        raise RefusedToStart(
            f"there are {number} signatures on the last page",
            expected=f"{ACROSS * UPWARDS} at most",
            do="Make the report again for another round of signatures",
        )
    row, column = divmod(number, ACROSS)
    left, bottom = LEFT_PT + column * (WIDTH_PT + GAP_PT), BOTTOM_PT + row * (HEIGHT_PT + GAP_PT)
    return left, bottom, left + WIDTH_PT, bottom + HEIGHT_PT


def typeset_box(name: str, printed: str, at: datetime, certificate: Certificate) -> bytes:
    """Return a page of the size of a box, as PDF/A with its fonts embedded.

    Args:
        name: of the person who signs.
        printed: the meaning, as it stands before the name.
        at: date and time of the signature.
        certificate: of the person; its issuer and its number are printed.

    Raises:
        RefusedToStart: no font has the characters of the name.
    """
    import typst

    from reports.certificates import common_name, issuer_name

    at = at.astimezone(UTC)
    told = f"certificate of {common_name(certificate)}, issued by {issuer_name(certificate)}, "
    inputs = {
        "name": name, "meaning": printed, "at": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "certificate": told + f"number {certificate.serial_number:x}",
    }  # fmt: skip
    source = BOX.format(width=WIDTH_PT, height=HEIGHT_PT, at=at).encode()
    try:
        made = typst.compile(
            source,
            format="pdf",
            pdf_standards="a-3b",
            pdf_tags=False,
            sys_inputs=inputs,
            font_paths=typst.Fonts(font_paths=[_fonts()]),
        )
    except typst.TypstError as error:
        raise RefusedToStart(
            f"“{name}” cannot be printed ({error.message})", do="Install a font that has its characters"
        ) from error
    assert isinstance(made, bytes)
    return made


def _fonts() -> str:
    """Return the folder of the DejaVu fonts, which come with matplotlib."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf")
