"""What the pen must refuse, and how it must be left."""

from __future__ import annotations

from rig.errors import InstrumentRejected
from rig.instruments.roles import Park
from rig.procedures.bench import Bench


def limiter_refuses(bench: Bench) -> bool:
    """Command a depth one step above the dial's end; say whether the pen refused and stayed as it was."""
    pen, depth = bench.pen, bench.product.depth
    pen.stop()
    pen.set_depth(depth.maximum_mm)
    try:
        pen.set_depth(depth.maximum_mm + depth.step_mm)
    except InstrumentRejected:
        return pen.status().set_depth_mm <= depth.maximum_mm
    pen.set_depth(depth.minimum_mm)
    return False


def release_pen(bench: Bench) -> bool:
    """Stop the pen, retract its needles, lock its service access; say whether it reports all of that."""
    bench.retract()
    bench.pen.stop()
    bench.pen.park(Park.RETRACTED)
    bench.pen.lock_service()
    status = bench.pen.status()
    return not status.running and status.park is Park.RETRACTED and not bench.pen.service_unlocked()
