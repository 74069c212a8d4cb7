"""The needles at rest: parked extended, and met by the plate step by step, force against position.

The first needle to touch is hundreds of times softer than the rim: its force over the first micrometres is
below what the gauge resolves. So the scan reaches further back and on than the rim's, and every step is
read many times.
"""

from __future__ import annotations

import numpy as np

from rig.errors import ContactNotFound
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_gauge_lives
from rig.procedures.touch import creep, scan
from rig.records.trace import Trace

CREEP_MM_PER_S = 0.8
TOUCH_N = 0.12
ZERO_READINGS = 8
BACK_OFF_MM = 0.10
STEP_MM = 0.002
SCAN_LIMIT_N = 0.4
SETTLE_S = 0.012
READINGS_PER_STEP = 8
MOST_STEPS = 120
SMALLEST_GAP_MM = 0.008
"""The plate keeps this far from the rim, which would stop it with much more force than needles do."""


def scan_needles(bench: Bench, depth_mm: float, rim_mm: float) -> Trace:
    """Bring the plate to the needles, at rest at their top, and record force against position.

    Args:
        depth_mm: set depth.
        rim_mm: stage position of the rim, on the stage's own scale.

    Returns:
        Trace with columns ``position_mm`` and ``force_n``, a row a step, towards the pen.

    Raises:
        ContactNotFound: no needles where they should be.
        ForceLimitExceeded: more force than the station allows.
    """
    bench.pen.stop()
    bench.present("datum")
    bench.retract()  # or needles that come out press on a plate that was left near the rim
    _park_at(bench, depth_mm)
    touched_mm = _creep_to_needles(bench, depth_mm, rim_mm)
    highest_mm = rim_mm - SMALLEST_GAP_MM
    places_mm = touched_mm - BACK_OFF_MM + STEP_MM * np.arange(MOST_STEPS)
    position_mm, force_n = scan(
        bench,
        (float(place) for place in places_mm if place <= highest_mm),
        title=f"Contact with the needles at rest, {depth_mm:.2f} mm",
        settle_s=SETTLE_S,
        readings=READINGS_PER_STEP,
        most_n=SCAN_LIMIT_N,
    )
    bench.retract()
    bench.pen.park(Park.RETRACTED)
    return Trace(
        f"needles at rest {depth_mm:.2f} mm",
        {"position_mm": position_mm, "force_n": force_n},
        {"depth_mm": depth_mm, "rim_mm": rim_mm, "readings_per_step": READINGS_PER_STEP,
         "settle_s": SETTLE_S, "x": "position_mm", "y": "force_n"},
    )  # fmt: skip


def _park_at(bench: Bench, depth_mm: float) -> None:
    """Set the depth, let the drive get there, and bring the needles to rest at their top."""
    change_mm = abs(bench.pen.status().set_depth_mm - depth_mm)
    bench.pen.set_depth(depth_mm)
    bench.clock.sleep(change_mm / bench.product.mechanics.depth_speed_mm_per_s)
    bench.pen.park(Park.EXTENDED)


def _creep_to_needles(bench: Bench, depth_mm: float, rim_mm: float) -> float:
    """Approach until needles are felt; return where, mm."""
    doubt_mm = bench.product.mechanics.maximum_extension_error_mm
    nearest_mm = rim_mm - depth_mm - doubt_mm
    farthest_mm = rim_mm - max(SMALLEST_GAP_MM, depth_mm - doubt_mm)
    touched_mm = creep(
        bench, nearest_mm, farthest_mm,
        speed_mm_per_s=CREEP_MM_PER_S, touch_n=TOUCH_N, zero_readings=ZERO_READINGS,
    )  # fmt: skip
    if touched_mm is None:
        check_gauge_lives(bench)
        raise ContactNotFound(
            f"no needles {rim_mm - nearest_mm:.3f} to {rim_mm - farthest_mm:.3f} mm beyond the rim",
            expected=f"needles at rest near {depth_mm:g} mm",
            do="Check the tip, and that the pen parks its needles extended",
        )
    return touched_mm
