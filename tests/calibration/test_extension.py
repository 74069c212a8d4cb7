"""Extension at speed against a crank simulated here, edge by edge, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.extension import Extension, Systematics, coarse_extension, crank_drop, extension_at_speed
from calibration.measured import Contribution, combine, exact
from calibration.plate_distance import Travel

Floats = NDArray[np.float64]

STROKE_MM, RATIO = 2.5, 0.15
OVERLAPS_MM = 0.19 * np.array([0.15, 0.35, 0.55, 0.75, 1.0])
NO_TRAVEL_ERROR = Travel(
    position_u_mm=0.0, resolution_mm=0.0, scale_u=0.0, alignment_limit_rad=0.0,
    temperature_c=20.0, temperature_limit_k=0.0, stage_expansion_per_k=0.0, pen_expansion_per_k=0.0,
    drift_u_mm=0.0,
)  # fmt: skip
PLAIN = Systematics(exact(42.0, "mm"), NO_TRAVEL_ERROR, threshold_limit_mm=0.0, needle_tilt_limit_mm=0.0)
STATED = Systematics(
    # The scan's own noise, and a rim that a tilted plate meets too early by 0 to 2 µm.
    combine(42.0, "mm", [Contribution("fit", 0.0003, 8), Contribution("plate tilt", 0.002 / math.sqrt(12))]),
    Travel(
        position_u_mm=0.0003, resolution_mm=5e-5, scale_u=5e-6, alignment_limit_rad=0.005,
        temperature_c=21.0, temperature_limit_k=2.0, stage_expansion_per_k=11.5e-6,
        pen_expansion_per_k=16e-6, drift_u_mm=0.0005,
    ),
    threshold_limit_mm=0.002,
    needle_tilt_limit_mm=0.001,
)  # fmt: skip


@cache
def slider_crank(stroke: float, ratio: float) -> tuple[Floats, Floats]:
    """Angles from the top and how far the tip is below it: the exact crank, not the estimator's series."""
    angles, radius, rod = np.linspace(0, 1.2, 2001), stroke / 2, stroke / 2 / ratio
    return angles, radius * (1 - np.cos(angles)) + rod - np.sqrt(rod**2 - (radius * np.sin(angles)) ** 2)


@dataclass(frozen=True)
class Pen:
    """The truth of a simulated pen and its contact; lengths in mm, the rest relative to a turn."""

    reach: float = 1.5
    stroke: float = STROKE_MM
    ratio: float = RATIO
    ripple_1: float = 0.0
    ripple_2: float = 0.0
    phase: float = 0.0
    top_scatter: float = 0.003
    stamp_jitter: float = 1.5e-4
    threshold: float = 0.0
    droop: float = 0.0
    bounce: float = 0.0
    missed: float = 0.0

    def turn_at(self, overlap: Floats) -> Floats:
        """Turns from the top at which the tip is ``overlap`` below it, either side: shape (2, n)."""
        angles, drops = slider_crank(self.stroke, self.ratio)
        angle = np.interp(np.clip(overlap, 0, None), drops, angles)
        signed = np.stack([-angle, angle])
        wobble = self.ripple_1 * (np.sin(signed + self.phase) - math.sin(self.phase))
        wobble += self.ripple_2 / 2 * (np.sin(2 * signed + self.phase) - math.sin(self.phase))
        return (signed + wobble) * (1 + self.droop * np.clip(overlap, 0, None)) / (2 * np.pi)


def duties_at(pen: Pen, gap: float, strokes: int, random: np.random.Generator) -> Floats:
    """Duties as a counter reads them: width over the time to the next rise, bounces and misses included."""
    count = strokes + 12
    tops = pen.reach + pen.top_scatter * random.normal(size=count)
    overlap = tops - gap - pen.threshold
    closes, opens = pen.turn_at(overlap) + np.arange(count) + pen.stamp_jitter * random.normal(size=count)
    seen = (overlap > 0) & (random.random(count) >= pen.missed)
    rises, falls = [], []
    for rise, fall in zip(closes[seen], opens[seen], strict=True):
        rises.append(rise)
        if random.random() < pen.bounce:
            length, pause = random.uniform(3e-4, 3.5e-3, size=2)  # 2 to 30 µs at 7000 a minute
            if rise + length + pause < fall:
                falls.append(rise + length)
                rises.append(rise + length + pause)
        falls.append(fall)
    periods = np.diff(rises)
    return ((np.array(falls[:-1]) - rises[:-1]) / periods)[:strokes]


