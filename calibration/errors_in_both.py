"""Calibration curves through points that are uncertain in both variables (orthogonal distance regression).

The least sum of squared distances, each in units of its own uncertainty, is found by ODRPACK95
(Zwolak, Boggs, Watson 2007) with the polynomial's own derivatives.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.curve_fit import LinearFit, PolynomialFit, polynomial_fit
from calibration.errors import EstimateError

Floats = NDArray[np.float64]

TOLERANCE = 1e-15
MOST_ITERATIONS = 1000
CONVERGED = (1, 2, 3)
"""ODRPACK's words for: sum of squares settled, coefficients settled, both."""


def fit_errors_in_both(
    x: ArrayLike, y: ArrayLike, degree: int = 1, *, u_x: ArrayLike, u_y: ArrayLike
) -> PolynomialFit:
    """Fit a polynomial to points with known, independent uncertainties in x and y.

    Args:
        x, y: the points, shape (n,).
        degree: highest power, 1 or more.
        u_x, u_y: standard uncertainties of x and of y, shape (n,), all more than 0.

    Returns:
        The curve. Its covariance is that of York 2004, of errors of the sizes stated; ``residual_sd`` is
        √(S/(n − p)), about 1 when the stated sizes explain the scatter. Multiply u by it (Cantrell 2008)
        to let the scatter speak instead.

    Raises:
        EstimateError: wrong shapes, not finite, uncertainties not positive, too few points, no convergence.
    """
    from odrpack import odr_fit

    start = polynomial_fit(x, y, degree, u_y=u_y)
    if degree < 1:
        raise EstimateError(f"degree {degree}, expected 1 or more: a constant has no use for u(x)")
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    weight_x = 1.0 / _uncertainties(u_x, len(xs)) ** 2
    weight_y = 1.0 / np.asarray(u_y, dtype=float) ** 2
    powers = np.arange(degree + 1)[:, None]

    def curve(t: Floats, b: Floats) -> Floats:
        return np.asarray(b @ t**powers)

    def slope(t: Floats, b: Floats) -> Floats:
        return np.asarray((b[1:] * powers[1:, 0]) @ t ** powers[:-1])

    found = odr_fit(
        curve, xs - start.centre, ys, start.centred.coefficients, weight_x=weight_x, weight_y=weight_y,
        jac_beta=lambda t, b: t**powers, jac_x=slope,
        sstol=TOLERANCE, partol=TOLERANCE, maxit=MOST_ITERATIONS,
    )  # fmt: skip
    if found.info % 10 not in CONVERGED or found.info >= 10:
        raise EstimateError(f"errors in both variables: no convergence ({found.stopreason})")
    left = len(xs) - degree - 1
    scatter = math.sqrt(found.sum_square / left) if left else math.nan
    explained = start.centred.r_squared
    centred = LinearFit(found.beta, found.cov_beta, scatter, explained, math.inf)
    shift = _shift(degree, start.centre)
    raw = LinearFit(shift @ found.beta, shift @ found.cov_beta @ shift.T, scatter, explained, math.inf)
    return PolynomialFit(raw, centred, start.centre, start.exponents, start.span)


def _shift(degree: int, centre: float) -> Floats:
    """Return the matrix that turns coefficients of powers of (x − centre) into those of powers of x."""
    return np.array(
        [[math.comb(k, j) * (-centre) ** (k - j) if k >= j else 0.0 for k in range(degree + 1)]
         for j in range(degree + 1)]
    )  # fmt: skip


def _uncertainties(u: ArrayLike, count: int) -> Floats:
    values = np.asarray(u, dtype=float)
    if values.shape != (count,) or not (np.isfinite(values).all() and (values > 0).all()):
        raise EstimateError(f"u(x) of shape {values.shape}, expected {count} finite numbers more than 0")
    return values
