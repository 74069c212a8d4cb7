"""What a gauge study reports, and the balanced table of readings it starts from.

Terms after AIAG, Measurement Systems Analysis, 4th ed. 2010, ch. III. The analyses themselves are in
:mod:`calibration.gauge_rr`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import EstimateError
from calibration.subgroup import as_values
from calibration.variance_components import Interval, MeanSquare

Floats = NDArray[np.float64]

STUDY_SIGMAS = 6.0
"""Width of the study variation in σ: 99.73 % of a normal law. Editions before the 4th used 5.15."""

DISTINCT = 1.41
"""ndc = 1.41·PV/GRR, cut to a whole number (AIAG)."""


@dataclass(frozen=True)
class Component:
    """One source of variation.

    Args:
        name: ``repeatability`` (EV), ``appraiser`` (AV), ``interaction`` (INT), ``gauge`` (GRR), ``part``
            (PV) or ``total`` (TV).
        sd: standard deviation, in the unit of the values.
        interval: confidence interval of ``sd``; None where the method gives none.
        contribution: share of the total variance, %.
        study: share of the total standard deviation, %. These do not add up to 100.
        tolerance: share of the tolerance that STUDY_SIGMAS·sd takes, %; None without one.
    """

    name: str
    sd: float
    interval: Interval | None
    contribution: float
    study: float
    tolerance: float | None


@dataclass(frozen=True)
class GaugeStudy:
    """What a study found.

    Args:
        method: ``crossed ANOVA``, ``nested ANOVA``, ``one-way ANOVA`` or ``average and range``.
        components: by name, see :class:`Component`; ``interaction`` only where it is not pooled.
        table: the mean squares used, after pooling; empty for average and range.
        f_interaction, p_interaction: test of the interaction, None where the design has none.
        pooled: whether the interaction was pooled with repeatability.
        range_limit: upper control limit of the ranges of trials, in their unit; None for ANOVA.
        ranges_outside: (part, appraiser), from 0, whose trials differ by more: measure these again.
        confidence: of the intervals; None where there are none.
    """

    method: str
    components: Mapping[str, Component]
    table: tuple[MeanSquare, ...] = ()
    f_interaction: float | None = None
    p_interaction: float | None = None
    pooled: bool = False
    range_limit: float | None = None
    ranges_outside: tuple[tuple[int, int], ...] = ()
    confidence: float | None = None

    def __getitem__(self, name: str) -> Component:
        """Return a component by its name."""
        return self.components[name]

    @property
    def ndc(self) -> int:
        """Distinct categories of parts the gauge can tell apart; 5 or more are wanted."""
        return math.floor(DISTINCT * self["part"].sd / self["gauge"].sd)


def arrange(parts: Sequence[Hashable], appraisers: Sequence[Hashable], values: ArrayLike) -> Floats:
    """Bring readings listed one by one into shape (parts, appraisers, trials), in order of appearance.

    Args:
        parts: label of the part, for each reading.
        appraisers: label of the appraiser, for each reading.
        values: shape (n,), the readings.

    Raises:
        EstimateError: lists of unequal length, values not finite, or not every appraiser has measured every
            part equally often.
    """
    readings = as_values(values, "readings", ndim=1)
    if not len(parts) == len(appraisers) == len(readings):
        raise EstimateError(f"{len(parts)} parts, {len(appraisers)} appraisers, {len(readings)} readings")
    cells: dict[tuple[Hashable, Hashable], list[float]] = {}
    for part, appraiser, value in zip(parts, appraisers, readings, strict=True):
        cells.setdefault((part, appraiser), []).append(float(value))
    every = [(part, appraiser) for part in dict.fromkeys(parts) for appraiser in dict.fromkeys(appraisers)]
    trials = max(len(cell) for cell in cells.values())
    for part, appraiser in every:
        found = len(cells.get((part, appraiser), ()))
        if found != trials:
            raise EstimateError(
                f"part {part!r}, appraiser {appraiser!r}: {found} readings where others have {trials}; "
                "complete the study or leave the part out"
            )
    table = np.array([cells[cell] for cell in every])
    return table.reshape(len(dict.fromkeys(parts)), len(dict.fromkeys(appraisers)), trials)


def components_of(
    variances: Mapping[str, float], intervals: Mapping[str, Interval], tolerance: float | None
) -> dict[str, Component]:
    """Make the components of a study, gauge and total included, from the variances of its sources.

    Args:
        variances: estimates by name, ``part`` among them; those below zero count as zero.
        intervals: confidence intervals of variances by name, as far as there are any.
        tolerance: width between the limits, or None.

    Raises:
        EstimateError: a tolerance that is not finite and positive.
    """
    if tolerance is not None and not (math.isfinite(tolerance) and tolerance > 0):
        raise EstimateError(f"tolerance {tolerance}, expected a finite width more than 0")
    known = {name: max(0.0, variance) for name, variance in variances.items()}
    part = known.pop("part")
    gauge = sum(known.values())
    total = gauge + part
    known |= {"gauge": gauge, "part": part, "total": total}
    return {
        name: Component(
            name=name,
            sd=math.sqrt(variance),
            interval=_holding(variance, intervals.get(name)),
            contribution=100 * variance / total,
            study=100 * math.sqrt(variance / total),
            tolerance=None if tolerance is None else 100 * STUDY_SIGMAS * math.sqrt(variance) / tolerance,
        )
        for name, variance in known.items()
    }


def _holding(variance: float, interval: Interval | None) -> Interval | None:
    """From variance to standard deviation, widened if a sum of variances cut at zero lies outside."""
    if interval is None:
        return None
    low, high = interval
    return math.sqrt(min(low, variance)), math.sqrt(max(high, variance))
