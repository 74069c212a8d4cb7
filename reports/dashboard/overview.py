"""How many runs ended how, and the yield: overall and day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reports.dashboard.filters import Filter, runs_of, where
from reports.dashboard.index import Index
from reports.dashboard.shares import Share, share
from rig.records.kinds import FAIL, PASS


@dataclass(frozen=True)
class Counts:
    """Runs, counted.

    Args:
        runs: how many.
        verdicts: how many ended how, by verdict.
        passed: yield: those that passed, of those that passed or failed. Runs that broke say nothing.
        first_passed: first-pass yield: the same, of each pen's first run of a plan that passed or failed.
            Runs without a pen's serial number are left out; a hidden first run still was the first.
    """

    runs: int
    verdicts: dict[str, int]
    passed: Share
    first_passed: Share


@dataclass(frozen=True)
class Day:
    """The runs of a day, in UTC, such as ``2026-11-22``."""

    day: str
    counts: Counts


@dataclass(frozen=True)
class Overview:
    """All runs that a filter lets through, and those of each day that has any, oldest day first."""

    counts: Counts
    days: tuple[Day, ...]


def overview(index: Index, filter: Filter) -> Overview:
    """Count runs by verdict, with their yields."""
    asked = where(filter)
    rows = index.rows(
        f"SELECT day, verdict, COUNT(*), SUM(first_pass) FROM {runs_of(filter)} "
        f"WHERE {asked.text} GROUP BY bucket_id",
        asked.values,
    )
    days: dict[str, list[tuple[Any, ...]]] = {}
    for row in sorted(rows):
        days.setdefault(row[0], []).append(row)
    return Overview(_counts(rows), tuple(Day(day, _counts(of_day)) for day, of_day in days.items()))


def _counts(rows: Iterable[tuple[Any, ...]]) -> Counts:
    runs: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for _, verdict, count, of_first in rows:
        runs[verdict] += count
        first[verdict] += of_first
    passed, first_passed = (share(one[PASS], one[PASS] + one[FAIL]) for one in (runs, first))
    return Counts(runs.total(), dict(sorted(runs.items())), passed, first_passed)
