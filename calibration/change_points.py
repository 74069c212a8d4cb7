"""Where a noisy record jumps: the best cut of it into straight pieces, and how sure each jump is.

Optimal partitioning (Jackson et al., IEEE Signal Process. Lett. 12 (2005) 105) with the pruning of Killick,
Fearnhead and Eckley (J. Am. Stat. Assoc. 107 (2012) 1590): of all cuts the one with the least sum of squared
residuals over σ² plus a penalty a piece. The penalty keeps noise from making pieces, so nothing is tuned to
the record but its noise. It refuses nothing about the shape between jumps: a curve is cut into more pieces
that join without a jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

FEWEST = 3
"""Points in the shortest piece: one more than a straight line needs."""

TINY = 1e-9

PENALTY = 3.0
"""Each piece costs this times ln(points), for its two coefficients and its place (Schwarz's criterion)."""


@dataclass(frozen=True)
class Jump:
    """A place where the record jumps by ``height`` (standard uncertainty ``u``) between two readings.

    Args:
        index: of the first reading after it.
        x: half-way between the readings around it; ``gap`` apart.
        before: level at ``x`` as the piece before it goes on; ``before_u`` its standard uncertainty.
        height: level after less level before.
        fall: by how much the piece after it falls over its own length (negative when it rises), and
            ``fall_u`` its standard uncertainty; ``end`` is where that piece ends.
    """

    index: int
    x: float
    gap: float
    before: float
    before_u: float
    height: float
    u: float
    fall: float
    fall_u: float
    end: float


def jumps(x: Floats, y: Floats, *, sigma: float, bend: float = 0.0) -> list[Jump]:
    """Cut a record into straight pieces and return the jump between each two of them.

    Args:
        x, y: the record, shape (n,), x not decreasing.
        sigma: standard deviation of a reading's noise.
        bend: standard uncertainty of the record's second derivative between jumps; 0 where it is straight.

    Returns:
        A jump a cut, in order, those that are no more than a change of slope among them.

    Raises:
        EstimateError: too short, not finite, or no noise.
    """
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if xs.ndim != 1 or xs.shape != ys.shape or len(xs) < 2 * FEWEST:
        raise EstimateError(
            f"x {xs.shape} and y {ys.shape}, expected one shape (n,), n of {2 * FEWEST} or more"
        )
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise EstimateError("a record that is not finite, expected numbers everywhere")
    if not (math.isfinite(sigma) and sigma > 0):
        raise EstimateError(f"noise of {sigma}, expected a finite number more than 0")
    if not (math.isfinite(bend) and bend >= 0):
        raise EstimateError(f"bend of {bend}, expected a finite number, not negative")
    if (np.diff(xs) < 0).any():
        raise EstimateError("x decreases, expected a record in order")
    ends = _cuts(ys / sigma)
    return [_jump(xs, ys, sigma, bend, *ends[i : i + 3]) for i in range(len(ends) - 2)]


def _cuts(y: Floats) -> list[int]:
    """Return the borders of the best pieces: 0, each first index of a later piece, n."""
    n, sums = len(y), _Sums(y)
    penalty = PENALTY * math.log(n)
    best, came_from = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=int)
    best[0] = -penalty
    starts = np.array([0])
    for end in range(FEWEST, n + 1):
        cost = best[starts] + sums.misfit(starts, end)
        least = int(np.argmin(cost))
        best[end], came_from[end] = cost[least] + penalty, starts[least]
        # What is dearer now than a cut here can never be part of the best cut later.
        starts = starts[cost <= best[end]]
        if end >= 2 * FEWEST - 1:
            starts = np.append(starts, end - FEWEST + 1)
    borders = [n]
    while borders[-1] > 0:
        borders.append(int(came_from[borders[-1]]))
    return borders[::-1]


class _Sums:
    """Running sums that give the misfit of a straight line to any piece at once."""

    def __init__(self, y: Floats) -> None:
        y = y - y.mean()
        t = np.arange(len(y)) - len(y) / 2
        self._t0 = len(y) / 2
        self._y, self._yy, self._ty = (np.concatenate([[0.0], np.cumsum(v)]) for v in (y, y * y, t * y))

    def misfit(self, starts: NDArray[np.int_], end: int) -> Floats:
        """Squared residuals of the lines through readings ``start`` … ``end`` − 1."""
        count = (end - starts).astype(float)
        middle = (starts + end - 1) / 2 - self._t0
        y = self._y[end] - self._y[starts]
        yy = self._yy[end] - self._yy[starts] - y * y / count
        ty = self._ty[end] - self._ty[starts] - middle * y
        tt = count * (count * count - 1.0) / 12.0
        misfit: Floats = np.maximum(yy - ty * ty / tt, 0.0)
        return misfit


def _jump(x: Floats, y: Floats, sigma: float, bend: float, first: int, cut: int, last: int) -> Jump:
    """Fit a straight line to each side of a cut, with one curvature in common, which is 0 ± ``bend``."""
    at = 0.5 * (x[cut - 1] + x[cut])
    reach = max(float(x[last - 1] - at), float(at - x[first])) or 1.0
    t = (x[first:last] - at) / reach
    left = (np.arange(first, last) < cut).astype(float)
    design = np.column_stack([left, left * t, 1.0 - left, (1.0 - left) * t, t * t]) / sigma
    # What is known beforehand of the curvature, and of slopes nothing: in units of the whole reach.
    bent = bend * reach**2 / 2.0
    prior = np.diag([0.0, TINY, 0.0, TINY, 1.0 / max(bent, sigma * TINY)])
    covariance = np.linalg.inv(design.T @ design + prior**2)
    level, _, after, slope, _ = covariance @ (design.T @ (y[first:last] / sigma))
    u = math.sqrt(covariance[0, 0] + covariance[2, 2] - 2.0 * covariance[0, 2])
    share = float(x[last - 1] - x[cut]) / reach
    return Jump(
        cut, float(at), float(x[cut] - x[cut - 1]),
        float(level), math.sqrt(covariance[0, 0]), float(after - level), u,
        -float(slope) * share, math.sqrt(covariance[3, 3]) * share, float(x[last - 1]),
    )  # fmt: skip