def measure(
    pen: Pen,
    random: np.random.Generator,
    *,
    systematics: Systematics = PLAIN,
    shift_mm: float = 0.0,
    strokes: int = 16,
) -> Extension:
    """Run a capture; ``shift_mm`` is how much larger the true gaps are than the stage says."""
    gaps = pen.reach - OVERLAPS_MM
    duties = [duties_at(pen, gap + shift_mm, strokes, random) for gap in gaps]
    return extension_at_speed(
        systematics.datum.value - gaps,
        duties,
        stroke_mm=STROKE_MM,
        crank_ratio=RATIO,
        systematics=systematics,
    )


def random_pen(random: np.random.Generator) -> Pen:
    """A good pen on a good bench: every departure from the design anywhere within its usual range."""
    u = random.uniform
    return Pen(
        reach=u(0.3, 2.4), stroke=u(2.47, 2.53), ratio=u(0.13, 0.17),
        ripple_1=u(0, 0.02), ripple_2=u(0, 0.015), phase=u(0, 2 * math.pi),
        threshold=u(0, 0.002), droop=u(0, 0.016), bounce=0.03, missed=0.002,
    )  # fmt: skip


def study(count: int, **changes: float) -> tuple[Floats, float]:
    """Errors (µm) of ``count`` random pens, and the share of 95 % intervals that hold the truth."""
    random = np.random.default_rng(7)
    errors, held = [], 0
    for _ in range(count):
        pen = replace(random_pen(random), **changes)
        # The datum's own error, a rim that the tilted plate met earlier than it thinks, the plate under the
        # needles, the stage, drift, and travel that is inclined and warm.
        tilt = random.uniform(0, 1)
        shift = 0.0003 * random.standard_t(8) + 0.002 * (tilt - 0.5)
        shift += 0.001 * tilt * math.cos(random.uniform(0, 2 * math.pi))
        shift += random.normal(0, math.hypot(0.0003, 0.0005))
        warm = (random.uniform(9.2e-6, 13.8e-6) - random.uniform(12.8e-6, 19.2e-6)) * random.uniform(-1, 3)
        shift += pen.reach * (warm + random.normal(0, 5e-6) - random.uniform(0, 0.005) ** 2 / 2)
        result = measure(pen, random, systematics=STATED, shift_mm=shift).extension
        errors.append((result.value - pen.reach) * 1e3)
        held += abs(errors[-1]) <= 1e3 * result.u * stdtrit(result.dof, 0.975)
    return np.array(errors), held / count


@pytest.mark.parametrize(
    "changes", [{}, {"missed": 0.05, "bounce": 0.1}], ids=["good contact", "one stroke in seven disturbed"]
)
def test_bias_is_small_and_95_percent_intervals_hold_the_truth(changes: dict[str, float]) -> None:
    errors, coverage = study(250, **changes)
    assert abs(errors.mean()) < 0.5
    assert 0.92 <= coverage <= 0.98


def test_expanded_uncertainty_is_below_five_micrometres() -> None:
    """But for the rare pen whose gaps scatter beyond chance: with 3 degrees of freedom U grows."""
    random = np.random.default_rng(2)
    found = [measure(random_pen(random), random, systematics=STATED).extension for _ in range(30)]
    plain = [result.U for result in found if result.budget[0].dof > OVERLAPS_MM.size]
    assert len(plain) >= 29
    assert max(plain) < 0.005


def test_without_noise_a_pen_as_designed_is_found_to_a_tenth_of_a_micrometre() -> None:
    pen = Pen(top_scatter=0.0, stamp_jitter=0.0)
    result = measure(pen, np.random.default_rng(0))
    assert result.extension.value == pytest.approx(pen.reach, abs=1e-4)
    assert result.slope == pytest.approx(1.0, abs=0.01)
    assert (result.strokes, result.rejected) == (80, 0)


