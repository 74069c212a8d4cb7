"""Jumps in noisy records: found where they are, as high as they are, and not where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.change_points import Jump, jumps
from calibration.errors import EstimateError

Floats = NDArray[np.float64]

X = np.linspace(0.0, 1.0, 400)


def sure(found: list[Jump], sigmas: float = 4.0) -> list[Jump]:
    return [jump for jump in found if abs(jump.height) > sigmas * jump.u]


def test_a_jump_is_found_with_its_place_height_and_levels() -> None:
    y = 2.0 * X - 0.5 * (X > 0.6) + np.random.default_rng(1).normal(0, 0.05, len(X))
    (jump,) = sure(jumps(X, y, sigma=0.05))
    assert jump.x == pytest.approx(0.6, abs=2 * jump.gap)
    assert jump.height == pytest.approx(-0.5, abs=3 * jump.u)
    assert jump.before == pytest.approx(1.2, abs=3 * jump.before_u)
    assert jump.fall == pytest.approx(-0.8, abs=3 * jump.fall_u), "what follows rises by 2 a mm"


@pytest.mark.parametrize(("bend", "shape"), [(0.0, 0 * X), (0.0, 5 * X), (6.0, 3 * X**2), (18.0, 3 * X**3)])
def test_noise_and_curves_have_no_jumps(bend: float, shape: Floats) -> None:
    """Five standard uncertainties, because the cuts lie where noise favours them."""
    random = np.random.default_rng(2)
    records = [shape + random.normal(0, 0.05, len(X)) for _ in range(30)]
    falsely = [y for y in records if sure(jumps(X, y, sigma=0.05, bend=bend), 5.0)]
    assert len(falsely) <= 1


def test_a_change_of_slope_is_a_cut_without_a_jump() -> None:
    y = np.clip(X - 0.5, 0, None) * 10 + np.random.default_rng(3).normal(0, 0.05, len(X))
    found = jumps(X, y, sigma=0.05)
    assert found
    assert not sure(found)
    assert found[0].x == pytest.approx(0.5, abs=0.03)


def test_heights_are_as_uncertain_as_they_say() -> None:
    random = np.random.default_rng(4)
    errors = []
    for _ in range(100):
        y = X - 0.6 * (np.arange(400) >= 250) + random.normal(0, 0.05, len(X))
        jump = max(jumps(X, y, sigma=0.05), key=lambda found: abs(found.height) / found.u)
        errors.append((jump.height + 0.6) / jump.u)
    assert 0.7 < float(np.std(errors)) < 1.4
    assert abs(float(np.mean(errors))) < 0.4


@pytest.mark.parametrize(
    ("x", "y", "sigma", "words"),
    [
        (X[:0], X[:0], 0.1, "shape"),
        (X[:1], X[:1], 0.1, "shape"),
        (X, X[:-1], 0.1, "shape"),
        (X.reshape(20, 20), X.reshape(20, 20), 0.1, "shape"),
        (X, np.where(X > 0.5, math.nan, X), 0.1, "not finite"),
        (X, X, 0.0, "noise"),
        (X, X, -1.0, "noise"),
        (X, X, math.nan, "noise"),
        (X[::-1], X, 0.1, "decreases"),
    ],
)
def test_what_is_no_record_is_refused(x: Floats, y: Floats, sigma: float, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        jumps(x, y, sigma=sigma)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=60), st.floats(1e-3, 1e3))
def test_any_record_gives_finite_jumps_in_order(y: list[float], sigma: float) -> None:
    found = jumps(np.linspace(0, 1, len(y)), np.array(y), sigma=sigma)
    assert [jump.index for jump in found] == sorted({jump.index for jump in found})
    assert all(math.isfinite(jump.height) and math.isfinite(jump.u) and jump.u > 0 for jump in found)


def test_readings_at_one_place_are_no_division_by_zero() -> None:
    found = jumps(np.zeros(40), np.repeat([0.0, 1.0], 20), sigma=0.01)
    assert [round(jump.height, 6) for jump in found] == [1.0]
