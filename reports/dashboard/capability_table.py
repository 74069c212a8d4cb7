"""How what was measured fits between its limits: capability of each characteristic at each setting."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from calibration.capability import Index as CapabilityIndex
from calibration.capability import indices
from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.moments import Moments, grouped
from calibration.subgroup import Sigma
from reports.dashboard.filters import Filter
from reports.dashboard.index import Index
from reports.dashboard.run_rows import Series
from reports.dashboard.sums import all_series, sums

ROUNDING = 1e-12
"""A scatter this small beside the mean is the rounding of equal values."""


@dataclass(frozen=True)
class CapabilityLine:
    """A characteristic at a setting, over all results of a selection, whatever their runs came to.

    Args:
        characteristic, depth_mm, rate_per_min, unit: what; no depth and no rate where it has no setting.
        n: values.
        n_failed: results that were not accepted.
        mean, s: theirs, with n − 1 degrees of freedom; None where there are too few.
        lower, upper: limits; None where there is none, and where they changed within the selection.
        cp, cpk: from the scatter within days, what the process could do; with intervals of 95 %.
        pp, ppk: from the scatter of all values, what it did; with intervals of 95 %.
        why: why an index is missing; empty where none is.
    """

    characteristic: str
    depth_mm: float | None
    rate_per_min: float | None
    unit: str
    n: int
    n_failed: int
    mean: float | None = None
    s: float | None = None
    lower: float | None = None
    upper: float | None = None
    cp: CapabilityIndex | None = None
    cpk: CapabilityIndex | None = None
    pp: CapabilityIndex | None = None
    ppk: CapabilityIndex | None = None
    why: str = ""


def capability(index: Index, filter: Filter) -> tuple[CapabilityLine, ...]:
    """Return a line for each characteristic and setting, in the order of their names and settings.

    The indices mean what they say only for a normal process in control: look at the control charts first.
    """
    found, series = sums(index, filter), all_series(index)
    limits: defaultdict[What, set[Limit]] = defaultdict(set)
    for number in np.unique(found.series):
        one = series[int(number)]
        limits[one[:4]].add((one.lower, one.upper))
    lines = sorted(limits, key=_order)
    place = {what: position for position, what in enumerate(lines)}
    line_of = np.zeros(max(series, default=0) + 1, dtype=np.int64)
    for number, one in series.items():
        line_of[number] = place.get(one[:4], 0)
    line, count, days = line_of[found.series], len(lines), found.days
    whole = grouped(line, found.n, found.mean, found.m2, count)
    daily = grouped(line * days + found.day, found.n, found.mean, found.m2, count * days)
    failed = np.bincount(line, weights=found.refused, minlength=count)
    return tuple(
        _line(what, whole[i], daily.within(slice(i * days, (i + 1) * days)), int(failed[i]), limits[what])
        for i, what in enumerate(lines)
    )


Limit = tuple[float | None, float | None]
What = tuple[str, float | None, float | None, str]


def _order(what: What) -> tuple[str, float, float, str]:
    name, depth, rate, unit = what
    return name, -1.0 if rate is None else rate, -1.0 if depth is None else depth, unit


def _line(what: What, whole: Moments, sigma: Sigma | None, failed: int, limits: set[Limit]) -> CapabilityLine:
    plain = CapabilityLine(*what, n=whole.n, n_failed=failed)
    if not (math.isfinite(whole.mean) and math.isfinite(whole.m2)):
        return replace(plain, why="values too large to be summed up")
    known = replace(plain, mean=whole.mean if whole.n else None, s=whole.sd)
    if len(limits) > 1:
        return replace(known, why=f"limits changed within the selection: {_listed(limits, what[3])}")
    ((lower, upper),) = limits
    known = replace(known, lower=lower, upper=upper)
    if lower is None and upper is None:
        return replace(known, why="no limits")
    if whole.n < 2 or whole.sd is None:
        return replace(known, why="fewer than two values")
    if whole.sd <= ROUNDING * abs(whole.mean):
        return replace(known, why="all values equal: no scatter to judge by")
    return _with_indices(known, whole, sigma, Limits(lower, upper))


def _with_indices(
    line: CapabilityLine, whole: Moments, within: Sigma | None, limits: Limits
) -> CapabilityLine:
    mean, n, sd = whole.mean, whole.n, whole.sd or 0.0
    try:
        pp, ppk = indices(limits, mean=mean, sigma=sd, n=n, dof=n - 1)
    except EstimateError as error:
        return replace(line, why=str(error))
    line = replace(line, pp=pp, ppk=ppk)
    if within is None or within.value <= ROUNDING * abs(mean):
        return replace(line, why="no scatter within days: Cp and Cpk need days with several values")
    cp, cpk = indices(limits, mean=mean, sigma=within.value, n=n, dof=within.dof)
    return replace(line, cp=cp, cpk=cpk)


def _listed(limits: set[Limit], unit: str, most: int = 3) -> str:
    def end(limit: float | None, without: str) -> str:
        return without if limit is None else f"{limit:g}"

    ordered = sorted(limits, key=lambda pair: [math.inf if one is None else one for one in pair])
    texts = [f"{end(low, '−∞')} to {end(high, '∞')} {unit}" for low, high in ordered[:most]]
    return "; ".join([*texts, *([f"and {len(limits) - most} more"] if len(limits) > most else [])])


def series_of(index: Index, characteristic: str, setting: tuple[float, float] | None) -> dict[int, Series]:
    """Return the series of a characteristic at a setting, (depth in mm, rate per minute), by number."""
    asked = (None, None) if setting is None else setting
    return {
        number: one
        for number, one in all_series(index).items()
        if one.characteristic == characteristic and (one.depth_mm, one.rate_per_min) == asked
    }
