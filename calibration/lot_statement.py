"""What a sample of units shows about the lot they were taken from, one characteristic at a time.

Where every unit was accepted and the values look normal, by variables: a tolerance interval, widened by the
uncertainty that all its values share, within the limits. Otherwise by counting accepted units, which needs no
law at all. Which of the two is fixed by these rules and not by which of them would pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.normality import LEAST_SAMPLE, Normality, shapiro_wilk
from calibration.sample_size import reliability_shown, wilks_coverage
from calibration.subgroup import as_share, as_values
from calibration.tolerance import Side, ToleranceLimits, tolerance_limits, tolerance_sample_size

By = Literal["tolerance interval", "count"]


@dataclass(frozen=True)
class LotStatement:
    """What is shown of a lot.

    Args:
        units: units tested.
        failures: units that were not accepted, or have no value.
        values: how many values there are.
        mean, sd, lowest, highest: of the values, in their unit; ``sd`` is None below two values.
        guard: largest expanded uncertainty of a value, same unit.
        side: on which side the limits are: "both", "lower" or "upper".
        by: how it is shown.
        why: why by counting; empty for a tolerance interval.
        normality: of the values; None where there are too few, or no scatter.
        interval: tolerance limits of the population; None where they are not what shows it.
        extremes: share of the population, whatever its law, that lies with ``confidence`` between lowest and
            highest value, or on the inner side of the one that faces the only limit; None without scatter.
        reliability: share of conforming units that the count alone shows with ``confidence``.
        margin: how many ``sd`` the mean lies from the nearer limit, less the guard; None without scatter.
        needed: units with which a tolerance interval would do at that margin; None where none would.
        shown: whether a share ``coverage`` of the lot is shown to conform with ``confidence``.
    """

    units: int
    failures: int
    values: int
    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    guard: float
    side: Side
    by: By
    why: str
    normality: Normality | None
    interval: ToleranceLimits | None
    extremes: float | None
    reliability: float
    margin: float | None
    needed: int | None
    shown: bool
    coverage: float
    confidence: float


def lot_statement(
    values: ArrayLike,
    expanded: ArrayLike,
    limits: Limits,
    *,
    accepted: Sequence[bool],
    units: int,
    coverage: float = 0.95,
    confidence: float = 0.95,
    significance: float = 0.05,
) -> LotStatement:
    """Return what units of a lot show about it.

    Args:
        values: shape (n,), one result a unit, in the unit of the limits; units without one are left out.
        expanded: shape (n,), expanded uncertainty of each, same unit; all 0 for what was counted.
        limits: of each unit.
        accepted: whether each of the n units was accepted with its result.
        units: units tested, those without a result among them: they count as not accepted.
        coverage: share of conforming units to be shown, between 0 and 1.
        confidence: with which, between 0 and 1.
        significance: below which p normality is rejected.

    Raises:
        EstimateError: shapes that do not agree, values not finite, no units, or a share out of range.
    """
    as_share(coverage, "coverage")
    as_share(significance, "significance")
    sample = as_values(values, "values", ndim=1) if np.size(values) else np.empty(0)
    bands = as_values(expanded, "uncertainties", ndim=1) if np.size(expanded) else np.empty(0)
    if not len(sample) == len(bands) == len(accepted) <= units:
        raise EstimateError(
            f"{len(sample)} values, {len(bands)} uncertainties, {len(accepted)} verdicts of {units} units, "
            "expected one each of no more units than were tested"
        )
    failures = units - sum(map(bool, accepted))
    reliability = reliability_shown(units, failures, confidence=confidence)
    guard = float(bands.max(initial=0.0))
    scatters = len(sample) >= 2 and np.ptp(sample) > 0
    looks = shapiro_wilk(sample) if scatters and len(sample) >= LEAST_SAMPLE else None
    why = _why_counted(failures, guard, looks, significance, scatters=bool(scatters))
    side = _side(limits)
    interval = None
    if not why:
        interval = tolerance_limits(sample, coverage=coverage, confidence=confidence, side=side)
    margin = _margin(sample, limits, guard) if scatters else None
    shown = reliability >= coverage if interval is None else _inside(interval, limits, guard)
    return LotStatement(
        units=units,
        failures=failures,
        values=len(sample),
        mean=float(sample.mean()) if len(sample) else None,
        sd=float(sample.std(ddof=1)) if len(sample) >= 2 else None,
        lowest=float(sample.min()) if len(sample) else None,
        highest=float(sample.max()) if len(sample) else None,
        guard=guard,
        side=side,
        by="count" if why else "tolerance interval",
        why=why,
        normality=looks,
        interval=interval,
        extremes=_extremes(len(sample), side, confidence) if scatters else None,
        reliability=reliability,
        margin=margin,
        needed=None if margin is None else _needed(margin, side, coverage, confidence),
        shown=shown,
        coverage=coverage,
        confidence=confidence,
    )


def _why_counted(
    failures: int, guard: float, looks: Normality | None, significance: float, *, scatters: bool
) -> str:
    if failures:
        return "not every unit was accepted"
    if guard == 0:
        return "counted, not measured"
    if not scatters:
        return "values without scatter"
    if looks is None:
        return "too few values to look at their law"
    if looks.is_rejected(significance):
        return f"not normal: W = {looks.w:.3f}, p = {looks.p:.2g}"
    return ""


def _side(limits: Limits) -> Side:
    if limits.lower is None:
        return "upper"
    return "lower" if limits.upper is None else "both"


def _inside(interval: ToleranceLimits, limits: Limits, guard: float) -> bool:
    ends = [end for end in (interval.lower, interval.upper) if np.isfinite(end)]
    return all(limits.contain(end, margin=guard) for end in ends)


def _margin(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]], limits: Limits, guard: float) -> float:
    mean, sd = float(sample.mean()), float(sample.std(ddof=1))
    below = np.inf if limits.lower is None else mean - limits.lower
    above = np.inf if limits.upper is None else limits.upper - mean
    return (float(min(below, above)) - guard) / sd


def _extremes(n: int, side: Side, confidence: float) -> float:
    return wilks_coverage(n, confidence=confidence, sides=2 if side == "both" else 1)


def _needed(margin: float, side: Side, coverage: float, confidence: float) -> int | None:
    try:
        return tolerance_sample_size(margin, coverage=coverage, confidence=confidence, side=side)
    except EstimateError:
        return None
