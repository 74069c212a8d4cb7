"""Decision rules against JCGM 106: guard bands, conformance probabilities, and the risks that follow."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import gamma, norm

from calibration.decision import Outcome, conformance_probability, guard_band, simple_acceptance
from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.measured import Contribution, Measured, combine, exact

BEARING = json.loads(
    (Path(__file__).parents[1] / "data" / "jcgm106_examples.json").read_text(encoding="utf-8")
)["9.5.4_ball_bearing"]

UPPER = Limits(None, 2.0)
BOTH = Limits(1.0, 2.0)

finite = st.floats(-1e6, 1e6)


def result(value: float, u: float = 0.1, dof: float = math.inf) -> Measured:
    return combine(value, "mm", [Contribution("all", u, dof)])


@pytest.mark.parametrize(
    ("value", "simple", "guarded"),
    [
        (0.99, Outcome.FAIL, Outcome.FAIL),
        (1.00, Outcome.PASS, Outcome.INDETERMINATE),
        (1.19, Outcome.PASS, Outcome.INDETERMINATE),
        (1.21, Outcome.PASS, Outcome.PASS),
        (1.79, Outcome.PASS, Outcome.PASS),
        (1.81, Outcome.PASS, Outcome.INDETERMINATE),
        (2.00, Outcome.PASS, Outcome.INDETERMINATE),
        (2.01, Outcome.FAIL, Outcome.FAIL),
    ],
)
def test_the_rules_differ_within_the_guard_band_only(value: float, simple: Outcome, guarded: Outcome) -> None:
    assert simple_acceptance(result(value), BOTH).outcome is simple
    assert guard_band(result(value), BOTH).outcome is guarded
    assert guard_band(result(value), BOTH, 0.0).outcome is simple


def test_rules_are_named_in_the_decision() -> None:
    assert simple_acceptance(result(1.5), BOTH).rule == "simple acceptance"
    assert guard_band(result(1.5), BOTH, 0.83).rule == "guard band 0.83·U"


# JCGM 106, table 1: how far inside a single limit, in u, a result lies that conforms with probability p.
@pytest.mark.parametrize(("p", "z"), [(0.80, 0.84), (0.90, 1.28), (0.95, 1.64), (0.99, 2.33), (0.999, 3.09)])
def test_conformance_probabilities_at_a_single_limit(p: float, z: float) -> None:
    upper = conformance_probability(result(2.0 - z * 0.1), UPPER)
    assert upper == pytest.approx(p, abs=0.002)
    assert conformance_probability(result(z * 0.1), Limits(0.0, None)) == pytest.approx(upper)


def test_few_degrees_of_freedom_make_conformity_less_certain() -> None:
    # Student's law with 1 degree of freedom is Cauchy's: 1/2 + atan(1)/π one u inside the limit.
    assert conformance_probability(result(1.9, dof=1), UPPER) == pytest.approx(0.75)
    assert conformance_probability(result(1.9), UPPER) == pytest.approx(norm.cdf(1))


def test_a_result_without_uncertainty_conforms_or_does_not() -> None:
    assert conformance_probability(exact(2.0), BOTH) == 1.0
    assert conformance_probability(exact(2.1), BOTH) == 0.0


def risks(accepted_up_to: float) -> tuple[float, float]:
    """Global consumer's and producer's risk of the ball bearings of JCGM 106, 9.5.4."""
    prior, limit, u = gamma(4, scale=1 / 4), BEARING["TU"], BEARING["u_m"]
    accept = lambda y: norm.cdf((accepted_up_to - y) / u)  # noqa: E731
    consumer = quad(lambda y: prior.pdf(y) * accept(y), limit, 10)[0]
    producer = quad(lambda y: prior.pdf(y) * (1 - accept(y)), 0, limit)[0]
    return consumer, producer


def acceptance_limit(factor: float) -> float:
    """Largest value that a guard band of ``factor``·U accepts, found by asking."""
    u = BEARING["u_m"]
    passes = lambda y: 1 if guard_band(result(y, u), UPPER, factor).outcome is Outcome.PASS else -1  # noqa: E731
    return float(brentq(passes, 1.0, 2.5, xtol=1e-9))


def test_ball_bearings_of_jcgm_106() -> None:
    published, recomputed = BEARING["published"], BEARING["recomputed"]
    assert risks(acceptance_limit(0.0))[0] == pytest.approx(recomputed["RC"], rel=1e-5)
    factor = (BEARING["TU"] - published["A_U"]) / (2 * BEARING["u_m"])
    consumer, producer = risks(acceptance_limit(factor))
    assert acceptance_limit(factor) == pytest.approx(published["A_U"])
    assert consumer == pytest.approx(0.001, abs=2e-5)
    assert producer == pytest.approx(recomputed["RP_at_A_U"], rel=0.01)


@given(finite, st.just(0.0) | st.floats(1e-3, 1e3), finite, finite)
def test_a_guarded_pass_is_a_simple_pass_and_likely_true(value: float, u: float, a: float, b: float) -> None:
    limits = Limits(min(a, b), max(a, b))
    guarded, simple = guard_band(result(value, u), limits), simple_acceptance(result(value, u), limits)
    assert 0.0 <= guarded.p_conform <= 1.0
    if guarded.outcome is Outcome.PASS:
        assert simple.outcome is Outcome.PASS
        assert guarded.p_conform > 0.95
    if simple.outcome is Outcome.FAIL:
        assert guarded.outcome is Outcome.FAIL
        assert guarded.p_conform <= 0.5


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(None, None), (2.0, 1.0), (math.nan, 1.0), (1.0, math.nan), (None, math.inf), (-math.inf, 1)],
)
def test_limits_that_limit_nothing_are_refused(lower: float | None, upper: float | None) -> None:
    with pytest.raises(EstimateError, match="limit"):
        Limits(lower, upper)


@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf])
def test_a_guard_band_does_not_widen_the_limits(factor: float) -> None:
    with pytest.raises(EstimateError, match="guard band"):
        guard_band(result(1.5), BOTH, factor)
