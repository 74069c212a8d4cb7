"""What results of the runs in a selection come to: from the sums of days, or from the results themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.dashboard.filters import Filter, names_pens, runs_of, where
from reports.dashboard.index import Index
from reports.dashboard.run_rows import Series
from rig.records.kinds import UNFINISHED

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """Parts of what was measured, shape (k,) each; to be put together as anyone likes.

    Args:
        days: how many days there are; ``day`` says by number, from 0, to which of them a part belongs.
        series: number of the part's series, as :func:`all_series` has it.
        n, mean, m2: as :class:`~calibration.moments.Moments` has them.
        refused: results that were not accepted.
    """

    days: int
    day: Whole
    series: Whole
    n: Floats
    mean: Floats
    m2: Floats
    refused: Floats


def sums(index: Index, filter: Filter) -> Sums:
    """Return the parts that make up a selection: each result is in exactly one of them."""
    if names_pens(filter):
        return _as_sums(index, _single(index, filter))
    return _as_sums(index, _summed(index, filter) + _single(index, filter, f"verdict = '{UNFINISHED}'"))


def all_series(index: Index) -> dict[int, Series]:
    """Return every series of the index by its number."""
    columns = ", ".join(Series._fields)
    return {row[0]: Series(*row[1:]) for row in index.rows(f"SELECT series_id, {columns} FROM series")}


def _summed(index: Index, filter: Filter) -> list[tuple[Any, ...]]:
    asked = where(filter)
    return index.rows(
        "SELECT bucket_id, series_id, n, mean, m2, refused FROM bucket CROSS JOIN summary USING (bucket_id) "
        f"WHERE {asked.text}",
        asked.values,
    )


def _single(index: Index, filter: Filter, *more: str) -> list[tuple[Any, ...]]:
    asked = where(filter, *more)
    return index.rows(
        "SELECT bucket_id, series_id, value IS NOT NULL, COALESCE(value, 0.0), 0.0, NOT accepted "
        f"FROM {runs_of(filter)} CROSS JOIN result USING (run_no) WHERE {asked.text}",
        asked.values,
    )


def _as_sums(index: Index, rows: list[tuple[Any, ...]]) -> Sums:
    # What SQLite has no number for (a sum that was too large) is NaN from here on.
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    bucket, series = table[:, :2].astype(np.int64).T
    days, day_of = day_numbers(index)
    return Sums(len(days), day_of[bucket], series, *table[:, 2:].T)


def day_numbers(index: Index) -> tuple[list[str], Whole]:
    """Return every day of the index, in order, and for the number of each bucket that of its day."""
    of_bucket = dict(index.rows("SELECT bucket_id, day FROM bucket"))
    days = sorted(set(of_bucket.values()))
    place = {day: number for number, day in enumerate(days)}
    numbers = np.zeros(max(of_bucket, default=0) + 1, dtype=np.int64)
    for bucket, day in of_bucket.items():
        numbers[bucket] = place[day]
    return days, numbers
