"""Shewhart charts as data: points, centre line, limits. Drawing them is for others.

Limits lie three standard deviations of a point from the centre (Shewhart 1931; factors as in Montgomery,
Introduction to Statistical Quality Control, app. VI, but exact). A limit below zero for a range or a
standard deviation is put at zero. Which patterns of points call for a look is said by
:mod:`calibration.control_rules`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import EstimateError
from calibration.subgroup import Sigma, as_values, c4, d2, d3, individual_sigma, within_sigma

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """Control-chart factors for subgroups of ``n``; all dimensionless.

    Args:
        n: values in a subgroup.
        d2, d3: mean and standard deviation of the range, in σ.
        c4: mean of the standard deviation, in σ.
        A2, A3: limits of a mean, from R̄ and S̄.
        B3, B4: limits of a standard deviation, from S̄.
        B5, B6: limits of a standard deviation, from σ.
        D3, D4: limits of a range, from R̄.
    """

    n: int
    d2: float
    d3: float
    c4: float
    A2: float
    A3: float
    B3: float
    B4: float
    B5: float
    B6: float
    D3: float
    D4: float


@dataclass(frozen=True)
class Chart:
    """One control chart; everything in the unit of the points.

    Args:
        name: what is plotted.
        points: shape (m,), in the order they were made.
        centre: centre line.
        lower, upper: control limits.
        sigma: standard deviation of one point in control.
    """

    name: str
    points: Floats
    centre: float
    lower: float
    upper: float
    sigma: float

    @property
    def outside(self) -> tuple[int, ...]:
        """Positions, from 0, of the points outside the limits."""
        return tuple(int(i) for i in np.flatnonzero((self.points > self.upper) | (self.points < self.lower)))

    def continued(self, points: ArrayLike) -> Chart:
        """Return the same limits with later points: what was learned once watches what follows.

        Raises:
            EstimateError: points not finite, none, or not in one row.
        """
        return replace(self, points=as_values(points, f"points of {self.name}", ndim=1))


@dataclass(frozen=True)
class ChartPair:
    """A chart of the level, one of the scatter, and the σ of single values they rest on."""

    location: Chart
    spread: Chart
    sigma: Sigma


def factors(n: int) -> Factors:
    """Return the exact control-chart factors for subgroups of ``n`` ≥ 2.

    Raises:
        EstimateError: n too small or too large.
    """
    ranged, ranged_sd, mean_sd = d2(n), d3(n), c4(n)
    mean_limit, range_limit, sd_limit = (
        3 / math.sqrt(n),
        3 * ranged_sd / ranged,
        3 * math.sqrt(1 - mean_sd**2),
    )
    return Factors(
        n=n,
        d2=ranged,
        d3=ranged_sd,
        c4=mean_sd,
        A2=mean_limit / ranged,
        A3=mean_limit / mean_sd,
        B3=max(0.0, 1 - sd_limit / mean_sd),
        B4=1 + sd_limit / mean_sd,
        B5=max(0.0, mean_sd - sd_limit),
        B6=mean_sd + sd_limit,
        D3=max(0.0, 1 - range_limit),
        D4=1 + range_limit,
    )


def x_bar_r(subgroups: ArrayLike) -> ChartPair:
    """Chart means and ranges of subgroups, limits from R̄.

    Args:
        subgroups: shape (m, n), m ≥ 2 subgroups of n ≥ 2 values in the order they were made.

    Raises:
        EstimateError: wrong shape, not finite, one subgroup, or no scatter within any.
    """
    values = _several(subgroups)
    sigma = within_sigma(values, "range")
    n = values.shape[1]
    spread = _chart("R", np.ptp(values, axis=1), d2(n) * sigma.value, d3(n) * sigma.value, at_least=0.0)
    return ChartPair(_means(values, sigma), spread, sigma)


def x_bar_s(subgroups: ArrayLike) -> ChartPair:
    """Chart means and standard deviations of subgroups, limits from S̄; arguments as :func:`x_bar_r`."""
    values = _several(subgroups)
    sigma = within_sigma(values, "sd")
    centre = c4(values.shape[1])
    scatter = math.sqrt(1 - centre**2) * sigma.value
    spread = _chart("S", values.std(axis=1, ddof=1), centre * sigma.value, scatter, at_least=0.0)
    return ChartPair(_means(values, sigma), spread, sigma)


def individuals(values: ArrayLike) -> ChartPair:
    """Chart single values and their moving ranges of two (I-MR), limits from MR̄.

    Args:
        values: shape (m,), m ≥ 2, in the order they were made. The first point of the spread chart
            belongs to the second value.

    Raises:
        EstimateError: wrong shape, not finite, fewer than two, all equal.
    """
    series = as_values(values, "single values", ndim=1, least=2)
    sigma = individual_sigma(series)
    location = _chart("I", series, float(series.mean()), sigma.value)
    spread = _chart("MR", np.abs(np.diff(series)), d2(2) * sigma.value, d3(2) * sigma.value, at_least=0.0)
    return ChartPair(location, spread, sigma)


def _means(values: Floats, sigma: Sigma) -> Chart:
    return _chart("X̄", values.mean(axis=1), float(values.mean()), sigma.value / math.sqrt(values.shape[1]))


def _chart(name: str, points: Floats, centre: float, sigma: float, *, at_least: float = -math.inf) -> Chart:
    return Chart(name, points, centre, max(at_least, centre - 3 * sigma), centre + 3 * sigma, sigma)


def _several(subgroups: ArrayLike) -> Floats:
    values = as_values(subgroups, "subgroups", ndim=2)
    if len(values) < 2:
        raise EstimateError("one subgroup, expected two or more: a chart compares them")
    return values
