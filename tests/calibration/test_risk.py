"""Consumer's and producer's risk against JCGM 106, and the two decision rules that rest on them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, multivariate_normal, norm

from calibration.decision import Outcome, conformance_probability, specific_risk
from calibration.decision import global_risk as global_rule
from calibration.errors import EstimateError
from calibration.global_risk import _both_below
from calibration.limits import Limits
from calibration.measured import Contribution, Measured, combine
from calibration.risk import (
    NormalPrior,
    global_guard,
    global_risk,
    specific_guard,
    uncertainty_ratio,
)

BEARING = json.loads(
    (Path(__file__).parents[1] / "data" / "jcgm106_examples.json").read_text(encoding="utf-8")
)["9.5.4_ball_bearing"]
BEARING_PRIOR = gamma(4, scale=1 / 4)
BEARING_LIMITS = Limits(None, 2.0)
BOTH = Limits(0.5, 1.4)
PROCESS = NormalPrior(1.0, 0.3)


def result(value: float, u: float = 0.1, dof: float = math.inf) -> Measured:
    return combine(value, "mm", [Contribution("all", u, dof)])


def test_jcgm106_9_5_4_ball_bearing() -> None:
    expected, u = BEARING["recomputed"], BEARING["u_m"]
    assert BEARING_PRIOR.sf(BEARING["TU"]) == pytest.approx(expected["p_nonconf"])
    found = global_risk(BEARING_PRIOR, u, BEARING_LIMITS)
    assert found.consumer == pytest.approx(expected["RC"], rel=1e-8)
    assert found.producer == pytest.approx(expected["RP"], rel=1e-8)
    guard = global_guard(BEARING_PRIOR, u, BEARING_LIMITS, 0.001)
    assert BEARING["TU"] - guard == pytest.approx(expected["A_U_for_0p1pct"], abs=1e-8)
    assert round(BEARING["TU"] - guard, 2) == BEARING["published"]["A_U"]
    guarded = global_risk(BEARING_PRIOR, u, BEARING_LIMITS, guard)
    assert guarded.producer == pytest.approx(expected["RP_at_A_U"], rel=1e-7)


@pytest.mark.parametrize("guard", [0.0, 0.1, -0.05, 0.3])
@pytest.mark.parametrize("limits", [BOTH, Limits(1.0, None), Limits(None, 1.0)])
def test_closed_form_and_quadrature_agree(guard: float, limits: Limits) -> None:
    exact = global_risk(PROCESS, 0.1, limits, guard)
    quadrature = global_risk(norm(1.0, 0.3), 0.1, limits, guard)
    assert exact.consumer == pytest.approx(quadrature.consumer, abs=1e-12)
    assert exact.producer == pytest.approx(quadrature.producer, abs=1e-12)


@pytest.mark.parametrize("h", [-1.3, 0.0, 0.4, 2.0])
@pytest.mark.parametrize("k", [-0.7, 0.0, 1.1])
@pytest.mark.parametrize("correlation", [0.1, 0.8, 0.999])
def test_both_below_is_the_bivariate_normal(h: float, k: float, correlation: float) -> None:
    law = multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])
    assert _both_below(h, k, correlation) == pytest.approx(float(law.cdf([h, k])), abs=1e-7)


def test_perfect_measurement_is_never_wrong() -> None:
    for prior in (PROCESS, norm(1.0, 0.3)):
        found = global_risk(prior, 0.0, BOTH)
        assert (found.consumer, found.producer) == pytest.approx((0.0, 0.0), abs=1e-10)
    assert specific_guard(BOTH, 0.0, 0.01) == 0.0
    assert global_guard(PROCESS, 0.0, BOTH, 0.01) == 0.0
    assert PROCESS.conformance(1.0, 0.0, BOTH) == 1.0


@pytest.mark.parametrize(("percent", "z"), [(80, 0.84), (90, 1.28), (95, 1.64), (99, 2.33), (99.9, 3.09)])
def test_specific_guard_with_one_limit_is_the_normal_quantile(percent: float, z: float) -> None:
    assert round(specific_guard(BEARING_LIMITS, 1.0, 1 - percent / 100), 2) == z


def test_specific_guard_minds_both_limits_and_few_degrees_of_freedom() -> None:
    assert specific_guard(BOTH, 0.25, 0.1) > specific_guard(Limits(0.5, None), 0.25, 0.1)
    assert specific_guard(Limits(0.5, None), 0.05, 0.01, dof=3) == pytest.approx(0.05 * 4.541, abs=1e-4)


def test_limits_too_tight_for_the_measurement_are_refused() -> None:
    with pytest.raises(EstimateError, match="too uncertain for these limits"):
        specific_guard(BOTH, 1.0, 0.05)


@given(value=st.floats(0.0, 2.0), u=st.floats(0.001, 0.2), risk=st.floats(0.001, 0.2))
@settings(deadline=None, max_examples=50)
def test_specific_rule_and_guard_say_the_same(value: float, u: float, risk: float) -> None:
    measured = result(value, u)
    decision = specific_risk(measured, BOTH, risk)
    assert decision.p_conform == conformance_probability(measured, BOTH)
    if abs(decision.p_conform - (1 - risk)) > 1e-9:
        accepted = decision.outcome is Outcome.PASS
        assert accepted == BOTH.contain(value, margin=_guard_or_all(u, risk))


def _guard_or_all(u: float, risk: float) -> float:
    try:
        return specific_guard(BOTH, u, risk)
    except EstimateError:
        return math.inf


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(1.0, Outcome.PASS), (1.37, Outcome.INDETERMINATE), (1.45, Outcome.FAIL), (0.4, Outcome.FAIL)],
)
def test_rules_have_three_outcomes(value: float, outcome: Outcome) -> None:
    assert specific_risk(result(value), BOTH, 0.025).outcome is outcome
    decision = global_rule(result(value), BOTH, 1.0, 0.3, 0.005)
    assert decision.outcome is outcome
    assert decision.rule == "global risk 0.005"


def test_history_draws_the_probability_of_conformity_towards_the_process() -> None:
    """With prior N(1, 0.3) and u = 0.3 the unit lies half way between result and mean (JCGM 106, 7.4)."""
    alone = specific_risk(result(1.4, 0.3), BOTH, 0.1).p_conform
    known = PROCESS.conformance(1.4, 0.3, BOTH)
    spread = 0.3 / math.sqrt(2)
    assert known == pytest.approx(norm(1.2, spread).cdf(1.4) - norm(1.2, spread).cdf(0.5))
    assert known > alone


@given(u=st.floats(0.001, 0.1), risk=st.floats(0.0005, 0.05), mean=st.floats(0.8, 1.1))
@settings(deadline=None, max_examples=30)
def test_global_guard_keeps_the_risk(u: float, risk: float, mean: float) -> None:
    prior = NormalPrior(mean, 0.2)
    guard = global_guard(prior, u, BOTH, risk)
    assert global_risk(prior, u, BOTH, guard).consumer <= risk * (1 + 1e-6)
    assert guard == 0.0 or global_risk(prior, u, BOTH, guard * 0.9).consumer > risk


def test_uncertainty_ratio_is_the_span_over_twice_U() -> None:
    assert uncertainty_ratio(BOTH, 0.2) == pytest.approx(0.9 / 0.4)
    assert uncertainty_ratio(BOTH, 0.2, origin=1.0) == uncertainty_ratio(BOTH, 0.2)
    assert uncertainty_ratio(BOTH, 0.0) == math.inf


def test_uncertainty_ratio_of_a_single_limit_counts_from_its_origin() -> None:
    assert uncertainty_ratio(BEARING_LIMITS, 0.5) == pytest.approx(2.0)
    assert uncertainty_ratio(Limits(1.2, None), 0.1, origin=1.0) == pytest.approx(1.0)
    assert uncertainty_ratio(Limits(None, -0.4), 0.1) == pytest.approx(2.0)
    assert uncertainty_ratio(Limits(None, 0.0), 0.1) == 0.0


@pytest.mark.parametrize("limits", [BOTH, Limits(0.5, None), Limits(None, 1.4)])
@given(U=st.floats(1e-6, 1.0), origin=st.floats(-10.0, 10.0), scale=st.floats(0.01, 100.0))
@settings(deadline=None, max_examples=30)
def test_uncertainty_ratio_does_not_depend_on_the_unit(
    limits: Limits, U: float, origin: float, scale: float
) -> None:
    def place(limit: float | None) -> float | None:
        return None if limit is None else scale * limit

    rescaled = Limits(place(limits.lower), place(limits.upper))
    there = uncertainty_ratio(rescaled, scale * U, origin=scale * origin)
    assert there == pytest.approx(uncertainty_ratio(limits, U, origin=origin), rel=1e-6, abs=1e-6)


unsound = st.one_of(st.just(math.nan), st.just(math.inf), st.floats(max_value=-1e-9))


@given(u=unsound)
@settings(deadline=None)
def test_unsound_uncertainty_is_refused(u: float) -> None:
    with pytest.raises(EstimateError, match="not negative"):
        specific_guard(BOTH, u, 0.05)
    with pytest.raises(EstimateError, match="not negative"):
        global_risk(PROCESS, u, BOTH)
    with pytest.raises(EstimateError, match="not negative"):
        global_guard(PROCESS, u, BOTH, 0.05)
    with pytest.raises(EstimateError, match="more than 0"):
        NormalPrior(1.0, u)
    with pytest.raises(EstimateError, match="not negative"):
        uncertainty_ratio(BOTH, u)


@pytest.mark.parametrize("origin", [math.nan, math.inf, -math.inf])
def test_an_origin_that_is_nowhere_is_refused(origin: float) -> None:
    with pytest.raises(EstimateError, match="origin"):
        uncertainty_ratio(BEARING_LIMITS, 0.1, origin=origin)


@pytest.mark.parametrize("risk", [0.0, -0.1, 0.5, 1.0, math.nan])
def test_risks_out_of_range_are_refused(risk: float) -> None:
    with pytest.raises(EstimateError, match=r"below 0\.5"):
        specific_guard(BOTH, 0.1, risk)
    with pytest.raises(EstimateError, match=r"below 0\.5"):
        specific_risk(result(1.0), BOTH, risk)
    with pytest.raises(EstimateError, match=r"below 0\.5"):
        global_rule(result(1.0), BOTH, 1.0, 0.3, risk)


def test_crossed_limits_and_guards_are_refused() -> None:
    with pytest.raises(EstimateError):
        Limits(2.0, 1.0)
    with pytest.raises(EstimateError, match="guard band"):
        global_risk(PROCESS, 0.1, BOTH, 0.5)
    with pytest.raises(EstimateError, match="degrees of freedom"):
        specific_guard(BOTH, 0.1, 0.05, dof=0)
