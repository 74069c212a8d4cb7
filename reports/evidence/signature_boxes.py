"""Where on the last page the signatures go: printed boxes, at the places at which signing puts them."""

from __future__ import annotations

from dataclasses import dataclass

from reports.signature_box import BOTTOM_PT, GAP_PT, HEIGHT_PT, LEFT_PT, UPWARDS, place_of

NAMES = ("Review", "Approval", "Further signature")
AREA_PT = UPWARDS * (HEIGHT_PT + GAP_PT)
"""Height that the foot of the last page keeps free, from :data:`BOTTOM_PT` up."""

PAGE_MARGIN_PT = (LEFT_PT, BOTTOM_PT)
"""The page's side and lower margins, so that text never reaches a box."""


@dataclass(frozen=True)
class SignatureBox:
    """A box on the last page, in points from its lower left corner."""

    name: str
    left: int
    bottom: int
    right: int
    top: int


def boxes() -> list[SignatureBox]:
    """Return the printed boxes, in the order in which signatures fill them."""
    return [SignatureBox(name, *place_of(number)) for number, name in enumerate(NAMES)]
