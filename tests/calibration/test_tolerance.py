"""Tolerance factors against published tables, an independent program's digits, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtri, ndtr, ndtri

from calibration.errors import EstimateError
from calibration.tolerance import (
    Side,
    one_sided_factor,
    tolerance_limits,
    tolerance_sample_size,
    two_sided_factor,
)
from tests.support.published import decimals, rows

TABLE = rows("tolerance_k_two_sided.csv")
shares = st.floats(0.01, 0.999)


def howe(n: int, coverage: float, confidence: float) -> float:
    """Howe's approximation (1969), the one most handbooks print."""
    z = float(ndtri((1 + coverage) / 2))
    return z * math.sqrt((n - 1) * (1 + 1 / n) / float(chdtri(n - 1, confidence)))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['n']}-{row['coverage']}")
def test_two_sided_factors_agree_with_the_published_table(row: dict[str, str]) -> None:
    k = two_sided_factor(int(row["n"]), coverage=float(row["coverage"]), confidence=float(row["confidence"]))
    printed = row["k_published_2dp"]
    assert k == pytest.approx(float(printed), abs=decimals(printed))
    assert k == pytest.approx(float(row["k_exact_recomputed"]), abs=6e-6)


@pytest.mark.parametrize(
    ("n", "coverage", "confidence", "k"),
    [
        (2, 0.99, 0.99, 234.8774598168),
        (2, 0.95, 0.95, 36.5192146121),
        (3, 0.9, 0.9, 5.7880735527),
        (43, 0.9, 0.99, 2.2228251738),
        (1000, 0.95, 0.95, 2.0361142779),
    ],
)
def test_two_sided_factors_agree_with_another_program(
    n: int, coverage: float, confidence: float, k: float
) -> None:
    """Digits from toleranceinterval 1.0.3, method 'exact'."""
    assert two_sided_factor(n, coverage=coverage, confidence=confidence) == pytest.approx(k, rel=1e-10)


@pytest.mark.parametrize(("n", "k"), [(10, 2.9110), (20, 2.3960), (30, 2.2198)])
def test_one_sided_factors_agree_with_the_published_ones(n: int, k: float) -> None:
    assert round(one_sided_factor(n, coverage=0.95, confidence=0.95), 4) == k


def test_the_handbook_s_case_is_met_exactly_where_the_handbook_approximates() -> None:
    """NIST e-Handbook 7.2.6.3, n = 43, 90 % with 99 %: Howe 2.2173, Natrella 1.8752; exact 2.2228, 1.8740."""
    assert round(howe(43, 0.9, 0.99), 4) == 2.2173
    assert round(two_sided_factor(43, coverage=0.9, confidence=0.99), 4) == 2.2228
    assert round(one_sided_factor(43, coverage=0.9, confidence=0.99), 4) == 1.8740


@given(st.integers(2, 2000), shares, shares)
@settings(max_examples=40)
def test_factors_are_ordered(n: int, coverage: float, confidence: float) -> None:
    k = two_sided_factor(n, coverage=coverage, confidence=confidence)
    assert k > 0
    assert two_sided_factor(n, coverage=(1 + coverage) / 2, confidence=confidence) > k
    assert two_sided_factor(n, coverage=coverage, confidence=(1 + confidence) / 2) > k
    assert one_sided_factor(n, coverage=coverage, confidence=confidence) < two_sided_factor(
        n, coverage=coverage, confidence=confidence
    )


def test_factors_approach_those_of_a_known_population() -> None:
    assert two_sided_factor(10**6, coverage=0.95) == pytest.approx(1.959964, rel=2e-3)
    assert one_sided_factor(10**6, coverage=0.95) == pytest.approx(1.644854, rel=2e-3)


@pytest.mark.parametrize("side", ["both", "lower", "upper"])
def test_limits_hold_their_share_as_often_as_they_promise(side: Side) -> None:
    random = np.random.default_rng(3)
    kept, runs = 0, 1000
    for sample in random.normal(10.0, 2.0, size=(runs, 8)):
        limits = tolerance_limits(sample, coverage=0.9, confidence=0.8, side=side)
        kept += ndtr((limits.upper - 10) / 2) - ndtr((limits.lower - 10) / 2) >= 0.9
    assert kept / runs == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / runs))


def test_limits_say_what_they_are_made_of() -> None:
    limits = tolerance_limits([1.0, 2.0, 3.0, 4.0], coverage=0.95)
    assert (limits.mean, limits.n, limits.confidence) == (2.5, 4, 0.95)
    assert round(limits.k, 2) == 6.34
    assert limits.upper == pytest.approx(limits.mean + limits.k * limits.sd)
    assert limits.lower == pytest.approx(limits.mean - limits.k * limits.sd)
    assert tolerance_limits([1.0, 2.0], coverage=0.9, side="upper").lower == -math.inf


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        ([], {}, "0 values"),
        ([1.0], {}, "at least 2"),
        ([1.0, math.nan], {}, "not finite"),
        ([3.0, 3.0, 3.0], {}, "all values equal"),
        ([[1.0, 2.0]], {}, "dimension"),
        ([1.0, 2.0], {"coverage": 1.0}, "coverage"),
        ([1.0, 2.0], {"coverage": math.nan}, "coverage"),
        ([1.0, 2.0], {"confidence": 0.0}, "confidence"),
        ([1.0, 2.0], {"side": "left"}, "side"),
    ],
)
def test_what_allows_no_limits_is_refused(values: object, options: dict[str, object], says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        tolerance_limits(values, **{"coverage": 0.9, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 0, 10**7])
def test_samples_without_a_factor_are_refused(n: int) -> None:
    for factor in (one_sided_factor, two_sided_factor):
        with pytest.raises(EstimateError, match="sample of"):
            factor(n, coverage=0.9)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['n']}-{row['coverage']}")
def test_sample_sizes_are_those_of_the_table_read_backwards(row: dict[str, str]) -> None:
    coverage, confidence, k = (float(row[name]) for name in ("coverage", "confidence", "k_exact_recomputed"))
    n = int(row["n"])
    assert tolerance_sample_size(k + 1e-5, coverage=coverage, confidence=confidence) == n
    assert tolerance_sample_size(k - 1e-5, coverage=coverage, confidence=confidence) == n + 1


def test_one_sided_sample_sizes_are_smaller() -> None:
    assert tolerance_sample_size(2.3961, coverage=0.95, side="upper") == 20
    assert tolerance_sample_size(2.3961, coverage=0.95, side="both") > 40


def test_a_margin_that_no_sample_meets_is_refused() -> None:
    for margin in (1.95, -3.0, math.nan):
        with pytest.raises(EstimateError, match="no sample"):
            tolerance_sample_size(margin, coverage=0.95)
