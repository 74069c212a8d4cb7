"""How far inside the limits a result must lie to be accepted with a stated risk (JCGM 106:2012).

*Specific* risk is that of one result: its probability of not conforming, nothing else known. *Global* risk is
that of a process: see :mod:`calibration.global_risk`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from scipy.special import ndtr, stdtr

from calibration.errors import EstimateError
from calibration.global_risk import NormalPrior, Prior, Risk, ends, global_risk

if TYPE_CHECKING:
    from calibration.limits import Limits

__all__ = [
    "NormalPrior",
    "Prior",
    "Risk",
    "global_guard",
    "global_risk",
    "specific_guard",
    "uncertainty_ratio",
]

GUARD_TOLERANCE = 1e-12


def specific_guard(limits: Limits, u: float, max_risk: float, *, dof: float = math.inf) -> float:
    """Return how far inside its limits a result must lie to be wrong at most that often (JCGM 106, 8.3.2).

    The value's law is Student's with ``dof`` degrees of freedom, scaled by u; both limits count.

    Args:
        limits: in the result's unit.
        u: standard uncertainty, same unit.
        max_risk: greatest probability that an accepted unit does not conform, more than 0, below 0.5.

    Raises:
        EstimateError: u negative or not finite, a risk out of range, or no result good enough.
    """
    _check(u, max_risk)
    if not dof > 0:
        raise EstimateError(f"{dof} degrees of freedom, expected more than 0")
    if u == 0:
        return 0.0
    low, high = ends(limits)

    def below(z: float) -> float:
        return float(ndtr(z) if math.isinf(dof) else stdtr(dof, z))

    def risk(guard: float) -> float:
        # Symmetric: a result as far inside the upper limit fails as often.
        if math.isinf(low) or math.isinf(high):
            return below(-guard / u)
        return below(-guard / u) + below((low - high + guard) / u)

    return _least_guard(risk, limits, max_risk, scale=u)


def global_guard(prior: NormalPrior | Prior, u: float, limits: Limits, max_risk: float) -> float:
    """Return the narrowest guard band, 0 or more, that keeps the consumer's risk of a process so low.

    Args:
        prior, u, limits: as for :func:`global_risk`.
        max_risk: greatest share of all units that are accepted and do not conform.

    Raises:
        EstimateError: as for :func:`global_risk`, or even the narrowest acceptance is too risky.
    """
    _check(u, max_risk)

    def risk(guard: float) -> float:
        return global_risk(prior, u, limits, guard).consumer

    return _least_guard(risk, limits, max_risk, scale=u or 1.0)


def uncertainty_ratio(limits: Limits, U: float, *, origin: float = 0.0) -> float:
    """Return the test uncertainty ratio: the limits' span over that of the uncertainty, T/(2U).

    ANSI/NCSL Z540.3-2006, 3.11; with k = 2 it is the measurement capability index of JCGM 106:2012, 7.6.3.
    Both know two limits only. The span of a single limit is counted from ``origin``: a quantity that cannot
    be negative lies between zero and its upper limit (as in JCGM 106, 9.5.4), an offset at its nominal.

    Args:
        limits: tolerance limits.
        U: expanded uncertainty for 95 %, in the limits' unit.
        origin: where the span of a single limit begins, same unit.

    Returns:
        The ratio; infinite for a result without uncertainty, such as a count.

    Raises:
        EstimateError: U negative or not finite, or an origin that is not finite.
    """
    if not (math.isfinite(U) and U >= 0):
        raise EstimateError(f"U = {U}, expected a finite number, not negative")
    if not math.isfinite(origin):
        raise EstimateError(f"origin {origin}, expected a finite number")
    low = origin if limits.lower is None else limits.lower
    high = origin if limits.upper is None else limits.upper
    return abs(high - low) / (2.0 * U) if U > 0 else math.inf


def _least_guard(risk: Callable[[float], float], limits: Limits, max_risk: float, *, scale: float) -> float:
    """Return the least guard, 0 or more, with a risk no greater than the greatest."""
    from scipy.optimize import brentq

    if risk(0.0) <= max_risk:
        return 0.0
    low, high = ends(limits)
    most = (high - low) / 2.0
    if math.isinf(most):
        most = scale
        while risk(most) > max_risk:
            most *= 2.0
    elif risk(most) > max_risk:
        raise EstimateError(
            f"the middle of the limits still has a risk of {risk(most):.3g}, expected {max_risk:g} or less: "
            "the measurement is too uncertain for these limits"
        )
    return float(brentq(lambda guard: risk(guard) - max_risk, 0.0, most, xtol=GUARD_TOLERANCE * scale))


def _check(u: float, max_risk: float) -> None:
    if not (math.isfinite(u) and u >= 0):
        raise EstimateError(f"u = {u}, expected a finite number, not negative")
    if not 0.0 < max_risk < 0.5:
        raise EstimateError(f"greatest risk {max_risk}, expected more than 0 and below 0.5")
