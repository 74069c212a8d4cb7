"""Calibration curves: polynomials through measured points, with everything that can be said of them.

Coefficients and their uncertainties are right to the last digits of a float on the worst of NIST's reference
data, because they are solved in whole numbers. Predictions come from a second solution about the points'
middle, where no digits cancel. Errors in both variables: :mod:`calibration.errors_in_both`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import EstimateError
from calibration.exact_least_squares import Whole, solve, whole
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

GREATEST, LEAST = 1e60, 1e-60
"""Magnitudes that are fitted: beyond them a number is a mistake, and whole numbers would grow without end."""

ROOT_TOLERANCE = 4 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class LinearFit:
    """A least-squares fit, linear in its coefficients.

    Args:
        coefficients: shape (p,).
        covariance: theirs, shape (p, p).
        residual_sd: √(Σ w (y − ŷ)²/(n − p)); in the unit of y when no u(y) was given, else a pure number,
            whose square is the reduced χ². NaN when no point is left over.
        r_squared: share of the (weighted) variation of y that is explained; about 0 without a constant.
        dof: degrees of freedom of the uncertainties; infinite when u(y) was given.
    """

    coefficients: Floats
    covariance: Floats
    residual_sd: float
    r_squared: float
    dof: float

    @property
    def u(self) -> Floats:
        """Standard uncertainties of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class PolynomialFit:
    """y = Σ bⱼ·xʲ through points.

    Args:
        fit: the coefficients bⱼ, lowest power first.
        centred: the same polynomial in powers of x − ``centre``.
        exponents: powers of x it has.
        span: least and greatest x of the points.
    """

    fit: LinearFit
    centred: LinearFit
    centre: float
    exponents: tuple[int, ...]
    span: tuple[float, float]

    def predict(self, x: float, unit: str = "1") -> Measured:
        """Return the curve's value at an exactly known x, with the curve's own uncertainty (GUM H.3.4).

        Raises:
            EstimateError: x is not finite.
        """
        if not math.isfinite(x):
            raise EstimateError(f"x = {x}, expected a finite number")
        powers = self._powers(x)
        value = float(powers @ self.centred.coefficients)
        u = math.sqrt(max(0.0, float(powers @ self.centred.covariance @ powers)))
        return combine(value, unit, [Contribution("calibration curve", u, self.centred.dof)])

    def slope(self, x: float) -> float:
        """Return dy/dx at x."""
        t = x - self.centre
        terms = [j * t ** (j - 1) if j else 0.0 for j in self.exponents]
        return float(np.array(terms) @ self.centred.coefficients)

    def inverse(
        self, y: Measured, unit: str = "1", *, between: tuple[float, float] | None = None
    ) -> Measured:
        """Return the x at which the curve has the value ``y``.

        u(x)² = (u(y)² + u(curve at x)²)/slope².

        Args:
            y: the reading.
            unit: of x.
            between: where to look; the span of the points when missing.

        Raises:
            EstimateError: the curve turns back there, or does not reach y.
        """
        from scipy.optimize import brentq

        low, high = self.span if between is None else between
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise EstimateError(f"between {low} and {high}, expected finite and in order")
        self._refuse_turns(low, high)
        ends = [self.predict(end).value - y.value for end in (low, high)]
        if not math.isfinite(y.value) or ends[0] * ends[1] > 0:
            raise EstimateError(
                f"the curve goes from {ends[0] + y.value:.6g} to {ends[1] + y.value:.6g} between "
                f"x = {low:g} and {high:g}, expected it to reach {y.value:.6g}"
            )
        x = float(brentq(lambda at: self.predict(at).value - y.value, low, high, rtol=ROOT_TOLERANCE))
        slope = abs(self.slope(x))
        curve = self.predict(x)
        lines = [
            Contribution("reading", y.u / slope, y.dof),
            Contribution("calibration curve", curve.u / slope, curve.dof),
        ]
        return combine(x, unit, lines)

    def _powers(self, x: float) -> Floats:
        t = x - self.centre
        return np.array([t**j for j in self.exponents])

    def _refuse_turns(self, low: float, high: float) -> None:
        """Raise unless the slope keeps its sign, and is not 0, from ``low`` to ``high``."""
        dense = np.zeros(max(self.exponents) + 1)
        dense[list(self.exponents)] = self.centred.coefficients
        turns = np.polynomial.Polynomial(dense).deriv().roots()
        # A double root comes back with a little imaginary part.
        real = turns[np.abs(turns.imag) <= 1e-9 * np.abs(turns)].real + self.centre
        inside = real[(real >= low) & (real <= high)]
        if len(inside) or not any(dense[1:]):
            where = f"at x = {inside[0]:.6g}" if len(inside) else "everywhere flat"
            raise EstimateError(
                f"the curve turns back {where}: no single x between {low:g} and {high:g} belongs to a y"
            )


