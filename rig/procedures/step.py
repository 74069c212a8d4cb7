"""Touching the reference step: both of its faces as the rim is touched, and the gauge at rest around that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rig.errors import ContactNotFound
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.touch import creep, scan
from rig.records.trace import Trace

Floats = NDArray[np.float64]

CREEP_MM_PER_S = 0.8
TOUCH_N = 0.4
BASELINE_READINGS = 5
BACK_OFF_MM = 0.014
STEP_MM = 0.00025
SCAN_LIMIT_N = 3.8
SETTLE_S = 0.012
READINGS_PER_STEP = 2
MOST_STEPS = 160
REST_READINGS = 50


@dataclass(frozen=True)
class StepTouched:
    """What was recorded of the step.

    ``contacts`` has columns ``upper_face`` (0 or 1), ``position_mm`` and ``force_n``, a row a step towards
    a face; ``rest`` has ``after`` (0 before the contacts, 1 after them), ``time_s`` and ``force_n`` of the
    gauge with nothing on it.
    """

    contacts: Trace
    rest: Trace


def touch_step(bench: Bench) -> StepTouched:
    """Bring the probe to the lower and then the upper face of the reference step, needles retracted.

    Raises:
        RefusedToStart: the station has no reference step.
        ContactNotFound: a face is not where the station file expects it.
        ForceLimitExceeded: more force than the station allows.
    """
    bench.station.the_artefact()
    bench.pen.stop()
    bench.pen.park(Park.RETRACTED)
    bench.present("step_low")
    before = _rest(bench)
    low, high = _touch(bench, "step_low"), _touch(bench, "step_high")
    bench.retract()
    after = _rest(bench)
    return StepTouched(
        Trace(
            "reference step",
            _stacked("upper_face", low, high, ("position_mm", "force_n")),
            {"readings_per_step": READINGS_PER_STEP, "x": "position_mm", "y": "force_n"},
        ),
        Trace(
            "gauge at rest",
            _stacked("after", before, after, ("time_s", "force_n")),
            {"x": "time_s", "y": "force_n"},
        ),
    )


def _touch(bench: Bench, face: str) -> tuple[Floats, Floats]:
    artefact = bench.station.the_artefact()
    nearest_mm, farthest_mm = (artefact.face_mm(face) + side * artefact.range_mm for side in (-1.0, 1.0))
    bench.present(face)
    touched_mm = creep(
        bench, nearest_mm, farthest_mm,
        speed_mm_per_s=CREEP_MM_PER_S, touch_n=TOUCH_N, zero_readings=BASELINE_READINGS,
    )  # fmt: skip
    if touched_mm is None:
        raise ContactNotFound(
            f"no contact between {nearest_mm:g} and {farthest_mm:g} mm",
            expected=f"a face of reference step {artefact.serial} near {artefact.face_mm(face):g} mm",
            do="Check that the step sits clean in its seat, that the probe is straight, and that the force "
            "gauge shows a force when the probe is pressed by hand",
        )
    first_mm = _contact_mm(bench, touched_mm, nearest_mm) - BACK_OFF_MM
    contact = scan(
        bench,
        (first_mm + step * STEP_MM for step in range(MOST_STEPS)),
        title="Contact with the reference step, " + ("upper face" if face == "step_high" else "lower face"),
        settle_s=SETTLE_S,
        readings=READINGS_PER_STEP,
        most_n=SCAN_LIMIT_N,
    )
    bench.stage.move_to("z", first_mm)
    return contact


def _contact_mm(bench: Bench, touched_mm: float, nearest_mm: float) -> float:
    """Return a place that is beyond the contact by no more than half of what the scan backs off.

    How far the stage goes on while a reading is on its way and the stop follows it, depends on gauge, line
    and computer. So it is looked at where no force is felt any more.
    """
    half_mm, zero_n = BACK_OFF_MM / 2, bench.zeros.read[-1][1]
    while touched_mm - half_mm > nearest_mm:
        bench.stage.move_to("z", touched_mm - half_mm)
        bench.clock.sleep(SETTLE_S)
        if bench.force_n() - zero_n < TOUCH_N:
            break
        touched_mm -= half_mm
    return touched_mm


def _rest(bench: Bench) -> tuple[Floats, Floats]:
    """Read the gauge with nothing on it; return moments, s, and forces, N."""
    times_s, forces_n = [], []
    for _ in range(REST_READINGS):
        forces_n.append(bench.force_n())
        times_s.append(bench.clock.now())
    return np.array(times_s), np.array(forces_n)


def _stacked(
    which: str, first: tuple[Floats, Floats], second: tuple[Floats, Floats], names: tuple[str, str]
) -> dict[str, Floats]:
    """Return the columns of two parts, one below the other; the column ``which`` is 0 and 1 for them."""
    counts = [len(first[0]), len(second[0])]
    columns = {name: np.concatenate(pair) for name, *pair in zip(names, first, second, strict=True)}
    return {which: np.repeat([0.0, 1.0], counts), **columns}
