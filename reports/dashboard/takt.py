"""How long runs took, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from reports.dashboard.filters import Filter, where
from reports.dashboard.index import Index


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
    rows = index.rows(
        f"SELECT day, takt_s FROM run JOIN bucket USING (bucket_id) WHERE {asked.text}", asked.values
    )
    days = groupby(sorted(rows), key=lambda row: row[0])
    return tuple(_day(day, np.array([takt_s for _, takt_s in of_day])) for day, of_day in days)


def _day(day: str, takts_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> TaktDay:
    median_s, p95_s, longest_s = (float(x) for x in np.percentile(takts_s, [50, 95, 100]))
    return TaktDay(day, len(takts_s), median_s, p95_s, longest_s)
