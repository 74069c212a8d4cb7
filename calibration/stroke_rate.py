"""Stroke rate and jitter from the time stamps of contact edges.

Two kinds of noise act on them. A stamp can be off by itself (trigger, phase of the crank): white noise
of phase, for which a straight line through all stamps is best. Or each period is off by itself: a
random walk of phase, for which the two end points are best. Real strokes have both, so the mean period
is the generalised least-squares one for their ratio; it becomes the line fit at one end and the end
points at the other.

Periods d = differences of stamps have the covariance σ_p²·I + σ_w²·K with K tridiagonal (2 on, −1
beside the diagonal), whose eigenvectors are those of the discrete sine transform of type I with
eigenvalues 2 − 2·cos(πj/(n+1)). In that basis the restricted likelihood (Patterson and Thompson 1971) of
every ratio σ_p²/σ_w² is a sum. A few dozen strokes do not fix that ratio, so nothing is staked on the
likeliest: the mean period is averaged over all ratios with their likelihood as weight, and what the
ratios disagree about is part of the uncertainty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dst

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MINIMUM_STAMPS = 8
BOUNCE_SHARE = 0.4
"""Stamps closer than this share of a period to the one before are bounces of the contact."""

MOST_MISSED = 0.2
"""With a larger share of strokes missed, filling them in would make up most of what is reported."""

RATIOS = 48
LARGEST_RATIO = 1e3
SMALLEST_RATIO = 0.01
"""Ratios σ_p²/σ_w² run from this over n² (only stamps are noisy) to the largest (only periods are)."""

CAUTION = 0.4
"""For the uncertainty, ratio r weighs r^0.4 times more: small walks hide behind noisy stamps.

Without it 95 % intervals hold the truth in as few as 85 % of cases where both noises matter; with it in
94 % or more, whatever the ratio. Its price is a u about twice too large where periods do not jitter.
"""

EDGE_SCATTER_U = 0.3
"""Relative standard uncertainty of the variance that the tops' scatter, from some dozens, gives an edge."""

CHUNK = 4096


@dataclass(frozen=True)
class StrokeRate:
    """Rate (1/min), relative scatter of the periods (%), and the two noises they were told apart by."""

    rate: Measured
    jitter: Measured
    stamp_noise_s: float
    period_noise_s: float
    method: str
    strokes: int
    missed: int


@dataclass(frozen=True)
class _Mean:
    """Mean period with u and dof, and the likeliest noise of a period and of a stamp; all in s."""

    period: float
    u: float
    dof: float
    walk: float
    white: float


def stroke_rate(
    stamps_s: Floats, *, time_base_u: float, droop: float = 0.0, edge_scatter: float = 0.0
) -> StrokeRate:
    """Estimate stroke rate, free of load, and jitter.

    Args:
        stamps_s: moments of one edge of each stroke, s, shape (n,), increasing; bounces and gaps allowed.
        time_base_u: relative standard uncertainty of the counter's time base.
        droop: relative loss of rate that the load of the contact is expected to cause. The rate is raised
            by it; the loss may be anything between nothing and twice as much.
        edge_scatter: standard deviation, in periods, by which an edge moves though the stroke does not
            (the tops' scatter); it is taken out of the jitter.

    Raises:
        EstimateError: too few stamps, not finite, not increasing, or too many strokes missed.
    """
    if not (math.isfinite(time_base_u) and time_base_u >= 0):
        raise EstimateError(f"time base u = {time_base_u}, expected a finite number, not negative")
    stamps, filled = whole_strokes(stamps_s)
    periods = np.diff(stamps)
    mean = _mean_period(periods, floor=float(np.spacing(np.abs(stamps).max())))
    rate_hz = 1.0 / mean.period
    rate = combine(
        60.0 * rate_hz * (1.0 + droop),
        "1/min",
        [
            Contribution("strokes' own scatter", 60.0 * rate_hz**2 * mean.u, mean.dof),
            Contribution("counter time base", 60.0 * rate_hz * time_base_u),
            Contribution("load of the contact", 60.0 * rate_hz * droop / math.sqrt(3.0)),
        ],
        as_read=60.0 * rate_hz,
    )
    method = "end points" if mean.walk**2 * len(periods) > 2 * mean.white**2 else "line fit"
    jitter = _jitter(periods[~(filled[1:] | filled[:-1])], mean, edge_scatter)
    return StrokeRate(rate, jitter, mean.white, mean.walk, method, len(stamps), int(filled.sum()))


def whole_strokes(stamps_s: Floats) -> tuple[Floats, Bools]:
    """Drop bounces and fill missed strokes by interpolation.

    Returns:
        One stamp a stroke, s, and which of them were filled in.

    Raises:
        EstimateError: as :func:`stroke_rate`.
    """
    raw = _checked(stamps_s)
    steps = np.diff(raw)
    period = float(np.median(steps[steps > BOUNCE_SHARE * np.quantile(steps, 0.75)]))
    stamps = _without_bounces(raw, BOUNCE_SHARE * period)
    if len(stamps) < MINIMUM_STAMPS:
        raise EstimateError(
            f"{len(stamps)} strokes among {len(raw)} stamps, expected {MINIMUM_STAMPS} or more"
        )
    strides = np.maximum(1.0, np.round(np.diff(stamps) / period))
    numbers = np.concatenate([[0.0], np.cumsum(strides)])
    strokes = int(numbers[-1]) + 1
    if strokes - len(stamps) > MOST_MISSED * strokes:
        raise EstimateError(
            f"{strokes - len(stamps)} of {strokes} strokes left no stamp, expected at most {MOST_MISSED:.0%}"
        )
    filled = np.ones(strokes, dtype=bool)
    filled[numbers.astype(int)] = False
    return np.interp(np.arange(strokes), numbers, stamps), filled


