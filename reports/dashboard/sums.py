"""What results of the runs in a selection come to: from the sums of days, or from the results themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.dashboard.filters import Filter, names_pens, where
from reports.dashboard.index import Index
from reports.dashboard.run_rows import Series
from rig.records.kinds import UNFINISHED

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

RUNS_AND_RESULTS = "run JOIN bucket USING (bucket_id) JOIN result USING (run_no)"


@dataclass(frozen=True)
class Sums:
    """Parts of what was measured, shape (k,) each; to be put together as anyone likes.

    Args:
        days: every day that occurs, in order; ``day`` says by position to which of them a part belongs.
        series: number of the part's series, as :func:`all_series` has it.
        n, mean, m2: as :class:`~calibration.moments.Moments` has them.
        refused: results that were not accepted.
    """

    days: list[str]
    day: Whole
    series: Whole
    n: Floats
    mean: Floats
    m2: Floats
    refused: Floats


def sums(index: Index, filter: Filter) -> Sums:
    """Return the parts that make up a selection: each result is in exactly one of them."""
    if names_pens(filter):
        return _as_sums(_single(index, filter))
    return _as_sums(_summed(index, filter) + _single(index, filter, f"verdict = '{UNFINISHED}'"))


def all_series(index: Index) -> dict[int, Series]:
    """Return every series of the index by its number."""
    columns = ", ".join(Series._fields)
    return {row[0]: Series(*row[1:]) for row in index.rows(f"SELECT series_id, {columns} FROM series")}


def _summed(index: Index, filter: Filter) -> list[tuple[Any, ...]]:
    asked = where(filter)
    return index.rows(
        "SELECT day, series_id, n, mean, m2, refused FROM bucket JOIN summary USING (bucket_id) "
        f"WHERE {asked.text}",
        asked.values,
    )


def _single(index: Index, filter: Filter, *more: str) -> list[tuple[Any, ...]]:
    asked = where(filter, *more)
    return index.rows(
        "SELECT day, series_id, value IS NOT NULL, COALESCE(value, 0.0), 0.0, NOT accepted "
        f"FROM {RUNS_AND_RESULTS} WHERE {asked.text}",
        asked.values,
    )


def _as_sums(rows: list[tuple[Any, ...]]) -> Sums:
    if not rows:
        nothing = np.zeros(0)
        whole = np.zeros(0, dtype=np.int64)
        return Sums([], whole, whole, nothing, nothing, nothing, nothing)
    day, series, *numbers = zip(*rows, strict=True)
    days = sorted(set(day))
    place = {name: position for position, name in enumerate(days)}
    # What SQLite has no number for (a sum that was too large) is NaN from here on.
    n, mean, m2, refused = (np.array(column, dtype=np.float64) for column in numbers)
    return Sums(
        days, np.array([place[name] for name in day]), np.array(series, dtype=np.int64), n, mean, m2, refused
    )
