"""How a quantity changes with the number of insertions: a trend chosen by the data, with its confidence band.

Four laws compete: no change, a straight line in the count, a straight line in its logarithm, and an
approach to a limit, y₀ + A·(1 − e^(−n/τ)). The one with the least corrected information criterion stands
(Hurvich and Tsai, Biometrika 76 (1989) 297), but a change is claimed only where an F test sees it at 1 %.
The band is that of the chosen law; where other laws fit nearly as well, it reaches as far as theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtrit

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import COVERAGE, Measured

Floats = NDArray[np.float64]

MINIMUM_POINTS = 4
CHANGE_RISK = 0.01
NEARLY = 4.0
"""Laws whose criterion is within this of the best are not ruled out (Burnham and Anderson 2002, 2.6)."""

LIMITS = 40
"""So many time constants are tried, from a tenth of the counts' span to three times it."""


class Law(StrEnum):
    """How a quantity changes with the count."""

    NONE = "no change"
    LINE = "straight line"
    LOG = "line on the logarithm of the count"
    LIMIT = "approach to a limit"


@dataclass(frozen=True)
class _Fit:
    """A fitted law: its terms as functions of the count, coefficients, covariance, criterion."""

    law: Law
    terms: Callable[[Floats], Floats]
    coefficients: Floats
    covariance: Floats
    dof: int
    misfit: float
    criterion: float

    def at(self, count: Floats) -> tuple[Floats, Floats]:
        """Return value and half width of the band at counts."""
        design = self.terms(count)
        u = np.sqrt(np.clip(np.einsum("ij,jk,ik->i", design, self.covariance, design), 0.0, None))
        used = design[:, : len(self.coefficients)]
        return used @ self.coefficients, float(stdtrit(self.dof, 0.5 + COVERAGE / 2)) * u


