"""Extension at speed: how far the running needles reach beyond the rim, from duty against gap.

While the pen runs against a plate at gap g below the rim, contact is closed as long as the tip is
further out than g. The crank moves the tip as
e(θ) = e_max − (s/2)·[(1 − cos θ) + (λ/4)·(1 − cos 2θ)] with crank ratio λ, so a stroke with duty D opens
and closes at θ = π·D, where the tip stands h(πD) below its top: g = e_max − h. Measured at several gaps,
g against h is a straight line whose intercept is e_max; its slope takes up what the stroke and the
speed's ripple differ from the design.

h is evaluated stroke by stroke before averaging: it is the *overlap*, not its root, that the scatter of
the strokes' tops leaves unbiased. What bends the line (speed that varies within the stroke, a motor that
slows under the needles' load) grows with the square of the deepest overlap and is a line of the budget.
What the gaps are worth as distances is :mod:`~calibration.plate_distance`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import (
    DISTANCE,
    SHARED,
    Travel,
    distance,
    distance_inputs,
    needle_tilt,
    rectangular,
    refuse_wrong,
)

Floats = NDArray[np.float64]

MINIMUM_GAPS = 3
COARSE_LEVER_MM = 0.02
MINIMUM_STROKES = 5
OUTLIER_SIGMAS = 4.0
MAD_TO_SIGMA = 1.4826
RESOLUTION_FLOOR_MM = 1e-6
FADING_SIGMAS = 4.0
"""At a gap that the tops overlap by less than this, only the longer strokes are seen: it is left out."""

LOAD_CURVATURE_PER_MM = 0.01
RIPPLE_CURVATURE_PER_MM = 0.2
"""What bends the line moves its intercept by up to (load + ripple·|1 − slope|)·(deepest overlap)².

