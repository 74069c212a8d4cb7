"""The likelihood of every contact and exponent of F = a + b·z + s·max(z − z_c, 0)^p, in closed form.

For a contact z_c and an exponent p the model is linear in a, b and s. With the line a + b·z projected out of
the data y and of the column x = max(z − z_c, 0)^p, s = x·y/x·x and the misfit is y·y − (x·y)²/x·x. With flat
priors for a, b, ln σ and the rise s·√(x·x) the likelihood of (z_c, p) is misfit^(−(n−3)/2) (linear model with
unknown σ; Box and Tiao 1973, 2.7). A grid of contacts and exponents is one product of matrices.

Misfits of a law that is not quite true, and slow noise, run along several points. They are counted as n·t
independent ones, t = (1 − ρ)/(1 + ρ) with the correlation ρ of neighbours (Bayley and Hammersley 1946), and
the likelihood is raised to the power t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXPONENTS = np.array([1.0, 1.25, 1.5, 1.75, 2.0])

LARGEST_CORRELATION = 0.95
TINY = float(np.finfo(float).tiny)
ROUNDING = 1e-12
"""No misfit is less than this share of the data's own squares: sums of squares cancel no further."""


@dataclass(frozen=True)
class LoadingFit:
    """What a grid of contacts and exponents says.

    Args:
        contact: mean, in the unit of the positions.
        likeliest: contact with the largest likelihood.
        spread: standard deviation of the contact.
        exponent: mean.
        independent: number of independent points.
        evidence: how much likelier the best kink makes the points than a line does, as a logarithm.
    """

    contact: float
    likeliest: float
    spread: float
    exponent: float
    independent: float
    evidence: float


def fit_loading(z: Floats, f: Floats, contacts: Floats) -> LoadingFit:
    """Weigh all contacts and exponents by their likelihood.

    Args:
        z: positions, shape (n,), n > 4, not all equal.
        f: forces, shape (n,).
        contacts: to be weighed, shape (c,), increasing, with points of ``z`` on both sides.
    """
    n, span = len(z), z[-1] - z[0]
    x = (z - z[0]) / span
    columns = _powers(np.maximum(x - (contacts - z[0])[:, None] / span, 0.0)).reshape(-1, n)
    line = np.empty((2, n))
    line[0] = 1.0 / math.sqrt(n)
    x -= x.sum() / n
    np.divide(x, math.sqrt(x @ x), out=line[1])
    y = f - f.sum() / n
    rounding = ROUNDING * float(y @ y) + TINY
    y -= (line[1] @ y) * line[1]
    # Not by @: at this size a product of matrices spends its time on waking threads.
    on_line, xy, yy = np.vecdot(columns[:, None], line), np.vecdot(columns, y), float(y @ y) + rounding
    xx = np.vecdot(columns, columns) - np.vecdot(on_line, on_line) + TINY
    # A force that falls after contact is no loading: such a kink is worth no more than a line.
    misfit = yy - np.maximum(xy, 0.0) ** 2 / xx
    best = int(misfit.argmin())
    least = max(float(misfit[best]), rounding)
    share = _independent_share(y - xy[best] / xx[best] * (columns[best] - on_line[best] @ line))
    power = 0.5 * share * (n - 3)
    weight = (np.maximum(misfit, least) / least) ** -power
    weight = weight.reshape(len(EXPONENTS), -1) / weight.sum()
    by_contact = weight.sum(axis=0)
    contact = float(by_contact @ contacts)
    return LoadingFit(
        contact=contact,
        likeliest=float(contacts[best % len(contacts)]),
        spread=math.sqrt(float(by_contact @ (contacts - contact) ** 2)),
        exponent=float(EXPONENTS @ weight.sum(axis=1)),
        independent=share * n,
        evidence=power * math.log(yy / least),
    )


def _powers(x: Floats) -> Floats:
    """Return ``x`` to each of :data:`EXPONENTS`, by roots: many times faster than by logarithms."""
    powers = np.empty((len(EXPONENTS), *x.shape))
    root = np.sqrt(x)
    powers[0] = x
    np.multiply(x, np.sqrt(root), out=powers[1])
    np.multiply(x, root, out=powers[2])
    np.multiply(powers[1], root, out=powers[3])
    np.multiply(x, x, out=powers[4])
    return powers


def _independent_share(residual: Floats) -> float:
    square = float(residual @ residual)
    shared = float(residual[1:] @ residual[:-1]) / square if square > 0 else 0.0
    correlation = min(max(shared, 0.0), LARGEST_CORRELATION)
    return (1.0 - correlation) / (1.0 + correlation)
