"""The mean period of strokes, from periods whose stamps are noisy and which jitter by themselves.

Two kinds of noise act on time stamps. A stamp can be off by itself (trigger, phase of the crank): white noise
of phase, for which a straight line through all stamps is best. Or each period is off by itself: a
random walk of phase, for which the two end points are best. Real strokes have both, so the mean period
is the generalised least-squares one for their ratio; it becomes the line fit at one end and the end
points at the other.

Periods d = differences of stamps have the covariance σ_p²·I + σ_w²·K with K tridiagonal (2 on, −1
beside the diagonal), whose eigenvectors are those of the discrete sine transform of type I with
eigenvalues 2 − 2·cos(πj/(n+1)). In that basis the restricted likelihood (Patterson and Thompson 1971) of
every ratio σ_p²/σ_w² is a sum. A few dozen strokes do not fix that ratio, so nothing is staked on the
likeliest: the mean period is averaged over all ratios with their likelihood as weight, and what the
ratios disagree about is part of the uncertainty. There a small walk hides behind noisy stamps, so the
uncertainty weighs each ratio also by what is known of σ_p beforehand: half a Cauchy law with the scale of
a sound pen's (Gelman 2006), whose long tail lets the stamps overrule it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dst

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

MINIMUM_PERIODS = 7
RATIOS = 48
LARGEST_RATIO = 1e3
SMALLEST_RATIO = 0.01
"""Ratios σ_p²/σ_w² run from this over n² (only stamps are noisy) to the largest (only periods are)."""

SINGLE, GROWTH = 2048, 1.002
"""The first eigenvalues are weighed one by one; then groups that grow by so much share one weight."""


@dataclass(frozen=True)
class MeanPeriod:
    """Mean period with u and degrees of freedom, and the likeliest noise of a period and of a stamp; in s."""

    period: float
    u: float
    dof: float
    walk: float
    white: float


def mean_period(periods_s: Floats, *, floor_s: float, usual_jitter: float = math.inf) -> MeanPeriod:
    """Estimate the mean of periods whose two noises are not known apart.

    Args:
        periods_s: differences of successive stamps, s, shape (n,), n of :data:`MINIMUM_PERIODS` or more.
        floor_s: least scatter of a period that is believed: what stamps are rounded to, s.
        usual_jitter: what a sound pen's periods jitter by, relative; infinite where nothing is known.

    Raises:
        EstimateError: wrong shape, not finite, or figures that are not above 0.
    """
    periods = np.asarray(periods_s, dtype=float)
    if periods.ndim != 1 or len(periods) < MINIMUM_PERIODS:
        raise EstimateError(f"periods of shape {periods.shape}, expected {MINIMUM_PERIODS} or more in a row")
    if not np.isfinite(periods).all():
        raise EstimateError("periods that are not all finite")
    for name, figure in (("floor", floor_s), ("usual jitter", usual_jitter)):
        if not figure > 0:
            raise EstimateError(f"{name} {figure}, expected more than 0")
    n = len(periods)
    shift = float(periods.mean())  # keeps the sums below near zero
    ratio = np.geomspace(SMALLEST_RATIO / n**2, LARGEST_RATIO, RATIOS)
    information, moment, square, log_weight = _sums(periods - shift, ratio)
    means = moment / information
    scatter = np.maximum(square - moment**2 / information, (n - 1) * floor_s**2) / (n - 1)
    likelihood = 0.5 * (log_weight - np.log(information) - (n - 1) * np.log(scatter))
    best = int(np.argmax(likelihood))
    mean = float(_weights(likelihood) @ means)
    walks = np.sqrt(ratio * scatter)
    # Half a Cauchy law of σ_p, as a density over the logarithm of the ratio.
    known = np.log(walks) - np.log1p((walks / (usual_jitter * abs(shift + mean))) ** 2)
    u, dof = _spread(_weights(likelihood + known), means - mean, scatter / information, n - 1)
    white = math.sqrt(scatter[best])
    return MeanPeriod(shift + mean, u, dof, white * math.sqrt(ratio[best]), white)


def _sums(y: Floats, ratio: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return Σo²w, Σoyw, Σy²w and Σln w for every ratio, in the basis where the covariance is diagonal.

    o is the transform of a constant, w = 1/(ratio + eigenvalue). Eigenvalues beyond the first
    :data:`SINGLE` change so little from one to the next that neighbours share a weight.
    """
    n = len(y)
    scale = 1.0 / math.sqrt(2.0 * (n + 1))
    angles = np.pi * np.arange(1, n + 1) / (n + 1)
    turned, ones = dst(y, type=1) * scale, np.zeros(n)
    ones[::2] = 2.0 * scale / np.tan(angles[::2] / 2.0)
    starts = _group_starts(n)
    size = np.diff(np.append(starts, n))
    eigenvalues = np.add.reduceat(2.0 - 2.0 * np.cos(angles), starts) / size
    products = (ones * ones, ones * turned, turned * turned)
    squares = np.stack([np.add.reduceat(product, starts) for product in products])
    weight = 1.0 / (ratio[:, None] + eigenvalues)
    information, moment, square = squares @ weight.T
    return information, moment, square, np.log(weight) @ size


def _group_starts(n: int) -> NDArray[np.intp]:
    """Return where groups of eigenvalues begin: each of the first alone, then groups that grow."""
    single = np.arange(min(SINGLE, n))
    if n <= SINGLE:
        return single
    groups = max(2, int(math.log(n / SINGLE) / math.log(GROWTH)))
    grown = np.geomspace(SINGLE, n, groups).astype(np.intp)
    return np.unique(np.concatenate([single, grown[grown < n]]))


def _weights(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum(), dtype=float)


def _spread(weight: Floats, offset: Floats, variance: Floats, dof: float) -> tuple[float, float]:
    """Return u and degrees of freedom of the Student law with the moments of a mixture of Student laws.

    Args:
        weight, offset, variance: of each law; offset from the estimate, variance its squared scale.
        dof: degrees of freedom of each law.
    """
    inner = variance * dof / (dof - 2)
    second = float(weight @ (inner + offset**2))
    inner_fourth = 3.0 * variance**2 * dof**2 / ((dof - 2) * (dof - 4))
    fourth = float(weight @ (inner_fourth + 6.0 * offset**2 * inner + offset**4))
    excess = fourth / second**2 - 3.0
    if excess <= 0:
        return math.sqrt(second), math.inf
    mixed = 4.0 + 6.0 / excess
    return math.sqrt(second * (mixed - 2.0) / mixed), mixed
