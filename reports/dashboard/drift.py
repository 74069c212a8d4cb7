"""What a station's daily checks found over time, and whether it goes somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from scipy.special import stdtrit

from calibration.curve_fit import polynomial_fit
from calibration.errors import EstimateError
from reports.dashboard.index import Index
from rig.records.kinds import PASS

CONFIDENCE = 0.95
FEWEST = 5
"""Checks below which nothing is said of a trend."""

STEADY, DRIFTS, OUTSIDE, UNKNOWN = "steady", "drifts", "outside", "unknown"
DAY_S = 86400.0


@dataclass(frozen=True)
class CheckPoint:
    """A result of a check: when, of which run, value and U in the line's unit, and what was said of it."""

    at: str
    run_id: str
    value: float
    U: float | None
    verdict: str


@dataclass(frozen=True)
class Trend:
    """A straight line through the results of checks.

    Args:
        per_day: its slope, in the unit of the results a day.
        low, high: 95 % interval of the slope.
        days_left: until the line reaches a limit, from the latest check on; None where it does not go there.
    """

    per_day: float
    low: float
    high: float
    days_left: float | None


@dataclass(frozen=True)
class DriftLine:
    """One thing that is checked, oldest check first.

    Args:
        name, unit: what.
        lower, upper: limits at the latest check; None where there is none, or where its run is not recorded.
        points: the results.
        trend: None where there are fewer than five checks, or all at one time.
        suggests: ``outside`` where the latest check was not passed, ``drifts`` where the interval of the
            slope leaves zero out, ``steady`` where it does not, ``unknown`` without a trend.
        says: the same in words.
    """

    name: str
    unit: str
    lower: float | None
    upper: float | None
    points: tuple[CheckPoint, ...]
    trend: Trend | None
    suggests: str
    says: str


def drift(index: Index, station: str, *, last: int = 100) -> tuple[DriftLine, ...]:
    """Return what is checked at a station, by name; of the ``last`` checks, and in the unit of the latest."""
    rows = index.rows(
        "SELECT name, at, station_check.run_id, check_result.value, check_result.U, check_result.verdict, "
        "check_result.unit, lower, upper FROM (SELECT * FROM station_check WHERE station = ? "
        "ORDER BY seq DESC LIMIT ?) AS station_check JOIN check_result USING (seq) "
        "LEFT JOIN run USING (run_id) LEFT JOIN result ON result.run_no = run.run_no AND result.series_id IN "
        "(SELECT series_id FROM series WHERE characteristic = name AND depth_mm IS NULL) "
        "LEFT JOIN series USING (series_id) "
        "WHERE check_result.value IS NOT NULL ORDER BY name, seq",
        (station, max(last, 1)),
    )
    return tuple(_line(name, list(of_name)) for name, of_name in groupby(rows, key=lambda row: row[0]))


def _line(name: str, rows: Sequence[tuple[Any, ...]]) -> DriftLine:
    *_, unit, lower, upper = rows[-1]
    points = tuple(CheckPoint(*row[1:6]) for row in rows if row[6] == unit)
    trend = _trend(points, lower, upper)
    suggests, says = _suggestion(points[-1], trend, unit)
    return DriftLine(name, unit, lower, upper, points, trend, suggests, says)


def _trend(points: Sequence[CheckPoint], lower: float | None, upper: float | None) -> Trend | None:
    if len(points) < FEWEST:
        return None
    moments = [datetime.fromisoformat(point.at).timestamp() / DAY_S for point in points]
    days = [moment - moments[-1] for moment in moments]
    try:
        fit = polynomial_fit(days, [point.value for point in points], 1).fit
    except EstimateError:  # all at one time
        return None
    level, slope = (float(one) for one in fit.coefficients)  # at the latest check, and a day
    half = float(stdtrit(fit.dof, (1 + CONFIDENCE) / 2)) * float(fit.u[1])
    ahead = upper if slope > 0 else lower
    left = None if ahead is None or not slope else max(0.0, (ahead - level) / slope)
    return Trend(slope, slope - half, slope + half, left)


def _suggestion(latest: CheckPoint, trend: Trend | None, unit: str) -> tuple[str, str]:
    if latest.verdict != PASS:
        return OUTSIDE, f"the latest check did not pass: {latest.verdict}"
    if trend is None:
        return UNKNOWN, f"fewer than {FEWEST} checks, or all at one time: nothing is said of a trend"
    if trend.low <= 0 <= trend.high:
        return STEADY, f"no trend is shown: {trend.low:.2g} to {trend.high:.2g} {unit} a day"
    goes = f"it moves by {trend.per_day:.2g} {unit} a day"
    if trend.days_left is None:
        return DRIFTS, f"{goes}, towards no limit"
    return DRIFTS, f"{goes}; as it goes it is at its limit in {trend.days_left:.0f} days"
