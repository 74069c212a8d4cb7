"""Drawing, adaptive stopping and coverage intervals (JCGM 101, 6.4, 7.7 and 7.9)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input, draw
from calibration.monte_carlo import coverage_interval, monte_carlo, numerical_tolerance

LAWS = {
    Distribution.NORMAL: 3.0,
    Distribution.RECTANGULAR: 1.8,
    Distribution.TRIANGULAR: 2.4,
    Distribution.ARCSINE: 1.5,
}
"""Kurtosis of each law: what tells them apart when mean and standard deviation are the same."""


@pytest.mark.parametrize(("law", "kurtosis"), LAWS.items())
def test_laws_have_their_moments(law: Distribution, kurtosis: float) -> None:
    drawn = draw(Input(5.0, 2.0, distribution=law), 200_000, np.random.default_rng(1))
    assert isinstance(drawn, np.ndarray)
    errors = (drawn - 5.0) / 2.0
    assert errors.mean() == pytest.approx(0.0, abs=0.01)
    assert errors.std() == pytest.approx(1.0, abs=0.01)
    assert np.mean(errors**4) == pytest.approx(kurtosis, abs=0.06)


@pytest.mark.parametrize("law", [Distribution.NORMAL, Distribution.T])
def test_few_readings_are_drawn_from_student(law: Distribution) -> None:
    found = monte_carlo(lambda a: a, {"a": Input(0.0, 1.0, 6, law)}, trials=400_000, probability=0.95)
    assert found.u == pytest.approx(math.sqrt(6 / 4), rel=0.01)
    assert found.interval == pytest.approx((-2.447, 2.447), abs=0.03)


def test_three_readings_have_no_standard_deviation_to_draw_from() -> None:
    with pytest.raises(EstimateError, match="4 readings or more"):
        monte_carlo(lambda a: a, {"a": Input(0.0, 1.0, 2)})


def test_stops_when_settled_and_not_before() -> None:
    coarse = monte_carlo(lambda a: a, {"a": Input(0.0, 1.0)}, digits=1)
    fine = monte_carlo(lambda a: a, {"a": Input(0.0, 1.0)}, digits=2, tolerance_share=0.5)
    assert coarse.settled
    assert fine.settled
    assert coarse.trials < fine.trials < 2_000_000
    assert fine.interval == pytest.approx((-2.0, 2.0), abs=2 * fine.tolerance)


def test_one_seed_gives_one_result_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for workers in (1, 2, 5):
        monkeypatch.setattr("calibration.monte_carlo.WORKERS", workers)
        rng = np.random.default_rng(4)
        found.add((monte_carlo(lambda a: a, {"a": Input(0.0, 1.0)}, digits=1, rng=rng), rng.random()))
    assert len(found) == 1


def test_a_generator_that_was_given_goes_on_to_other_numbers() -> None:
    rng = np.random.default_rng(4)
    first, then = (monte_carlo(lambda a: a, {"a": Input(0.0, 1.0)}, digits=1, rng=rng) for _ in range(2))
    assert first.value != then.value


def test_the_greatest_number_of_trials_is_kept() -> None:
    found = monte_carlo(lambda a: a, {"a": Input(0.0, 0.99)}, digits=3, maximum=50_000)
    assert (found.trials, found.settled) == (50_000, False)


@pytest.mark.parametrize(
    ("u", "digits", "tolerance"),
    [(0.0754, 2, 0.0005), (0.0754, 1, 0.005), (32.0, 2, 0.5), (10.2, 2, 0.5), (5e-5, 2, 5e-7), (0.0, 2, 0.0)],
)
def test_tolerance_is_half_the_last_digit(u: float, digits: int, tolerance: float) -> None:
    assert numerical_tolerance(u, digits) == pytest.approx(tolerance)


def test_model_that_takes_no_arrays_is_refused() -> None:
    with pytest.raises(EstimateError, match=r"numpy\.where"):
        monte_carlo(lambda a: a if a > 0 else -a, {"a": Input(0.0, 1.0)})
    with pytest.raises(EstimateError, match="not finite in"):
        monte_carlo(lambda a: np.log(a), {"a": Input(1.0, 1.0)})
    with pytest.raises(EstimateError, match="one number each"):
        monte_carlo(lambda a: np.array([1.0, 2.0]), {"a": Input(1.0, 1.0)})


@pytest.mark.parametrize(
    "options",
    [{"digits": 0}, {"probability": 1.0}, {"probability": math.nan}, {"trials": 10}, {"maximum": 1},
     {"tolerance_share": 0.0}],
)  # fmt: skip
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(EstimateError, match="expected"):
        monte_carlo(lambda a: a, {"a": Input(0.0, 1.0)}, **options)


@given(st.lists(st.floats(-1e6, 1e6), min_size=25, max_size=80))
@settings(deadline=None)
def test_intervals_hold_their_share_and_shortest_is_shortest(values: list[float]) -> None:
    array = np.array(values)
    shortest = coverage_interval(array, 0.9, shortest=True)
    symmetric = coverage_interval(array, 0.9)
    assert shortest[1] - shortest[0] <= symmetric[1] - symmetric[0]
    for low, high in (shortest, symmetric):
        assert np.mean((array >= low) & (array <= high)) >= 0.9


@given(st.lists(st.floats(), max_size=10))
@settings(deadline=None)
def test_too_few_values_or_bad_ones_have_no_interval(values: list[float]) -> None:
    with pytest.raises(EstimateError, match="expected"):
        coverage_interval(np.array(values), 0.95)