def _checked(stamps_s: Floats) -> Floats:
    raw = np.asarray(stamps_s, dtype=float)
    if raw.ndim != 1 or not np.isfinite(raw).all():
        raise EstimateError(f"stamps of shape {raw.shape}, expected finite numbers of shape (n,)")
    if len(raw) < MINIMUM_STAMPS:
        raise EstimateError(f"{len(raw)} stamps, expected {MINIMUM_STAMPS} or more")
    if not (np.diff(raw) > 0).all():
        raise EstimateError("stamps do not increase")
    return raw


def _without_bounces(raw: Floats, shortest: float) -> Floats:
    """Keep the first stamp of each stroke; a bounce is measured from the stamp that was kept."""
    if (np.diff(raw) > shortest).all():
        return raw
    kept = [raw[0]]
    for stamp in raw[1:]:
        if stamp - kept[-1] > shortest:
            kept.append(stamp)
    return np.array(kept)


def _mean_period(periods: Floats, *, floor: float) -> _Mean:
    """Average the generalised least-squares mean over the ratio of the two noises.

    Args:
        periods: s, shape (n,).
        floor: the least scatter (s) that the stamps' own number format lets anyone claim.
    """
    n = len(periods)
    shift = float(periods.mean())  # keeps the sums below near zero
    ratio = np.geomspace(SMALLEST_RATIO / n**2, LARGEST_RATIO, RATIOS)
    information, moment, square, log_weight = _sums(periods - shift, ratio)
    means = moment / information
    scatter = np.maximum(square - moment**2 / information, (n - 1) * floor**2) / (n - 1)
    likelihood = 0.5 * (log_weight - np.log(information) - (n - 1) * np.log(scatter))
    best = int(np.argmax(likelihood))
    mean = float(_weights(likelihood) @ means)
    cautious = _weights(likelihood + CAUTION * np.log(ratio))
    u, dof = _spread(cautious, means - mean, scatter / information, n - 1)
    white = math.sqrt(scatter[best])
    return _Mean(shift + mean, u, dof, white * math.sqrt(ratio[best]), white)


def _sums(y: Floats, ratio: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return Σo²w, Σoyw, Σy²w and Σln w for every ratio, in the basis where the covariance is diagonal.

    o is the transform of a constant, w = 1/(ratio + eigenvalue). Long records are taken in pieces, so
    that memory does not grow with their length times the number of ratios.
    """
    n = len(y)
    scale = 1.0 / math.sqrt(2.0 * (n + 1))
    eigenvalues = 2.0 - 2.0 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))
    turned, ones = dst(y, type=1) * scale, dst(np.ones(n), type=1) * scale
    totals = np.zeros((4, len(ratio)))
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        o, t = ones[part], turned[part]
        weight = 1.0 / (ratio[:, None] + eigenvalues[part])
        totals[:3] += np.stack([o * o, o * t, t * t]) @ weight.T
        totals[3] += np.log(weight).sum(axis=1)
    return totals[0], totals[1], totals[2], totals[3]


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


def _jitter(periods: Floats, mean: _Mean, edge_scatter: float) -> Measured:
    """Return the standard deviation of the strokes' periods relative to their mean, %.

    Each period has two edges, so the edges' own scatter e adds 2·e² to its variance; what is left is the
    strokes'.
    """
    n = len(periods)
    if n < 2:
        raise EstimateError(f"{n} periods between strokes that were both seen, expected 2 or more")
    seen = float(periods.var(ddof=1)) / mean.period**2
    edges = 2.0 * edge_scatter**2
    jitter = math.sqrt(max(0.0, seen - edges))
    # Neighbouring periods share a stamp, so n of them tell less than n would: Var(s²) = 2σ⁴/n·(1 + 2ρ²).
    shared = mean.white**2 / max(mean.walk**2 + 2.0 * mean.white**2, np.finfo(float).tiny)
    u_seen = seen * math.sqrt(2.0 * (1.0 + 2.0 * shared**2) / (n - 1))
    u_edges = edges * EDGE_SCATTER_U
    per_variance = 100.0 * _root_slope(jitter, math.hypot(u_seen, u_edges), straight=edges == 0)
    budget = [
        Contribution("number of strokes", per_variance * u_seen, n - 1),
        Contribution("scatter of the tops", per_variance * u_edges),
    ]
    return combine(100.0 * jitter, "%", budget, as_read=100.0 * math.sqrt(seen))


def _root_slope(root: float, u_square: float, *, straight: bool) -> float:
    """Return u(√v) over u(v) at v = ``root``².

    Where v is a difference the root is not straight near nothing: v ± 2·u then stands for roots from
    √(v − 2·u), or nothing, to √(v + 2·u), and the farther end makes U.
    """
    if u_square == 0:
        return 0.0
    if straight:
        return 1.0 / (2.0 * root)
    lower = root - math.sqrt(max(0.0, root**2 - 2.0 * u_square))
    upper = math.sqrt(root**2 + 2.0 * u_square) - root
    return max(lower, upper) / (2.0 * u_square)
