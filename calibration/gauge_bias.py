"""Is the gauge right, everywhere on its range, for its tolerance, and still next month?

Bias, type-1 capability (Cg, Cgk), linearity and stability, from repeated readings of parts whose
reference values are known. After AIAG, Measurement Systems Analysis, 4th ed. 2010, ch. III, with the
standard deviation in place of ranges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from calibration.capability import Index, cp_interval, cpk_interval
from calibration.control_chart import ChartPair, x_bar_r
from calibration.control_rules import WESTERN_ELECTRIC, signals
from calibration.errors import EstimateError
from calibration.subgroup import as_share, as_values

Floats = NDArray[np.float64]

TOLERANCE_SHARE = 0.2
"""Share of the tolerance a gauge is given in Cg and Cgk."""


@dataclass(frozen=True)
class Bias:
    """Mean deviation from a reference, and whether chance explains it.

    Args:
        value: mean reading − reference, in the unit of the readings.
        sd: standard deviation of the readings, same unit.
        u: standard uncertainty of ``value``, that of the reference included.
        dof: effective degrees of freedom of ``u`` (Welch–Satterthwaite).
        t: value/u.
        p: probability of one as large without bias, two-sided.
        interval: confidence interval of the bias.
        confidence: of the interval.
    """

    value: float
    sd: float
    u: float
    dof: float
    t: float
    p: float
    interval: tuple[float, float]
    confidence: float

    @property
    def significant(self) -> bool:
        """Whether zero lies outside the interval."""
        return not self.interval[0] <= 0 <= self.interval[1]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a fitted line, its standard error, t and two-sided p of being zero."""

    value: float
    u: float
    t: float
    p: float


@dataclass(frozen=True)
class Linearity:
    """How the bias changes over the range: bias = intercept + slope·reference.

    Args:
        slope: dimensionless.
        intercept: in the unit of the readings.
        s: standard deviation of the bias about the line, same unit.
        r_squared: share of the scatter of the bias that the line explains.
        references: shape (n,), the reference of each reading.
        dof: degrees of freedom of ``s``.
        confidence: of the band.
    """

    slope: Coefficient
    intercept: Coefficient
    s: float
    r_squared: float
    references: Floats
    dof: int
    confidence: float

    def band(self, reference: ArrayLike) -> tuple[Floats, Floats]:
        """Return the lower and upper confidence limit of the mean bias at references, shape of those."""
        at = np.asarray(reference, dtype=np.float64)
        centre = self.references.mean()
        spread = float(((self.references - centre) ** 2).sum())
        reach = stdtrit(self.dof, 0.5 + self.confidence / 2) * self.s
        half = reach * np.sqrt(1 / len(self.references) + (at - centre) ** 2 / spread)
        line = self.intercept.value + self.slope.value * at
        return line - half, line + half

    @property
    def acceptable(self) -> bool:
        """Whether zero bias lies within the band at every reference."""
        low, high = self.band(np.unique(self.references))
        return bool(np.all((low <= 0) & (high >= 0)))


@dataclass(frozen=True)
class Stability:
    """Charts of a master part over time, and which points fired, by rule."""

    charts: ChartPair
    signals: Mapping[str, tuple[int, ...]]

    @property
    def stable(self) -> bool:
        """Whether no rule fired and no range lies outside its limits."""
        return not any(self.signals.values()) and not self.charts.spread.outside


@dataclass(frozen=True)
class TypeOne:
    """Capability of the gauge alone; 1.33 or more is wanted. Dimensionless."""

    cg: Index
    cgk: Index
    bias: Bias


def bias(
    readings: ArrayLike, reference: float, *, reference_u: float = 0.0, confidence: float = 0.95
) -> Bias:
    """Estimate the bias at one reference and test it against zero with Student's t.

    Args:
        readings: shape (n,), n ≥ 2, repeated readings of one part.
        reference: its reference value, same unit.
        reference_u: standard uncertainty of that, taken as well known.
        confidence: of the interval.

    Raises:
        EstimateError: fewer than two, not finite, all equal, or an argument out of range.
    """
    values = as_values(readings, "readings", ndim=1, least=2)
    as_share(confidence, "confidence")
    if not math.isfinite(reference):
        raise EstimateError(f"reference {reference}, expected a finite number")
    if not (math.isfinite(reference_u) and reference_u >= 0):
        raise EstimateError(f"reference u = {reference_u}, expected a finite number, not negative")
    sd, n = _sd(values), len(values)
    offset, own = float(values.mean() - reference), sd / math.sqrt(n)
    u = math.hypot(own, reference_u)
    dof = (n - 1) * min(u / own, 1e6) ** 4  # as good as infinite, without overflow
    t, reach = offset / u, float(stdtrit(dof, 0.5 + confidence / 2)) * u
    return Bias(offset, sd, u, dof, t, _two_sided(t, dof), (offset - reach, offset + reach), confidence)


