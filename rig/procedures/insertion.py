"""Pressing the parked needles slowly into the phantom, recording force against position."""

from __future__ import annotations

import numpy as np

from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.records.trace import Trace

STAND_OFF_MM = 0.5
ZERO_READINGS = 8


def insert_needles(bench: Bench) -> Trace:
    """Insert the needles, at rest and extended, into the phantom.

    Returns:
        Trace with columns ``position_mm`` and ``force_n`` (free of the zero), on the way in.

    Raises:
        ForceLimitExceeded: more force than the station allows.
    """
    plan, stage, nest = bench.product.phantom, bench.stage, bench.station.nest
    bench.pen.stop()
    bench.pen.set_depth(plan.extension_mm)
    bench.pen.park(Park.EXTENDED)
    bench.present("phantom")
    touch_mm = nest.phantom_mm - plan.extension_mm
    stage.move_to("z", touch_mm - STAND_OFF_MM)
    zero_n = bench.mean_force_n(ZERO_READINGS)
    stage.move_to("z", touch_mm + plan.travel_mm, speed=plan.speed_mm_per_s, wait=False)
    rows = []
    while stage.is_busy("z"):
        rows.append((stage.position("z"), bench.force_n() - zero_n))
    bench.retract()
    bench.pen.park(Park.RETRACTED)
    position_mm, force_n = np.array(rows).T
    return Trace(
        "insertion",
        {"position_mm": position_mm, "force_n": force_n},
        {"zero_n": zero_n, "speed_mm_per_s": plan.speed_mm_per_s, "x": "position_mm", "y": "force_n"},
    )