@pytest.mark.parametrize("phase", np.linspace(0, 2 * math.pi, 9))
@pytest.mark.parametrize("ripple", [(0.015, 0.010), (0.05, 0.03)])
def test_what_torque_ripple_costs_is_within_its_line_of_the_budget(
    ripple: tuple[float, float], phase: float
) -> None:
    pen = Pen(ripple_1=ripple[0], ripple_2=ripple[1], phase=phase, droop=0.016, top_scatter=0, stamp_jitter=0)
    result = measure(pen, np.random.default_rng(0)).extension
    (stated,) = (line.u for line in result.budget if line.name == "crank model")
    assert abs(result.value - pen.reach) <= stated * math.sqrt(3)


def test_a_wrong_stroke_goes_into_the_slope_not_into_the_extension() -> None:
    pen = Pen(stroke=2.3, top_scatter=0, stamp_jitter=0)
    result = measure(pen, np.random.default_rng(0))
    assert result.slope == pytest.approx(2.3 / 2.5, abs=0.005)
    assert result.extension.value == pytest.approx(pen.reach, abs=2e-4)


def test_missed_strokes_are_rejected_even_at_the_shallowest_gap() -> None:
    random = np.random.default_rng(5)
    found = [measure(Pen(missed=0.1), random) for _ in range(100)]
    errors = [result.extension.value - 1.5 for result in found]
    assert abs(np.mean(errors)) < 2e-4
    assert np.mean([result.rejected for result in found]) > 4


def test_scattered_tops_lose_the_shallow_gap_rather_than_bias_the_result() -> None:
    random = np.random.default_rng(8)
    errors = [measure(Pen(top_scatter=0.012), random).extension.value - 1.5 for _ in range(120)]
    assert abs(np.mean(errors)) < 1e-3


def test_corrections_are_half_the_threshold_and_warmth_and_the_value_as_read_is_kept() -> None:
    result = measure(Pen(), np.random.default_rng(1), systematics=STATED).extension
    assert result.as_read is not None
    warmth = 1.5 * (11.5e-6 - 16e-6) * 1.0
    assert result.value - result.as_read == pytest.approx(0.001 + warmth, abs=2e-5)
    assert result.equation.startswith("e = (d + δ_rim")
    assert result.method == "first order"
    assert {line.name for line in result.budget} == {
        "strokes", "rim datum", "stage position", "stage resolution", "stage scale", "alignment",
        "temperature", "expansion of the stage", "expansion of the pen", "contact threshold",
        "plate tilt at the needles", "crank model", "drift since the datum",
    }  # fmt: skip


def test_positions_as_read_only_give_the_value_as_read() -> None:
    datum = replace(exact(42.0, "mm"), as_read=42.0005)
    systematics = replace(PLAIN, datum=datum)
    shifted = extension_at_speed(
        PLATES, SOUND, stroke_mm=STROKE_MM, crank_ratio=RATIO, systematics=systematics,
        plate_as_read_mm=PLATES + 0.003,
    ).extension  # fmt: skip
    assert shifted.value == pytest.approx(estimate().extension.value, abs=1e-12)
    assert shifted.as_read == pytest.approx(shifted.value + 0.0005 - 0.003, abs=1e-9)


def test_a_stage_far_out_of_line_is_left_to_monte_carlo() -> None:
    """Where the cosine moves the result, its mean and its spread are in value and budget."""
    travel = replace(NO_TRAVEL_ERROR, alignment_limit_rad=0.1)
    found = measure(Pen(), np.random.default_rng(1), systematics=replace(PLAIN, travel=travel)).extension
    assert found.method == "Monte Carlo"
    assert found.as_read is not None
    # Mean and standard deviation of β²/2 for β evenly within ±0.1: 0.1²/6 and 0.1²/(2·√11.25).
    assert found.value - found.as_read == pytest.approx(-1.5 * 0.1**2 / 6, rel=0.02)
    (line,) = (line for line in found.budget if line.name == "alignment")
    assert line.u == pytest.approx(1.5 * 0.1**2 / 2 / math.sqrt(11.25), rel=0.02)


