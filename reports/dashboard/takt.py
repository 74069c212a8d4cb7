"""How long runs took, day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.dashboard.filters import Filter, runs_of, where
from reports.dashboard.index import Index
from reports.dashboard.sums import day_numbers


@dataclass(frozen=True)
class TaktDay:
    """The takt of a day's runs.

    Args:
        day: in UTC.
        runs: with a takt; those that were stopped before they began to count have none.
        median_s, p95_s: median and 95th percentile (between order statistics, straight), in s.
        longest_s: the longest, in s.
    """

    day: str
    runs: int
    median_s: float
    p95_s: float
    longest_s: float


def takt_history(index: Index, filter: Filter) -> tuple[TaktDay, ...]:
    """Return the takt of each day on which a run with one began, oldest first."""
    asked = where(filter, "takt_s IS NOT NULL")
    rows = index.rows(f"SELECT bucket_id, takt_s FROM {runs_of(filter)} WHERE {asked.text}", asked.values)
    days, day_of = day_numbers(index)
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    day, takt_s = day_of[table[:, 0].astype(np.int64)], table[:, 1]
    order = np.argsort(day, kind="stable")
    present, starts = np.unique(day[order], return_index=True)
    parts = np.split(takt_s[order], starts[1:])
    return tuple(_day(days[number], part) for number, part in zip(present, parts, strict=False))


def _day(day: str, takts_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> TaktDay:
    median_s, p95_s, longest_s = (float(x) for x in np.percentile(takts_s, [50, 95, 100]))
    return TaktDay(day, len(takts_s), median_s, p95_s, longest_s)
