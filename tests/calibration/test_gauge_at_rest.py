"""The force gauge with nothing on it: zero, shift of the zero, noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.errors import EstimateError
from calibration.gauge_at_rest import noise, zero, zero_shift
from calibration.gauge_figures import GaugeFigures

FIGURES = GaugeFigures(resolution_n=0.01, noise_n=0.003, gain_u=0.0005, drift_n_per_s=0.0005)
FINE = GaugeFigures(resolution_n=1e-5, noise_n=0.003, gain_u=0.0005, drift_n_per_s=0.0005)


def rest(
    zero_n: float, random: np.random.Generator, *, noise_n: float = 0.003, step: float = 0.01
) -> np.ndarray:
    return np.round(random.normal(zero_n, noise_n, 50) / step) * step


def test_intervals_hold_the_zero_and_its_shift() -> None:
    random, held, count = np.random.default_rng(1), [0, 0], 500
    for _ in range(count):
        before, after = random.uniform(-0.05, 0.05, 2)
        readings = rest(before, random), rest(after, random)
        found = zero(readings[0], FIGURES), zero_shift(*readings, FIGURES)
        held[0] += abs(found[0].value - before) <= found[0].U
        held[1] += abs(found[1].value - (after - before)) <= found[1].U
    for hits in held:
        assert hits / count == pytest.approx(0.9545, abs=0.035)


def test_noise_is_that_of_a_reading_and_a_moved_zero_is_none() -> None:
    random = np.random.default_rng(2)
    rests = [rest(zero_n, random, step=1e-5) for zero_n in (0.0, 0.5)]
    found = noise(rests, FINE)
    assert found.value == pytest.approx(0.003, abs=found.U)
    expected_n = 0.003 / math.sqrt(2 * 98)
    assert found.u == pytest.approx(expected_n, rel=0.2)


def test_a_gauge_that_always_says_the_same_has_no_noise_but_is_not_sure_of_it() -> None:
    found = noise([np.full(50, 0.02), np.full(50, 0.02)], FIGURES)
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.U > 0.0005


@pytest.mark.parametrize("readings", [np.zeros(9), np.array([0.0] * 20 + [math.nan]), np.zeros((10, 2))])
def test_too_few_or_broken_readings_are_refused(readings: np.ndarray) -> None:
    with pytest.raises(EstimateError, match="10 or more, all finite"):
        zero(readings, FIGURES)


def test_noise_of_nothing_is_refused() -> None:
    with pytest.raises(EstimateError, match="one rest or more"):
        noise([], FIGURES)
