"""Contact point: step scans of a rim as they come, a published force curve, and scans without contact."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import stdtrit

from calibration.contact_point import ContactPoint, contact_point
from calibration.errors import EstimateError

Floats = NDArray[np.float64]

RIM_MM, STEP_MM = 42.317, 0.002
AFM = Path(__file__).parents[1] / "data" / "afm_spot3-0192_approach.csv"


def scan(
    random: np.random.Generator,
    *,
    stiffness: float = 200.0,
    soft_mm: float = 0.0012,
    noise_n: float = 0.003,
    free_steps: int = 12,
    drift_n: float = 0.0,
    curvature: float = 0.0,
    unsteady_mm: float = 0.0,
) -> tuple[Floats, Floats]:
    """A step scan through the rim up to 3.6 N, read with 0.01 N; ``drift_n`` is per step."""
    steps = np.arange(60)
    z = RIM_MM + STEP_MM * (steps - free_steps + random.random())
    overlap = z + unsteady_mm * random.normal(size=60) - RIM_MM
    force = stiffness * soft_mm * np.logaddexp(0, overlap / soft_mm)
    force = 0.02 + force + curvature * force**2 + drift_n * steps + noise_n * random.normal(size=60)
    read = np.round(force / 0.01) * 0.01
    end = int(np.argmax(read - read[0] > 3.6)) + 1
    return z[:end], read[:end]


def estimate(z: Floats, f: Floats) -> ContactPoint:
    return contact_point(z, f, resolution_n=0.01, soft_n=0.8)


def study(count: int, **changes: float) -> tuple[Floats, float]:
    """Errors in steps, and the share of 95 % intervals that hold the truth."""
    random = np.random.default_rng(11)
    errors, held = [], 0
    for _ in range(count):
        found = estimate(*scan(random, **changes)).position  # type: ignore[arg-type]
        errors.append(found.value - RIM_MM)
        held += abs(errors[-1]) <= stdtrit(min(found.dof, 1e9), 0.975) * found.u
    return np.array(errors) / STEP_MM, held / count


SCANS = {
    "as the twin's": {},
    "hard onset": {"soft_mm": 1e-7},
    "soft plate": {"stiffness": 120.0},
    "noisy": {"noise_n": 0.01},
    "drifting up": {"drift_n": 0.004},
    "drifting down": {"drift_n": -0.01},
    "little baseline": {"free_steps": 9},
}


@pytest.mark.parametrize("changes", SCANS.values(), ids=SCANS.keys())
def test_error_is_within_a_tenth_of_a_step_with_honest_intervals(changes: dict[str, float]) -> None:
    errors, coverage = study(200, **changes)
    assert abs(errors.mean()) < 0.02
    assert np.quantile(np.abs(errors), 0.99) < 0.1
    assert coverage >= 0.93


@pytest.mark.parametrize(
    "changes", [{"curvature": 0.02}, {"unsteady_mm": 0.00015}], ids=["curved", "unsteady"]
)
def test_what_the_model_does_not_know_is_in_the_uncertainty(changes: dict[str, float]) -> None:
    errors, coverage = study(200, **changes)
    assert coverage >= 0.93
    assert np.abs(errors).max() < 0.5


def test_stiffness_baseline_and_noise_come_out_too() -> None:
    found = estimate(*scan(np.random.default_rng(1)))
    assert found.stiffness_n_per_mm == pytest.approx(200, rel=0.02)
    assert found.baseline_n == pytest.approx(0.02, abs=0.005)
    assert found.noise_n == pytest.approx(0.004, abs=0.003)
    assert [line.name for line in found.position.budget] == [
        "fit of the loaded line",
        "force without contact",
        "straightness of the loading",
    ]


def test_a_reading_off_in_the_baseline_is_not_taken_for_contact() -> None:
    z, f = scan(np.random.default_rng(1))
    f[2] += 0.05
    assert estimate(z, f).position.value == pytest.approx(RIM_MM, abs=0.1 * STEP_MM)


def published_curve() -> tuple[Floats, Floats]:
    """Depth (µm, growing towards the sample) and force (nN); steps back, which are noise, left out."""
    tip, force = np.loadtxt(AFM, delimiter=",", skiprows=4).T
    ahead = np.concatenate([[True], -tip[1:] > np.maximum.accumulate(-tip)[:-1]])
    return -tip[ahead], force[ahead]


def test_published_force_curve_with_the_vendors_contact_point() -> None:
    depth, force = published_curve()
    # A paraboloid's force grows with indentation^1.5, so its 2/3 power is the straight line of the model.
    linear = np.sign(force) * np.abs(force) ** (2 / 3)
    found = contact_point(depth, linear, resolution_n=0.001, soft_n=0.3).position
    assert -found.value == pytest.approx(18.03, abs=0.002)
    assert found.U < 0.03


def test_a_curved_loading_taken_for_a_straight_one_widens_the_interval_to_the_truth() -> None:
    found = contact_point(*published_curve(), resolution_n=0.001, soft_n=0.2).position
    assert abs(-found.value - 18.03) < found.U < 0.05


Z = 42.3 + STEP_MM * np.arange(24)


@pytest.mark.parametrize(
    ("force", "words"),
    [
        (np.zeros(24), "no contact"),
        (np.full(24, 0.37), "no contact"),
        (np.random.default_rng(0).normal(0, 0.003, 24), "no contact"),
        (-0.4 * np.clip(np.arange(24) - 12, 0, None), "no contact"),
        (0.4 * np.arange(24.0), "contact from the first"),
        (0.004 * np.arange(24.0), "no contact|contact from the first"),
        (0.4 * np.clip(np.arange(24.0) - 2, 0, None), "contact from"),
        (0.4 * np.clip(np.arange(24.0) - 20.5, 0, None), "points under more than"),
        (np.where(np.arange(24) == 11, math.nan, 0.1), "not all finite"),
        (np.where(np.arange(24) == 11, math.inf, 0.1), "not all finite"),
    ],
)
def test_scans_without_a_usable_contact_are_refused(force: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(Z, force)


@pytest.mark.parametrize("before", [0, 1, 2, 3, 4, 5, 8, 9])
def test_a_soft_contact_needs_a_baseline_before_it(before: int) -> None:
    z, f = scan(np.random.default_rng(before), free_steps=before)
    if before < 8:
        with pytest.raises(EstimateError, match="contact from"):
            estimate(z, f)
    else:
        assert abs(estimate(z, f).position.value - RIM_MM) < 0.1 * STEP_MM


@pytest.mark.parametrize(
    ("z", "f", "words"),
    [
        (np.array([]), np.array([]), "0 points"),
        (np.array([1.0]), np.array([1.0]), "1 points"),
        (Z[:7], Z[:7], "7 points"),
        (Z, Z[:-1], "expected one shape"),
        (Z.reshape(2, 12), Z.reshape(2, 12), "expected one shape"),
        (np.full(24, 1.0), Z, "do not increase"),
        (Z[::-1], Z, "do not increase"),
        (np.where(Z > 42.32, math.nan, Z), Z, "not all finite"),
    ],
)
def test_bad_records_are_refused(z: Floats, f: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(z, f)


@pytest.mark.parametrize(
    ("resolution", "soft"), [(0.0, 0.8), (-0.01, 0.8), (math.nan, 0.8), (0.01, -1), (0.01, math.inf)]
)
def test_impossible_figures_are_refused(resolution: float, soft: float) -> None:
    with pytest.raises(EstimateError, match="resolution"):
        contact_point(*scan(np.random.default_rng(1)), resolution_n=resolution, soft_n=soft)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-50, 50) | st.just(math.nan)), max_size=40))
def test_any_record_gives_a_finite_result_or_a_refusal(points: list[tuple[float, float]]) -> None:
    z, f = np.array(sorted(points)).reshape(-1, 2).T
    try:
        found = estimate(z, f)
    except EstimateError:
        return
    assert math.isfinite(found.position.value)
    assert math.isfinite(found.position.U)
