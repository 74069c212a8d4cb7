"""The mean period: efficient for either noise, honest for both together, and for none."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.mean_period import mean_period

Floats = NDArray[np.float64]

# Computed standard deviations of period estimators, N stamps of unit period and 10 µs of noise; its origin
# and the formulae are stated in the file.
EFFICIENCY = json.loads(
    (Path(__file__).parents[1] / "data" / "period_estimator_efficiency.json").read_text(encoding="utf-8")
)
FLOOR = 1e-12


def records(count: int, n: int, *, stamp: float, period: float) -> Floats:
    """``count`` records of ``n`` stamps of unit period; shape (count, n)."""
    random = np.random.default_rng([n, int(1e7 * stamp), int(1e7 * period)])
    walk = np.cumsum(1 + period * random.normal(size=(count, n)), axis=1)
    return np.asarray(walk + stamp * random.normal(size=(count, n)))


def study(
    count: int, n: int, *, stamp: float, period: float, usual_jitter: float = math.inf
) -> tuple[Floats, float, Floats, Floats]:
    """Errors of the mean period, the share of 95 % intervals that hold the truth, and, from the same
    stamps, the errors of the line fit and of the end points, which attain the limit for one noise each.
    """
    stamps = records(count, n, stamp=stamp, period=period)
    found = [mean_period(np.diff(record), floor_s=FLOOR, usual_jitter=usual_jitter) for record in stamps]
    errors = np.array([mean.period - 1.0 for mean in found])
    reach = np.array([mean.u * stdtrit(min(mean.dof, 1e9), 0.975) for mean in found])
    line = np.polyfit(np.arange(n), stamps.T, 1)[0] - 1.0
    ends = (stamps[:, -1] - stamps[:, 0]) / (n - 1) - 1.0
    return errors, float(np.mean(np.abs(errors) <= reach)), line, ends


def rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2)))


@pytest.mark.parametrize("n", [24, 84, 151])
def test_noisy_stamps_are_used_to_the_cramer_rao_limit(n: int) -> None:
    errors, coverage, line, _ = study(600 if n < 50 else 150, n, stamp=1.5e-4, period=0.0)
    limit = 1.5e-4 * math.sqrt(12 / (n * (n**2 - 1)))
    assert rms(line) == pytest.approx(limit, rel=0.2)  # so well do 150 runs know it
    assert rms(errors) <= 1.1 * rms(line)
    assert coverage >= 0.95


@pytest.mark.parametrize("n", [24, 84, 151])
def test_jittering_periods_are_used_to_the_end_point_limit(n: int) -> None:
    errors, coverage, _, ends = study(150, n, stamp=0.0, period=3e-5)
    assert rms(ends) == pytest.approx(3e-5 / math.sqrt(n - 1), rel=0.2)
    assert rms(errors) <= 1.1 * rms(ends)
    assert coverage >= 0.90


USUAL = 1e-4
"""What sound pens' periods jitter by, where it is taken to be known."""


@pytest.mark.parametrize("usual_jitter", [math.inf, USUAL])
@pytest.mark.parametrize("period", [1e-5, 3e-5, 7e-5, 1.5e-4])
@pytest.mark.parametrize("n", [24, 84, 151])
def test_95_percent_intervals_hold_the_truth_whatever_the_mixture(
    n: int, period: float, usual_jitter: float
) -> None:
    _, coverage, _, _ = study(400, n, stamp=1.5e-4, period=period, usual_jitter=usual_jitter)
    # Three binomial standard deviations of 400 runs are 3.3 %. Above 95 % is the price of not knowing
    # the ratio of the noises; it is paid where few strokes cannot show it.
    assert coverage >= 0.90


def test_knowing_what_sound_pens_do_sharpens_a_rate_from_few_noisy_stamps() -> None:
    stamps = records(200, 20, stamp=8e-4, period=5e-5)
    reach = [
        np.mean([mean_period(np.diff(record), floor_s=FLOOR, usual_jitter=usual).u for record in stamps])
        for usual in (USUAL, math.inf)
    ]
    assert reach[0] < 0.6 * reach[1]


def test_a_pen_far_from_sound_is_believed_to_be_so_once_its_stamps_say_it() -> None:
    _, coverage, _, _ = study(400, 84, stamp=1.5e-4, period=1e-3, usual_jitter=USUAL)
    assert coverage >= 0.91


@pytest.mark.parametrize("n", [10, 30, 100, 300, 1000])
def test_published_efficiencies_are_met_by_the_estimator(n: int) -> None:
    random = np.random.default_rng(n)
    white = [_period_error(np.arange(n) + 1e-5 * random.normal(size=n)) for _ in range(100)]
    walk = [_period_error(np.cumsum(1 + 1e-5 * random.normal(size=n))) for _ in range(100)]
    figures = EFFICIENCY[str(n)]
    margin = 1.1 * (1 + 2.5 / math.sqrt(2 * 100))  # 100 runs know their rms to 7 %
    assert rms(np.array(white)) <= margin * figures["white_phase"]["ols_theory"]
    assert rms(np.array(walk)) <= margin * figures["indep_period"]["endpoint_theory"]


def _period_error(stamps: Floats) -> float:
    return mean_period(np.diff(stamps), floor_s=FLOOR).period - 1.0


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        (np.ones(0), "shape"),
        (np.ones(6), "shape"),
        (np.ones((2, 10)), "shape"),
        (np.array([*np.ones(8), math.nan]), "finite"),
        (np.array([*np.ones(8), math.inf]), "finite"),
    ],
)
def test_what_is_no_record_of_periods_is_refused(periods: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        mean_period(periods, floor_s=FLOOR)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan])
@pytest.mark.parametrize("name", ["floor_s", "usual_jitter"])
def test_impossible_figures_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(EstimateError, match="expected more than 0"):
        mean_period(np.ones(20), **{"floor_s": FLOOR, name: wrong})


@given(st.lists(st.floats(1e-3, 1e3), min_size=7, max_size=40))
def test_any_periods_give_a_finite_mean_between_the_shortest_and_longest(periods: list[float]) -> None:
    found = mean_period(np.array(periods), floor_s=FLOOR)
    assert min(periods) * (1 - 1e-9) <= found.period <= max(periods) * (1 + 1e-9)
    assert math.isfinite(found.u)
    assert found.u > 0
    assert found.dof > 2
