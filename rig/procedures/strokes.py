"""Running the pen against the plate: duty of the contact at several gaps, and time stamps of its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from calibration.extension import MAD_TO_SIGMA, coarse_extension, crank_drop
from rig.errors import ContactNotFound, ForceLimitExceeded, InstrumentError
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_contact_wire, check_pen_runs, contact_open
from rig.product import Product, Setting
from rig.records.trace import Trace

GAPS = 5
DEEPEST_OVERLAP_MM = 0.19
LEAST_DEEPEST_OVERLAP_MM = 0.035
LIGHT_OVERLAP_MM = 0.018
"""Where every stroke closes the contact, for all its scatter, and the needles carry next to no load."""

STAMP_OVERLAP_MM = 0.12
"""Short stamping is done at the first gap below this: lighter, the tops' scatter moves the edges more."""

SMALLEST_GAP_MM = 0.008
PROBE_STROKES = 4
PROBE_STROKES_SEEN = 3
RATE_PROBE_STROKES = 8
SAFE_SCATTERS = 6.0
"""An overlap of so many times the tops' scatter is missed by no stroke, even where the reach is a guess."""

COARSE_DOUBT_MM = 0.02
PROBE_OVERLAP_MM = 0.08
PROBE_STEP_MM = 0.12
GRAZE_STEP_MM = 0.03
SPEED_TOLERANCE = 0.004
SPEED_STEP_S = 0.02
SPEED_TIMEOUT_S = 3.0
PERIODS_TO_WAIT = 2.5
RAMP_CONSTANTS = 5.0
GATE_LEVEL_V = 2.5


@dataclass(frozen=True)
class StrokeCapture:
    """What was recorded at one setting.

    ``duties`` has columns ``plate_mm`` and ``duty``, a row a stroke; ``stamps`` has ``time_s``, and is
    None when none were asked for.
    """

    setting: Setting
    duties: Trace
    stamps: Trace | None


def prepare_counter(bench: Bench) -> None:
    """Set how the counter recognises the contact: closed is high."""
    bench.counter.set_input(level_v=GATE_LEVEL_V, slope="positive", coupling="DC")


