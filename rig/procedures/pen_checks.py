"""What the pen must refuse, and how it must be left."""

from __future__ import annotations

import logging

from calibration.table import CalibrationTable
from rig.errors import InstrumentRejected
from rig.instruments.roles import Park
from rig.procedures.bench import Bench

VALUE_REFUSED = "value refused"

logger = logging.getLogger(__name__)


def limiter_refuses(bench: Bench) -> bool:
    """Command a depth one step above the dial's end; say whether the pen refused and stayed as it was."""
    pen, depth = bench.pen, bench.product.depth
    pen.stop()
    pen.set_depth(depth.maximum_mm)
    try:
        pen.set_depth(depth.maximum_mm + depth.step_mm)
    except InstrumentRejected as refusal:
        if VALUE_REFUSED not in refusal.reason:  # the pen is in trouble, which is no limiter
            raise
        return pen.status().set_depth_mm <= depth.maximum_mm
    pen.set_depth(depth.minimum_mm)
    return False


def release_pen(bench: Bench, table: CalibrationTable) -> bool:
    """Stop the pen, retract its needles, lock its service access; say whether it reports all of that.

    ``table`` is the one it must still be on: a memory that failed since the write-back is found here.
    """
    bench.pen.stop()
    with bench.retracting():
        if bench.pen.status().park is not Park.RETRACTED:
            bench.pen.park(Park.RETRACTED)
        bench.pen.lock_service()
    status = bench.pen.status()
    rests = not status.running and status.park is Park.RETRACTED
    if (crc := bench.pen.active_crc()) != table.crc:
        found = f"its table in use is {crc:08X}" if crc else "it has no table any more"
        logger.warning("%s: %s, though %08X was written: set the pen aside", bench.pen.role, found, table.crc)
    return rests and not bench.pen.service_unlocked() and crc == table.crc
