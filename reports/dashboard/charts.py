"""The control chart of a characteristic at a setting: its latest values, run by run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from calibration.control_chart import Chart, individuals
from calibration.control_rules import WESTERN_ELECTRIC, signals
from calibration.errors import EstimateError
from reports.dashboard.capability_table import series_of
from reports.dashboard.filters import Filter, where
from reports.dashboard.index import Index

SPREAD_RULES = WESTERN_ELECTRIC[:1]
"""A moving range is not symmetric: only the point beyond its limits means something."""


@dataclass(frozen=True)
class ChartPoint:
    """A value on the chart.

    Args:
        run_id, key, started: its run, as in the list of runs.
        value, U: in the chart's unit; ``U`` is None where none was recorded.
        accepted: whether the run might pass with it.
        moving_range: distance from the value before; None for the first.
        rules: those that fired here; of the moving range with ``moving range: `` before their name.
    """

    run_id: str
    key: int
    started: str
    value: float
    U: float | None
    accepted: bool
    moving_range: float | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Centre and control limits of a chart."""

    centre: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ControlChart:
    """Single values and their moving ranges, oldest first.

    Args:
        characteristic, depth_mm, rate_per_min, unit: what; ``unit`` is empty where nothing was measured.
        points: the values.
        location, spread: lines for values and for moving ranges; None where they cannot be drawn.
        sigma: of single values, from the mean moving range; None where there are no lines.
        lower, upper: limits of the characteristic; None where there is none, or where they changed.
        why: why there are no lines, and what was left out; empty where nothing is missing.
    """

    characteristic: str
    depth_mm: float | None
    rate_per_min: float | None
    unit: str = ""
    points: tuple[ChartPoint, ...] = ()
    location: Lines | None = None
    spread: Lines | None = None
    sigma: float | None = None
    lower: float | None = None
    upper: float | None = None
    why: str = ""


def control_chart(
    index: Index,
    filter: Filter,
    characteristic: str,
    setting: tuple[float, float] | None,
    *,
    last: int = 200,
) -> ControlChart:
    """Return the chart of individual values and moving ranges of the latest runs in a selection.

    Args:
        index, filter: which runs.
        characteristic: which.
        setting: (depth in mm, rate per minute); None for what has no setting.
        last: the most values, the latest ones.
    """
    depth, rate = setting or (None, None)
    series = series_of(index, characteristic, setting)
    rows = _latest(index, filter, list(series), last)
    if not rows:
        return ControlChart(characteristic, depth, rate, why="nothing was measured")
    unit = series[rows[-1][-1]].unit  # that of the latest
    kept = [row for row in rows if series[row[-1]].unit == unit]
    limits = {(series[row[-1]].lower, series[row[-1]].upper) for row in kept}
    lower, upper = limits.pop() if len(limits) == 1 else (None, None)
    why = "" if len(kept) == len(rows) else f"{len(rows) - len(kept)} values in another unit are left out"
    points = [_point(row) for row in kept]
    return _drawn(ControlChart(characteristic, depth, rate, unit, lower=lower, upper=upper, why=why), points)


def _latest(index: Index, filter: Filter, series: list[int], last: int) -> list[tuple[Any, ...]]:
    """Return run id, key, start, value, U, accepted and series of the latest values, oldest first."""
    if not series:
        return []
    marks = ", ".join(map(str, series))
    asked = where(
        filter,
        "value IS NOT NULL",
        # Runs without an end are not summed up; all others are looked at only where the sums know the series.
        "(verdict = 'UNFINISHED' OR run.bucket_id IN "
        f"(SELECT bucket_id FROM summary WHERE series_id IN ({marks})))",
    )
    found = index.rows(
        "SELECT run_id, run.run_no, started, value, U, accepted, series_id FROM run "
        f"CROSS JOIN bucket USING (bucket_id) CROSS JOIN result ON result.run_no = run.run_no "
        f"AND series_id IN ({marks}) WHERE {asked.text} ORDER BY run.run_no DESC, pos DESC LIMIT ?",
        (*asked.values, max(last, 1)),
    )
    return found[::-1]


def _drawn(chart: ControlChart, points: list[ChartPoint]) -> ControlChart:
    """Put the lines into a chart, and to each point what fired there."""
    values = [point.value for point in points]
    ranges = [None, *(abs(value - before) for before, value in pairwise(values))]
    rules: list[list[str]] = [[] for _ in points]
    try:
        pair = individuals(values)
    except EstimateError as error:
        chart = replace(chart, why="; ".join(text for text in (chart.why, str(error)) if text))
    else:
        lines = _lines(pair.location), _lines(pair.spread)
        chart = replace(chart, location=lines[0], spread=lines[1], sigma=pair.sigma.value)
        for name, fired in signals(pair.location, WESTERN_ELECTRIC).items():
            for place in fired:
                rules[place].append(name)
        for name, fired in signals(pair.spread, SPREAD_RULES).items():
            for place in fired:  # the first moving range is the second value's
                rules[place + 1].append(f"moving range: {name}")
    told = [
        replace(point, moving_range=moved, rules=tuple(names))
        for point, moved, names in zip(points, ranges, rules, strict=True)
    ]
    return replace(chart, points=tuple(told))


def _point(row: tuple[Any, ...]) -> ChartPoint:
    run_id, key, started, value, U, accepted, _ = row
    return ChartPoint(run_id, key, started, value, U, bool(accepted))


def _lines(chart: Chart) -> Lines:
    return Lines(chart.centre, chart.lower, chart.upper)
