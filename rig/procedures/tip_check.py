"""Is the tip in the pen the one that was scanned, and was it never used? Asked before anything moves."""

from __future__ import annotations

from rig.errors import RefusedToStart
from rig.instruments.roles import Pen


def check_tip(pen: Pen, scanned_lot: str) -> None:
    """Refuse a pen with another tip than the one that was scanned, or with a used one.

    Args:
        pen: asked for its tip, and for nothing else.
        scanned_lot: lot of the tip, as scanned from its label.

    Raises:
        RefusedToStart: no tip, one of another lot, or one that was used before.
        InstrumentError: the pen does not answer.
    """
    status = pen.status()
    if not status.tip_present:
        raise RefusedToStart(
            f"a tip of lot {scanned_lot} was scanned, the pen reports none",
            do="Plug in the tip, and scan again",
        )
    if status.tip_lot != scanned_lot:
        raise RefusedToStart(
            f"a tip of lot {scanned_lot} was scanned, the pen reports lot {status.tip_lot or '(none)'}",
            do="Plug in the tip that was scanned, or scan the one that is in the pen",
        )
    if status.tip_use_count > 0:
        raise RefusedToStart(f"the tip was used before ({status.tip_use_count}×)", do="Plug in a new tip")
