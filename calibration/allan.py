"""How steady a rate is over any length of time: the overlapping Allan deviation of a series of time stamps.

The standard deviation of periods says how they scatter, not for how long the rate is steady: it grows with
the record as soon as the motor warms up. The Allan deviation compares neighbouring averages over a time τ, so
a slow drift counts only where τ is as long as the drift. Its slope over τ tells the kinds of noise apart that
:mod:`calibration.stroke_rate` weighs: τ⁻¹ where stamps are off by themselves, τ^(−1/2) where periods are, and
flatter where the rate wanders.

Sources: Riley, Handbook of Frequency Stability Analysis, NIST SP 1065 (2008), equation 11 for the deviation,
table 5 for its degrees of freedom; its interval is that of χ². A slope does not tell white from flicker
noise of phase; both are called the first. Refused are records too short for the averaging time, and such as
do not scatter at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from calibration.errors import EstimateError
from calibration.measured import COVERAGE
from calibration.stroke_rate import whole_strokes

Floats = NDArray[np.float64]

MINIMUM_POINTS = 8
LONGEST_SHARE = 3
"""Averaging factors reach a third of the record by default: beyond, an interval says next to nothing."""

CHUNK = 1 << 13
"""Second differences are formed in pieces that stay in the processor's cache."""

LEAST_AVERAGES = 30
"""With fewer averages in the record a slope is chance: the noise found last counts on (so does Stable32)."""


class Noise(StrEnum):
    """What scatters, by the slope of the deviation over the averaging time."""

    WHITE_PHASE = "white phase: stamps off by themselves"
    WHITE_FREQUENCY = "white frequency: periods off by themselves"
    FLICKER_FREQUENCY = "flicker frequency: a rate that wanders about"
    RANDOM_WALK_FREQUENCY = "random walk of frequency: a rate that wanders off"


SLOPES = {
    Noise.WHITE_PHASE: -1.0,
    Noise.WHITE_FREQUENCY: -0.5,
    Noise.FLICKER_FREQUENCY: 0.0,
    Noise.RANDOM_WALK_FREQUENCY: 0.5,
}


@dataclass(frozen=True)
class AllanDeviation:
    """Allan deviations over averaging times.

    Args:
        tau_s: averaging times, s, shape (k,).
        deviation: of the relative rate averaged so long, shape (k,).
        low, high: ends of its interval, shape (k,).
        dof: equivalent degrees of freedom, shape (k,).
        noise: what scatters at each time.
        probability: coverage probability of the intervals.
    """

    tau_s: Floats
    deviation: Floats
    low: Floats
    high: Floats
    dof: Floats
    noise: tuple[Noise, ...]
    probability: float


def rate_stability(stamps_s: Floats, *, probability: float = COVERAGE) -> AllanDeviation:
    """Return the Allan deviation of the relative stroke rate from one stamp a stroke.

    Bounces are dropped and missed strokes filled in by a straight line, which makes them look steadier than
    they were: at most a fifth of them, as for the rate itself.

    Args:
        stamps_s: moments of one edge of each stroke, s, shape (n,), increasing; bounces and gaps allowed.
        probability: coverage probability of the intervals.

    Raises:
        EstimateError: see :func:`~calibration.stroke_rate.whole_strokes` and :func:`allan_deviation`.
    """
    stamps, _ = whole_strokes(stamps_s)
    period_s = float(stamps[-1] - stamps[0]) / (len(stamps) - 1)
    return allan_deviation(stamps, period_s, probability=probability)


def allan_deviation(
    phase_s: Floats, interval_s: float, *, factors: Sequence[int] | None = None, probability: float = COVERAGE
) -> AllanDeviation:
    """Return the overlapping Allan deviation σ(τ) = √(Σ(x_{i+2m} − 2x_{i+m} + x_i)²/(2τ²(N − 2m))), τ = mτ₀.

    Args:
        phase_s: time errors x, or the stamps themselves (a constant rate drops out), s, shape (N,), N ≥ 8.
        interval_s: τ₀, time between two of them, s.
        factors: averaging factors m; octaves up to a third of the record when missing.
        probability: coverage probability of the intervals.

    Raises:
        EstimateError: shape, too few, not finite, no scatter, interval, factors or probability out of range.
    """
    x = _checked(phase_s, interval_s, probability)
    m = _factors(factors, len(x))
    tau_s: Floats = m.astype(float) * interval_s
    with np.errstate(over="ignore", invalid="ignore"):
        variance = np.array([_variance(x, int(factor)) for factor in m]) / tau_s**2
    if not (np.isfinite(variance).all() and (variance > 0).all()):
        raise EstimateError(
            "phases without scatter, or beyond the range of numbers: no deviation to estimate"
        )
    noise = _noise_by_slope(m, np.log(variance), len(x))
    dof: Floats = np.array(
        [_degrees_of_freedom(kind, len(x), int(factor)) for kind, factor in zip(noise, m, strict=True)]
    )
    # dof·s²/σ² follows χ² with dof degrees of freedom.
    deviation: Floats = np.sqrt(variance)
    high: Floats = np.sqrt(variance * dof / chdtri(dof, 0.5 + probability / 2))
    low: Floats = np.sqrt(variance * dof / chdtri(dof, 0.5 - probability / 2))
    return AllanDeviation(tau_s, deviation, low, high, dof, noise, probability)


