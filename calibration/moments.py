"""Count, mean and scatter of values that need not be kept: parts are put together without loss.

Sums of squares lose every digit when the mean is large beside the scatter; these do not, for the scatter is
carried about the mean (Chan, Golub and LeVeque, Am. Stat. 37 (1983) 242).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.subgroup import Sigma

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """What is known of ``n`` values.

    Args:
        n: how many.
        mean: theirs, in their unit; 0 where there are none.
        m2: sum of their squared deviations from it, in that unit squared.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0

    @property
    def sd(self) -> float | None:
        """Standard deviation with n − 1 degrees of freedom; None of fewer than two values."""
        return math.sqrt(self.m2 / (self.n - 1)) if self.n > 1 else None

    def plus(self, other: Moments) -> Moments:
        """Return the moments of both together."""
        n = self.n + other.n
        if not (self.n and other.n):
            return self if self.n else other
        apart = other.mean - self.mean
        mean = self.mean + apart * other.n / n
        return Moments(n, mean, self.m2 + other.m2 + apart * apart * self.n * other.n / n)


def moments_of(values: Sequence[float]) -> Moments:
    """Return the moments of values; of none, all is 0; of those too large to be squared, not finite."""
    if not values:
        return Moments()
    n, start = len(values), values[0]
    mean = start + sum(value - start for value in values) / n
    apart = [value - mean for value in values]
    rest = sum(apart) / n  # what rounding left in the mean
    return Moments(n, mean + rest, sum((value - rest) * (value - rest) for value in apart))


def within(parts: Iterable[Moments]) -> Sigma | None:
    """Return σ within the parts, deaf to shifts between them; None where no part has two values.

    It is the root of the pooled variance, with Σ(n − 1) degrees of freedom, as
    :func:`~calibration.subgroup.within_sigma` makes it of parts of equal size.
    """
    several = [part for part in parts if part.n > 1]
    return _pooled(sum(part.m2 for part in several), sum(part.n - 1 for part in several))


def together(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all parts together."""
    whole = Moments()
    for part in parts:
        whole = whole.plus(part)
    return whole


@dataclass(frozen=True)
class MomentsOfMany:
    """Moments of many groups at once: the numbers of :class:`Moments`, shape (groups,) each."""

    n: Floats
    mean: Floats
    m2: Floats

    def __getitem__(self, group: int) -> Moments:
        return Moments(int(self.n[group]), float(self.mean[group]), float(self.m2[group]))

    def within(self, groups: slice) -> Sigma | None:
        """Return :func:`within` of some of the groups."""
        several = self.n[groups] > 1
        return _pooled(
            float(self.m2[groups][several].sum()), int(self.n[groups][several].sum() - several.sum())
        )


def grouped(group: Whole, n: Floats, mean: Floats, m2: Floats, groups: int) -> MomentsOfMany:
    """Put many parts together, group by group, at once.

    Args:
        group: to which group each part belongs, 0 to ``groups`` − 1; shape (k,).
        n, mean, m2: the parts, as in :class:`Moments`; shape (k,).
        groups: how many groups there are; one without a part has no values.
    """

    def summed(weights: Floats) -> Floats:
        return np.asarray(np.bincount(group, weights=weights, minlength=groups), dtype=np.float64)

    with np.errstate(over="ignore", invalid="ignore"):
        total = summed(n)
        some = total > 0
        centre = np.divide(summed(n * mean), total, out=np.zeros(groups), where=some)
        # The rounding of the first pass is seen by the second, and taken out.
        rest = summed(n * (mean - centre[group]))
        centre += np.divide(rest, total, out=np.zeros(groups), where=some)
        return MomentsOfMany(total, centre, summed(m2 + n * (mean - centre[group]) ** 2))


def _pooled(m2: float, dof: int) -> Sigma | None:
    return Sigma(math.sqrt(m2 / dof), float(dof), "pooled") if dof else None
