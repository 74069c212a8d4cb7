"""Trends against the number of insertions: the right law, an honest band, no change where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.wear import Law, Trend, trend

Floats = NDArray[np.float64]

COUNTS = 1.0 + 2400 * np.arange(9)
TRUTHS: dict[Law, Callable[[Floats], Floats]] = {
    Law.NONE: lambda n: 0.03 + 0 * n,
    Law.LINE: lambda n: 0.03 + 1.5e-6 * n,
    Law.LOG: lambda n: 0.03 + 0.004 * np.log(n),
    Law.LIMIT: lambda n: 0.03 + 0.03 * (1 - np.exp(-n / 4000)),
}


def worn(true: Callable[[Floats], Floats], seed: int, scatter: float = 5e-4) -> Trend:
    y = true(COUNTS) + np.random.default_rng(seed).normal(0, scatter, len(COUNTS))
    return trend(COUNTS, y, np.full(len(COUNTS), 2e-4), "N")


@pytest.mark.parametrize("law", list(Law))
def test_the_law_is_recognised(law: Law) -> None:
    right = sum(law in worn(TRUTHS[law], seed).considered for seed in range(40))
    assert right >= 36


def test_no_change_is_claimed_in_one_case_of_a_hundred() -> None:
    claimed = sum(worn(TRUTHS[Law.NONE], seed).law is not Law.NONE for seed in range(200))
    assert claimed <= 12, "three laws are tried, so a little more than one in a hundred"


def hill(n: Floats) -> Floats:
    """A law that is none of those fitted."""
    x = (n / 20_000) ** 0.8
    return np.asarray(0.03 * (1 + 3 * x / (1 + x)))


@pytest.mark.parametrize("true", [TRUTHS[Law.LINE], TRUTHS[Law.LIMIT], hill])
def test_the_band_holds_the_true_curve(true: Callable[[Floats], Floats]) -> None:
    at = np.array([1.0, 6000.0, 12_000.0, 19_201.0])
    held = []
    for seed in range(60):
        _, low, high = worn(true, seed).band(at)
        held.append((low <= true(at)) & (true(at) <= high))
    assert np.mean(held) >= 0.9


def test_when_the_band_reaches_a_limit() -> None:
    found = worn(TRUTHS[Law.LINE], 3)
    reached = found.reaches(0.045)
    assert reached is not None
    assert 8000 < reached < 10_100, "the band's upper end comes before the trend"
    assert found.reaches(1.0) is None
    assert worn(TRUTHS[Law.NONE], 3).reaches(1.0) is None


def test_a_trend_is_no_forecast() -> None:
    with pytest.raises(EstimateError, match="beyond"):
        worn(TRUTHS[Law.LINE], 3).band([50_000.0])


def test_the_change_over_the_span_has_its_uncertainty() -> None:
    found = [worn(TRUTHS[Law.LINE], seed).change for seed in range(60)]
    true = 1.5e-6 * (COUNTS[-1] - COUNTS[0])
    assert np.mean([abs(one.value - true) <= one.U for one in found]) >= 0.85


GOOD = np.full(9, 1e-3)


@pytest.mark.parametrize(
    ("n", "y", "u", "words"),
    [
        ([], [], [], "or more of each"),
        (COUNTS[:3], COUNTS[:3], GOOD[:3], "or more of each"),
        (COUNTS, COUNTS[:-1], GOOD, "or more of each"),
        (COUNTS[::-1], COUNTS, GOOD, "increase"),
        (np.ones(9), COUNTS, GOOD, "increase"),
        (COUNTS - 1, COUNTS, GOOD, "increase"),
        (COUNTS, np.where(COUNTS > 5000, math.nan, 1.0), GOOD, "not finite"),
        (COUNTS, COUNTS, 0 * GOOD, "u of 0"),
        (COUNTS, COUNTS, -GOOD, "u of 0"),
    ],
)
def test_what_has_no_trend_is_refused(n: object, y: object, u: object, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        trend(n, y, u, "N")  # type: ignore[arg-type]


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=9), st.floats(1e-6, 1.0))
def test_any_values_give_a_finite_trend(y: list[float], u: float) -> None:
    counts = COUNTS[: len(y)]
    found = trend(counts, y, np.full(len(y), u), "N")
    assert np.isfinite(found.band(counts)).all()
    assert 0 <= found.p_value <= 1
