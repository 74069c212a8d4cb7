"""The list of runs, newest first, a page at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from reports.dashboard.filters import Filter, runs_of, where
from reports.dashboard.index import Index

# In the order of RunLine's fields.
COLUMNS = (
    "run.run_no, run_id, plan, pen_serial, station, product, lot, tip_lot, operator, verdict, started, "
    "ended, takt_s, first_pass, n_measured, n_failed, reasons, overridden, run_text.hidden"
)


@dataclass(frozen=True)
class RunLine:
    """A run in a list.

    Args:
        key: by which the list is in order; the number of the run's first entry.
        run_id, plan, pen_serial, station, product, lot, tip_lot, operator: as the run recorded them; empty
            where it did not.
        verdict: PASS, FAIL, ERROR, ABORTED, REFUSED, or UNFINISHED.
        started, ended: UTC text; ``ended`` is None where it has not.
        takt_s: in s; None where it was not counted.
        first_pass: whether it is the first of this pen's runs of this plan that passed or failed.
        n_measured, n_failed: results, and those of them that were not accepted.
        reasons: why it did not pass.
        overridden: what was overridden, by whom and why; empty where nothing was.
        hidden: who hid it and why; empty where nobody did.
    """

    key: int
    run_id: str
    plan: str
    pen_serial: str
    station: str
    product: str
    lot: str
    tip_lot: str
    operator: str
    verdict: str
    started: str
    ended: str | None
    takt_s: float | None
    first_pass: bool
    n_measured: int
    n_failed: int
    reasons: tuple[str, ...]
    overridden: str
    hidden: str


@dataclass(frozen=True)
class Page:
    """A page of the list.

    Args:
        runs: newest first.
        total: how many runs the filter lets through, on all pages.
        before: what to ask the next page with; None where this is the last one.
    """

    runs: tuple[RunLine, ...]
    total: int
    before: int | None


def list_runs(index: Index, filter: Filter, *, before: int | None = None, limit: int = 100) -> Page:
    """Return a page of runs, newest first, in the order in which they began in the record.

    Args:
        index: over the runs.
        filter: which.
        before: the ``before`` of the page that comes ahead of this one; None for the first.
        limit: runs on a page, at least one.
    """
    limit = max(limit, 1)
    plain = where(filter)
    count = f"SELECT COUNT(*) FROM {runs_of(filter)} WHERE {plain.text}"
    total = int(index.rows(count, plain.values)[0][0])
    older, place = ((), ()) if before is None else (("run.run_no < ?",), (before,))
    chosen = where(filter, *older)
    # CROSS JOIN: runs are walked in order, and as few as fill the page.
    query = (
        f"SELECT {COLUMNS} FROM run CROSS JOIN bucket USING (bucket_id) LEFT JOIN run_text USING (run_no) "
        f"WHERE {chosen.text} ORDER BY run.run_no DESC LIMIT ?"
    )
    rows = index.rows(query, (*chosen.values, *place, limit + 1))
    lines = tuple(_line(row) for row in rows[:limit])
    return Page(lines, total, lines[-1].key if len(rows) > limit else None)


def _line(row: tuple[Any, ...]) -> RunLine:
    told = dict(zip((field.name for field in fields(RunLine)), row, strict=True))
    told |= {name: told[name] or "" for name in ("overridden", "hidden")}
    told |= {"first_pass": bool(told["first_pass"]), "reasons": tuple(json.loads(told["reasons"] or "[]"))}
    return RunLine(**told)
