"""Stroke rate and jitter from the time stamps of contact edges.

Bounces of the contact are dropped and strokes that left no stamp are filled in; more than a share of them is
refused. How the two noises of the stamps are weighed is :mod:`calibration.mean_period`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.equation import TRIALS, result
from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.mean_period import MeanPeriod, mean_period
from calibration.measured import Measured
from calibration.propagation import measure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MINIMUM_STAMPS = 8
BOUNCE_SHARE = 0.4
"""Stamps closer than this share of a period to the one before are bounces of the contact."""

MOST_MISSED = 0.2
"""With a larger share of strokes missed, filling them in would make up most of what is reported."""

EDGE_SCATTER_U = 0.3
"""Relative standard uncertainty of the variance that the tops' scatter, from some dozens, gives an edge."""

LEAST_SHARE = 0.05
"""Of a variance from very few periods the true one is drawn no larger than by the inverse cube of this."""

RATE_EQUATION = "n = 60·f·(1 + b)·(1 + d·h)"
TOPS = "scatter of the tops"
BOUND_EQUATION = "j = anything from 0 to 100·s"
JITTER_EQUATION = "j = 100·√(s²/C(x; ν) − 2·e²/C(y; µ)), or 0; C(x; ν) = (1 − 2/(9ν) + x·√(2/(9ν)))³"


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


def stroke_rate(
    stamps_s: Floats,
    *,
    time_base_u: float,
    droop: float = 0.0,
    load_u: float = 0.0,
    edge_scatter: float = 0.0,
    usual_jitter: float = math.inf,
) -> StrokeRate:
    """Estimate stroke rate, free of load, and jitter.

    n = 60·f·(1 + b)·(1 + d·h): f strokes a second, b error of the time base, d loss of rate by the load, h
    the load against the one expected.

    Args:
        stamps_s: moments of one edge of each stroke, s, shape (n,), increasing; bounces and gaps allowed.
        time_base_u: relative standard uncertainty of the counter's time base.
        droop: relative loss of rate that the load of the contact is expected to cause. The rate is raised
            by it; the loss may be anything between nothing and twice as much.
        load_u: relative standard uncertainty of that load.
        edge_scatter: standard deviation, in periods, by which an edge moves though the stroke does not
            (the tops' scatter); it is taken out of the jitter.
        usual_jitter: how much the periods of a sound pen jitter by themselves, relative: the scale of what
            is known of σ_p beforehand; infinite where nothing is.

    Raises:
        EstimateError: too few stamps, not finite, not increasing, or too many strokes missed; a figure that
            is negative or not finite.
    """
    if not (math.isfinite(time_base_u) and time_base_u >= 0):
        raise EstimateError(f"time base u = {time_base_u}, expected a finite number, not negative")
    if not (math.isfinite(edge_scatter) and edge_scatter >= 0):
        raise EstimateError(f"edge scatter {edge_scatter}, expected a finite number, not negative")
    stamps, filled = whole_strokes(stamps_s)
    periods = np.diff(stamps)
    mean = mean_period(periods, floor_s=_least_scatter_s(stamps), usual_jitter=usual_jitter)
    frequency_hz = 1.0 / mean.period
    inputs = {
        "f": Input(frequency_hz, frequency_hz**2 * mean.u, mean.dof, name="strokes' own scatter"),
        "b": Input(0.0, time_base_u, name="counter time base"),
        "d": Input(
            droop, droop / math.sqrt(3.0), distribution=Distribution.RECTANGULAR, name="load of the contact"
        ),
        "h": Input(1.0, load_u, name="overlap with the plate"),
    }
    rate = result(RATE_EQUATION, _loaded_rate, inputs, "1/min", as_read=60.0 * frequency_hz)
    method = "end points" if mean.walk**2 * len(periods) > 2 * mean.white**2 else "line fit"
    jitter = _jitter(periods[~(filled[1:] | filled[:-1])], mean, edge_scatter)
    return StrokeRate(rate, jitter, mean.white, mean.walk, method, len(stamps), int(filled.sum()))


def _loaded_rate(f: Floats, b: Floats, d: Floats, h: Floats) -> Floats:
    return 60.0 * f * (1.0 + b) * (1.0 + d * h)


def bare_rate_per_min(stamps_s: Floats) -> float:
    """Return the stroke rate that stamps show as they are, 1/min: without correction, without uncertainty.

    Raises:
        EstimateError: as :func:`stroke_rate`.
    """
    stamps, _ = whole_strokes(stamps_s)
    return 60.0 / mean_period(np.diff(stamps), floor_s=_least_scatter_s(stamps)).period


def _least_scatter_s(stamps: Floats) -> float:
    return float(np.spacing(np.abs(stamps).max()))


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


def _jitter(periods: Floats, mean: MeanPeriod, edge_scatter: float) -> Measured:
    """Return the standard deviation of the strokes' periods relative to their mean, %.

    Each period has two edges, so the edges' own scatter e adds 2·e² to its variance; what is left is the
    strokes'. Both variances are known from few strokes, so each is its estimate over a χ²/ν (Wilson and
    Hilferty 1931: a cube, here C, of a normal variable). What is left may be nothing and is never less;
    there the law is so lopsided that only the shortest interval is fair (JCGM 101, 5.3.4).
    """
    n = len(periods)
    if n < 2:
        raise EstimateError(f"{n} periods between strokes that were both seen, expected 2 or more")
    seen = float(periods.var(ddof=1)) / mean.period**2
    edges = 2.0 * edge_scatter**2
    # Neighbouring periods share a stamp, so n of them tell less than n would: Var(s²) = 2σ⁴/n·(1 + 2ρ²).
    shared = mean.white**2 / max(mean.walk**2 + 2.0 * mean.white**2, np.finfo(float).tiny)
    dof_seen, dof_edges = (n - 1) / (1.0 + 2.0 * shared**2), 2.0 / EDGE_SCATTER_U**2

    def model(x: Floats, y: Floats) -> Floats:
        left = seen / _share(x, dof_seen) - edges / _share(y, dof_edges)
        return np.asarray(100.0 * np.sqrt(np.maximum(left, 0.0)))

    inputs = {
        "x": Input(0.0, 1.0, name="number of strokes"),
        "y": Input(0.0, 1.0 if edges else 0.0, name=TOPS),
    }
    done = measure(model, inputs, "%", shortest=True, maximum=TRIALS)
    if done.measured.u == 0 and seen > 0:
        # The tops' scatter says more than was seen at all: what is left is anything up to what was seen.
        limit = 100.0 * math.sqrt(seen)
        tops = Input(limit / 2, limit / math.sqrt(12), distribution=Distribution.RECTANGULAR, name=TOPS)
        return result(BOUND_EQUATION, lambda tops: tops, {"tops": tops}, "%", as_read=limit)
    return done.measured.explained(JITTER_EQUATION, done.method.value, as_read=100.0 * math.sqrt(seen))


def _share(x: Floats, dof: float) -> Floats:
    """Return χ²/ν at a normal variable's ``x``, after Wilson and Hilferty."""
    root = 1.0 - 2.0 / (9.0 * dof) + x * math.sqrt(2.0 / (9.0 * dof))
    return np.asarray(np.maximum(root, LEAST_SHARE) ** 3)
