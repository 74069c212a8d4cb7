"""Least squares without rounding: whole numbers all the way, so that no design is too ill conditioned.

A float is a whole number over a power of two. Sums of products, and the elimination of the normal
equations, are therefore exact in whole numbers; the answer is rounded once, at the end. A calibration curve
has tens of points and few coefficients: that takes a millisecond, and gives the same digits on any machine.
It cures rounding, not data: what the points do not determine shows in the uncertainties.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Whole:
    """Numbers as whole ones over a common scale: ``values[i] / scale``, exactly."""

    values: tuple[int, ...]
    scale: int

    def minus(self, other: float) -> Whole:
        """Return every number less ``other``, exactly."""
        shift = Fraction(other)
        scale = math.lcm(self.scale, shift.denominator)
        less = shift.numerator * (scale // shift.denominator)
        return Whole(tuple(value * (scale // self.scale) - less for value in self.values), scale)

    def power(self, exponent: int) -> Whole:
        """Return every number to a power, exactly."""
        return Whole(tuple(value**exponent for value in self.values), self.scale**exponent)


def whole(values: Iterable[float]) -> Whole:
    """Write finite floats as whole numbers over a common power of two."""
    ratios = [float(value).as_integer_ratio() for value in values]
    scale = max(denominator for _, denominator in ratios)
    return Whole(tuple(number * (scale // denominator) for number, denominator in ratios), scale)


@dataclass(frozen=True)
class Solution:
    """Coefficients, the inverse of the normal matrix (their covariance per unit variance), weighted misfit.

    All correctly rounded. ``coefficients`` has shape (p,), ``inverse`` (p, p), ``misfit`` is Σ w·(y − ŷ)².
    """

    coefficients: Floats
    inverse: Floats
    misfit: float


def solve(columns: Sequence[Whole], y: Whole, weights: Whole) -> Solution:
    """Solve weighted linear least squares exactly.

    Args:
        columns: of the design matrix, p of n numbers.
        y: n observations.
        weights: n weights, 1/u².

    Raises:
        EstimateError: columns that depend on each other.
    """
    weighted = [[w * c for w, c in zip(weights.values, column.values, strict=True)] for column in columns]
    height = [w * v for w, v in zip(weights.values, y.values, strict=True)]
    normal = [[_dot(left, right.values) for right in columns] for left in weighted]
    moment = [_dot(column, y.values) for column in weighted]
    determinant, solved, inverse = _eliminate(normal, moment)

    size = range(len(columns))
    scales = [column.scale for column in columns]
    coefficients = [_ratio(solved[i] * scales[i], determinant * y.scale) for i in size]
    covariance = [
        [_ratio(inverse[i][j] * scales[i] * scales[j] * weights.scale, determinant) for j in size]
        for i in size
    ]
    misfit = _dot(height, y.values) * determinant - _dot(moment, solved)
    return Solution(
        np.array(coefficients),
        np.array(covariance),
        _ratio(misfit, determinant * weights.scale * y.scale**2),
    )


def _eliminate(
    normal: Sequence[Sequence[int]], moment: Sequence[int]
) -> tuple[int, list[int], list[list[int]]]:
    """Return the determinant d of the normal matrix N, d·N⁻¹·m and d·N⁻¹.

    Gauss–Jordan elimination in which every division leaves no remainder (Bareiss 1968). N is positive
    definite unless columns depend on each other, so its pivots need no search.
    """
    size = len(normal)
    rows = [
        [*normal[i], moment[i], *(1 if i == j else 0 for j in range(size))] for i in range(size)
    ]  # fmt: skip
    before = 1
    for k in range(size):
        pivot = rows[k][k]
        if pivot <= 0:
            raise EstimateError(
                f"coefficient {k} cannot be told from those before it: its column is 0 or depends on theirs, "
                "expected points that differ"
            )
        for i in range(size):
            if i != k:
                factor, top = rows[i][k], rows[k]
                rows[i] = [(pivot * a - factor * b) // before for a, b in zip(rows[i], top, strict=True)]
        before = pivot
    return before, [row[size] for row in rows], [row[size + 1 :] for row in rows]


def _dot(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _ratio(numerator: int, denominator: int) -> float:
    """Return the nearest float to a ratio of whole numbers of any length."""
    try:
        return numerator / denominator
    except OverflowError as error:
        raise EstimateError("a coefficient is too large for a float: scale the points") from error
