"""Force per needle from an insertion: the peak, whether it was a puncture, and what is no insertion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.sharpness import Insertion, insertion_force

Floats = NDArray[np.float64]

Z = np.linspace(0.0, 1.2, 61)
RISING = 12 * np.clip(0.04 * (Z - 0.2) + 0.10 * (Z - 0.2) ** 2, 0, None) * (Z > 0.2)
PUNCTURED = np.where(Z <= 0.6, RISING, 0.45 * RISING[30] + 0.01 * Z)


def estimate(z: Floats, f: Floats, **changes: float) -> Insertion:
    figures = {"needles": 12, "resolution_n": 0.01, "noise_n": 0.003, "gauge_u": 0.001, "zero_u_n": 0.0015}
    return insertion_force(z, f, **figures | changes)  # type: ignore[arg-type]


def test_the_peak_shared_by_the_needles_is_the_force() -> None:
    found = estimate(Z, PUNCTURED)
    peak = 0.04 * 0.4 + 0.10 * 0.4**2
    assert found.force_per_needle.as_read == pytest.approx(peak)
    assert peak < found.force_per_needle.value < peak + 1.5 * (RISING[30] - RISING[29]) / 12
    assert found.peak_position_mm == pytest.approx(0.6)
    assert found.punctured
    assert {line.name for line in found.force_per_needle.budget} >= {
        "noise",
        "zero of the gauge",
        "gauge",
        "growth of the force",
        "peak between readings",
        "averaging of the gauge",
    }


def insertion(random: np.random.Generator) -> tuple[Floats, Floats, float]:
    """An insertion as a gauge sees it that reads and averages at its own pace; with the true peak per needle.

    Twelve needles of unequal length and sharpness puncture one after the other, so peaks follow each other.
    """
    z = np.arange(0.0, 1.2, 2e-4)
    needles = random.normal(0.0, 0.006, 12)
    strength = 0.03 * random.uniform(1.0, 3.5) * np.clip(1 + 0.1 * random.normal(size=12), 0.3, None)
    depth = np.clip(z[:, None] - needles.max() + needles, 0, None)
    pressed = 0.04 * depth + 0.1 * depth**2
    at = np.sqrt(0.04 + 0.4 * strength) / 0.2 - 0.2  # 0.04·d + 0.1·d² = strength
    force = np.where(depth < at, pressed, 0.45 * strength + 0.004 * (depth - at)).sum(axis=1)
    read_at = np.arange(random.uniform(0.008, 0.015), 1.19, 0.0073)
    window = random.uniform(0.0, 1.0) * 0.0073 * (np.arange(8) + 0.5) / 8
    seen = np.interp(read_at[:, None] - window, z, force).mean(axis=1) * (1 + 0.0005 * random.normal())
    noisy = seen + random.normal(0, 0.003, len(seen)) + random.uniform(-0.005, 0.005)
    zero = random.normal(0, 0.0015)
    return read_at, np.round(noisy / 0.01) * 0.01 + zero, float(force.max()) / 12


def test_95_percent_intervals_hold_the_true_peak_whatever_the_gauge_averages() -> None:
    random = np.random.default_rng(12)
    errors, reach = [], []
    for _ in range(100):
        z, f, truth = insertion(random)
        force = estimate(z, f, gauge_u=0.0005).force_per_needle
        errors.append(force.value - truth)
        reach.append(force.U)
    assert abs(np.mean(errors)) < 0.4 * np.mean(reach) / 2
    assert np.std(errors) == pytest.approx(np.mean(reach) / 2, rel=0.25)
    assert np.mean(np.abs(errors) <= reach) >= 0.90


def test_a_force_that_still_grows_is_no_puncture() -> None:
    found = estimate(Z, RISING)
    assert not found.punctured
    assert found.peak_position_mm == Z[-1]


def test_a_gauge_that_is_off_scales_its_line_of_the_budget() -> None:
    wide = estimate(Z, PUNCTURED, gauge_u=0.05).force_per_needle
    assert wide.u == pytest.approx(0.05 * wide.value, rel=0.1)


@pytest.mark.parametrize(
    ("z", "f", "words"),
    [
        (Z[:0], Z[:0], "shape"),
        (Z[:1], RISING[:1], "shape"),
        (Z, RISING[:-1], "shape"),
        (Z.reshape(1, 61), RISING.reshape(1, 61), "shape"),
        (Z, np.zeros(61), "never met"),
        (Z, -RISING, "never met"),
        (np.where(Z > 1, math.nan, Z), RISING, "not finite"),
        (Z, np.where(Z > 1, math.inf, RISING), "not finite"),
    ],
)
def test_records_of_no_insertion_are_refused(z: Floats, f: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(z, f)


@pytest.mark.parametrize("name", ["resolution_n", "noise_n", "gauge_u", "zero_u_n"])
@pytest.mark.parametrize("wrong", [-0.01, math.nan, math.inf])
def test_impossible_figures_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(EstimateError, match="expected finite"):
        estimate(Z, PUNCTURED, **{name: wrong})


def test_a_tip_without_needles_is_refused() -> None:
    with pytest.raises(EstimateError, match="without needles"):
        estimate(Z, PUNCTURED, needles=0)


@given(st.lists(st.floats(-50, 50) | st.just(math.nan), min_size=15, max_size=61))
def test_any_record_gives_a_finite_result_or_a_refusal(force: list[float]) -> None:
    try:
        found = estimate(Z[: len(force)], np.array(force))
    except EstimateError:
        return
    assert math.isfinite(found.force_per_needle.value)
    assert math.isfinite(found.force_per_needle.U)
