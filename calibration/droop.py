"""What a contact force costs: rate lost, or extension lost, as a weighted straight line with its band.

Under load a motor slows and a cartridge gives way, both nearly in proportion to the force. The line is
y = y₀ + b·F through points with known uncertainty in y and in F; that in F counts as b·u(F) in y. Where the
points scatter by more than they state, their scatter counts. It refuses fewer than four different forces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.measured import COVERAGE, Measured

Floats = NDArray[np.float64]

MINIMUM_POINTS = 4
ROUNDS = 3
"""The weights depend on the slope; it changes them by less than a part in a thousand after so many rounds."""


@dataclass(frozen=True)
class LoadLine:
    """y = y₀ + b·F.

    Args:
        unloaded: y₀; ``slope`` b in the unit of y per newton.
        covariance: of (y₀, b), shape (2, 2), scatter included.
        dof: of that covariance.
        reduced_chi_square: misfit over what the points' uncertainties explain.
    """

    unloaded: float
    slope: float
    covariance: Floats
    dof: float
    reduced_chi_square: float

    def band(self, force_n: ArrayLike) -> tuple[Floats, Floats]:
        """Return the line at forces, and half the width of its confidence band (k·u for 95.45 %)."""
        f = np.asarray(force_n, dtype=float)
        u = np.sqrt(self.covariance[0, 0] + 2 * f * self.covariance[0, 1] + f * f * self.covariance[1, 1])
        k = 2.0 if math.isinf(self.dof) else float(stdtrit(self.dof, 0.5 + COVERAGE / 2))
        return self.unloaded + self.slope * f, k * u


def load_line(force_n: ArrayLike, y: ArrayLike, *, u_force: ArrayLike, u_y: ArrayLike) -> LoadLine:
    """Fit a line against force with errors in both (effective variance: Orear, Am. J. Phys. 50 (1982) 912).

    Args:
        force_n, y: the points, shape (n,).
        u_force, u_y: their standard uncertainties, shape (n,); u_y more than 0.

    Raises:
        EstimateError: wrong shapes, not finite, too few points or forces, uncertainties not positive.
    """
    f, ys, uf, uy = (np.asarray(values, dtype=float) for values in (force_n, y, u_force, u_y))
    if f.ndim != 1 or not f.shape == ys.shape == uf.shape == uy.shape:
        raise EstimateError(
            f"points of shapes {f.shape}, {ys.shape}, {uf.shape}, {uy.shape}, expected one (n,)"
        )
    if not all(np.isfinite(values).all() for values in (f, ys, uf, uy)):
        raise EstimateError("points that are not finite, expected numbers everywhere")
    if len(np.unique(f)) < MINIMUM_POINTS:
        raise EstimateError(f"{len(np.unique(f))} different forces, expected {MINIMUM_POINTS} or more")
    if (uy <= 0).any() or (uf < 0).any():
        raise EstimateError("u(y) of 0 or less, or a negative u(force), expected positive")
    slope = 0.0
    for _ in range(ROUNDS):
        unloaded, slope, covariance, chi = _weighted(f, ys, np.hypot(uy, slope * uf))
    dof = len(f) - 2
    scatter = chi / dof
    if scatter > 1.0:
        return LoadLine(unloaded, slope, covariance * scatter, float(dof), scatter)
    return LoadLine(unloaded, slope, covariance, math.inf, scatter)


def _weighted(f: Floats, y: Floats, u: Floats) -> tuple[float, float, Floats, float]:
    w = 1.0 / u**2
    middle = float(w @ f / w.sum())
    spread = float(w @ (f - middle) ** 2)
    if not (math.isfinite(spread) and spread > 0):
        raise EstimateError("forces too close together for their uncertainty: no line")
    slope = float(w @ ((f - middle) * y)) / spread
    mean = float(w @ y / w.sum())
    var, var_b = 1.0 / float(w.sum()), 1.0 / spread
    covariance = np.array([[var + middle**2 * var_b, -middle * var_b], [-middle * var_b, var_b]])
    return mean - slope * middle, slope, covariance, float(w @ (y - mean - slope * (f - middle)) ** 2)


def rate_droop(line: LoadLine, *, gain_u: float) -> Measured:
    """Return the relative loss of rate per newton of mean contact force, 1/N.

    Args:
        line: of the rate against the mean force.
        gain_u: relative standard uncertainty of the gauge.

    Raises:
        EstimateError: no rate at no load, or a gauge that is not known.
    """
    _check_gain(gain_u)
    if not line.unloaded > 0:
        raise EstimateError(f"an unloaded rate of {line.unloaded}, expected more than 0")
    # The ratio's own variance, as slope and unloaded rate are not independent.
    ratio = -line.slope / line.unloaded
    towards = np.array([ratio, 1.0]) / line.unloaded
    fit_u = math.sqrt(float(towards @ line.covariance @ towards))
    return result(
        "κ = κ_fit/g",
        lambda fit, g: fit / g,
        {
            "fit": Input(ratio, fit_u, line.dof, name="rates and forces"),
            "g": Input(1.0, gain_u, name="gauge"),
        },
        "1/N",
    )


def extension_loss(line: LoadLine, *, gain_u: float, stage_scale_u: float, nest_mm_per_n: float) -> Measured:
    """Return the extension lost per newton of contact force, mm/N, free of what the bench itself gives.

    Args:
        line: of the plate's position against the force on the needles at rest.
        gain_u, stage_scale_u: relative standard uncertainties of gauge and stage.
        nest_mm_per_n: most the nest, the plate and the gauge give a newton; half of it is taken off.

    Raises:
        EstimateError: a figure that is not known.
    """
    _check_gain(gain_u)
    for name, size in (("stage_scale_u", stage_scale_u), ("nest_mm_per_n", nest_mm_per_n)):
        if not (math.isfinite(size) and size >= 0):
            raise EstimateError(f"{name} = {size}, expected a finite number, not negative")
    nest = nest_mm_per_n / 2
    return result(
        "c = c_fit·s/g − c_nest",
        lambda fit, s, g, nest: fit * s / g - nest,
        {
            "fit": Input(line.slope, math.sqrt(line.covariance[1, 1]), line.dof, name="positions and forces"),
            "s": Input(1.0, stage_scale_u, name="stage"),
            "g": Input(1.0, gain_u, name="gauge"),
            "nest": Input(
                nest, nest / math.sqrt(3.0), distribution=Distribution.RECTANGULAR, name="nest and plate"
            ),
        },
        "mm/N",
        as_read=line.slope,
    )


def _check_gain(gain_u: float) -> None:
    if not (math.isfinite(gain_u) and gain_u >= 0):
        raise EstimateError(f"gauge u = {gain_u}, expected a finite number, not negative")
