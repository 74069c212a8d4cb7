"""Sample sizes against the published ones, and against what a plan of that size really risks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.errors import EstimateError
from calibration.sample_size import (
    acceptance_probability,
    attribute_sample_size,
    confidence_shown,
    reliability_shown,
    success_run,
    wilks_coverage,
    wilks_sample_size,
)
from tests.support.published import rows

shares = st.floats(0.05, 0.995)


def test_attribute_plans_agree_with_the_table() -> None:
    for row in rows("attribute_sample_sizes.csv"):
        n = attribute_sample_size(
            confidence=float(row["confidence"]),
            reliability=float(row["reliability"]),
            failures=int(row["failures_allowed"]),
        )
        assert n == int(row["n_min"]), row


@pytest.mark.parametrize(
    ("confidence", "reliability", "n"),
    [(0.95, 0.95, 59), (0.95, 0.9, 29), (0.9, 0.9, 22), (0.95, 0.99, 299), (0.95, 0.8, 14)],
)
def test_success_runs_are_the_published_ones(confidence: float, reliability: float, n: int) -> None:
    assert success_run(confidence=confidence, reliability=reliability) == n


@pytest.mark.parametrize(("coverage", "n"), [(0.95, 93), (0.9, 46), (0.99, 473)])
def test_wilks_s_samples_are_the_published_ones(coverage: float, n: int) -> None:
    assert wilks_sample_size(confidence=0.95, coverage=coverage) == n


@pytest.mark.parametrize(("order", "n"), [(1, 59), (2, 93), (3, 124)])
def test_one_sided_wilks_samples_are_the_published_ones(order: int, n: int) -> None:
    """59, 93, 124: first, second and third order at 95/95, as used in nuclear safety analysis."""
    assert wilks_sample_size(confidence=0.95, coverage=0.95, sides=1, order=order) == n


@pytest.mark.parametrize(("n", "sides"), [(93, 2), (59, 1)])
def test_extremes_hold_what_wilks_s_samples_promise(n: int, sides: int) -> None:
    """93 values for both sides and 59 for one are the least that hold 95 % with 95 % confidence."""
    assert wilks_coverage(n, sides=sides) >= 0.95
    assert wilks_coverage(n - 1, sides=sides) < 0.95
    with pytest.raises(EstimateError, match="3 sides"):
        wilks_coverage(n, sides=3)


@pytest.mark.parametrize("n", range(1, 12))
def test_a_risk_met_exactly_needs_no_further_unit(n: int) -> None:
    assert success_run(confidence=1 - 0.3**n, reliability=0.3) == n
    assert success_run(confidence=1 - 0.5**n, reliability=0.5) == n


@given(shares, shares, st.integers(0, 6))
def test_a_plan_is_just_large_enough(confidence: float, reliability: float, failures: int) -> None:
    n = attribute_sample_size(confidence=confidence, reliability=reliability, failures=failures)
    assert n > failures
    assert confidence_shown(n, failures, reliability=reliability) >= confidence - 1e-9
    assert reliability_shown(n, failures, confidence=confidence) >= reliability - 1e-9
    if n - 1 > failures:
        assert confidence_shown(n - 1, failures, reliability=reliability) < confidence


@given(st.integers(1, 500), st.data())
def test_what_a_test_shows_is_consistent(units: int, data: st.DataObject) -> None:
    failures = data.draw(st.integers(0, units))
    shown = reliability_shown(units, failures, confidence=0.9)
    assert 0 <= shown < 1
    if shown > 0:
        assert confidence_shown(units, failures, reliability=shown) == pytest.approx(0.9, abs=1e-7)


def test_a_success_run_has_a_simple_operating_characteristic() -> None:
    assert acceptance_probability(0.05, units=59) == pytest.approx(0.95**59)
    assert acceptance_probability(0.0, units=59) == 1.0
    assert acceptance_probability(1.0, units=59) == 0.0
    assert acceptance_probability(1.0, units=3, failures=3) == 1.0


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(EstimateError, match="expected more than 0"):
        success_run(confidence=share, reliability=0.9)
    with pytest.raises(EstimateError, match="expected more than 0"):
        success_run(confidence=0.9, reliability=share)
    with pytest.raises(EstimateError, match="expected more than 0"):
        wilks_sample_size(confidence=0.9, coverage=share)


def test_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(EstimateError, match="not negative"):
        attribute_sample_size(confidence=0.9, reliability=0.9, failures=-1)
    with pytest.raises(EstimateError, match="units needed"):
        success_run(confidence=0.9, reliability=1 - 1e-12)
    with pytest.raises(EstimateError, match="3 sides"):
        wilks_sample_size(confidence=0.9, coverage=0.9, sides=3)
    with pytest.raises(EstimateError, match="order 0"):
        wilks_sample_size(confidence=0.9, coverage=0.9, order=0)
    with pytest.raises(EstimateError, match="one or more"):
        reliability_shown(0)
    with pytest.raises(EstimateError, match="no more than units"):
        confidence_shown(3, 4, reliability=0.9)
    with pytest.raises(EstimateError, match="0 to 1"):
        acceptance_probability(math.nan, units=3)
