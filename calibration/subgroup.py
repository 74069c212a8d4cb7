"""Rational subgroups: exact constants of their ranges and standard deviations, and the σ within them.

The constants are those printed in every table of control-chart factors, computed here for any size:
d2 and d3 are mean and standard deviation of the range of n standard normal values (Tippett 1925), c4 the
mean of their standard deviation. Everything here takes the values to be independent and normal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, poch

from calibration.errors import EstimateError

Floats = NDArray[np.float64]
SigmaMethod = Literal["range", "sd", "pooled", "moving range"]

LARGEST_SUBGROUP = 10_000
"""Beyond this size the quadrature is no longer exact to ten digits, and no range chart makes sense."""

LARGEST_VALUE = 1e100
"""Squares of larger values overflow sooner or later; nothing measured here comes near."""

_X = np.linspace(-9.0, 9.0, 1201)
_DENSITY = np.exp(-(_X**2) / 2) / math.sqrt(2 * math.pi) * (_X[1] - _X[0])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_WIDEST = 14.0


@dataclass(frozen=True)
class Sigma:
    """A standard deviation and how well it is known.

    Args:
        value: the estimate of σ, in the unit of the values; unbiased for range, sd and moving range.
        dof: effective degrees of freedom of the estimate.
        method: what it was made from.
    """

    value: float
    dof: float
    method: SigmaMethod


def d2(n: int) -> float:
    """Return the mean range of ``n`` standard normal values."""
    return _range_moments(_size(n))[0]


def d3(n: int) -> float:
    """Return the standard deviation of the range of ``n`` standard normal values."""
    return _range_moments(_size(n))[1]


def d2_star(n: int, groups: int) -> float:
    """Return the root mean square of the average of ``groups`` ranges of ``n`` values (Duncan 1974, D3).

    R̄/d2* is unbiased in σ² where R̄/d2 is unbiased in σ: d2*² = d2² + d3²/groups.
    """
    if groups < 1:
        raise EstimateError(f"{groups} subgroups, expected one or more")
    return math.hypot(d2(n), d3(n) / math.sqrt(groups))


def c4(n: int) -> float:
    """Return the mean standard deviation of ``n`` standard normal values, √(2/(n−1))·Γ(n/2)/Γ((n−1)/2)."""
    half = (_size(n) - 1) / 2
    return float(poch(half, 0.5)) / math.sqrt(half)


def within_sigma(subgroups: ArrayLike, method: SigmaMethod = "pooled") -> Sigma:
    """Estimate σ within subgroups, deaf to shifts between them.

    ``range`` is R̄/d2, ``sd`` is S̄/c4, ``pooled`` the root mean of the variances (Montgomery, Introduction
    to Statistical Quality Control, ch. 6). Degrees of freedom: m·(n−1) for pooled; for the others those of
    the χ law with the same relative scatter, 1/(2·cv²) + 1/4 (Patnaik 1950).

    Args:
        subgroups: shape (m, n), m subgroups of n ≥ 2 values in the order they were made.
        method: one of the three; ``moving range`` is for single values, see :func:`individual_sigma`.

    Raises:
        EstimateError: wrong shape, not finite, another method, or no scatter within any subgroup.
    """
    values = as_values(subgroups, "subgroups", ndim=2)
    m, n = values.shape
    if n < 2:
        raise EstimateError(
            f"subgroups of {n}, expected two or more values; single values have moving ranges"
        )
    if method == "pooled":
        sigma = Sigma(float(np.sqrt(values.var(axis=1, ddof=1).mean())), float(m * (n - 1)), method)
    elif method == "range":
        sigma = Sigma(float(np.ptp(values, axis=1).mean()) / d2(n), _chi_dof(d3(n) / d2(n), m), method)
    elif method == "sd":
        scatter = math.sqrt(1 - c4(n) ** 2) / c4(n)
        sigma = Sigma(float(values.std(axis=1, ddof=1).mean()) / c4(n), _chi_dof(scatter, m), method)
    else:
        raise EstimateError(f"method {method!r}, expected 'range', 'sd' or 'pooled'")
    return _scattered(sigma, values)


def individual_sigma(values: ArrayLike) -> Sigma:
    """Estimate σ of single values from the mean moving range of two, MR̄/d2(2).

    Neighbouring moving ranges share a value, so their mean scatters with variance
    (0.8264·n − 1.082)/(n − 1)²·σ² (Cryer and Ryan 1990); degrees of freedom from that as in
    :func:`within_sigma`.

    Args:
        values: shape (n,), n ≥ 2, in the order they were made.

    Raises:
        EstimateError: wrong shape, fewer than two, not finite, all equal.
    """
    series = as_values(values, "single values", ndim=1, least=2)
    n = len(series)
    scatter = math.sqrt(0.8264 * n - 1.082) / (n - 1)
    sigma = Sigma(float(np.abs(np.diff(series)).mean()) / d2(2), _chi_dof(scatter, 1), "moving range")
    return _scattered(sigma, series)


def as_values(values: ArrayLike, what: str, *, ndim: int | tuple[int, int], least: int = 1) -> Floats:
    """Return numbers as an array of floats, or say why they cannot be used.

    Args:
        values: the numbers.
        what: their name in a message.
        ndim: dimensions expected, or the two numbers of them that will do.
        least: fewest values accepted in all.

    Raises:
        EstimateError: ragged, not numbers, not finite, wrong number of dimensions, too few, or larger than
            :data:`LARGEST_VALUE`.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EstimateError(f"{what}: expected numbers in rows of equal length ({error})") from None
    wanted = (ndim,) if isinstance(ndim, int) else ndim
    if array.ndim not in wanted:
        dimensions = " or ".join(map(str, wanted))
        raise EstimateError(f"{what}: shape {array.shape}, expected {dimensions} dimension(s)")
    if array.size < max(least, 1):
        raise EstimateError(f"{what}: {array.size} values, expected at least {max(least, 1)}")
    if not np.isfinite(array).all():
        raise EstimateError(
            f"{what}: {int((~np.isfinite(array)).sum())} not finite; leave out what was not read"
        )
    if np.abs(array).max() > LARGEST_VALUE:
        raise EstimateError(
            f"{what}: {np.abs(array).max():g}, expected no more than {LARGEST_VALUE:g} in size"
        )
    return array


