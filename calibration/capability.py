"""Process capability: how the scatter of a normal process fits between its limits, and how surely.

Cp and Cpk take the scatter within subgroups, what the process could do; Pp and Ppk the overall one, what
it did (AIAG, Statistical Process Control, 2nd ed., ch. IV). The indices mean what they say only for
a normal process in control: look at the charts first. Each comes with an interval, for an index of 1.33
from thirty pens may as well be 1.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import chdtri, ndtri

from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.subgroup import Sigma, SigmaMethod, as_share, as_values, individual_sigma, within_sigma


@dataclass(frozen=True)
class Index:
    """A capability index and its two-sided confidence interval; dimensionless."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Capability:
    """What a process can do and what it did.

    Args:
        mean: of all values, in their unit.
        within: σ within subgroups, same unit.
        overall: standard deviation of all values, same unit.
        n: number of values.
        cp, pp: (upper − lower)/6σ; None with one limit only.
        cpk, ppk: distance of the mean from the nearer limit in 3σ; negative when the mean lies outside.
        confidence: of the intervals.
    """

    mean: float
    within: Sigma
    overall: float
    n: int
    cp: Index | None
    cpk: Index
    pp: Index | None
    ppk: Index
    confidence: float


def capability(
    values: ArrayLike, limits: Limits, *, method: SigmaMethod = "pooled", confidence: float = 0.95
) -> Capability:
    """Estimate Cp, Cpk, Pp and Ppk.

    Args:
        values: shape (m, n) for m subgroups of n, or (m,) for single values; in the order they were made.
        limits: tolerance limits in the unit of the values.
        method: how σ within subgroups is estimated, see :func:`~calibration.subgroup.within_sigma`; single
            values always have ``moving range``.
        confidence: of the intervals.

    Raises:
        EstimateError: wrong shape, not finite, fewer than two values, or no scatter.
    """
    as_share(confidence, "confidence")
    subgroups = as_values(values, "values", ndim=(1, 2))
    within = individual_sigma(subgroups) if subgroups.ndim == 1 else within_sigma(subgroups, method)
    every = subgroups.ravel()
    n, mean, overall = len(every), float(every.mean()), float(every.std(ddof=1))
    cp, cpk = indices(limits, mean=mean, sigma=within.value, n=n, dof=within.dof, confidence=confidence)
    pp, ppk = indices(limits, mean=mean, sigma=overall, n=n, dof=n - 1, confidence=confidence)
    return Capability(mean, within, overall, n, cp, cpk, pp, ppk, confidence)


def indices(
    limits: Limits, *, mean: float, sigma: float, n: int, dof: float, confidence: float = 0.95
) -> tuple[Index | None, Index]:
    """Return Cp and Cpk (or Pp and Ppk) where only mean and scatter are known; Cp is None with one limit.

    Args:
        limits: tolerance limits.
        mean, sigma: of the values, in the unit of the limits.
        n: values the mean was taken of.
        dof: degrees of freedom of ``sigma``; n − 1 for Pp and Ppk.
        confidence: of the intervals.

    Raises:
        EstimateError: no scatter, no degrees of freedom, limits that coincide, or a number not finite.
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise EstimateError(f"σ = {sigma}, expected a finite number more than 0: no scatter to judge by")
    lower, upper = limits.lower, limits.upper
    room = [] if lower is None else [mean - lower]
    room += [] if upper is None else [upper - mean]
    worst = cpk_interval(min(room) / (3 * sigma), n=n, dof=dof, confidence=confidence)
    if lower is None or upper is None:
        return None, worst
    if not upper > lower:
        raise EstimateError(f"limits {lower} to {upper}, expected the upper above the lower")
    return cp_interval((upper - lower) / (6 * sigma), dof=dof, confidence=confidence), worst


def cp_interval(cp: float, *, dof: float, confidence: float = 0.95) -> Index:
    """Return Cp (or Pp) with its interval Ĉp·√(χ²/ν), exact when σ̂ has ν true degrees of freedom.

    Source: Kane 1986; Montgomery, Introduction to Statistical Quality Control, eq. 8.19.

    Raises:
        EstimateError: an index that is negative or not finite, or no degrees of freedom.
    """
    if not (math.isfinite(cp) and cp >= 0):
        raise EstimateError(f"Cp {cp}, expected a finite number, not negative")
    _check_dof(dof)
    tail = (1 - as_share(confidence, "confidence")) / 2
    return Index(cp, cp * math.sqrt(chdtri(dof, 1 - tail) / dof), cp * math.sqrt(chdtri(dof, tail) / dof))


def cpk_interval(cpk: float, *, n: int, dof: float, confidence: float = 0.95) -> Index:
    """Return Cpk (or Ppk) with its approximate interval Ĉpk ± z·√(1/(9n) + Ĉpk²/(2ν)) (Bissell 1990).

    Args:
        cpk: the index.
        n: values the mean was taken of.
        dof: degrees of freedom ν of σ̂; n − 1 for Ppk.
        confidence: of the interval.

    Raises:
        EstimateError: an index that is not finite, no values, or no degrees of freedom.
    """
    if not (math.isfinite(cpk) and n >= 1):
        raise EstimateError(f"Cpk {cpk} from {n} values, expected a finite index and one value or more")
    _check_dof(dof)
    z = float(ndtri(0.5 + as_share(confidence, "confidence") / 2))
    half = z * math.sqrt(1 / (9 * n) + cpk**2 / (2 * dof))
    return Index(cpk, cpk - half, cpk + half)


def _check_dof(dof: float) -> None:
    if not (math.isfinite(dof) and dof > 0):
        raise EstimateError(f"{dof} degrees of freedom, expected a finite number more than 0")
