"""Finding the rim: creep until something is touched, step back, scan through the contact step by step."""

from __future__ import annotations

import numpy as np

from rig.errors import ContactNotFound
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.records.trace import Trace

CREEP_MM_PER_S = 0.8
TOUCH_N = 0.4
BASELINE_READINGS = 5
BACK_OFF_MM = 0.024
STEP_MM = 0.002
SCAN_LIMIT_N = 3.6
SETTLE_S = 0.012
READINGS_PER_STEP = 2
MOST_STEPS = 40


def scan_rim(bench: Bench) -> Trace:
    """Bring plate and rim together under the force limit and record force against position.

    Returns:
        Trace with columns ``position_mm`` and ``force_n``, a row a step, towards the pen.

    Raises:
        ContactNotFound: nothing where the rim should be.
        ForceLimitExceeded: more force than the station allows.
    """
    bench.pen.stop()
    bench.pen.park(Park.RETRACTED)
    bench.present("datum")
    touched_mm = _creep_to_contact(bench)
    bench.stage.move_to("z", touched_mm - BACK_OFF_MM)
    positions, forces = [], []
    zero_n = 0.0
    for step in range(MOST_STEPS):
        bench.stage.move_to("z", touched_mm - BACK_OFF_MM + step * STEP_MM)
        bench.clock.sleep(SETTLE_S)
        positions.append(bench.stage.position("z"))
        forces.append(bench.mean_force_n(READINGS_PER_STEP))
        zero_n = zero_n or forces[0]
        if forces[-1] - zero_n > SCAN_LIMIT_N:
            break
    bench.stage.move_to("z", touched_mm - 0.5)
    return Trace(
        "rim datum",
        {"position_mm": np.array(positions), "force_n": np.array(forces)},
        {"readings_per_step": READINGS_PER_STEP, "settle_s": SETTLE_S, "x": "position_mm", "y": "force_n"},
    )


def _creep_to_contact(bench: Bench) -> float:
    nest, stage = bench.station.nest, bench.stage
    nearest, farthest = nest.rim_mm - nest.rim_range_mm, nest.rim_mm + nest.rim_range_mm
    stage.move_to("z", nearest)
    zero_n = bench.mean_force_n(BASELINE_READINGS)
    stage.move_to("z", farthest, speed=CREEP_MM_PER_S, wait=False)
    while bench.force_n() - zero_n < TOUCH_N:
        if not stage.is_busy("z"):
            bench.retract()
            raise ContactNotFound(
                f"no contact between {nearest:g} and {farthest:g} mm",
                expected=f"the pen's rim near {nest.rim_mm:g} mm",
                do="Check that a pen is clamped in the nest",
            )
    stage.stop("z")
    return stage.position("z")