def type_one(
    readings: ArrayLike, reference: float, *, tolerance: float, sigmas: float = 6.0, confidence: float = 0.95
) -> TypeOne:
    """Estimate Cg = 0.2·T/(6s) and Cgk = (0.1·T − |bias|)/(3s) (VDA 5, 3rd ed. 2021; Bosch booklet 10).

    Intervals as of Cp and Cpk: exact for Cg, Bissell's for Cgk.

    Args:
        readings: shape (n,), n ≥ 2 (25 to 50 are usual), repeated readings of one part.
        reference: its reference value, same unit.
        tolerance: width T between the limits, same unit.
        sigmas: width of the gauge's scatter in s; some use 4.
        confidence: of the intervals.

    Raises:
        EstimateError: as :func:`bias`, or tolerance or sigmas not positive.
    """
    for name, size in {"tolerance": tolerance, "sigmas": sigmas}.items():
        if not (math.isfinite(size) and size > 0):
            raise EstimateError(f"{name} {size}, expected a finite number more than 0")
    found = bias(readings, reference, confidence=confidence)
    n, room = np.size(readings), TOLERANCE_SHARE * tolerance
    cg = room / (sigmas * found.sd)
    cgk = (room / 2 - abs(found.value)) / (sigmas / 2 * found.sd)
    return TypeOne(
        cp_interval(cg, dof=n - 1, confidence=confidence),
        cpk_interval(cgk, n=n, dof=n - 1, confidence=confidence),
        found,
    )


def linearity(references: ArrayLike, readings: ArrayLike, *, confidence: float = 0.95) -> Linearity:
    """Fit the bias as a straight line over the reference by least squares.

    Args:
        references: shape (m,), the reference value of each part; two or more different ones.
        readings: shape (m, trials), the readings of each part, same unit; three or more in all.
        confidence: of the band.

    Raises:
        EstimateError: wrong shape, not finite, one reference only, or no scatter about the line.
    """
    as_share(confidence, "confidence")
    parts = as_values(references, "references", ndim=1, least=2)
    values = as_values(readings, "readings", ndim=2, least=3)
    if len(parts) != len(values):
        raise EstimateError(f"{len(parts)} references for {len(values)} rows of readings, expected as many")
    if np.ptp(parts) == 0:
        raise EstimateError(f"all references are {parts[0]:g}, expected two or more different ones")
    x = np.repeat(parts, values.shape[1])
    y = values.ravel() - x
    off = x - x.mean()
    spread, n = float(off @ off), len(x)
    slope = float(off @ y) / spread
    intercept = float(y.mean()) - slope * float(x.mean())
    rest = float(((y - intercept - slope * x) ** 2).sum())
    s = math.sqrt(rest / (n - 2))
    if s <= 1e-12 * max(float(np.abs(values).max()), float(np.abs(parts).max())):
        raise EstimateError("no scatter about the line: the gauge's resolution hides it; read it finer")
    return Linearity(
        slope=_coefficient(slope, s / math.sqrt(spread), n - 2),
        intercept=_coefficient(intercept, s * math.sqrt(1 / n + float(x.mean()) ** 2 / spread), n - 2),
        s=s,
        r_squared=1 - rest / float(((y - y.mean()) ** 2).sum()),
        references=x,
        dof=n - 2,
        confidence=confidence,
    )


def stability(subgroups: ArrayLike, rules: Iterable[str] = WESTERN_ELECTRIC) -> Stability:
    """Chart a master part that is measured again and again (means and ranges).

    Args:
        subgroups: shape (m, n), m ≥ 2 sessions in order of time, n ≥ 2 readings in each.
        rules: names from :data:`calibration.control_rules.RULES`, applied to the means.

    Raises:
        EstimateError: as :func:`~calibration.control_chart.x_bar_r`, or a rule nobody knows.
    """
    charts = x_bar_r(subgroups)
    return Stability(charts, signals(charts.location, rules))


def _sd(values: Floats) -> float:
    sd = float(values.std(ddof=1))
    if sd <= 1e-12 * float(np.abs(values).max()):
        raise EstimateError("all readings equal: the gauge's resolution hides its scatter; read it finer")
    return sd


def _coefficient(value: float, u: float, dof: int) -> Coefficient:
    return Coefficient(value, u, value / u, _two_sided(value / u, dof))


def _two_sided(t: float, dof: float) -> float:
    return 2 * float(stdtr(dof, -abs(t)))