def polynomial_fit(
    x: ArrayLike, y: ArrayLike, degree: int, *, u_y: ArrayLike | None = None, through_zero: bool = False
) -> PolynomialFit:
    """Fit a polynomial by least squares, x taken as exact.

    Args:
        x, y: the points, shape (n,).
        degree: highest power, 0 or more.
        u_y: standard uncertainties of y, shape (n,), known and independent. Without them every point weighs
            the same and the scatter about the curve tells the uncertainty.
        through_zero: leave the constant out.

    Raises:
        EstimateError: wrong shapes, not finite, too few points or too few different x, u(y) not positive.
    """
    xs, ys = _points(x, y)
    if degree < (1 if through_zero else 0):
        raise EstimateError(f"degree {degree}, expected {1 if through_zero else 0} or more")
    exponents = tuple(range(1 if through_zero else 0, degree + 1))
    different = len(np.unique(xs[xs != 0])) if through_zero else len(np.unique(xs))
    if different < len(exponents):
        raise EstimateError(f"{different} different x, expected {len(exponents)} or more for degree {degree}")
    weights = _weights(u_y, len(ys))
    # A curve through zero keeps its own powers: about the middle it would need the constant it must not have.
    centre = 0.0 if through_zero else float(xs.mean())
    exact = whole(xs)

    def fit(at: Whole) -> LinearFit:
        return _fit([at.power(j) for j in exponents], ys, weights, has_constant=not through_zero)

    raw = fit(exact)
    centred = raw if centre == 0.0 else fit(exact.minus(centre))
    return PolynomialFit(raw, centred, centre, exponents, (float(xs.min()), float(xs.max())))


def linear_fit(columns: ArrayLike, y: ArrayLike, *, u_y: ArrayLike | None = None) -> LinearFit:
    """Fit y = Σ bⱼ·columnⱼ by least squares.

    Args:
        columns: design matrix, shape (n, p); a constant is a column of ones.
        y: observations, shape (n,).
        u_y: standard uncertainties of y, as for :func:`polynomial_fit`.

    Raises:
        EstimateError: wrong shapes, not finite, too few points, columns that depend on each other.
    """
    design, ys = np.asarray(columns, dtype=float), np.asarray(y, dtype=float)
    if design.ndim != 2 or ys.shape != design.shape[:1] or 0 in design.shape:
        raise EstimateError(f"columns {design.shape} and y {ys.shape}, expected (n, p) and (n,)")
    _refuse_unfit(design, ys)
    has_constant = bool((np.ptp(design, axis=0) == 0).any())
    return _fit([whole(column) for column in design.T], ys, _weights(u_y, len(ys)), has_constant=has_constant)


def _fit(columns: list[Whole], y: Floats, weights: Floats | None, *, has_constant: bool) -> LinearFit:
    left = len(y) - len(columns)
    if left < (1 if weights is None else 0):
        raise EstimateError(
            f"{len(y)} points for {len(columns)} coefficients, expected at least one more, or u(y)"
        )
    w = np.ones(len(y)) if weights is None else weights
    solution = solve(columns, whole(y), whole(w))
    scatter = math.sqrt(solution.misfit / left) if left else math.nan
    mean = float(np.average(y, weights=w)) if has_constant else 0.0
    total = float(w @ (y - mean) ** 2)
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = solution.inverse if weights is not None else solution.inverse * scatter**2
    if not np.isfinite(covariance).all():
        raise EstimateError("the coefficients' covariance is too large for floats: scale the points")
    r_squared = 1.0 - solution.misfit / total if total else math.nan
    dof = left if weights is None else math.inf
    return LinearFit(solution.coefficients, covariance, scatter, r_squared, dof)


def _points(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if xs.ndim != 1 or xs.shape != ys.shape or not len(xs):
        raise EstimateError(f"x {xs.shape} and y {ys.shape}, expected one shape (n,)")
    _refuse_unfit(xs, ys)
    return xs, ys


def _refuse_unfit(*arrays: Floats) -> None:
    for values in arrays:
        if not np.isfinite(values).all():
            raise EstimateError("points that are not all finite, expected numbers everywhere")
        sizes = np.abs(values[values != 0])
        if ((sizes > GREATEST) | (sizes < LEAST)).any():
            raise EstimateError(
                f"points from {sizes.min():.3g} to {sizes.max():.3g}, "
                f"expected 0, or {LEAST:g} to {GREATEST:g}"
            )


def _weights(u_y: ArrayLike | None, count: int) -> Floats | None:
    if u_y is None:
        return None
    u = np.asarray(u_y, dtype=float)
    if u.shape != (count,) or not (np.isfinite(u).all() and (u > 0).all()):
        raise EstimateError(f"u(y) of shape {u.shape}, expected {count} finite numbers more than 0")
    _refuse_unfit(u)
    return 1.0 / u**2
