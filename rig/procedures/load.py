"""The pen under load: strokes against the plate at growing force, and parked needles pressed by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rig.errors import ContactNotFound
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.strokes import SMALLEST_GAP_MM, prepare_counter, run_at
from rig.product import Setting
from rig.records.trace import Trace

SETTLE_RAMPS = 8.0
ZERO_READINGS = 20
STAMP_TIMEOUT_S = 0.1
PRESS_STEP_MM = 0.02
PRESS_SETTLE_S = 0.02
PRESS_READINGS = 4
MOST_PRESS_STEPS = 120
STAND_OFF_MM = 0.4
"""How far from the set depth the plate begins: more than any pen of the product is off."""


@dataclass(frozen=True)
class LoadCapture:
    """What was recorded under load.

    ``forces`` has columns ``plate_mm`` and ``force_n`` (as read), a row a reading, the first and the last
    position without contact. ``stamps`` has ``time_s`` for each position between them, lightest first.
    ``pressed`` has ``position_mm`` and ``force_n`` of the needles at rest.
    """

    setting: Setting
    forces: Trace
    stamps: tuple[Trace, ...]
    pressed: Trace


def capture_load(bench: Bench, rim_mm: float, extension_mm: float) -> LoadCapture:
    """Run against the plate at growing overlap, then press it on the needles at rest.

    Args:
        rim_mm: stage position of the rim.
        extension_mm: extension at the plan's setting, as measured before.

    Raises:
        ContactNotFound: strokes left no stamps.
        ForceLimitExceeded: more force than the station allows.
    """
    plan, stage = bench.product.load, bench.stage
    setting = Setting(plan.depth_mm, plan.rate_per_min)
    bench.present("datum")
    prepare_counter(bench)
    run_at(bench, setting)
    free_mm = rim_mm - extension_mm - STAND_OFF_MM
    gaps_mm = [max(SMALLEST_GAP_MM, extension_mm - overlap) for overlap in plan.overlaps_mm]
    plates, forces, stamps = [], [], []
    bench.watch.begins(f"Force on the plate at {setting}", x="plate_mm", y="force_n")
    for plate_mm in [free_mm, *(rim_mm - gap for gap in gaps_mm), free_mm]:
        stage.move_to("z", plate_mm)
        bench.clock.sleep(SETTLE_RAMPS * bench.product.mechanics.ramp_s)
        if plate_mm != free_mm:
            stamps.append(_stamps(bench, plate_mm))
        readings = ZERO_READINGS if plate_mm == free_mm else plan.force_readings
        forces += [bench.force_n() for _ in range(readings)]
        plates += [stage.position("z")] * readings
        bench.watch.point(plates[-1], sum(forces[-readings:]) / readings)
    bench.watch.ends()
    bench.retract()
    return LoadCapture(
        setting,
        Trace("forces under load", {"plate_mm": np.array(plates), "force_n": np.array(forces)},
              {"x": "plate_mm", "y": "force_n", "free_mm": free_mm, **setting._asdict()}),
        tuple(stamps),
        press_parked_needles(bench, rim_mm),
    )  # fmt: skip


def press_parked_needles(bench: Bench, rim_mm: float) -> Trace:
    """Press the plate, step by step, on the needles at rest and extended.

    Returns:
        Trace with columns ``position_mm`` and ``force_n`` (means of a few readings), a row a step.

    Raises:
        ContactNotFound: the force never came.
        ForceLimitExceeded: more force than the station allows.
    """
    plan, stage = bench.product.load, bench.stage
    bench.pen.stop()
    bench.pen.set_depth(plan.depth_mm)
    bench.pen.park(Park.EXTENDED)
    bench.present("datum")
    first_mm = rim_mm - plan.depth_mm - STAND_OFF_MM
    nearest_mm = rim_mm - SMALLEST_GAP_MM
    positions, forces = [], []
    bench.watch.begins("Needles at rest, pressed", x="position_mm", y="force_n")
    for step in range(MOST_PRESS_STEPS):
        stage.move_to("z", min(nearest_mm, first_mm + step * PRESS_STEP_MM))
        bench.clock.sleep(PRESS_SETTLE_S)
        positions.append(stage.position("z"))
        forces.append(bench.mean_force_n(PRESS_READINGS))
        bench.watch.point(positions[-1], forces[-1])
        if forces[-1] - forces[0] > plan.press_n:
            break
    else:
        bench.retract()
        raise ContactNotFound(
            f"only {forces[-1] - forces[0]:.2f} N at {positions[-1]:.3f} mm",
            expected=f"{plan.press_n:g} N from the needles at rest",
            do="Check the tip, and that the needles park extended",
        )
    bench.watch.ends()
    bench.retract()
    bench.pen.park(Park.RETRACTED)
    return Trace(
        "needles pressed",
        {"position_mm": np.array(positions), "force_n": np.array(forces)},
        {"readings_per_step": PRESS_READINGS, "x": "position_mm", "y": "force_n"},
    )


def _stamps(bench: Bench, plate_mm: float) -> Trace:
    count = bench.product.load.stamps
    stamps_s = bench.counter.time_stamps_s(count, timeout_s=STAMP_TIMEOUT_S)
    if len(stamps_s) < count:
        bench.retract()
        raise ContactNotFound(
            f"{len(stamps_s)} strokes seen with the plate at {plate_mm:.3f} mm",
            expected=f"{count}",
            do="Check the contact wire and the tip",
        )
    return Trace(
        f"stamps under load {plate_mm:.3f} mm", {"time_s": np.array(stamps_s)}, {"plate_mm": plate_mm}
    )