def as_share(value: float, what: str) -> float:
    """Return a probability strictly between 0 and 1, such as a confidence, or raise EstimateError."""
    if not 0 < value < 1:
        raise EstimateError(f"{what} {value}, expected more than 0 and less than 1")
    return float(value)


@cache
def _range_moments(n: int) -> tuple[float, float]:
    """Mean and standard deviation of the range W of n, from E[W] = ∫1−F, E[W²] = 2∫w·(1−F).

    F(w) = n·∫φ(x)·(Φ(x+w) − Φ(x))ⁿ⁻¹ dx (Hartley 1942). Over x a sum on an even grid: for such an integrand
    it converges faster than any power of the step. Over w Gauss–Legendre.
    """
    w = (_NODES + 1) * _WIDEST / 2
    inside = ndtr(_X[None, :] + w[:, None]) - ndtr(_X)[None, :]
    beyond = 1 - n * (inside ** (n - 1) @ _DENSITY)
    weights = _WEIGHTS * _WIDEST / 2
    mean = float(weights @ beyond)
    return mean, math.sqrt(float(2 * weights @ (w * beyond)) - mean**2)


def _size(n: int) -> int:
    if not 2 <= n <= LARGEST_SUBGROUP:
        raise EstimateError(f"subgroups of {n}, expected 2 to {LARGEST_SUBGROUP} values")
    return n


def _chi_dof(scatter: float, groups: int) -> float:
    return groups / (2 * scatter**2) + 0.25


def _scattered(sigma: Sigma, values: Floats) -> Sigma:
    # Equal values can leave a last-bit standard deviation behind: nothing that was measured.
    if sigma.value <= 1e-12 * float(np.abs(values).max()):
        raise EstimateError(
            "all values equal within subgroups: no scatter to judge by; is the resolution too coarse?"
        )
    return sigma
