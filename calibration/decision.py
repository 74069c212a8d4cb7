"""Decision rules: from a result and its limits to a verdict, with the probability that it is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import ndtr, stdtr

from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.measured import Measured


class Outcome(StrEnum):
    """What a rule says of one result."""

    PASS = "PASS"
    FAIL = "FAIL"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class Decision:
    """A verdict, the rule that gave it, and the probability that the true value conforms."""

    outcome: Outcome
    rule: str
    p_conform: float


def simple_acceptance(measured: Measured, limits: Limits) -> Decision:
    """Accept whatever lies within the limits (ISO/IEC Guide 98-4:2012, 8.2; shared risk)."""
    inside = limits.contain(measured.value)
    outcome = Outcome.PASS if inside else Outcome.FAIL
    return Decision(outcome, "simple acceptance", conformance_probability(measured, limits))


def guard_band(measured: Measured, limits: Limits, factor: float = 1.0) -> Decision:
    """Accept inside the limits drawn in by w = factor·U, reject outside the limits (JCGM 106, 8.3.2).

    Between the two the result is indeterminate: neither conformity nor the opposite is shown.

    Raises:
        EstimateError: a factor that is negative or not finite.
    """
    if not (math.isfinite(factor) and factor >= 0):
        raise EstimateError(f"guard band of {factor}·U, expected a finite factor, not negative")
    value, guard = measured.value, factor * measured.U
    if limits.contain(value, margin=guard):
        outcome = Outcome.PASS
    elif limits.contain(value):
        outcome = Outcome.INDETERMINATE
    else:
        outcome = Outcome.FAIL
    return Decision(outcome, f"guard band {factor:g}·U", conformance_probability(measured, limits))


def specific_risk(measured: Measured, limits: Limits, max_risk: float) -> Decision:
    """Accept when this unit fails to conform with a probability of ``max_risk`` or less (JCGM 106, 8.3.2).

    Outside the limits it is rejected, between the two indeterminate. Nothing but the result is used.

    Raises:
        EstimateError: a risk that is not above 0 and below 0.5.
    """
    _check_risk(max_risk)
    p_conform = conformance_probability(measured, limits)
    outcome = _three_ways(p_conform >= 1.0 - max_risk, measured, limits)
    return Decision(outcome, f"specific risk {max_risk:g}", p_conform)


def global_risk(
    measured: Measured, limits: Limits, prior_mean: float, prior_sd: float, max_risk: float
) -> Decision:
    """Accept inside a guard band that lets so small a share of all units pass wrongly (JCGM 106, 9.5).

    Outside the limits the unit is rejected, between the two it is indeterminate. The probability of
    conformity is that of this unit with its process known (7.4). U/2 stands for u, so that few degrees of
    freedom widen it.

    Args:
        measured: the result.
        limits: tolerance limits.
        prior_mean, prior_sd: true values the process makes, from its history; normal law.
        max_risk: greatest share of all units that are accepted and do not conform.

    Raises:
        EstimateError: a risk or a history out of range, or limits too tight for the measurement.
    """
    from calibration.risk import NormalPrior, global_guard

    u = measured.U / 2.0
    prior = NormalPrior(prior_mean, prior_sd)
    guard = global_guard(prior, u, limits, max_risk)
    outcome = _three_ways(limits.contain(measured.value, margin=guard), measured, limits)
    return Decision(outcome, f"global risk {max_risk:g}", prior.conformance(measured.value, u, limits))


def conformance_probability(measured: Measured, limits: Limits) -> float:
    """Return the probability that the true value lies within the limits (JCGM 106, 7.2–7.4).

    The value's law is Student's with the result's degrees of freedom, scaled by u; normal when they
    are infinite; a step when u = 0.
    """
    value = measured.value
    if measured.u == 0:
        return 1.0 if limits.contain(value) else 0.0

    def below(limit: float) -> float:
        z = (limit - value) / measured.u
        return float(ndtr(z) if math.isinf(measured.dof) else stdtr(measured.dof, z))

    upper = 1.0 if limits.upper is None else below(limits.upper)
    lower = 0.0 if limits.lower is None else below(limits.lower)
    return max(0.0, upper - lower)


def _three_ways(accepted: bool, measured: Measured, limits: Limits) -> Outcome:
    if accepted:
        return Outcome.PASS
    return Outcome.INDETERMINATE if limits.contain(measured.value) else Outcome.FAIL


def _check_risk(max_risk: float) -> None:
    if not 0.0 < max_risk < 0.5:
        raise EstimateError(f"greatest risk {max_risk}, expected more than 0 and below 0.5")
