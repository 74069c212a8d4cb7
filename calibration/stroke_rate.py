"""Stroke rate and jitter from the time stamps of contact edges.

Two kinds of noise act on them. A stamp can be off by itself (trigger, phase of the crank): white noise
of phase, for which a straight line through all stamps is best. Or each period is off by itself: a
random walk of phase, for which the two end points are best. Real strokes have both, so their shares are
estimated from the data and the mean period is the generalised least-squares one: it becomes the line
fit at one end and the end points at the other.

Periods d = differences of stamps have the covariance σ_p²·I + σ_w²·K with K tridiagonal (2 on, −1
beside the diagonal), whose eigenvectors are those of the discrete sine transform of type I with
eigenvalues 2 − 2·cos(πj/n). In that basis the likelihood is a sum, and the restricted likelihood is
maximised over the one ratio σ_p²/σ_w².
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

MINIMUM_STAMPS = 8
BOUNCE_SHARE = 0.4
"""Stamps closer than this share of a period to the one before are bounces of the contact."""

RATIO_EXPONENTS = np.linspace(-9.0, 9.0, 73)


@dataclass(frozen=True)
class StrokeRate:
    """Rate (1/min), relative period jitter (%), and the noise they were told apart by."""

    rate: Measured
    jitter: Measured
    stamp_noise_s: float
    period_noise_s: float
    method: str
    strokes: int
    missed: int


def stroke_rate(stamps_s: Floats, *, time_base_u: float) -> StrokeRate:
    """Estimate stroke rate and jitter.

    Args:
        stamps_s: moments of one edge of each stroke, s, shape (n,), increasing; bounces and gaps allowed.
        time_base_u: relative standard uncertainty of the counter's time base.

    Raises:
        EstimateError: too few stamps, not finite, or not increasing.
    """
    stamps, missed = whole_strokes(stamps_s)
    periods = np.diff(stamps)
    walk, white, mean, u_mean = _split_noise(periods)
    n = len(periods)
    rate_hz = 1.0 / mean
    rate = combine(
        60.0 * rate_hz,
        "1/min",
        [
            Contribution("strokes' own scatter", 60.0 * rate_hz**2 * u_mean, n - 1),
            Contribution("counter time base", 60.0 * rate_hz * time_base_u),
        ],
    )
    jitter = float(periods.std(ddof=1)) / mean
    jitter_percent = combine(
        100.0 * jitter,
        "%",
        [Contribution("number of strokes", 100.0 * jitter / math.sqrt(2 * (n - 1)), n - 1)],
    )
    # Compare what each noise alone contributes to the end points' difference.
    method = "end points" if walk**2 * n > 2 * white**2 else "line fit"
    return StrokeRate(rate, jitter_percent, white, walk, method, len(stamps), missed)


def whole_strokes(stamps_s: Floats) -> tuple[Floats, int]:
    """Drop bounces and fill missed strokes by interpolation.

    Returns:
        One stamp a stroke, s, and how many were filled in.

    Raises:
        EstimateError: as :func:`stroke_rate`.
    """
    raw = np.asarray(stamps_s, dtype=float)
    if raw.ndim != 1 or not np.isfinite(raw).all():
        raise EstimateError(f"stamps of shape {raw.shape}, expected finite numbers of shape (n,)")
    if len(raw) < MINIMUM_STAMPS:
        raise EstimateError(f"{len(raw)} stamps, expected {MINIMUM_STAMPS} or more")
    if not (np.diff(raw) > 0).all():
        raise EstimateError("stamps do not increase")
    steps = np.diff(raw)
    period = float(np.median(steps[steps > BOUNCE_SHARE * np.quantile(steps, 0.75)]))
    kept = [raw[0]]
    for stamp in raw[1:]:
        if stamp - kept[-1] > BOUNCE_SHARE * period:
            kept.append(stamp)
    stamps = np.array(kept)
    numbers = np.concatenate([[0.0], np.cumsum(np.maximum(1.0, np.round(np.diff(stamps) / period)))])
    whole = np.arange(numbers[-1] + 1)
    if len(stamps) < MINIMUM_STAMPS:
        raise EstimateError(
            f"{len(stamps)} strokes among {len(raw)} stamps, expected {MINIMUM_STAMPS} or more"
        )
    return np.interp(whole, numbers, stamps), int(len(whole) - len(stamps))


def _split_noise(periods: Floats) -> tuple[float, float, float, float]:
    """Return σ of each period by itself, σ of each stamp, the best mean period and its u; all in s."""
    n = len(periods)
    shift = periods.mean()  # keeps the arithmetic near zero
    eigenvalues = 2.0 - 2.0 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))
    scale = 1.0 / math.sqrt(2.0 * (n + 1))
    y = dst(periods - shift, type=1) * scale
    ones = dst(np.ones(n), type=1) * scale

    def profile(exponent: float) -> tuple[float, float, float, float]:
        ratio = 10.0**exponent
        weight = 1.0 / (ratio + eigenvalues)
        information = float((ones**2 * weight).sum())
        mean = float((ones * y * weight).sum()) / information
        white2 = float(((y - ones * mean) ** 2 * weight).sum()) / (n - 1)
        cost = (n - 1) * math.log(max(white2, 1e-300)) - float(np.log(weight).sum()) + math.log(information)
        return cost, mean, white2, information

    best = min(RATIO_EXPONENTS, key=lambda exponent: profile(float(exponent))[0])
    fine = np.linspace(best - 0.25, best + 0.25, 21)
    exponent = float(min(fine, key=lambda e: profile(float(e))[0]))
    _, mean, white2, information = profile(exponent)
    walk = math.sqrt(white2 * 10.0**exponent)
    return walk, math.sqrt(white2), shift + mean, math.sqrt(white2 / information)