@dataclass(frozen=True)
class Trend:
    """A quantity against the count of insertions.

    Args:
        law: the one that stands.
        considered: those that the data do not rule out, the chosen one first.
        p_value: how often noise alone would make such a change.
        change: last less first count, by the best law that changes at all: with its U it tells how much
            change there may be, also where none is claimed.
        span: least and greatest count.
    """

    law: Law
    considered: tuple[Law, ...]
    p_value: float
    change: Measured
    span: tuple[float, float]
    _fits: tuple[_Fit, ...]

    def band(self, count: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return trend, lower and upper end of its 95 % confidence band at counts within the span.

        Raises:
            EstimateError: a count outside the span: a trend is no forecast.
        """
        n = np.atleast_1d(np.asarray(count, dtype=float))
        if not ((n >= self.span[0]) & (n <= self.span[1])).all():
            raise EstimateError(
                f"counts beyond {self.span[0]:g} to {self.span[1]:g}, where nothing was measured"
            )
        sides = [(value - half, value + half) for value, half in (fit.at(n) for fit in self._fits)]
        low = np.min([side[0] for side in sides], axis=0)
        high = np.max([side[1] for side in sides], axis=0)
        return self._fits[0].at(n)[0], low, high

    def reaches(self, limit: float) -> float | None:
        """Return the least count at which the band reaches a limit; None when it does not within the span."""
        counts = np.geomspace(max(self.span[0], 1e-9), self.span[1], 2000)
        counts[0], counts[-1] = self.span
        first, low, high = self.band(counts)
        inside = high >= limit if first[0] < limit else low <= limit
        return float(counts[int(np.argmax(inside))]) if inside.any() else None


def trend(count: ArrayLike, y: ArrayLike, u: ArrayLike, unit: str) -> Trend:
    """Fit the trend of a quantity against the number of insertions.

    Args:
        count: insertions made by then, shape (n,), increasing, 1 or more.
        y: the quantity; ``u`` its standard uncertainties from one insertion to the next. The scatter about
            the trend, where larger, counts instead.
        unit: of y.

    Raises:
        EstimateError: wrong shapes, not finite, too few points, counts that do not increase, u not positive.
    """
    n, ys, us = (np.asarray(values, dtype=float) for values in (count, y, u))
    if n.ndim != 1 or not n.shape == ys.shape == us.shape or len(n) < MINIMUM_POINTS:
        raise EstimateError(
            f"counts {n.shape}, values {ys.shape} and u {us.shape}, expected {MINIMUM_POINTS} or more of each"
        )
    if not all(np.isfinite(values).all() for values in (n, ys, us)):
        raise EstimateError("points that are not finite, expected numbers everywhere")
    if n[0] < 1 or (np.diff(n) <= 0).any():
        raise EstimateError("counts that do not increase from 1 or more")
    if (us <= 0).any():
        raise EstimateError("u of 0 or less, expected more than 0")
    fits = sorted(_fits(n, ys, us), key=lambda fit: fit.criterion)
    flat = next(fit for fit in fits if fit.law is Law.NONE)
    best = next(fit for fit in fits if fit.law is not Law.NONE)
    p_value, change = _p_value(flat, best), _change(best, n, unit)
    if p_value > CHANGE_RISK:
        best = flat
    near = [fit for fit in fits if fit is not best and fit.criterion <= best.criterion + NEARLY]
    chosen = (best, *near) if best is not flat else (flat,)
    return Trend(
        best.law,
        tuple(fit.law for fit in chosen),
        p_value,
        change,
        (float(n[0]), float(n[-1])),
        chosen,
    )


def _fits(n: Floats, y: Floats, u: Floats) -> list[_Fit]:
    fits = [
        _linear(Law.NONE, lambda c: np.ones((len(c), 1)), 1, n, y, u),
        _linear(Law.LINE, lambda c: np.column_stack([np.ones(len(c)), c / n[-1]]), 2, n, y, u),
        _linear(Law.LOG, lambda c: np.column_stack([np.ones(len(c)), np.log(c)]), 2, n, y, u),
    ]
    if len(n) > MINIMUM_POINTS:
        fits.append(_limit(n, y, u))
    return fits


def _linear(
    law: Law, terms: Callable[[Floats], Floats], parameters: int, n: Floats, y: Floats, u: Floats
) -> _Fit:
    """Fit y = Σ bⱼ·termⱼ by weighted least squares."""
    design = terms(n) / u[:, None]
    coefficients: Floats = np.linalg.lstsq(design, y / u, rcond=None)[0].astype(float)
    misfit = float(((y / u - design @ coefficients) ** 2).sum())
    return _made(law, terms, coefficients, design, misfit, parameters, len(n))


def _limit(n: Floats, y: Floats, u: Floats) -> _Fit:
    """Try time constants; the best one's own uncertainty enters by its derivative."""
    span = float(n[-1] - n[0])
    tried = []
    for tau in np.geomspace(span / 10.0, 3.0 * span, LIMITS):
        design = np.column_stack([np.ones(len(n)), 1.0 - np.exp(-n / tau)]) / u[:, None]
        coefficients: Floats = np.linalg.lstsq(design, y / u, rcond=None)[0].astype(float)
        tried.append((float(((y / u - design @ coefficients) ** 2).sum()), float(tau), coefficients))
    misfit, tau, coefficients = min(tried, key=lambda found: found[0])
    amplitude = float(coefficients[1])

    def terms(c: Floats) -> Floats:
        fades = np.exp(-c / tau)
        return np.column_stack([np.ones(len(c)), 1.0 - fades, -amplitude * c / tau * fades])

    return _made(Law.LIMIT, terms, coefficients, terms(n) / u[:, None], misfit, 3, len(n))


def _made(
    law: Law,
    terms: Callable[[Floats], Floats],
    coefficients: Floats,
    design: Floats,
    misfit: float,
    parameters: int,
    count: int,
) -> _Fit:
    dof = count - parameters
    scatter = max(1.0, misfit / dof)
    covariance: Floats = scatter * np.linalg.pinv(design.T @ design).astype(float)
    # The scale of the scatter is a parameter too. What the stated u explain is no reason for a richer law.
    k = parameters + 1
    left = max(misfit, 0.5 * dof) / count
    penalty = 2.0 * k + 2.0 * k * (k + 1) / max(count - k - 1, 0.5)
    return _Fit(law, terms, coefficients, covariance, dof, misfit, count * math.log(left) + penalty)


def _p_value(flat: _Fit, best: _Fit) -> float:
    """F test of the law against no change, with at least the stated uncertainties as its noise."""
    extra = flat.dof - best.dof
    if extra <= 0:
        return 1.0
    noise = max(1.0, best.misfit / best.dof)
    return float(fdtrc(extra, best.dof, max(0.0, flat.misfit - best.misfit) / extra / noise))


def _change(fit: _Fit, n: Floats, unit: str) -> Measured:
    ends = fit.terms(np.array([n[0], n[-1]]))
    towards = ends[1] - ends[0]
    value = float(towards[: len(fit.coefficients)] @ fit.coefficients)
    u = math.sqrt(max(0.0, float(towards @ fit.covariance @ towards)))
    return result(
        "Δy = y(n_last) − y(n_first)",
        lambda fitted: fitted + 0.0,
        {"fitted": Input(value, u, float(fit.dof), name="fit of the trend")},
        unit,
    )
