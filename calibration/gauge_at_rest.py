"""A force gauge with nothing on it: its zero, how far that moved meanwhile, and its noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.gauge_figures import GaugeFigures
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

LEAST_READINGS = 10


def zero(force_n: Floats, figures: GaugeFigures) -> Measured:
    """Return what the gauge reads without a force, N, from readings at rest, shape (n,).

    Raises:
        EstimateError: too few readings, or one that is not finite.
    """
    readings = _checked(force_n)
    u = figures.mean_u(len(readings))
    return combine(float(readings.mean()), "N", [Contribution("mean of the readings", u)])


def zero_shift(before_n: Floats, after_n: Floats, figures: GaugeFigures) -> Measured:
    """Return how far the zero moved between two rests, N.

    Raises:
        EstimateError: as :func:`zero`.
    """
    before, after = zero(before_n, figures), zero(after_n, figures)
    budget = [Contribution("zero before", before.u), Contribution("zero after", after.u)]
    return combine(after.value - before.value, "N", budget)


def noise(rests_n: list[Floats], figures: GaugeFigures) -> Measured:
    """Return the standard deviation of one reading, N, pooled over rests between which the zero may move.

    Raises:
        EstimateError: as :func:`zero`, or no rest.
    """
    rests = [_checked(rest) for rest in rests_n]
    dof = sum(len(rest) - 1 for rest in rests)
    if not dof:
        raise EstimateError("no readings of the gauge at rest, expected one rest or more")
    spread = sum(float(((rest - rest.mean()) ** 2).sum()) for rest in rests)
    found_n = math.sqrt(spread / dof)
    few = Contribution("few readings", max(found_n, figures.reading_u) / math.sqrt(2.0 * dof))
    return combine(found_n, "N", [few, Contribution("rounding", figures.rounding_u)])


def _checked(force_n: Floats) -> Floats:
    readings = np.asarray(force_n, dtype=float)
    if readings.ndim != 1 or len(readings) < LEAST_READINGS or not np.isfinite(readings).all():
        raise EstimateError(
            f"{readings.size} readings of the gauge at rest, expected {LEAST_READINGS} or more, all finite"
        )
    return readings
