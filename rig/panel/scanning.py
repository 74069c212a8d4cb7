"""What a scan means to a lane that waits for one: a pen, or the lot of the tip that is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rig.errors import RefusedToStart
from rig.labels import product_of, read_label
from rig.product import load_product

STOP = "STOP"
LONGEST = 200


@dataclass(frozen=True)
class Scanned:
    """What was scanned so far; all empty where nothing was."""

    serial: str = ""
    product: str = ""
    tip_lot: str = ""


def is_stop(text: str) -> bool:
    """Say whether a scan is the label that stops a run."""
    return len(text) <= LONGEST and text.strip().upper() == STOP


def read_scan(text: str, products: Sequence[str], *, pen: Scanned) -> Scanned:
    """Return what is known after a scan.

    Args:
        text: what the scanner sent.
        products: models that may be scanned; all that ship where there are none.
        pen: what was scanned before; its tip is awaited now. Another pen takes its place.

    Raises:
        RefusedToStart: too long, no label, no pen of a known model, or no lot of such a pen's tip.
    """
    if len(text) > LONGEST:
        raise RefusedToStart(
            f"a scan of {len(text)} characters", expected=f"{LONGEST} or fewer", do="Scan again"
        )
    label = read_label(text)
    serial = label.serial or ""
    if not pen.serial:
        return Scanned(serial, product_of(serial, products))
    lot = label.lot or serial
    try:
        load_product(pen.product).check_tip_lot(lot)
    except RefusedToStart:
        if (product := _product(serial, products)) is None:
            raise
        return Scanned(serial, product)
    return replace(pen, tip_lot=lot)


def _product(serial: str, products: Sequence[str]) -> str | None:
    try:
        return product_of(serial, products)
    except RefusedToStart:
        return None
