"""The force just before the first puncture, where noise leaves open which reading came before it.

A cut of the whole record (:mod:`calibration.change_points`) asks for much before it believes in a piece, so
a needle that punctures a few readings before another one is cut together with it, and a force that falls
needle by needle is cut where two lines cross. Here every place near the cut is weighed (Bayes): how well a
smooth rise up to there and what follows it explain the readings. Force and uncertainty are those of all
places, each with its weight; what is known beforehand is how densely punctures lie and that none raises
the force.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.change_points import FEWEST

Floats = NDArray[np.float64]

AROUND = 60
"""So many readings before and after the cut are places that are weighed."""

LEAST_RISE = 15
"""Readings that a rise has at least."""

LEAST_DROP = 0.15
"""A needle that punctures lets go of this share of its force at least."""

SURE, TINY = 1e-9, 1e-300


@dataclass(frozen=True)
class Known:
    """What is known before the place is sought.

    Args:
        sigma: standard deviation of a reading, N.
        bend: standard uncertainty of the rise's second derivative, N/mm².
        drop_n: most that the force falls when one needle punctures, N, more than 0.
        spacing_mm: mean way between two punctures, more than 0.
    """

    sigma: float
    bend: float
    drop_n: float
    spacing_mm: float


@dataclass(frozen=True)
class Level:
    """A force with its standard uncertainty, N, and the slope of the rise there, N/mm."""

    force_n: float
    u_n: float
    slope: float


@dataclass(frozen=True)
class Piece:
    """Readings before a cut, and after it until the next one: first, cut and end are their indices."""

    z: Floats
    f: Floats
    first: int
    cut: int
    end: int


def force_before(piece: Piece, known: Known) -> Level:
    """Return the force just before the first puncture, N, its uncertainty that of its place included."""
    earliest = min(piece.cut, max(piece.first + LEAST_RISE, piece.cut - AROUND))
    latest = max(piece.cut, min(piece.end - FEWEST, piece.cut + AROUND))
    logs, levels = zip(*(_weighed(piece, known, place) for place in range(earliest, latest + 1)), strict=True)
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    forces, us, slopes = np.array([(level.force_n, level.u_n, level.slope) for level in levels]).T
    mean = float(weights @ forces)
    return Level(mean, math.sqrt(float(weights @ (us**2 + (forces - mean) ** 2))), float(weights @ slopes))


def _weighed(piece: Piece, known: Known, place: int) -> tuple[float, Level]:
    """Return the logarithm of a place's weight, and the force there."""
    z, f, cut, end = piece.z, piece.f, piece.cut, piece.end
    misfit, level = _rise(piece, known, place)
    if place >= cut:
        return -0.5 * (misfit + _line(z[place:end], f[place:end], known.sigma)), level
    between, prior = _hidden(piece, known, place, level)
    return -0.5 * (misfit + between + _line(z[cut:end], f[cut:end], known.sigma)) + math.log(prior), level


def _hidden(piece: Piece, known: Known, place: int, level: Level) -> tuple[float, float]:
    """Let a needle puncture before the one of the cut: the rise goes on from there, a step lower.

    Returns:
        The misfit between the two; the probability of such a puncture there over that of none, its drop
        being anything between the least and the largest (Laplace's integral over the drop).
    """
    z, f, cut, first = piece.z, piece.f, piece.cut, piece.first
    goes_on = level.force_n + level.slope * (z[place:cut] - _middle(z, place))
    step_n, step_u = float((goes_on - f[place:cut]).mean()), known.sigma / math.sqrt(cut - place)
    misfit = float(((f[place:cut] - goes_on + step_n) ** 2).sum()) / known.sigma**2
    u, least_n = math.hypot(step_u, level.u_n), LEAST_DROP * known.drop_n
    possible = _normal((known.drop_n - step_n) / u) - _normal((least_n - step_n) / u)
    gap_mm = float(z[cut - 1] - z[first]) / (cut - 1 - first)
    density = gap_mm / known.spacing_mm * math.sqrt(2 * math.pi) * step_u / (known.drop_n - least_n)
    return misfit, max(density * possible, TINY)


def _rise(piece: Piece, known: Known, place: int) -> tuple[float, Level]:
    """Fit a line with a curvature of 0 ± ``bend`` up to a place; return its misfit, and what it is there."""
    z, f = piece.z[piece.first : place], piece.f[piece.first : place]
    at_mm = _middle(piece.z, place)
    reach = float(at_mm - z[0]) or 1.0
    t = (z - at_mm) / reach
    design = np.column_stack([np.ones_like(t), t, t * t]) / known.sigma
    bent = max(known.bend * reach**2 / 2.0, SURE * known.sigma)
    covariance = np.linalg.inv(design.T @ design + np.diag([0.0, SURE**2, bent**-2]))
    force_n, rise, curve = (float(p) for p in covariance @ (design.T @ (f / known.sigma)))
    left = design @ np.array([force_n, rise, curve]) - f / known.sigma
    misfit = float(left @ left) + (curve / bent) ** 2
    return misfit, Level(force_n, math.sqrt(covariance[0, 0]), rise / reach)


def _line(z: Floats, f: Floats, sigma: float) -> float:
    """Return the misfit of a straight line."""
    x, y = z - z.mean(), f - f.mean()
    spread = float(x @ x)
    slope = float(x @ y) / spread if spread > 0 else 0.0
    return float(((y - slope * x) ** 2).sum()) / sigma**2


def _middle(z: Floats, place: int) -> float:
    """Return the position half-way between a reading and the one before it."""
    return 0.5 * float(z[place - 1] + z[place])


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