def _checked(phase_s: Floats, interval_s: float, probability: float) -> Floats:
    x = np.asarray(phase_s, dtype=float)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise EstimateError(f"phases of shape {x.shape}, expected finite numbers of shape (n,)")
    if len(x) < MINIMUM_POINTS:
        raise EstimateError(f"{len(x)} phases, expected {MINIMUM_POINTS} or more")
    if not (math.isfinite(interval_s) and interval_s > 0):
        raise EstimateError(f"interval {interval_s} s, expected more than 0")
    if not 0 < probability < 1:
        raise EstimateError(f"coverage probability {probability}, expected between 0 and 1")
    return x


def _factors(asked: Sequence[int] | None, points: int) -> NDArray[np.int64]:
    if asked is None:
        octaves = int(math.log2((points - 1) / LONGEST_SHARE)) + 1
        return 2 ** np.arange(octaves, dtype=np.int64)
    m = np.asarray(asked)
    longest = (points - 1) // 2
    if m.ndim != 1 or m.size == 0 or not np.issubdtype(m.dtype, np.integer):
        raise EstimateError(f"averaging factors {asked!r}, expected one whole number or more")
    if not (np.diff(m) > 0).all() or m[0] < 1 or m[-1] > longest:
        raise EstimateError(
            f"averaging factors {m.tolist()}, expected rising ones from 1 to {longest} for {points} phases"
        )
    return m.astype(np.int64)


def _variance(x: Floats, m: int) -> float:
    """Return half the mean square of all second differences over ``m`` (SP 1065, equation 11, times τ²)."""
    terms = len(x) - 2 * m
    total, room = 0.0, np.empty(min(CHUNK, terms))
    for start in range(0, terms, CHUNK):
        end = min(start + CHUNK, terms)
        second = room[: end - start]
        np.add(x[start:end], x[start + 2 * m : end + 2 * m], out=second)
        second -= x[start + m : end + m]
        second -= x[start + m : end + m]
        total += float(second @ second)
    return total / (2.0 * terms)


def _noise_by_slope(m: NDArray[np.int64], log_variance: Floats, points: int) -> tuple[Noise, ...]:
    """Name the noise at each factor by the slope between its neighbours.

    With a single factor that may be judged, it is white frequency: what a drive has that nobody regulates.
    """
    judged = max(1, int((points >= LEAST_AVERAGES * m).sum()))
    kinds = [Noise.WHITE_FREQUENCY]
    if judged > 1:
        slope = np.gradient(0.5 * log_variance[:judged], np.log(m[:judged]))
        kinds = [min(SLOPES, key=lambda kind: abs(SLOPES[kind] - one)) for one in slope]
    return tuple(kinds + kinds[-1:] * (len(m) - judged))


def _degrees_of_freedom(noise: Noise, points: int, factor: int) -> float:
    """Return the equivalent degrees of freedom of an overlapping Allan variance (SP 1065, table 5)."""
    n, m = float(points), float(factor)
    match noise:
        case Noise.WHITE_PHASE:
            dof = (n + 1) * (n - 2 * m) / (2 * (n - m))
        case Noise.WHITE_FREQUENCY:
            dof = (3 * (n - 1) / (2 * m) - 2 * (n - 2) / n) * 4 * m**2 / (4 * m**2 + 5)
        case Noise.FLICKER_FREQUENCY if factor == 1:
            dof = 2 * (n - 2) ** 2 / (2.3 * n - 4.9)
        case Noise.FLICKER_FREQUENCY:
            dof = 5 * n**2 / (4 * m * (n + 3 * m))
        case Noise.RANDOM_WALK_FREQUENCY:
            dof = (n - 2) / m * ((n - 1) ** 2 - 3 * m * (n - 1) + 4 * m**2) / (n - 3) ** 2
    return max(1.0, dof)
