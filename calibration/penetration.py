"""Real penetration depth on layered film: at which set depth half the strokes pierce it, and what is lost.

The rim presses on n layers of film over a conductive bed; where half the strokes touch the bed, the needles
truly go as deep as the film is thick. The set depth there is d50. Needles reach further beyond the rim than
that, because they take the film down before they puncture it: extension less penetration is the shortfall.

d50 is that of fresh film: a site that was struck before lets strokes through more easily, by an amount of
which only a limit is known per stroke. Refused: a film without thickness, counts that bracket no transition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import rectangular, refuse_wrong
from calibration.transition import Transition, transition

Floats = NDArray[np.float64]

BOUNCE_SHARE = 0.4
"""Edges nearer to each other than this share of a period are one contact that bounced."""

SHAPE_SHARE = 0.15
"""With one needle, or with many alike, the transition lies off the one that is fitted by so much of σ."""

D50_EQUATION = (
    "d50 = d_fit + δ_shape + δ_step + δ_drift − δ_threshold + n_before·δ_weakening + δ_doming·(F − F_set)"
)
THICKNESS_EQUATION = "p = n·t"
SHORTFALL_EQUATION = "s = e + (d50 − d_e) − p"


@dataclass(frozen=True)
class Counts:
    """What was counted: a row for each site that was struck at a set depth, all arrays of shape (n,).

    ``struck_before`` is the number of strokes a site had met before counting began there; ``force_n`` the
    rim's force on the film.
    """

    set_depth_mm: Floats
    reached: Floats
    strokes: Floats
    struck_before: Floats
    force_n: Floats

    def __post_init__(self) -> None:
        shapes = {np.shape(getattr(self, field.name)) for field in fields(self)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise EstimateError(f"counts of shapes {sorted(shapes)}, expected one shape (n,)")
        for name in ("struck_before", "force_n"):
            if not np.isfinite(getattr(self, name)).all():
                raise EstimateError(f"{name} is not finite")


@dataclass(frozen=True)
class FilmFigures:
    """What is known of film, pen and contact; all in mm and N.

    Args:
        layers, layer_mm, layer_u_mm: the film; the error of a layer's thickness is common to all.
        preload_n: the force of the rim for which d50 is stated.
        force_u_n: standard uncertainty of the mean force.
        doming_limit_mm_per_n: most that the rim's force makes the film bulge.
        weakening_limit_mm: most that a stroke on a site brings the next one nearer to the bed.
        threshold_limit_mm: the contact closes only at some overlap between 0 and this.
        step_mm: least step of the set depth.
        drift_u_mm: standard uncertainty of what pen and nest move meanwhile.

    Raises:
        EstimateError: a figure is negative, not finite, or a film without thickness.
    """

    layers: int
    layer_mm: float
    layer_u_mm: float
    preload_n: float
    force_u_n: float
    doming_limit_mm_per_n: float
    weakening_limit_mm: float
    threshold_limit_mm: float
    step_mm: float
    drift_u_mm: float

    def __post_init__(self) -> None:
        for field in fields(self):
            refuse_wrong(field.name, getattr(self, field.name))
        if self.layers < 1 or self.layer_mm <= 0:
            raise EstimateError(f"{self.layers} layers of {self.layer_mm} mm, expected a film with thickness")


@dataclass(frozen=True)
class Penetration:
    """Real penetration at the set depth ``d50``: the film's thickness; and the transition it comes from."""

    layers: int
    d50: Measured
    penetration: Measured
    transition: Transition


