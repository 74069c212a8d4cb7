"""Where half the trials succeed: counts simulated here, with links and scatters other than the fit's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.transition import transition

Floats = NDArray[np.float64]

COARSE_MM = np.array([-0.15, -0.07, 0.05, 0.1])
FINE_MM = np.linspace(-0.016, 0.016, 9)
TRIALS = 24


def counts(
    rng: np.random.Generator, at_mm: float, width_mm: float, scatter_mm: float, lapse: float, link: str
) -> tuple[Floats, Floats, Floats]:
    """Return settings, successes and trials around a transition that is not quite in their middle."""
    x = at_mm + np.concatenate([COARSE_MM, FINE_MM]) + rng.uniform(-0.006, 0.006)
    away = (x - at_mm + rng.normal(0.0, scatter_mm, len(x)))[:, None]
    noise = {
        "normal": rng.normal(size=(len(x), TRIALS)),
        "logistic": rng.logistic(size=(len(x), TRIALS)) * math.sqrt(3.0) / math.pi,
        "first of many": rng.gumbel(size=(len(x), TRIALS)) + math.log(math.log(2.0)),
    }[link]
    seen = (away + width_mm * noise > 0) & (rng.random((len(x), TRIALS)) >= lapse)
    return x, seen.sum(axis=1).astype(float), np.full(len(x), float(TRIALS))


@pytest.mark.parametrize(
    ("width_mm", "scatter_mm", "lapse", "link"),
    [
        (0.008, 0.003, 0.002, "normal"),
        (0.004, 0.005, 0.01, "normal"),
        (0.008, 0.002, 0.03, "logistic"),
        (0.006, 0.002, 0.005, "first of many"),
    ],
)
def test_intervals_hold_the_truth(width_mm: float, scatter_mm: float, lapse: float, link: str) -> None:
    rng = np.random.default_rng(7)
    held, errors, runs = 0, [], 24
    for _ in range(runs):
        found = transition(*counts(rng, 0.2, width_mm, scatter_mm, lapse, link))
        # The shape of the transition is another line of the budget.
        held += abs(found.at_mm - 0.2) <= 2 * math.hypot(found.u_mm, 0.15 * found.width_mm / math.sqrt(3.0))
        errors.append(found.at_mm - 0.2)
    assert held >= 20, "95 % of 24 are 22.8; fewer than 20 are seen once in 200 times"
    assert float(np.std(errors)) < 0.005


def test_a_transition_sharper_than_the_steps_is_known_to_a_part_of_the_step() -> None:
    x = np.arange(0.1, 0.3, 0.02)
    k = np.where(x > 0.195, 30.0, 0.0)
    found = transition(x, k, np.full(len(x), 30.0))
    assert found.at_mm == pytest.approx(0.19, abs=0.002)
    assert 0.2 * 0.02 < found.u_mm < 0.5 * 0.02


def test_visits_that_disagree_widen_the_uncertainty() -> None:
    x = np.repeat(np.linspace(0.18, 0.22, 5), 2)
    n = np.full(10, 30.0)
    alike = np.repeat([0.0, 6.0, 15.0, 24.0, 30.0], 2)
    apart = np.array([0.0, 0.0, 0.0, 14.0, 3.0, 27.0, 16.0, 30.0, 30.0, 30.0])
    assert transition(x, apart, n).u_mm > 1.5 * transition(x, alike, n).u_mm
    assert transition(x, apart, n).correlation > 2 * transition(x, alike, n).correlation


def test_it_does_not_matter_in_which_order_visits_came_and_empty_ones_are_left_out() -> None:
    rng = np.random.default_rng(3)
    x, k, n = counts(rng, 0.3, 0.008, 0.002, 0.0, "normal")
    order = rng.permutation(len(x))
    mixed = transition(np.append(x[order], 0.9), np.append(k[order], 0.0), np.append(n[order], 0.0))
    assert mixed.at_mm == pytest.approx(transition(x, k, n).at_mm, abs=1e-9)
    assert mixed.visits == len(x)


X = np.linspace(0.1, 0.2, 6)
UP = np.array([0.0, 0.0, 5.0, 15.0, 20.0, 20.0])
N = np.full(6, 20.0)


@pytest.mark.parametrize(
    ("x", "k", "n", "words"),
    [
        (X, np.zeros(6), N, "more than two thirds.*no transition is bracketed"),
        (X, N, N, "fewer than a third.*no transition is bracketed"),
        (X, UP[::-1], N, "fewer trials succeed at the larger settings"),
        (X[:3], UP[:3], N[:3], "3 visits"),
        (X, 0 * UP, 0 * N, "0 visits"),
        (X[:0], UP[:0], N[:0], "0 visits"),
        (X, UP + 1.0, N, "counts that are none"),
        (X, UP - 1.0, N, "counts that are none"),
        (X, UP + 0.5, N, "counts that are none"),
        (X * np.nan, UP, N, "not finite"),
        (X, UP[:5], N, "expected one"),
        (X.reshape(2, 3), UP.reshape(2, 3), N.reshape(2, 3), "expected one"),
        (np.full(6, 0.2), UP, N, "expected more"),
    ],
)
def test_what_is_no_transition_is_refused(x: Floats, k: Floats, n: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        transition(x, k, n)


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True, width=32),
            st.integers(-2, 40),
            st.integers(-2, 40),
        ),
        max_size=12,
    )
)
def test_any_counts_give_a_finite_result_or_a_reason(rows: list[tuple[float, int, int]]) -> None:
    x, k, n = (np.array([row[i] for row in rows], dtype=float) for i in range(3))
    try:
        found = transition(x, k, n)
    except EstimateError:
        return
    assert math.isfinite(found.at_mm)
    assert found.u_mm > 0
