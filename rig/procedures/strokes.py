"""Running the pen against the plate: duty of the contact at several gaps, and time stamps of its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calibration.extension import coarse_extension
from rig.errors import ContactNotFound, InstrumentError
from rig.procedures.bench import Bench
from rig.product import Setting
from rig.records.trace import Trace

OVERLAPS = (0.15, 0.35, 0.55, 0.75, 1.0)
"""Where the gaps lie, as shares of the deepest overlap."""

DEEPEST_OVERLAP_MM = 0.19
SMALLEST_GAP_MM = 0.03
PROBE_STROKES = 3
PROBE_OVERLAP_MM = 0.08
PROBE_STEP_MM = 0.12
SPEED_TOLERANCE = 0.004
SPEED_STEP_S = 0.02
SPEED_TIMEOUT_S = 3.0
PERIODS_TO_WAIT = 2.5
RAMP_CONSTANTS = 5.0
GATE_LEVEL_V = 2.5


@dataclass(frozen=True)
class StrokeCapture:
    """What was recorded at one setting.

    ``duties`` has columns ``plate_mm`` and ``duty``, a row a stroke; ``stamps`` has ``time_s``.
    """

    setting: Setting
    duties: Trace
    stamps: Trace


def prepare_counter(bench: Bench) -> None:
    """Set how the counter recognises the contact: closed is high."""
    bench.counter.set_input(level_v=GATE_LEVEL_V, slope="positive", coupling="DC")


def run_at(bench: Bench, setting: Setting) -> None:
    """Let the pen run at a setting, and wait until drive and motor have settled.

    Raises:
        InstrumentError: the motor does not come to a steady speed.
    """
    pen, design = bench.pen, bench.product.mechanics
    before = pen.status()
    change_mm = abs(before.set_depth_mm - setting.depth_mm)
    pen.set_depth(setting.depth_mm)
    if before.set_rate_per_min != setting.rate_per_min:
        pen.set_rate(setting.rate_per_min)
    if not before.running:
        pen.start()
    settled = before.running and before.set_rate_per_min == setting.rate_per_min
    travel_s = change_mm / design.depth_speed_mm_per_s
    bench.clock.sleep(max(travel_s, 0.0 if settled else RAMP_CONSTANTS * design.ramp_s))
    deadline = bench.clock.now() + SPEED_TIMEOUT_S
    last = pen.motor_speed_per_min()
    while not settled:
        bench.clock.sleep(SPEED_STEP_S)
        speed = pen.motor_speed_per_min()
        settled = speed > 0 and abs(speed - last) <= SPEED_TOLERANCE * speed
        last = speed
        if not settled and bench.clock.now() > deadline:
            raise InstrumentError(
                "pen",
                f"the motor speed is still changing after {SPEED_TIMEOUT_S:g} s ({last:.0f} /min)",
                expected=f"a steady speed near {setting.rate_per_min:.0f} /min",
                do="Check battery and motor",
            )


def capture_strokes(
    bench: Bench, setting: Setting, rim_mm: float, *, expected_mm: float | None, strokes: int, stamps: int
) -> StrokeCapture:
    """Run at a setting and record duties at several gaps, then time stamps at the smallest gap.

    Args:
        rim_mm: stage position of the rim.
        expected_mm: extension to expect, from a setting nearby; None to approach from far.
        strokes: how many at each gap.
        stamps: how many time stamps.

    Raises:
        ContactNotFound: the needles never reached the plate.
        ForceLimitExceeded: more force than the station allows.
    """
    run_at(bench, setting)
    reach_mm = _find_needles(bench, setting, rim_mm, expected_mm)
    deepest_mm = min(DEEPEST_OVERLAP_MM, reach_mm - SMALLEST_GAP_MM)
    plates, duties = [], []
    for share in OVERLAPS:
        plate_mm = _move_to_gap(bench, rim_mm, reach_mm - share * deepest_mm)
        for duty in bench.counter.duty(strokes, timeout_s=_patience_s(setting)):
            plates.append(plate_mm)
            duties.append(duty)
    bench.force_n()
    return StrokeCapture(
        setting,
        Trace("strokes " + _slug(setting), {"plate_mm": np.array(plates), "duty": np.array(duties)},
              {"rim_mm": rim_mm, "x": "plate_mm", "y": "duty", **_about(setting)}),
        capture_stamps(bench, setting, stamps),
    )  # fmt: skip


def capture_stamps(bench: Bench, setting: Setting, count: int) -> Trace:
    """Record time stamps of the closing contact where plate and pen are now.

    Returns:
        Trace with column ``time_s``, from an arbitrary origin.
    """
    stamps = bench.counter.time_stamps_s(count, timeout_s=_patience_s(setting))
    return Trace("stamps " + _slug(setting), {"time_s": np.array(stamps)}, _about(setting))


def approach_needles(bench: Bench, setting: Setting, rim_mm: float, *, expected_mm: float | None) -> None:
    """Run at a setting with the plate well inside the needles' reach, ready for time stamps."""
    run_at(bench, setting)
    reach_mm = _find_needles(bench, setting, rim_mm, expected_mm)
    _move_to_gap(bench, rim_mm, max(SMALLEST_GAP_MM, reach_mm - DEEPEST_OVERLAP_MM))


def _find_needles(bench: Bench, setting: Setting, rim_mm: float, expected_mm: float | None) -> float:
    """Come nearer in steps until strokes are seen; return a first guess of the extension, mm."""
    design = bench.product.mechanics
    farthest_mm = setting.depth_mm + design.maximum_extension_error_mm
    gap_mm = farthest_mm if expected_mm is None else expected_mm - PROBE_OVERLAP_MM
    while gap_mm >= SMALLEST_GAP_MM:
        _move_to_gap(bench, rim_mm, gap_mm)
        duties = bench.counter.duty(PROBE_STROKES, timeout_s=_patience_s(setting))
        bench.force_n()
        if duties:
            return coarse_extension(
                gap_mm, duties, stroke_mm=design.stroke_mm, crank_ratio=design.crank_ratio
            )
        if gap_mm == SMALLEST_GAP_MM:
            break
        gap_mm = max(SMALLEST_GAP_MM, gap_mm - PROBE_STEP_MM)
    bench.retract()
    raise ContactNotFound(
        f"no contact of the needles at {setting}, down to a gap of {SMALLEST_GAP_MM} mm",
        expected=f"contact near a gap of {setting.depth_mm:g} mm",
        do="Check the contact wire, the tip, and that the strokes run",
    )


def _move_to_gap(bench: Bench, rim_mm: float, gap_mm: float) -> float:
    bench.stage.move_to("z", rim_mm - gap_mm)
    return bench.stage.position("z")


def _patience_s(setting: Setting) -> float:
    """How long to wait for one stroke: strokes may be missed, and the motor may be slow."""
    return math.ceil(PERIODS_TO_WAIT * 60e3 / setting.rate_per_min) / 1e3


def _slug(setting: Setting) -> str:
    return f"{setting.depth_mm:.2f} mm {setting.rate_per_min:.0f} per min"


def _about(setting: Setting) -> dict[str, float]:
    return {"depth_mm": setting.depth_mm, "rate_per_min": setting.rate_per_min}
