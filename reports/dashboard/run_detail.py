"""All that is known of one run, read from its entries; its traces, thinned for a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from reports.dashboard.recorded_files import named_traces, read_named, wire_log
from reports.dashboard.thinning import thin
from rig.errors import StoreError
from rig.records import kinds
from rig.records.audit_trail import told_by
from rig.records.event import Event
from rig.records.store import Store
from rig.records.view import fold, is_accepted


def run_detail(runs: Path, run_id: str) -> dict[str, Any]:
    """Return a run as JSON has it.

    Beside what ``rig show --json`` prints: ``measurements`` say whether they were ``accepted``; ``traces``
    [{name, path, sha256, of}]; ``wire_log`` {path, sha256, text, bytes, cut, problem} or null;
    ``calibration`` with the CRCs before and after, and its nodes; ``audit`` [{at, by, what, old, new, why,
    entry, kind}] of what concerns the run; ``suspected_by``: the failed checks that throw doubt on it;
    ``options``, ``seed`` and ``tip_lot``.

    Args:
        runs: folder of the runs.
        run_id: which, in full.

    Raises:
        StoreError: there is no such run, or no record.
    """
    with Store(runs, create=False) as store:
        events = events_of(store, run_id)
        view = fold(events)
        around = _around(store, view.station, run_id)
    begun = next((event.body for event in events if event.kind == kinds.STARTED), {})
    own = [event for event in events if event.kind in (kinds.AUDIT_HIDDEN, kinds.AUDIT_SHOWN)]
    audited = [line for event in sorted([*own, *around], key=lambda one: one.seq) for line in told_by(event)]
    return {
        **view.to_json(),
        "tip_lot": begun.get("tip_lot", ""),
        "seed": view.seed,
        "options": view.options,
        "measurements": [{**body, "accepted": is_accepted(body)} for body in view.measurements],
        "traces": [asdict(trace) for trace in named_traces(events)],
        "wire_log": wire_log(runs, view.wire_log),
        "audit": [line.to_json() for line in audited],
        "suspected_by": [
            event.body["run_id"] for event in around if run_id in event.body.get("suspects", ())
        ],
    }


def trace_columns(runs: Path, run_id: str, name: str, *, points: int = 2000) -> dict[str, Any]:
    """Return a trace of a run for a picture.

    Args:
        runs, run_id: as :func:`run_detail`.
        name: of the trace, or of a result made from it.
        points: about how many rows are wanted; a longer trace keeps the smallest and the largest value of
            each stretch, so that no peak is lost.

    Returns:
        {name, title, about, columns {name: [numbers, null where there is none]}, rows, shown}: ``rows`` is
        the length of the trace, ``shown`` that of each column here.

    Raises:
        StoreError: no such run or trace, or a file that is not the one recorded.
    """
    with Store(runs, create=False) as store:
        named = named_traces(events_of(store, run_id))
    found = [trace for trace in named if trace.name == name] or [trace for trace in named if name in trace.of]
    if not found:
        shown = ", ".join(trace.name for trace in named[:5]) or "none"
        raise StoreError(f"run {run_id} has no trace {name!r}", expected=f"one of its traces: {shown}")
    trace = read_named(runs, found[0])
    columns = thin(trace.columns, points)
    return {
        "name": found[0].name,
        "title": trace.name,
        "about": dict(trace.about),
        "columns": columns,
        "rows": len(trace),
        "shown": len(next(iter(columns.values()))),
    }


def events_of(store: Store, run_id: str) -> list[Event]:
    """Return the entries of a run.

    Raises:
        StoreError: there is no such run.
    """
    events = store.events(run_id) if kinds.is_run(run_id) else []
    if not events:
        raise StoreError(f"{store.path}: no run {run_id!r}", expected="the id of a run, in full")
    return events


def _around(store: Store, station: str, run_id: str) -> list[Event]:
    """Return entries of the station and of the audit trail that concern a run."""
    found = [*store.events(f"{kinds.STATION_PREFIX}{station}"), *store.events(kinds.AUDIT_SUBJECT)]
    return [event for event in found if _concerns(event, run_id)]


def _concerns(event: Event, run_id: str) -> bool:
    body = event.body
    return (
        body.get("run_id") == run_id or run_id in body.get("suspects", ()) or run_id in str(body.get("what"))
    )