def test_a_first_guess_from_one_gap() -> None:
    drop = crank_drop(np.array([0.1]), stroke_mm=STROKE_MM, crank_ratio=RATIO)[0]
    assert coarse_extension([1.0], [[0.1, 0.1, 0.9]], stroke_mm=STROKE_MM, crank_ratio=RATIO) == 1.0 + drop


def test_a_first_guess_from_two_gaps_learns_how_this_pen_overlaps() -> None:
    """Against a design a fifth too long, one gap errs by a fifth of its overlap; two gaps do not."""
    duties = np.array([0.10, 0.16])
    gaps_mm = 1.5 - 0.8 * crank_drop(duties, stroke_mm=STROKE_MM, crank_ratio=RATIO)
    guess = coarse_extension(
        gaps_mm.tolist(), [[0.10] * 3, [0.16] * 3], stroke_mm=STROKE_MM, crank_ratio=RATIO
    )
    assert guess == pytest.approx(1.5, abs=1e-9)


PLATES = np.array([40.6, 40.625, 40.65])
SOUND = [np.full(8, duty) for duty in (0.06, 0.085, 0.105)]


def estimate(
    plates: Floats = PLATES, duties: list[Floats] = SOUND, stroke_mm: float = STROKE_MM
) -> Extension:
    return extension_at_speed(plates, duties, stroke_mm=stroke_mm, crank_ratio=RATIO, systematics=PLAIN)


def test_the_sound_example_the_refusals_start_from_is_accepted() -> None:
    assert 1.4 < estimate().extension.value < 1.5


@pytest.mark.parametrize(
    ("plates", "duties", "words"),
    [
        (PLATES[:2], SOUND[:2], "expected 3 or more"),
        (PLATES[:0], [], "expected 3 or more"),
        (PLATES, SOUND[:2], "2 gaps and plate positions"),
        (PLATES[:, None], SOUND, "plate positions"),
        (PLATES * np.nan, SOUND, "no crank's"),
        (PLATES, [SOUND[0], SOUND[1], SOUND[2][:1]], "1 strokes"),
        (PLATES, [SOUND[0], SOUND[1], SOUND[2][:0]], "0 strokes"),
        (PLATES, [SOUND[0], SOUND[1], SOUND[2] * np.nan], "between 0 and 1"),
        (PLATES, [SOUND[0], SOUND[1], SOUND[2] + 1], "between 0 and 1"),
        (PLATES, [SOUND[0]] * 3, "same duty"),
        (PLATES, [np.zeros(8)] * 3, "overlapped"),
        (PLATES, SOUND[::-1], "expected about 1"),
        (PLATES * 0 + 40.6, SOUND, "expected about 1"),
    ],
)
def test_data_that_are_no_cranks_are_refused(plates: Floats, duties: list[Floats], words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(plates, duties)


@pytest.mark.parametrize("stroke", [0.0, -1.0, math.nan])
def test_a_pen_without_stroke_is_refused(stroke: float) -> None:
    with pytest.raises(EstimateError, match="no crank's"):
        estimate(stroke_mm=stroke)


LIMITS = {"threshold_limit_mm": 0.0, "needle_tilt_limit_mm": 0.0}


@pytest.mark.parametrize("wrong", [-1e-3, math.nan, math.inf])
@pytest.mark.parametrize("name", ["threshold_limit_mm", "needle_tilt_limit_mm"])
def test_systematics_are_finite_and_not_negative(name: str, wrong: float) -> None:
    with pytest.raises(EstimateError, match=name):
        Systematics(PLAIN.datum, PLAIN.travel, **{**LIMITS, name: wrong})


@settings(max_examples=40)
@given(
    st.lists(st.floats(), min_size=0, max_size=5),
    st.lists(st.lists(st.floats(), max_size=8), max_size=5),
)
def test_any_data_give_a_finite_result_or_a_refusal(plates: list[float], duties: list[list[float]]) -> None:
    try:
        result = estimate(np.array(plates), [np.array(row) for row in duties])
    except EstimateError:
        return
    assert math.isfinite(result.extension.value)
    assert math.isfinite(result.extension.U)
