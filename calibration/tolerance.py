"""Normal tolerance limits: bounds that hold a stated share of a population with a stated confidence.

Exact, for both sides (an integral) and for one (non-central t). The values must come from one normal
population; nothing here checks that. Where they do not, take the extremes of a larger sample instead:
:func:`calibration.sample_size.wilks_sample_size`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, nctdtrit, ndtr, ndtri

from calibration.errors import EstimateError
from calibration.subgroup import as_share, as_values

Floats = NDArray[np.float64]
Side = Literal["both", "lower", "upper"]

LARGEST_SAMPLE = 1_000_000

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_FAR = 9.0
"""Standard deviations beyond which a normal law holds nothing that a double can show."""


@dataclass(frozen=True)
class ToleranceLimits:
    """Limits mean ± k·s.

    Args:
        lower, upper: in the unit of the values; infinite on a side not asked for.
        mean, sd: of the sample, same unit.
        k: tolerance factor.
        n: values in the sample.
        coverage: share of the population the limits hold.
        confidence: probability that limits made this way hold at least that share.
    """

    lower: float
    upper: float
    mean: float
    sd: float
    k: float
    n: int
    coverage: float
    confidence: float


def tolerance_limits(
    values: ArrayLike, *, coverage: float, confidence: float = 0.95, side: Side = "both"
) -> ToleranceLimits:
    """Return limits that hold a share ``coverage`` of a normal population with ``confidence``.

    Args:
        values: shape (n,), n ≥ 2, independent, from one normal population.
        coverage: share of the population, between 0 and 1.
        confidence: between 0 and 1.
        side: ``both``, or only a ``lower`` or an ``upper`` limit.

    Raises:
        EstimateError: fewer than two values, not finite, all equal, or a share out of range.
    """
    sample = as_values(values, "sample", ndim=1, least=2)
    if side not in ("both", "lower", "upper"):
        raise EstimateError(f"side {side!r}, expected 'both', 'lower' or 'upper'")
    if np.ptp(sample) == 0:
        raise EstimateError("all values equal: no scatter to judge by; is the resolution too coarse?")
    factor = two_sided_factor if side == "both" else one_sided_factor
    k = factor(len(sample), coverage=coverage, confidence=confidence)
    mean, sd = float(sample.mean()), float(sample.std(ddof=1))
    lower = -math.inf if side == "upper" else mean - k * sd
    upper = math.inf if side == "lower" else mean + k * sd
    return ToleranceLimits(lower, upper, mean, sd, k, len(sample), coverage, confidence)


@cache
def two_sided_factor(n: int, *, coverage: float, confidence: float = 0.95) -> float:
    """Return k so that mean ± k·s of ``n`` normal values holds ``coverage`` with ``confidence``.

    Exact (Odeh 1978; Krishnamoorthy and Mathew, Statistical Tolerance Regions, 2009, eq. 2.3.4):
    2·∫₀^∞ φ(u)·P(χ²_{n−1} > (n−1)·r(u/√n)²/k²) du = confidence, where r(m) solves
    Φ(m + r) − Φ(m − r) = coverage.

    Raises:
        EstimateError: n or a share out of range.
    """
    _check(n, coverage, confidence)
    u = (_NODES + 1) * _FAR / 2
    weights = _WEIGHTS * _FAR * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
    reach = (n - 1) * _half_width(u / math.sqrt(n), coverage) ** 2

    def surplus(log_k: float) -> float:
        return float(weights @ chdtrc(n - 1, reach * math.exp(-2 * log_k))) - confidence

    # Over all n, coverage and confidence that doubles can tell from 0 and 1, k lies in this range.
    return math.exp(float(brentq(surplus, -40.0, 40.0, xtol=1e-13)))


@cache
def one_sided_factor(n: int, *, coverage: float, confidence: float = 0.95) -> float:
    """Return k so that mean + k·s of ``n`` normal values lies above ``coverage`` with ``confidence``.

    Exact: √n·k is the ``confidence`` quantile of the non-central t with n − 1 degrees of freedom and
    non-centrality √n·z_coverage (Owen 1968).

    Raises:
        EstimateError: n or a share out of range.
    """
    _check(n, coverage, confidence)
    k = float(nctdtrit(n - 1, math.sqrt(n) * ndtri(coverage), confidence)) / math.sqrt(n)
    if not math.isfinite(k):
        raise EstimateError(f"no factor found for n = {n}, coverage {coverage}, confidence {confidence}")
    return k


def tolerance_sample_size(
    margin: float, *, coverage: float, confidence: float = 0.95, side: Side = "both"
) -> int:
    """Return the fewest normal values whose tolerance limits lie within ``margin`` standard deviations.

    Args:
        margin: distance from the mean to the nearer limit, in standard deviations of the values.
        coverage, confidence, side: as :func:`tolerance_limits` takes them.

    Raises:
        EstimateError: so narrow a margin that no number of values will do, or more than a million.
    """
    factor = two_sided_factor if side == "both" else one_sided_factor

    def enough(n: int) -> bool:
        return factor(n, coverage=coverage, confidence=confidence) <= margin

    low, high = 1, 2
    while not enough(high):
        if high == LARGEST_SAMPLE:
            raise EstimateError(
                f"a margin of {margin:.4g} standard deviations: no sample of {LARGEST_SAMPLE} would do"
            )
        low, high = high, min(2 * high, LARGEST_SAMPLE)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _half_width(m: Floats, coverage: float) -> Floats:
    """Solve Φ(m + r) − Φ(m − r) = coverage for r by bisection, at every offset ``m`` ≥ 0 at once."""
    low, high = np.zeros_like(m), m + ndtri((1 + coverage) / 2)
    for _ in range(60):
        middle = (low + high) / 2
        short = ndtr(m + middle) - ndtr(m - middle) < coverage
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return low


def _check(n: int, coverage: float, confidence: float) -> None:
    if not 2 <= n <= LARGEST_SAMPLE:
        raise EstimateError(f"sample of {n}, expected 2 to {LARGEST_SAMPLE} values")
    as_share(coverage, "coverage")
    as_share(confidence, "confidence")
