"""What a scan means to a lane that waits for one: a pen, or the lot of the tip that is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rig.errors import RefusedToStart
from rig.labels import product_of, read_label
from rig.product import load_product

STOP = "STOP"
LONGEST, SHOWN = 200, 40


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
        return Scanned(serial, find_product(serial, products))
    lot = label.lot or serial
    try:
        check_tip_lot(pen.product, lot)
    except RefusedToStart:
        if (product := _product(serial, products)) is None:
            raise
        return Scanned(serial, product)
    return replace(pen, tip_lot=lot)


def check_tip_lot(product: str, lot: str) -> None:
    """Refuse a lot that no tip of a product carries.

    Raises:
        RefusedToStart: says what such a lot looks like.
    """
    known = load_product(product)
    try:
        known.check_tip_lot(lot)
    except ValueError:
        raise RefusedToStart(
            f"{lot[:SHOWN]!r} is no lot of a tip",
            expected=f"one like {known.tip_lot_example or known.tip_lot_pattern}",
            do="Scan the label on the tip's blister",
        ) from None


def find_product(serial: str, products: Sequence[str]) -> str:
    """Return the name of the product whose pens carry a serial number.

    Args:
        serial: as the pen's label says it.
        products: models that may be scanned; all that ship where there are none.

    Raises:
        RefusedToStart: no serial number, or none of a pen that may be scanned here.
    """
    if not serial:
        raise RefusedToStart(
            "a label without a serial number", expected="that of the pen", do="Scan the pen's label"
        )
    product = product_of(serial, products)
    if products and product not in products:
        raise RefusedToStart(
            f"{serial[:SHOWN]!r} is a pen of model {product}, which is not made here",
            expected=f"a pen of model {' or '.join(products)}",
            do="Take it to its own line",
        )
    return product


def _product(serial: str, products: Sequence[str]) -> str | None:
    try:
        return find_product(serial, products)
    except RefusedToStart:
        return None
