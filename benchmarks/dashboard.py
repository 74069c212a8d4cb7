"""How long the engineer's dashboard takes to open, over many runs, and its index to be made and kept.

``python -m benchmarks.dashboard --runs 100000`` measures a whole year; ``--keep FOLDER`` keeps its record,
and takes one that is there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.factory import FIRST, RESULTS, RUNS_A_DAY, SETTINGS, Factory, make_factory
from benchmarks.figures import Figure, Spent, table
from reports.dashboard import figures
from reports.dashboard.filters import ALL, Filter
from reports.dashboard.index import Index
from rig.records.store import FILE_NAME
from tests.support.bulk_records import BulkRecord

RUNS, TIMES = 2000, 5
OPENING: dict[str, Callable[[Index, Filter], object]] = {
    "overview": figures.overview,
    "pareto": figures.pareto,
    "capability": figures.capability,
    "takt_history": figures.takt_history,
    "list_runs": figures.list_runs,
}


def measure(count: int = RUNS, results: int = RESULTS, keep: Path | None = None) -> list[Figure]:
    """Return the figures over a record of ``count`` runs of pens with ``results`` results each."""
    with tempfile.TemporaryDirectory() as name:
        runs = keep or Path(name)
        if not (runs / FILE_NAME).exists():
            make_factory(runs, count, results)
        for path in runs.glob(".index.sqlite*"):
            path.unlink()
        with Index(runs) as index:
            return [_making(index), _size(index), *_openings(index, count), *_others(index), _one_more(index)]


def _making(index: Index) -> Figure:
    taken = _took(index.catch_up)
    entries, results = (
        index.rows(query)[0][0] for query in ("SELECT seq FROM place", "SELECT COUNT(*) FROM result")
    )
    return Figure(
        "making the index",
        f"{taken.wall_s:.1f} s, {entries / taken.wall_s:.0f} entries/s",
        f"{taken.cpu_s:.1f} s of a processor; {entries / 1e6:.2f} million entries, "
        f"{results / 1e6:.2f} million results",
    )


def _size(index: Index) -> Figure:
    index.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    own, record = ((index.runs / name).stat().st_size / 1e6 for name in (".index.sqlite", FILE_NAME))
    return Figure("size of the index", f"{own:.0f} MB", f"record {record:.0f} MB: {own / record:.1%}")


def _openings(index: Index, count: int) -> list[Figure]:
    last = FIRST.date() + timedelta(days=(count - 1) // RUNS_A_DAY)
    found = _opening(index, "the last 30 days", Filter(since=last - timedelta(days=29)))
    return [*found, *_opening(index, "all days", ALL)]


def _opening(index: Index, what: str, asked: Filter) -> list[Figure]:
    taken = {name: _median(lambda ask=ask: ask(index, asked)) for name, ask in OPENING.items()}
    with Index(index.runs) as fresh:
        first = _took(lambda: [ask(fresh, asked) for ask in OPENING.values()])
    runs = figures.list_runs(index, asked, limit=1).total
    whole = Figure(
        f"opening the dashboard, {what}, {runs} runs",
        f"{sum(one.wall_s for one in taken.values()) * 1e3:.0f} ms",
        f"{sum(one.cpu_s for one in taken.values()) * 1e3:.0f} ms of a processor; "
        f"the first time {first.wall_s * 1e3:.0f} ms",
        "≤ 1 s",
    )
    return [whole, *(_figure(f"… `{name}`", one) for name, one in taken.items())]


def _others(index: Index) -> list[Figure]:
    page = figures.list_runs(index, ALL)
    one, lot = page.runs[0], page.runs[0].lot
    runs = index.runs
    asked: dict[str, Callable[[], Any]] = {
        "`control_chart`, 200 values": lambda: figures.control_chart(
            index, ALL, "extension.as_found", SETTINGS[0]
        ),
        "`control_chart` of a daily check": lambda: figures.control_chart(index, ALL, "gauge.zero", None),
        "`drift` of a station": lambda: figures.drift(index, "line-1"),
        "`certificates_due`": lambda: figures.certificates_due(index, date(2026, 10, 1)),
        "`choices`": lambda: figures.choices(index),
        "`list_runs`, page in the middle": lambda: figures.list_runs(index, ALL, before=one.key // 2),
        "`list_runs` of what was aborted": lambda: figures.list_runs(index, Filter(verdict="ABORTED")),
        "`list_runs` of a pen": lambda: figures.list_runs(index, Filter(pen=one.pen_serial)),
        "`capability` of a lot": lambda: figures.capability(index, Filter(lot=lot)),
        "`run_detail`": lambda: figures.run_detail(runs, one.run_id),
        "`compare`, 5 runs": lambda: figures.compare(runs, [run.run_id for run in page.runs[:5]]),
    }
    return [_figure(name, _median(ask)) for name, ask in asked.items()]


def _one_more(index: Index) -> Figure:
    """Return what it takes to take in a run that was just recorded, and to find that there is nothing new."""
    taken = []
    for number in range(TIMES):
        with BulkRecord(index.runs) as record:
            factory = Factory(record, seed=number)
            factory.runs = 1_000_000 + number
            factory.run(FIRST + timedelta(days=365, minutes=number))
        taken.append(_took(index.catch_up))
    more, idle = _middle(taken), _median(index.catch_up)
    beside = f"{more.cpu_s * 1e3:.1f} ms of a processor; nothing new: {idle.wall_s * 1e3:.1f} ms"
    return Figure("taking in one more run", f"{more.wall_s * 1e3:.1f} ms", beside, "≤ 20 ms")


def _took(act: Callable[[], object]) -> Spent:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    act()
    return Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def _median(act: Callable[[], object]) -> Spent:
    return _middle([_took(act) for _ in range(TIMES)])


def _middle(taken: Sequence[Spent]) -> Spent:
    return Spent(median(one.wall_s for one in taken), median(one.cpu_s for one in taken))


def _figure(what: str, taken: Spent) -> Figure:
    return Figure(what, f"{taken.wall_s * 1e3:.1f} ms", f"{taken.cpu_s * 1e3:.1f} ms of a processor")


def main() -> None:
    """Measure a record of as many runs as asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="of pens")
    parser.add_argument("--results", type=int, default=RESULTS, help="of each, at most 61")
    parser.add_argument("--keep", type=Path, help="folder of the record, which is kept")
    asked = parser.parse_args()
    print(table(measure(asked.runs, asked.results, asked.keep)))


if __name__ == "__main__":
    main()
