"""Real penetration from strokes through film: counting, corrections, shortfall."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.errors import EstimateError
from calibration.measured import Contribution, combine
from calibration.penetration import (
    Counts,
    FilmFigures,
    real_penetration,
    shortfall,
    strokes_counted,
)

FIGURES = FilmFigures(
    layers=2,
    layer_mm=0.126,
    layer_u_mm=0.001,
    preload_n=1.0,
    force_u_n=0.01,
    doming_limit_mm_per_n=0.012,
    weakening_limit_mm=1e-4,
    threshold_limit_mm=0.002,
    step_mm=0.001,
    drift_u_mm=0.0005,
)
DEPTHS_MM = 0.3 + np.array(
    [-0.1, -0.05, -0.016, -0.012, -0.008, -0.004, 0.0, 0.004, 0.008, 0.012, 0.016, 0.05]
)
REACHED = np.array([0.0, 0.0, 0.0, 1.0, 4.0, 8.0, 10.0, 13.0, 17.0, 19.0, 20.0, 20.0])
COUNTS = Counts(DEPTHS_MM, REACHED, np.full(12, 20.0), np.full(12, 5.0), np.full(12, 1.0))
PERIOD_S, TIMEOUT_S = 0.010, 0.025


def readings_of(strokes: list[bool], *, phase_s: float, readings: int) -> tuple[list[float], int]:
    """Play a counter: return the stamps of so many readings, and how many strokes had passed by then."""
    stamps: list[float] = []
    armed_s, taken = 0.0, 0
    for number, reaches in enumerate(strokes):
        time_s = phase_s + number * PERIOD_S
        while taken < readings and time_s > armed_s + TIMEOUT_S:
            armed_s, taken = armed_s + TIMEOUT_S, taken + 1
        if taken == readings:
            return stamps, number
        if reaches:
            stamps.append(time_s)
            armed_s, taken = time_s, taken + 1
        if taken == readings:
            return stamps, number + 1
    raise AssertionError("too few strokes for so many readings")


@given(st.lists(st.booleans(), min_size=12, max_size=12), st.floats(0.0005, 0.0095))
def test_strokes_are_counted_as_they_were(pattern: list[bool], phase_s: float) -> None:
    stamps, passed = readings_of(pattern * 20, phase_s=phase_s, readings=20)
    reached, strokes = strokes_counted(stamps, readings=20, timeout_s=TIMEOUT_S, period_s=PERIOD_S)
    assert reached == len(stamps)
    assert strokes == pytest.approx(passed, abs=3), "but for part of a time-out at either end"


def test_bounces_count_once_and_a_wrong_period_is_forgiven() -> None:
    stamps = [0.0, 20e-6, 0.010, 0.030, 0.030015, 0.040]
    counted = strokes_counted(stamps, readings=6, timeout_s=TIMEOUT_S, period_s=1.01 * PERIOD_S)
    assert counted == (4, 5)


def test_time_outs_alone_are_strokes_that_did_not_reach() -> None:
    assert strokes_counted([], readings=20, timeout_s=TIMEOUT_S, period_s=PERIOD_S) == (0, 50)


@pytest.mark.parametrize(
    ("stamps", "period_s", "timeout_s"),
    [
        ([0.2, 0.1], PERIOD_S, TIMEOUT_S),
        ([0.1, math.nan], PERIOD_S, TIMEOUT_S),
        ([0.1] * 21, PERIOD_S, TIMEOUT_S),
        ([0.1], 0.0, TIMEOUT_S),
        ([0.1], math.nan, TIMEOUT_S),
        ([0.1], PERIOD_S, PERIOD_S),
        ([0.1], PERIOD_S, math.inf),
    ],
)
def test_what_cannot_be_counted_is_refused(stamps: list[float], period_s: float, timeout_s: float) -> None:
    with pytest.raises(EstimateError, match=r"expected|not in order"):
        strokes_counted(stamps, readings=20, timeout_s=timeout_s, period_s=period_s)


def test_penetration_is_the_film_s_thickness_and_d50_lies_among_the_depths() -> None:
    found = real_penetration(COUNTS, FIGURES)
    assert found.penetration.value == pytest.approx(0.252)
    assert found.penetration.u == pytest.approx(0.002)
    assert found.d50.value == pytest.approx(0.3, abs=0.003)
    assert {line.name for line in found.d50.budget} >= {
        "strokes", "set point", "contact threshold", "holes", "doming of the film", "preload", "drift",
        "shape of the transition",
    }  # fmt: skip
    assert found.d50.as_read == found.transition.at_mm


def test_each_correction_goes_its_own_way() -> None:
    plain = replace(FIGURES, weakening_limit_mm=0.0, threshold_limit_mm=0.0, doming_limit_mm_per_n=0.0)

    def shift_um(counts: Counts = COUNTS, **changes: float) -> float:
        change = real_penetration(counts, replace(plain, **changes)).d50.value
        return 1e3 * (change - real_penetration(counts, plain).d50.value)

    assert shift_um(threshold_limit_mm=0.002) == pytest.approx(-1.0, abs=0.02), "contact came late"
    # 5 strokes before the counting and half of the 20 counted, at half the limit each.
    assert shift_um(weakening_limit_mm=1e-4) == pytest.approx(0.75, abs=0.02), "worn holes let more through"
    hard = replace(COUNTS, force_n=np.full(12, 1.5))
    assert shift_um(hard, doming_limit_mm_per_n=0.012) == pytest.approx(3.0, abs=0.05), "the film bulged"


def test_intervals_hold_the_truth_of_strokes_through_sites_that_differ() -> None:
    rng = np.random.default_rng(11)
    held, runs = 0, 24
    for _ in range(runs):
        site_mm, threshold_mm, weakening_mm = rng.normal(0, 0.003, 12), *rng.uniform(0, [0.002, 1e-4])
        before = rng.uniform(4, 10, 12)
        depths_mm = DEPTHS_MM + rng.uniform(-0.004, 0.004)
        margin_mm = (depths_mm + site_mm - 0.3 - threshold_mm)[:, None]
        margin_mm = margin_mm + weakening_mm * (np.arange(20) + before[:, None])
        noise = rng.gumbel(size=(12, 20)) + math.log(math.log(2.0))
        hits = (margin_mm + 0.005 * noise > 0).sum(axis=1)
        found = real_penetration(
            Counts(depths_mm, hits, np.full(12, 20.0), before, np.full(12, 1.0)), FIGURES
        )
        held += abs(found.d50.value - 0.3) <= found.d50.U
    assert held >= 20, "95 % of 24 are 22.8; fewer than 20 are seen once in 200 times"


def test_the_shortfall_is_what_the_extension_has_beyond_the_film() -> None:
    found = real_penetration(COUNTS, FIGURES)
    extension = combine(0.360, "mm", [Contribution("all", 0.0015)])
    missing = shortfall(found, extension, 0.302)
    assert missing.value == pytest.approx(0.360 + found.d50.value - 0.302 - 0.252, abs=1e-4)
    assert missing.u == pytest.approx(math.hypot(0.0015, found.d50.u, 0.002), rel=0.05)
    with pytest.raises(EstimateError, match="finite"):
        shortfall(found, extension, math.nan)


@pytest.mark.parametrize("name", [name for name in FilmFigures.__dataclass_fields__ if name != "layers"])
@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_figures_that_cannot_be_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(EstimateError, match=name):
        replace(FIGURES, **{name: wrong})


def test_a_film_without_thickness_and_counts_without_shape_are_refused() -> None:
    for change in ({"layers": 0}, {"layer_mm": 0.0}):
        with pytest.raises(EstimateError, match="thickness"):
            replace(FIGURES, **change)
    with pytest.raises(EstimateError, match="one shape"):
        replace(COUNTS, strokes=np.full(3, 20.0))
    with pytest.raises(EstimateError, match="force_n"):
        replace(COUNTS, force_n=np.full(12, math.nan))


def test_no_transition_no_penetration() -> None:
    with pytest.raises(EstimateError, match="bracketed"):
        real_penetration(replace(COUNTS, reached=np.zeros(12)), FIGURES)
