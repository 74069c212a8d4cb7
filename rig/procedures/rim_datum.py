"""Finding the rim: creep until something is touched, step back, scan through the contact step by step."""

from __future__ import annotations

from rig.errors import ContactNotFound
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_gauge_lives
from rig.procedures.touch import Floats, creep, scan
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
MOST_SCANS = 4
FREE_STEPS, FREE_N = 5, 0.05
"""So many steps of a scan find no force: a tilted plate touches softly, long before it is felt."""


def scan_rim(bench: Bench) -> Trace:
    """Bring plate and rim together under the force limit and record force against position.

    Returns:
        Trace with columns ``position_mm`` and ``force_n``, a row a step, towards the pen.

    Raises:
        ContactNotFound: nothing where the rim should be.
        ForceLimitExceeded: more force than the station allows.
        ForceUnknown, GaugeDrift: the gauge is stuck, or its zero is not what it was.
    """
    retract_needles(bench)
    bench.present("datum")
    touched_mm = _creep_to_contact(bench)
    for _ in range(MOST_SCANS):
        position_mm, force_n = _scan_from(bench, touched_mm - BACK_OFF_MM)
        if _begins_free(bench, force_n):
            break
        touched_mm -= BACK_OFF_MM  # gauge, line or computer let the stage stop too late
    bench.stage.move_to("z", touched_mm - 0.5)
    return Trace(
        "rim datum",
        {"position_mm": position_mm, "force_n": force_n},
        {"readings_per_step": READINGS_PER_STEP, "settle_s": SETTLE_S, "x": "position_mm", "y": "force_n"},
    )


def _scan_from(bench: Bench, first_mm: float) -> tuple[Floats, Floats]:
    bench.stage.move_to("z", first_mm)
    return scan(
        bench,
        (first_mm + step * STEP_MM for step in range(MOST_STEPS)),
        title="Contact with the rim",
        settle_s=SETTLE_S,
        readings=READINGS_PER_STEP,
        most_n=SCAN_LIMIT_N,
    )


def _begins_free(bench: Bench, force_n: Floats) -> bool:
    """Say whether a scan has a stretch before the contact, without which no rim is found in it."""
    _, zero_n = bench.zeros.read[-1]
    return len(force_n) > FREE_STEPS and float(force_n[FREE_STEPS]) - zero_n < FREE_N


def retract_needles(bench: Bench) -> None:
    """Bring the needles to rest behind the rim; set deep, they would stand out of it even at their lowest."""
    pen, depth_mm = bench.pen, bench.product.depth.minimum_mm
    status, since_s = pen.status(), bench.clock.now()
    pen.set_depth(depth_mm)
    pen.stop()
    if status.park is not Park.RETRACTED:
        pen.park(Park.RETRACTED)
    travel_s = abs(status.set_depth_mm - depth_mm) / bench.product.mechanics.depth_speed_mm_per_s
    bench.clock.sleep(max(0.0, travel_s - (bench.clock.now() - since_s)))


def _creep_to_contact(bench: Bench) -> float:
    nest = bench.station.nest
    nearest_mm, farthest_mm = nest.rim_mm - nest.rim_range_mm, nest.rim_mm + nest.rim_range_mm
    touched_mm = creep(
        bench, nearest_mm, farthest_mm,
        speed_mm_per_s=CREEP_MM_PER_S, touch_n=TOUCH_N, zero_readings=BASELINE_READINGS,
    )  # fmt: skip
    if touched_mm is None:
        check_gauge_lives(bench)
        raise ContactNotFound(
            f"no contact between {nearest_mm:g} and {farthest_mm:g} mm",
            expected=f"the pen's rim near {nest.rim_mm:g} mm",
            do="Check that a pen is clamped in the nest",
        )
    return touched_mm
