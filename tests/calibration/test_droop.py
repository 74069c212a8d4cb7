"""Lines against contact force: coverage, errors in both, and what cannot be a line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.droop import LoadLine, extension_loss, load_line, rate_droop
from calibration.errors import EstimateError

FORCES = np.array([0.05, 0.25, 0.55, 0.9, 1.3, 1.7])
RATE, DROOP = 7030.0, 0.004


def line_of(
    random: np.random.Generator, *, u_force: float = 0.002, u_rate: float = 0.15, bend: float = 0.0
) -> LoadLine:
    rates = RATE * (1 - DROOP * FORCES + bend * FORCES**2) + random.normal(0, u_rate, len(FORCES))
    read = FORCES + random.normal(0, u_force, len(FORCES))
    return load_line(read, rates, u_force=np.full(6, u_force), u_y=np.full(6, u_rate))


def test_droop_is_held_by_its_interval() -> None:
    random = np.random.default_rng(5)
    found = [rate_droop(line_of(random), gain_u=0.0005) for _ in range(200)]
    errors = np.array([one.value for one in found]) - DROOP
    assert abs(errors.mean()) < 0.2 * found[0].u
    held = np.mean([abs(error) <= one.U for error, one in zip(errors, found, strict=True)])
    assert 0.92 <= held <= 1.0


def test_points_that_scatter_more_than_they_state_widen_the_result() -> None:
    random = np.random.default_rng(6)
    plain = rate_droop(line_of(random), gain_u=0.0005)
    scattered = line_of(np.random.default_rng(7), bend=-0.002)
    assert scattered.reduced_chi_square > 10
    assert rate_droop(scattered, gain_u=0.0005).u > 3 * plain.u
    assert scattered.dof == 4


def test_the_band_is_narrowest_in_the_middle_and_holds_the_line() -> None:
    line = line_of(np.random.default_rng(8))
    value, half = line.band([0.0, 0.8, 3.0])
    assert half[1] < half[0] < half[2]
    assert (np.abs(value - RATE * (1 - DROOP * np.array([0.0, 0.8, 3.0]))) < 2 * half).all()


def test_extension_loss_is_freed_of_the_bench_s_own_give() -> None:
    forces = np.linspace(0.8, 2.5, 12)
    line = load_line(
        forces, 40.0 + forces * (1 / 6 + 0.003), u_force=np.full(12, 1e-4), u_y=np.full(12, 3e-4)
    )
    found = extension_loss(line, gain_u=0.0005, stage_scale_u=5e-6, nest_mm_per_n=0.006)
    assert found.value == pytest.approx(1 / 6, abs=0.1 * found.U)
    assert found.as_read == pytest.approx(1 / 6 + 0.003)
    assert {entry.name for entry in found.budget} >= {
        "positions and forces",
        "stage",
        "gauge",
        "nest and plate",
    }


ONES = np.ones(6)


@pytest.mark.parametrize(
    ("f", "y", "uf", "uy", "words"),
    [
        ([], [], [], [], "different forces"),
        ([1.0], [1.0], [0.1], [0.1], "different forces"),
        (ONES, ONES, 0.1 * ONES, 0.1 * ONES, "different forces"),
        (FORCES, ONES[:-1], ONES, ONES, "shapes"),
        (FORCES.reshape(2, 3), ONES.reshape(2, 3), ONES.reshape(2, 3), ONES.reshape(2, 3), "shapes"),
        (FORCES, np.where(FORCES > 1, math.nan, 1.0), ONES, ONES, "not finite"),
        (FORCES, ONES, ONES, 0 * ONES, "positive"),
        (FORCES, ONES, -ONES, ONES, "positive"),
    ],
)
def test_what_is_no_line_is_refused(f: object, y: object, uf: object, uy: object, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        load_line(f, y, u_force=uf, u_y=uy)  # type: ignore[arg-type]


@pytest.mark.parametrize("gain_u", [-0.1, math.nan, math.inf])
def test_an_unknown_gauge_is_refused(gain_u: float) -> None:
    with pytest.raises(EstimateError, match="gauge"):
        rate_droop(line_of(np.random.default_rng(1)), gain_u=gain_u)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-1e4, 1e4)), min_size=4, max_size=10))
def test_any_points_give_a_finite_line_or_a_refusal(points: list[tuple[float, float]]) -> None:
    f, y = np.array(points).T
    try:
        line = load_line(f, y, u_force=np.full(len(f), 0.01), u_y=np.full(len(f), 0.1))
    except EstimateError:
        return
    assert math.isfinite(line.slope)
    assert np.isfinite(line.band([0.0, 1.0])).all()
