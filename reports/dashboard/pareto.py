"""What fails most: the characteristics that were not accepted, and the instruments that runs broke with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from reports.dashboard.filters import Filter, runs_of, where
from reports.dashboard.index import Index
from rig.records.kinds import ERROR, FAIL

NO_INSTRUMENT = "no instrument named"


@dataclass(frozen=True)
class Bar:
    """A cause, the most frequent first.

    Args:
        name: of the characteristic, or the role of the instrument.
        runs: in how many runs.
        share: of all such counts.
        cumulative: share of this one and those before it.
    """

    name: str
    runs: int
    share: float
    cumulative: float


@dataclass(frozen=True)
class Pareto:
    """Why runs did not pass.

    Args:
        failures: characteristics with a result that was not accepted; a run counts once for each of them,
            at however many settings it failed.
        errors: of runs that broke, the instrument that their first fault names.
        not_measured: runs that failed although every result was accepted: something could not be measured.
    """

    failures: tuple[Bar, ...]
    errors: tuple[Bar, ...]
    not_measured: int


def pareto(index: Index, filter: Filter) -> Pareto:
    """Count what kept runs from passing."""
    asked, broken = where(filter), where(filter, f"verdict = '{ERROR}'")
    unexplained = where(filter, f"verdict = '{FAIL}'", "n_failed = 0")
    runs = runs_of(filter)
    failures = index.rows(
        "SELECT characteristic, COUNT(*) FROM refusal CROSS JOIN run USING (run_no) CROSS JOIN bucket "
        "USING (bucket_id) "
        f"WHERE {asked.text} GROUP BY 1",
        asked.values,
    )
    errors = index.rows(f"SELECT cause, COUNT(*) FROM {runs} WHERE {broken.text} GROUP BY 1", broken.values)
    rest = index.rows(f"SELECT COUNT(*) FROM {runs} WHERE {unexplained.text}", unexplained.values)
    return Pareto(
        _bars(failures), _bars([(name or NO_INSTRUMENT, count) for name, count in errors]), rest[0][0]
    )


def _bars(counts: Sequence[tuple[Any, ...]]) -> tuple[Bar, ...]:
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    total = sum(count for _, count in ordered)
    sums = accumulate(count for _, count in ordered)
    return tuple(
        Bar(name, count, count / total, upto / total)
        for (name, count), upto in zip(ordered, sums, strict=True)
    )
