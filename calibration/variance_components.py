"""Variance components from mean squares, with confidence intervals.

In a balanced random-effects design every component is a linear combination of independent mean squares,
each of which follows σ²·χ²/ν. Intervals of such combinations are modified large-sample ones: exact for a
single mean square, after Graybill and Wang (1980) for sums, after Ting, Burdick, Graybill, Jeyaratnam and
Lu (1990) where mean squares are subtracted. All as in Burdick, Borror and Montgomery, Design and Analysis
of Gauge R&R Studies, SIAM 2005.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.special import chdtri, fdtrc, fdtri

from calibration.errors import EstimateError

Interval = tuple[float, float]


@dataclass(frozen=True)
class MeanSquare:
    """One line of an analysis of variance.

    Args:
        name: the source of variation.
        sum_of_squares: in the unit of the values squared.
        dof: degrees of freedom.
    """

    name: str
    sum_of_squares: float
    dof: int

    def __post_init__(self) -> None:
        if self.dof < 1:
            raise EstimateError(f"{self.name}: {self.dof} degrees of freedom, expected one or more")

    @property
    def value(self) -> float:
        """The mean square."""
        return self.sum_of_squares / self.dof

    def pooled(self, other: MeanSquare) -> MeanSquare:
        """Return both sources as one, under this one's name."""
        return MeanSquare(self.name, self.sum_of_squares + other.sum_of_squares, self.dof + other.dof)


@dataclass(frozen=True)
class Combination:
    """A sum of mean squares with factors, which may be negative: the estimate of a variance."""

    terms: tuple[tuple[float, MeanSquare], ...]

    @classmethod
    def of(cls, square: MeanSquare) -> Combination:
        """Return a mean square by itself."""
        return cls(((1.0, square),))

    @classmethod
    def difference(cls, effect: MeanSquare, error: MeanSquare, repeats: int) -> Combination:
        """Return (effect − error)/repeats: the variance of an effect seen in means of ``repeats``."""
        return cls(((1 / repeats, effect), (-1 / repeats, error)))

    def __add__(self, other: Combination) -> Combination:
        """Return the sum, each mean square once."""
        factors: dict[MeanSquare, float] = {}
        for factor, square in self.terms + other.terms:
            factors[square] = factors.get(square, 0.0) + factor
        return Combination(tuple((factor, square) for square, factor in factors.items()))

    @property
    def variance(self) -> float:
        """The estimate, which may come out negative."""
        return sum(factor * square.value for factor, square in self.terms)

    def interval(self, confidence: float) -> Interval:
        """Return the two-sided confidence interval of the variance, cut off at zero."""
        tail = (1 - confidence) / 2
        plus = [(factor * square.value, square.dof) for factor, square in self.terms if factor > 0]
        minus = [(-factor * square.value, square.dof) for factor, square in self.terms if factor < 0]
        down, up = _spread_below(plus, minus, tail), _spread_above(plus, minus, tail)
        return max(0.0, self.variance - math.sqrt(down)), max(0.0, self.variance + math.sqrt(up))


def f_test(effect: MeanSquare, error: MeanSquare) -> tuple[float, float]:
    """Return F = effect/error and the probability of one as large without an effect.

    Raises:
        EstimateError: the error's mean square is zero.
    """
    if not error.value > 0:
        raise EstimateError(f"{error.name}: no scatter, so nothing to judge {effect.name} by")
    ratio = effect.value / error.value
    return ratio, float(fdtrc(effect.dof, error.dof, ratio))


Parts = Sequence[tuple[float, int]]


def _shrink(dof: int, tail: float) -> float:
    """G = 1 − ν/χ²(upper tail): how far below its estimate a mean square may lie, as a share."""
    return 1 - dof / float(chdtri(dof, tail))


def _stretch(dof: int, tail: float) -> float:
    """H = ν/χ²(lower tail) − 1: how far above."""
    return dof / float(chdtri(dof, 1 - tail)) - 1


def _spread_below(plus: Parts, minus: Parts, tail: float) -> float:
    own = sum((_shrink(dof, tail) * size) ** 2 for size, dof in plus)
    own += sum((_stretch(dof, tail) * size) ** 2 for size, dof in minus)
    for size, dof in plus:
        for taken, taken_dof in minus:
            f = float(fdtri(dof, taken_dof, 1 - tail))
            g, h = _shrink(dof, tail), _stretch(taken_dof, tail)
            own += ((f - 1) ** 2 - (g * f) ** 2 - h**2) / f * size * taken
    return max(0.0, own + (_spread_of_pairs(plus, tail) if minus else 0.0))


def _spread_of_pairs(plus: Parts, tail: float) -> float:
    """What Ting et al. add for every two mean squares that are added, where others are subtracted."""
    spread = 0.0
    for (one, m), (other, n) in combinations(plus, 2):
        both = (_shrink(m + n, tail) * (m + n)) ** 2 / (m * n)
        own = _shrink(m, tail) ** 2 * m / n + _shrink(n, tail) ** 2 * n / m
        spread += (both - own) * one * other / (len(plus) - 1)
    return spread


def _spread_above(plus: Parts, minus: Parts, tail: float) -> float:
    own = sum((_stretch(dof, tail) * size) ** 2 for size, dof in plus)
    own += sum((_shrink(dof, tail) * size) ** 2 for size, dof in minus)
    for size, dof in plus:
        for taken, taken_dof in minus:
            f = float(fdtri(dof, taken_dof, tail))
            h, g = _stretch(dof, tail), _shrink(taken_dof, tail)
            own += ((1 - f) ** 2 - (h * f) ** 2 - g**2) / f * size * taken
    return max(0.0, own)