The first is a motor that loses 0.4 % of its speed per newton behind 6 N/mm, or a crank ratio that is off
by half; the second is speed that varies once and twice a stroke, at the worst phase.
"""

MISFIT_RISK = 0.01
"""Scatter between gaps replaces that within them when chance alone gives so much in fewer cases than this."""

SLOPES = (0.7, 1.4)

COMMON_LINES = (*SHARED, "contact threshold")
"""Budget lines that are one and the same error in all extensions of one pen on one plate."""

EQUATION = f"e = {DISTANCE} + δ_threshold + δ_tilt + δ_crank + δ_drift, with d = z_rim − z_plate + h"


@dataclass(frozen=True)
class Systematics:
    """What no number of strokes averages away.

    Args:
        datum: the rim datum's place and uncertainty, mm.
        travel: what distances by the stage may be wrong by.
        threshold_limit_mm: the contact closes only at some overlap between 0 and this.
        needle_tilt_limit_mm: a tilted plate is nearer to a needle, or farther, by at most this.

    Raises:
        EstimateError: a figure is negative or not finite.
    """

    datum: Measured
    travel: Travel
    threshold_limit_mm: float
    needle_tilt_limit_mm: float

    def __post_init__(self) -> None:
        refuse_wrong("threshold_limit_mm", self.threshold_limit_mm)
        refuse_wrong("needle_tilt_limit_mm", self.needle_tilt_limit_mm)


@dataclass(frozen=True)
class Extension:
    """Extension at speed (mm), the slope of the line (1 for a pen as designed), and the misfit (mm).

    ``top_scatter_mm`` is the standard deviation of a single stroke's top.
    """

    extension: Measured
    slope: float
    residual_mm: float
    top_scatter_mm: float
    strokes: int
    rejected: int


def crank_drop(duty: Floats, *, stroke_mm: float, crank_ratio: float) -> Floats:
    """Return how far below its top (mm) the tip opens and closes a contact of the given duty (0 to 1)."""
    angle = np.pi * np.asarray(duty, dtype=float)
    return stroke_mm / 2 * ((1 - np.cos(angle)) + crank_ratio / 4 * (1 - np.cos(2 * angle)))


def contact_load_n(
    overlap_mm: float, *, stroke_mm: float, crank_ratio: float, spring_n_per_mm: float
) -> float:
    """Return the mean force (N) over a stroke whose top overlaps the plate by ``overlap_mm``.

    The overlap is a parabola of the crank angle near the top, closed over the duty D with
    (πD)² = 4·overlap / (s·(1 + λ)); its mean while closed is 2/3 of its peak.
    """
    duty = 2.0 / math.pi * math.sqrt(overlap_mm / (stroke_mm * (1.0 + crank_ratio)))
    return spring_n_per_mm * overlap_mm * 2.0 / 3.0 * duty


def edge_scatter(overlap_mm: float, top_scatter_mm: float, *, stroke_mm: float, crank_ratio: float) -> float:
    """Return how far the scatter of the strokes' tops moves the contact's edges, in periods.

    Near the top the contact closes at θ with θ² = 4·overlap / (s·(1 + λ)); a top that is higher by δ closes
    it earlier by dθ = θ·δ / (2·overlap). δ is known from duties, each of which is a width over the time to
    the next edge, and that edge scatters too: duties D show only √((2 − D)² + D²)/2 of it.
    """
    angle = 2.0 * math.sqrt(overlap_mm / (stroke_mm * (1.0 + crank_ratio)))
    duty = angle / math.pi
    shown = math.hypot(2.0 - duty, duty) / 2.0
    return angle * top_scatter_mm / shown / (2.0 * overlap_mm) / (2.0 * math.pi)


def coarse_extension(
    gaps_mm: Sequence[float], duties: Sequence[Sequence[float]], *, stroke_mm: float, crank_ratio: float
) -> float:
    """Return a first guess of the extension (mm) from the duties at one or more gaps; for planning only.

    Gaps that differ enough show how this pen's overlap grows; otherwise it is taken to be the design's.
    """
    # The lower of two middle ones: with few strokes a bounce, which looks like a deep one, must not win.
    drops = [
        float(crank_drop(np.array([median_low(d)]), stroke_mm=stroke_mm, crank_ratio=crank_ratio)[0])
        for d in duties
    ]
    slope = 1.0
    if max(drops) - min(drops) > COARSE_LEVER_MM:
        slope = -float(np.polyfit(drops, gaps_mm, 1)[0])
    return float(np.mean(gaps_mm) + slope * np.mean(drops))


def extension_at_speed(
    plate_mm: Floats,
    duties: Sequence[Floats],
    *,
    stroke_mm: float,
    crank_ratio: float,
    systematics: Systematics,
    plate_as_read_mm: Floats | None = None,
) -> Extension:
    """Estimate the extension at speed.

    Args:
        plate_mm: stage position of each gap, mm, shape (J,).
        duties: for each gap the duty of each stroke, shape (n_j,).
        stroke_mm, crank_ratio: the pen's design.
        systematics: datum, contact and alignment.
        plate_as_read_mm: the positions before the certificate's correction, where there is one; they go
            with the datum's ``as_read``.

    Returns:
        The mean reach of the longest needle at its top, with its budget.

    Raises:
        EstimateError: too few gaps or strokes, duties that no contact has, or data that are no crank's.
    """
    drops = _drops(plate_mm, duties, stroke_mm=stroke_mm, crank_ratio=crank_ratio)
    sigma = _stroke_sigma(drops)
    kept = [_near_median(d, OUTLIER_SIGMAS * sigma) for d in drops]
    usable = np.array([len(d) >= 2 and float(np.median(d)) >= FADING_SIGMAS * sigma for d in kept])
    if usable.sum() < MINIMUM_GAPS:
        raise EstimateError(
            f"only {usable.sum()} of {len(kept)} gaps are overlapped by the tops' scatter "
            f"({sigma * 1e3:.1f} µm) {FADING_SIGMAS:g} times, expected {MINIMUM_GAPS} or more"
        )
    kept = [d for d, use in zip(kept, usable, strict=True) if use]
    datum = systematics.datum
    line = _fit_line(kept, datum.value - np.asarray(plate_mm, dtype=float)[usable])
    read_mm, rim_read_mm = plate_mm if plate_as_read_mm is None else plate_as_read_mm, datum.as_read
    if rim_read_mm is None:
        rim_read_mm = datum.value
    as_read = _fit_line(kept, rim_read_mm - np.asarray(read_mm, dtype=float)[usable]).intercept
    measured = result(EQUATION, _model, _inputs(systematics, line), "mm", as_read=as_read)
    strokes = sum(len(d) for d in kept)
    rejected = sum(len(d) for d in duties) - strokes
    return Extension(measured, line.slope, line.misfit, _pooled_scatter(kept)[0], strokes, rejected)


@dataclass(frozen=True)
class _Line:
    """Gap against drop: intercept (mm) with u and dof, slope (1), largest misfit and deepest overlap (mm)."""

    intercept: float
    u: float
    dof: float
    slope: float
    misfit: float
    deepest: float


def _model(*, d: Any, threshold: Any, tilt: Any, crank: Any, drift: Any, **travel: Any) -> Any:
    return distance(d, **travel) + threshold + tilt + crank + drift


def _inputs(systematics: Systematics, line: _Line) -> dict[str, Input]:
    travel = systematics.travel
    bend = (LOAD_CURVATURE_PER_MM + RIPPLE_CURVATURE_PER_MM * abs(1 - line.slope)) * line.deepest**2
    return {
        "d": Input(line.intercept, line.u, line.dof, name="strokes"),
        **distance_inputs(travel, systematics.datum),
        # The needles seem too short by whatever overlap the contact needs.
        "threshold": rectangular(0.0, systematics.threshold_limit_mm, "contact threshold"),
        "tilt": needle_tilt(systematics.needle_tilt_limit_mm),
        "crank": rectangular(-bend, bend, "crank model"),
        "drift": Input(0.0, travel.drift_u_mm, name="drift since the datum"),
    }


def _drops(
    plate_mm: Floats, duties: Sequence[Floats], *, stroke_mm: float, crank_ratio: float
) -> list[Floats]:
    """Check the data; return the drops (mm) of the strokes at each gap."""
    plate = np.asarray(plate_mm, dtype=float)
    if plate.ndim != 1 or len(plate) != len(duties) or len(plate) < MINIMUM_GAPS:
        raise EstimateError(
            f"{len(duties)} gaps and plate positions {plate.shape}, expected {MINIMUM_GAPS} or more of both"
        )
    if not np.isfinite(plate).all() or not (stroke_mm > 0 and 0 <= crank_ratio < 1):
        raise EstimateError(f"plate {plate}, stroke {stroke_mm} mm, crank ratio {crank_ratio}: no crank's")
    drops = []
    for position, strokes in zip(plate, duties, strict=True):
        duty = np.asarray(strokes, dtype=float)
        if duty.ndim != 1 or len(duty) < MINIMUM_STROKES:
            raise EstimateError(
                f"{duty.size} strokes at {position:.3f} mm, expected {MINIMUM_STROKES} or more"
            )
        if not ((duty >= 0) & (duty <= 1)).all():
            raise EstimateError(f"duties at {position:.3f} mm that are not all between 0 and 1")
        drops.append(crank_drop(duty, stroke_mm=stroke_mm, crank_ratio=crank_ratio))
    return drops


def _stroke_sigma(drops: Sequence[Floats]) -> float:
    """Scatter of a single stroke (mm), the same at every gap: strokes that bounced or were missed aside."""
    deviations = np.concatenate([np.abs(d - np.median(d)) for d in drops])
    first = max(MAD_TO_SIGMA * float(np.median(deviations)), RESOLUTION_FLOOR_MM)
    # Disturbed strokes raise even a median; without the obvious ones it says what the sound ones scatter.
    sound = deviations[deviations <= OUTLIER_SIGMAS * first]
    return max(MAD_TO_SIGMA * float(np.median(sound)), RESOLUTION_FLOOR_MM)


def _near_median(drops: Floats, most: float) -> Floats:
    """Drop strokes that bounced or were missed: their duty is that of something else.

    Each takes the reading behind it along: after a bounce that is the rest of the same stroke, which
    seems too short.
    """
    near = np.abs(drops - np.median(drops)) <= most
    near[1:] &= near[:-1].copy()
    return drops[near]


def _fit_line(kept: Sequence[Floats], gaps: Floats) -> _Line:
    """Weighted straight line of gap against mean drop."""
    counts = np.array([float(len(d)) for d in kept])
    means = np.array([float(d.mean()) for d in kept])
    total = counts.sum()
    x, y = float(counts @ means / total), float(counts @ gaps / total)
    spread = float(counts @ (means - x) ** 2)
    if spread <= 0:
        raise EstimateError("all gaps show the same duty, expected it to grow as the gap closes")
    slope = float(counts @ ((means - x) * (gaps - y))) / spread
    if not SLOPES[0] < -slope < SLOPES[1]:
        raise EstimateError(
            f"the overlap grows {-slope:.2f} times as a crank's would as the gap closes, expected about 1"
        )
    misfit = gaps - y - slope * (means - x)
    scatter, dof = _scatter(kept, misfit, counts)
    lever = math.sqrt(1.0 / total + x**2 / spread)
    intercept = y - slope * x
    deepest = intercept - float(gaps.min())
    return _Line(intercept, scatter * lever, dof, -slope, float(np.abs(misfit).max()), deepest)


def _scatter(kept: Sequence[Floats], misfit: Floats, counts: Floats) -> tuple[float, float]:
    """Scatter of a single stroke (mm): within gaps, or between them where that is clearly larger (F test)."""
    within, dof_within = _pooled_scatter(kept)
    dof_between = len(misfit) - 2
    between = float(counts @ misfit**2) / dof_between
    if between > within**2 * fdtri(dof_between, dof_within, 1.0 - MISFIT_RISK):
        return math.sqrt(between), float(dof_between)
    return within, dof_within


def _pooled_scatter(kept: Sequence[Floats]) -> tuple[float, float]:
    """Standard deviation of a stroke (mm) about the mean of its gap, with its degrees of freedom."""
    dof = float(sum(len(d) - 1 for d in kept))
    return math.sqrt(sum(float(((d - d.mean()) ** 2).sum()) for d in kept) / dof), dof