def run_at(bench: Bench, setting: Setting) -> None:
    """Let the pen run at a setting, and wait until drive and motor have settled.

    Raises:
        InstrumentError: the motor does not come to a steady speed.
        PenStopped: it does not turn, or the pen has booted anew.
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
    if settled:
        return
    deadline = bench.clock.now() + SPEED_TIMEOUT_S
    last = pen.motor_speed_per_min()
    while not settled:
        bench.clock.sleep(SPEED_STEP_S)
        speed = pen.motor_speed_per_min()
        settled = speed > 0 and abs(speed - last) <= SPEED_TOLERANCE * speed
        last = speed
        if not settled and bench.clock.now() > deadline:
            check_pen_runs(bench, setting)
            raise InstrumentError(
                "pen",
                f"the motor speed is still changing after {SPEED_TIMEOUT_S:g} s ({last:.0f} /min)",
                expected=f"a steady speed near {setting.rate_per_min:.0f} /min",
                do="Check battery and motor",
            )


def capture_strokes(
    bench: Bench, setting: Setting, rim_mm: float, *, expected_mm: float | None, strokes: int, stamps: int
) -> StrokeCapture:
    """Run at a setting and record duties at several gaps, and time stamps at one of them.

    Args:
        rim_mm: stage position of the rim.
        expected_mm: extension to expect, from a setting nearby; None to approach from far.
        strokes: how many at each gap.
        stamps: how many time stamps; 0 for none.

    Raises:
        ContactNotFound: the needles never reached the plate.
        ContactOpen: they press on it, and the counter sees nothing.
        PenStopped: the pen did not run at the setting all the time.
        ForceLimitExceeded: more force than the station allows.
    """
    bench.present("datum")
    run_at(bench, setting)
    seen = _find_needles(bench, setting, rim_mm, expected_mm)
    reach_mm = seen.reach_mm(bench.product)
    deepest_mm = min(DEEPEST_OVERLAP_MM, reach_mm - SMALLEST_GAP_MM)
    plates, duties, stamped = [], [], None
    bench.watch.begins(f"Strokes at {setting}", x="gap_mm", y="duty")
    # From the deepest gap outwards: every gap shows better how this pen's overlap grows.
    for overlap_mm in np.linspace(deepest_mm, LIGHT_OVERLAP_MM, GAPS):
        gap_mm = reach_mm - float(overlap_mm)
        plate_mm = _move_to_gap(bench, rim_mm, gap_mm)
        strokes_seen = bench.counter.duty(strokes, timeout_s=_patience_s(setting))
        plates += [plate_mm] * len(strokes_seen)
        duties += strokes_seen
        if strokes_seen:
            bench.watch.point(rim_mm - plate_mm, sum(strokes_seen) / len(strokes_seen))
        if overlap_mm == deepest_mm and strokes_seen:
            bench.force_n()
        reach_mm = seen.add(gap_mm, strokes_seen).reach_mm(bench.product)
        if stamps and stamped is None and overlap_mm <= STAMP_OVERLAP_MM:
            stamped = _capture_stamps(bench, setting, stamps), float(overlap_mm)
    bench.watch.ends()
    status = check_pen_runs(bench, setting)
    if len(duties) < GAPS * strokes:
        _check_contact(bench, setting, rim_mm, min(seen.gaps_mm))
    return StrokeCapture(
        setting,
        Trace("strokes " + _slug(setting), {"plate_mm": np.array(plates), "duty": np.array(duties)},
              {"rim_mm": rim_mm, "x": "plate_mm", "y": "duty", **_about(setting)}),
        None if stamped is None else _stamps_trace(setting, *stamped, status.motor_speed_per_min),
    )  # fmt: skip


def capture_rate(
    bench: Bench, setting: Setting, rim_mm: float, *, expected_mm: float | None, stamps: int
) -> Trace:
    """Run at a setting with the needles touching the plate lightly, and record time stamps.

    Returns:
        Trace with column ``time_s``, from an arbitrary origin.

    Raises:
        As :func:`capture_strokes`.
    """
    bench.present("datum")
    run_at(bench, setting)
    seen = _find_needles(bench, setting, rim_mm, expected_mm)
    gap_mm = seen.reach_mm(bench.product) - LIGHT_OVERLAP_MM - COARSE_DOUBT_MM
    _move_to_gap(bench, rim_mm, gap_mm)
    seen.add(gap_mm, bench.counter.duty(RATE_PROBE_STROKES, timeout_s=_patience_s(setting)))
    overlap_mm = max(LIGHT_OVERLAP_MM, SAFE_SCATTERS * seen.scatter_mm(bench.product))
    _move_to_gap(bench, rim_mm, seen.reach_mm(bench.product) - overlap_mm)
    recorded = _capture_stamps(bench, setting, stamps)
    status = check_pen_runs(bench, setting)
    if len(recorded) < stamps:
        _check_contact(bench, setting, rim_mm, min(seen.gaps_mm))
    return _stamps_trace(setting, recorded, overlap_mm, status.motor_speed_per_min)


def needles_are_seen(bench: Bench, setting: Setting, rim_mm: float) -> bool:
    """Say whether the contact shows strokes at a setting: whether the contact circuit works at all.

    Needles that press on the plate without being seen tell of a broken circuit as well.
    """
    bench.present("datum")
    run_at(bench, setting)
    bench.retract()
    try:
        _find_needles(bench, setting, rim_mm, None)
    except (ContactNotFound, ForceLimitExceeded):
        return False
    return True


@dataclass
class _Seen:
    """Gaps at which strokes were seen, and their duties: enough to plan where to measure."""

    gaps_mm: list[float]
    duties: list[list[float]]

    def add(self, gap_mm: float, duties: list[float]) -> _Seen:
        if duties:
            self.gaps_mm.append(gap_mm)
            self.duties.append(duties)
        return self

    def scatter_mm(self, product: Product) -> float:
        """Spread of the last strokes' tops; a bounce among them counts no more than any other."""
        design = product.mechanics
        drops = crank_drop(
            np.array(self.duties[-1]), stroke_mm=design.stroke_mm, crank_ratio=design.crank_ratio
        )
        return MAD_TO_SIGMA * float(np.median(np.abs(drops - np.median(drops))))

    def reach_mm(self, product: Product) -> float:
        design = product.mechanics
        return coarse_extension(
            self.gaps_mm, self.duties, stroke_mm=design.stroke_mm, crank_ratio=design.crank_ratio
        )


