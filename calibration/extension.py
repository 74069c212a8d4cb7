"""Extension at speed: how far the running needles reach beyond the rim, from duty against gap.

While the pen runs against a plate at gap g below the rim, contact is closed as long as the tip is
further out than g. The crank moves the tip as
e(θ) = e_max − (s/2)·[(1 − cos θ) + (λ/4)·(1 − cos 2θ)] with crank ratio λ, so a stroke with duty D opens
and closes at θ = π·D, where the tip stands h(πD) below its top: g = e_max − h. Measured at several gaps,
g against h is a straight line whose intercept is e_max; its slope takes up what the stroke and the
speed's ripple differ from the design.

h is evaluated stroke by stroke before averaging: it is the *overlap*, not its root, that the scatter of
the strokes' tops leaves unbiased.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

MINIMUM_GAPS = 3
MINIMUM_STROKES = 5
OUTLIER_MADS = 8.0
MAD_TO_SIGMA = 1.4826
RESOLUTION_FLOOR = 1e-6


@dataclass(frozen=True)
class Systematics:
    """What no number of strokes averages away; all in mm, of known sign or symmetric.

    Args:
        datum: the rim datum's position and uncertainty.
        threshold_limit: the contact closes only at some overlap between 0 and this.
        tilt_limit: the plate touches the rim too early by something between 0 and this.
        stage_u: standard uncertainty of a difference of stage positions.
        drift_u: standard uncertainty of what pen and nest move between datum and measurement.
    """

    datum: Measured
    threshold_limit: float
    tilt_limit: float
    stage_u: float
    drift_u: float


@dataclass(frozen=True)
class Extension:
    """Extension at speed (mm), the slope of the line (1 for a pen as designed), and the misfit (mm)."""

    extension: Measured
    slope: float
    residual_mm: float
    strokes: int
    rejected: int


def crank_drop(duty: Floats, *, stroke_mm: float, crank_ratio: float) -> Floats:
    """Return how far below its top (mm) the tip opens and closes a contact of the given duty (0 to 1)."""
    angle = np.pi * np.asarray(duty, dtype=float)
    return stroke_mm / 2 * ((1 - np.cos(angle)) + crank_ratio / 4 * (1 - np.cos(2 * angle)))


def coarse_extension(
    gap_mm: float, duties: Sequence[float], *, stroke_mm: float, crank_ratio: float
) -> float:
    """Return a first guess of the extension (mm) from the duties at one gap; for planning only."""
    drops = crank_drop(np.array(duties), stroke_mm=stroke_mm, crank_ratio=crank_ratio)
    return gap_mm + float(np.median(drops))


def extension_at_speed(
    plate_mm: Floats,
    duties: Sequence[Floats],
    *,
    stroke_mm: float,
    crank_ratio: float,
    systematics: Systematics,
) -> Extension:
    """Estimate the extension at speed.

    Args:
        plate_mm: stage position of each gap, mm, shape (J,).
        duties: for each gap the duty of each stroke, shape (n_j,).
        stroke_mm, crank_ratio: the pen's design.
        systematics: datum, contact and alignment.

    Raises:
        EstimateError: too few gaps or strokes, or data that are no crank's.
    """
    plate = np.asarray(plate_mm, dtype=float)
    if plate.ndim != 1 or len(plate) != len(duties) or len(plate) < MINIMUM_GAPS:
        raise EstimateError(f"{len(duties)} gaps, expected {MINIMUM_GAPS} or more, a position each")
    kept = [_without_outliers(crank_drop(d, stroke_mm=stroke_mm, crank_ratio=crank_ratio)) for d in duties]
    for position, drops in zip(plate, kept, strict=True):
        if len(drops) < MINIMUM_STROKES:
            raise EstimateError(
                f"{len(drops)} strokes at {position:.3f} mm, expected {MINIMUM_STROKES} or more"
            )
    gaps = systematics.datum.value - plate
    weights = np.array([float(len(drops)) for drops in kept])
    means = np.array([float(drops.mean()) for drops in kept])
    intercept, slope, lever = _line(means, gaps, weights)
    if not 0.7 < -slope < 1.4:
        raise EstimateError(
            f"duty falls with the gap {-slope:.2f} times as a crank's would, expected about 1"
        )
    misfit = gaps - intercept - slope * means
    scatter, dof = _scatter(kept, misfit, weights)
    closing, touching = systematics.threshold_limit, systematics.tilt_limit
    # Both effects make the needles seem too short, by anything between nothing and their limit.
    corrected = intercept + closing / 2 + touching / 2
    budget = [
        Contribution("strokes", scatter * lever, dof),
        Contribution("rim datum", systematics.datum.u, systematics.datum.dof),
        Contribution("contact threshold", closing / math.sqrt(12)),
        Contribution("plate tilt", touching / math.sqrt(12)),
        Contribution("stage", systematics.stage_u),
        Contribution("drift since the datum", systematics.drift_u),
    ]
    rejected = sum(len(d) for d in duties) - int(weights.sum())
    measured = combine(corrected, "mm", budget, as_read=intercept)
    return Extension(measured, -slope, float(np.abs(misfit).max()), int(weights.sum()), rejected)


def _without_outliers(drops: Floats) -> Floats:
    """Drop strokes that bounced or were missed: their duty is that of something else."""
    drops = drops[np.isfinite(drops)]
    if len(drops) == 0:
        return drops
    centre = float(np.median(drops))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(drops - centre)))
    return drops[np.abs(drops - centre) <= OUTLIER_MADS * max(spread, RESOLUTION_FLOOR)]


def _line(x: Floats, y: Floats, weights: Floats) -> tuple[float, float, float]:
    """Weighted straight line; returns intercept, slope, and u(intercept) per unit of a stroke's scatter."""
    total = weights.sum()
    x_mean, y_mean = float((weights * x).sum() / total), float((weights * y).sum() / total)
    spread = float((weights * (x - x_mean) ** 2).sum())
    if spread <= 0:
        raise EstimateError("all gaps show the same duty, expected it to grow as the gap closes")
    slope = float((weights * (x - x_mean) * (y - y_mean)).sum()) / spread
    return y_mean - slope * x_mean, slope, math.sqrt(1.0 / total + x_mean**2 / spread)


def _scatter(kept: Sequence[Floats], misfit: Floats, weights: Floats) -> tuple[float, float]:
    """Scatter of a single stroke (mm): within gaps, or between them where that is larger."""
    inside = sum(float(((drops - drops.mean()) ** 2).sum()) for drops in kept)
    dof_inside = sum(len(drops) - 1 for drops in kept)
    within = inside / dof_inside
    dof_between = len(misfit) - 2
    between = float((weights * misfit**2).sum()) / dof_between
    if between > within:
        return math.sqrt(between), float(dof_between)
    return math.sqrt(within), float(dof_inside)