def strokes_counted(
    stamps_s: Sequence[float], *, readings: int, timeout_s: float, period_s: float
) -> tuple[int, int]:
    """Return how many strokes reached the bed, and of how many.

    Each of ``readings`` readings is the next closing of the contact, or nothing after ``timeout_s`` without
    one. Between two closings a multiple of the period has passed, whose other strokes did not reach; a
    reading that came to nothing before the first closing or after the last stands for the strokes in it.

    Args:
        stamps_s: the closings, in order, from an arbitrary origin; bounces are taken for one.

    Raises:
        EstimateError: times that are none, or more closings than readings.
    """
    stamps = np.asarray(stamps_s, dtype=float)
    if not (period_s > 0 and math.isfinite(period_s) and timeout_s > period_s and math.isfinite(timeout_s)):
        raise EstimateError(f"period {period_s} s and time-out {timeout_s} s, expected the time-out longer")
    if stamps.ndim != 1 or len(stamps) > readings:
        raise EstimateError(f"{stamps.size} closings in {readings} readings, expected no more than readings")
    waits = np.diff(stamps)
    if not np.isfinite(stamps).all() or (waits < 0).any():
        raise EstimateError("closings that are not finite or not in order")
    in_vain = readings - len(stamps) - int((waits // timeout_s).sum())
    waits = np.diff(stamps[np.append(True, waits > BOUNCE_SHARE * period_s)]) if len(stamps) else waits
    between = np.maximum(1, np.round(waits / period_s)).sum()
    outside = math.floor(max(0, in_vain) * timeout_s / period_s)
    reached = len(waits) + (len(stamps) > 0)
    return reached, int(between) + (len(stamps) > 0) + outside


def real_penetration(counts: Counts, film: FilmFigures) -> Penetration:
    """Estimate d50 of one film at one stroke rate.

    Raises:
        EstimateError: see :func:`~calibration.transition.transition`.
    """
    found = transition(counts.set_depth_mm, counts.reached, counts.strokes)
    share = (counts.reached + 0.5) / (counts.strokes + 1.0)
    # A visit tells of d50 as far as its strokes were uncertain; where all or none reach, it tells nothing.
    weight = counts.strokes * share * (1.0 - share)
    weight = weight / weight.sum()
    before = float(weight @ (counts.struck_before + counts.strokes / 2))
    shape = SHAPE_SHARE * found.width_mm
    inputs = {
        "d": Input(found.at_mm, found.u_mm, name="strokes"),
        "shape": rectangular(-shape, shape, "shape of the transition"),
        "step": rectangular(-film.step_mm / 2, film.step_mm / 2, "set point"),
        "drift": Input(0.0, film.drift_u_mm, name="drift"),
        "threshold": rectangular(0.0, film.threshold_limit_mm, "contact threshold"),
        "weakening": rectangular(0.0, film.weakening_limit_mm, "holes"),
        "doming": rectangular(0.0, film.doming_limit_mm_per_n, "doming of the film"),
        "force": Input(float(weight @ counts.force_n), film.force_u_n, name="preload"),
    }

    def model(
        *, d: Any, shape: Any, step: Any, drift: Any, threshold: Any, weakening: Any, doming: Any, force: Any
    ) -> Any:
        return d + shape + step + drift - threshold + before * weakening + doming * (force - film.preload_n)

    d50 = result(D50_EQUATION, model, inputs, "mm", as_read=found.at_mm)
    return Penetration(film.layers, d50, _thickness(film), found)


def shortfall(found: Penetration, extension: Measured, set_depth_mm: float) -> Measured:
    """Return how much less deep than they reach beyond the rim the needles go, mm.

    Args:
        extension: extension at speed without film, at the same rate; measured with the pen set to
            ``set_depth_mm``, near d50: the small rest is taken to move the needles one to one.

    Raises:
        EstimateError: the set depth is not finite.
    """
    if not math.isfinite(set_depth_mm):
        raise EstimateError(f"set depth {set_depth_mm} mm, expected a finite number")
    inputs = {
        "e": Input(extension.value, extension.u, extension.dof, name="extension at speed"),
        "d50": Input(found.d50.value, found.d50.u, found.d50.dof, name="d50"),
        "p": Input(found.penetration.value, found.penetration.u, name="film thickness"),
    }

    def model(*, e: Any, d50: Any, p: Any) -> Any:
        return e + (d50 - set_depth_mm) - p

    return result(SHORTFALL_EQUATION, model, inputs, "mm")


def _thickness(film: FilmFigures) -> Measured:
    inputs = {"t": Input(film.layer_mm, film.layer_u_mm, name="film thickness")}
    return result(THICKNESS_EQUATION, lambda *, t: film.layers * t, inputs, "mm")