def _find_needles(bench: Bench, setting: Setting, rim_mm: float, expected_mm: float | None) -> _Seen:
    """Come nearer in steps until strokes are seen."""
    design = bench.product.mechanics
    farthest_mm = setting.depth_mm + design.maximum_extension_error_mm
    gap_mm = max(SMALLEST_GAP_MM, farthest_mm if expected_mm is None else expected_mm - PROBE_OVERLAP_MM)
    while True:
        _move_to_gap(bench, rim_mm, gap_mm)
        duties = bench.counter.duty(PROBE_STROKES, timeout_s=_patience_s(setting))
        if duties:
            bench.force_n()
        else:
            check_contact_wire(bench, setting)
        if len(duties) >= PROBE_STROKES_SEEN:
            seen = _Seen([gap_mm], [duties])
            if seen.reach_mm(bench.product) - SMALLEST_GAP_MM >= LEAST_DEEPEST_OVERLAP_MM:
                return seen
            break
        if gap_mm == SMALLEST_GAP_MM:
            break
        # A single stroke that is seen just grazes the plate, and its bounce looks like a deep one.
        gap_mm = max(SMALLEST_GAP_MM, gap_mm - (GRAZE_STEP_MM if duties else PROBE_STEP_MM))
    check_pen_runs(bench, setting)
    bench.retract()
    raise ContactNotFound(
        f"too little contact of the needles at {setting}, down to a gap of {gap_mm:.3f} mm",
        expected=f"contact near a gap of {setting.depth_mm:g} mm",
        do="Check the tip and the contact wire, and that the pen sits in its nest as deep as it should",
    )


def _check_contact(bench: Bench, setting: Setting, rim_mm: float, gap_mm: float) -> None:
    """Go back to where strokes were seen; where none is seen any more, the contact is gone."""
    _move_to_gap(bench, rim_mm, gap_mm)
    if not bench.counter.duty(PROBE_STROKES, timeout_s=_patience_s(setting)):
        check_pen_runs(bench, setting)
        raise contact_open("strokes were seen and are no longer, though the pen runs", setting)


def _capture_stamps(bench: Bench, setting: Setting, count: int) -> list[float]:
    """Record time stamps of the closing contact where the plate is now."""
    return bench.counter.time_stamps_s(count, timeout_s=_patience_s(setting))


def _stamps_trace(
    setting: Setting, stamps_s: list[float], overlap_mm: float, reported_per_min: float
) -> Trace:
    about = {"overlap_mm": overlap_mm, "reported_per_min": reported_per_min, **_about(setting)}
    return Trace("stamps " + _slug(setting), {"time_s": np.array(stamps_s)}, about)


def _move_to_gap(bench: Bench, rim_mm: float, gap_mm: float) -> float:
    """Move the plate to a gap, but never into the rim; return where the stage says it is."""
    bench.stage.move_to("z", rim_mm - max(SMALLEST_GAP_MM, gap_mm))
    return bench.stage.position("z")


def _patience_s(setting: Setting) -> float:
    """How long to wait for one stroke: strokes may be missed, and the motor may be slow."""
    return math.ceil(PERIODS_TO_WAIT * 60e3 / setting.rate_per_min) / 1e3


def _slug(setting: Setting) -> str:
    return f"{setting.depth_mm:.2f} mm {setting.rate_per_min:.0f} per min"


def _about(setting: Setting) -> dict[str, float]:
    return {"depth_mm": setting.depth_mm, "rate_per_min": setting.rate_per_min}
