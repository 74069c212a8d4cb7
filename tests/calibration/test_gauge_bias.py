"""Bias, linearity, type-1 capability and stability against printed examples and scipy's own tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from calibration.errors import EstimateError
from calibration.gauge_bias import bias, linearity, stability, type_one
from calibration.subgroup import d2_star
from tests.support.published import rows

Floats = NDArray[np.float64]

# AIAG, Measurement Systems Analysis, 3rd ed. 2002, p. 88, as quoted at elsmar.com, thread 5585.
READINGS = [5.8, 5.7, 5.9, 5.9, 6.0, 6.1, 6.0, 6.1, 6.4, 6.3, 6.0, 6.1, 6.2, 5.6, 6.0]

LINEARITY = rows("linearity_aiag_msa3.csv")
REFERENCES = [float(row["reference"]) for row in LINEARITY]
TRIALS = [[float(row[f"trial_{number}"]) for number in range(1, 13)] for row in LINEARITY]


def test_bias_agrees_with_the_printed_example() -> None:
    """The manual takes s from the range, 0.225141 (t = 0.1153); the bias itself does not depend on that."""
    found = bias(READINGS, 6.0)
    assert round(found.value, 4) == 0.0067
    assert not found.significant
    by_range = np.ptp(READINGS) / d2_star(15, 1)
    assert by_range == pytest.approx(0.225141, abs=1e-5)
    assert found.t * found.sd / by_range == pytest.approx(0.1153 * 0.0066667 / 0.0067, abs=6e-4)


def test_bias_is_student_s_t_test() -> None:
    found, expected = bias(READINGS, 5.9), stats.ttest_1samp(READINGS, 5.9)
    assert (found.t, found.p, found.dof) == pytest.approx((expected.statistic, expected.pvalue, 14))
    interval = expected.confidence_interval(0.95)
    assert found.interval == pytest.approx((interval.low - 5.9, interval.high - 5.9))


def test_an_uncertain_reference_makes_a_bias_less_certain() -> None:
    sure, unsure = bias(READINGS, 5.85), bias(READINGS, 5.85, reference_u=0.1)
    assert sure.significant
    assert not unsure.significant
    assert unsure.u == pytest.approx(math.hypot(sure.u, 0.1))
    assert bias(READINGS, 5.85, reference_u=1e90).p == pytest.approx(1.0)


def test_linearity_agrees_with_the_printed_example() -> None:
    """AIAG MSA 3, fig. III-B 4 and p. 96: bias averages, slope, intercept, R², s and t."""
    averages = np.mean(TRIALS, axis=1) - REFERENCES
    assert averages == pytest.approx([0.491667, 0.125, 0.025, -0.29167, -0.61667], abs=5.1e-6)
    found = linearity(REFERENCES, TRIALS)
    assert round(found.slope.value, 6) == -0.131667
    assert round(found.intercept.value, 6) == 0.736667
    assert round(100 * found.r_squared, 1) == 71.4
    assert round(found.s, 5) == 0.23954
    assert (round(found.slope.t, 3), round(found.intercept.t, 3)) == (-12.043, 10.158)
    assert found.dof == 58
    assert not found.acceptable


def test_linearity_is_scipy_s_regression() -> None:
    found = linearity(REFERENCES, TRIALS)
    x = np.repeat(REFERENCES, 12)
    expected = stats.linregress(x, np.ravel(TRIALS) - x)
    assert (found.slope.u, found.intercept.u) == pytest.approx((expected.stderr, expected.intercept_stderr))
    assert found.slope.p == pytest.approx(expected.pvalue)
    low, high = found.band(0.0)
    reach = stats.t.ppf(0.975, 58) * expected.intercept_stderr
    assert (float(low), float(high)) == pytest.approx(
        (expected.intercept - reach, expected.intercept + reach)
    )


def test_a_gauge_without_bias_is_linear() -> None:
    random = np.random.default_rng(2)
    references = np.arange(1.0, 6.0)
    found = linearity(references, references[:, None] + 0.01 * random.normal(size=(5, 10)))
    assert found.acceptable
    low, high = found.band(references)
    assert low.shape == high.shape == (5,)


def test_the_band_holds_the_true_line_as_often_as_it_promises() -> None:
    random, held = np.random.default_rng(9), 0
    references = np.array([1.0, 2.0, 5.0])
    for _ in range(1000):
        low, high = linearity(references, 1.1 * references[:, None] + random.normal(size=(3, 4))).band(4.0)
        held += bool(low <= 0.4 <= high)
    assert held / 1000 == pytest.approx(0.95, abs=0.028)


def test_type_one_by_hand() -> None:
    """Mean 10.01, s 0.01, T 1: Cg = 0.2/0.06, Cgk = (0.1 − 0.01)/0.03."""
    found = type_one([10.0, 10.01, 10.02], 10.0, tolerance=1.0)
    assert (found.cg.value, found.cgk.value) == pytest.approx((0.2 / 0.06, 0.09 / 0.03))
    assert found.cg.low < found.cg.value < found.cg.high
    wider = type_one([10.0, 10.01, 10.02], 10.0, tolerance=1.0, sigmas=4.0)
    assert wider.cg.value == pytest.approx(0.2 / 0.04)


def test_a_steady_gauge_is_stable_and_a_drifting_one_is_not() -> None:
    readings = np.random.default_rng(1).normal(size=(20, 4))
    assert stability(readings).stable
    drifting = stability(readings + 0.15 * np.arange(20)[:, None], ["nelson 2", "nelson 3"])
    assert not drifting.stable
    assert set(drifting.signals) == {"nelson 2", "nelson 3"}
    loud = readings.copy()
    loud[7] *= 8
    assert 7 in stability(loud).charts.spread.outside


@given(st.lists(st.floats(-1e3, 1e3), min_size=0, max_size=8), st.floats(-1e3, 1e3))
def test_any_readings_give_an_honest_bias_or_none(readings: list[float], reference: float) -> None:
    try:
        found = bias(readings, reference)
    except EstimateError:
        assert len(readings) < 2 or np.std(readings) <= 1e-9
        return
    assert found.interval[0] <= found.value <= found.interval[1]
    assert 0 <= found.p <= 1
    assert found.significant == (found.p < 0.05) or found.p == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("readings", "options", "says"),
    [
        ([], {}, "0 values"),
        ([1.0], {}, "at least 2"),
        ([0.1, 0.1, 0.1], {}, "all readings equal"),
        ([1.0, math.nan], {}, "not finite"),
        ([[1.0, 2.0]], {}, "dimension"),
        ([1.0, 2.0], {"reference": math.nan}, "reference nan"),
        ([1.0, 2.0], {"reference_u": -0.1}, "not negative"),
        ([1.0, 2.0], {"confidence": 1.0}, "confidence"),
    ],
)
def test_what_shows_no_bias_is_refused(readings: object, options: dict[str, float], says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        bias(readings, **{"reference": 1.0, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("references", "readings", "says"),
    [
        ([1.0], [[1.0, 2.0, 3.0]], "at least 2"),
        ([1.0, 1.0], [[1.0, 2.0], [1.0, 2.0]], "different ones"),
        ([1.0, 2.0], [[1.0], [2.0]], "at least 3"),
        ([1.0, 2.0], [[1.0, 2.0]] * 3, "2 references for 3 rows"),
        ([1.0, 2.0], [[1.1, 1.1], [2.1, 2.1]], "no scatter"),
        ([1.0, math.nan], [[1.0, 2.0], [1.0, 2.0]], "not finite"),
        ([1.0, 2.0], [[1.0, 2.0], [1.0]], "equal length"),
    ],
)
def test_what_shows_no_line_is_refused(references: list[float], readings: object, says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        linearity(references, readings)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
def test_type_one_needs_a_tolerance(size: float) -> None:
    with pytest.raises(EstimateError, match="tolerance"):
        type_one(READINGS, 6.0, tolerance=size)
    with pytest.raises(EstimateError, match="sigmas"):
        type_one(READINGS, 6.0, tolerance=1.0, sigmas=size)
