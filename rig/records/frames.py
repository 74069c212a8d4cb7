"""The record as pandas tables: one row a run, a measurement, an entry, or a sample of a trace.

Every function takes the folder of the runs, or an open :class:`~rig.records.store.Store`, and runs by
id, by the beginning of an id, or as ``last``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import StoreError
from rig.records.store import Store
from rig.records.trace import read_trace
from rig.records.view import RunView, fold, headlines, is_accepted

if TYPE_CHECKING:
    from pandas import DataFrame

RUN_COLUMNS = ["run_id", "plan", "pen_serial", "station", "product", "verdict", "started", "ended"]
RUN_COLUMNS += ["takt_s", "wall_s", "version", "commit", "seed", "faults", "lot", "tip_lot", "operator"]
MEASUREMENT_COLUMNS = ["run_id", "plan", "pen_serial", "station", "product", "started", "run_verdict"]
MEASUREMENT_COLUMNS += ["name", "characteristic", "depth_mm", "rate_per_min", "value", "unit", "u", "dof"]
MEASUREMENT_COLUMNS += ["k", "U", "lower", "upper", "tur", "rule", "verdict", "p_conform", "accepted"]
MEASUREMENT_COLUMNS += ["remark", "requirements", "trace_path", "trace_sha256"]
NUMBERS = ["depth_mm", "rate_per_min", "value", "u", "dof", "k", "U", "lower", "upper", "tur", "p_conform"]
EVENT_COLUMNS = ["seq", "run_id", "kind", "at", "body", "previous", "hash"]

Runs = Path | Store
Names = str | Sequence[str] | None


def runs(runs: Runs) -> DataFrame:
    """Return one row a run, oldest first, hidden ones too; ``faults`` counts them, times are UTC.

    ``lot``, ``tip_lot`` and ``operator`` (a user's name) are empty where none was named.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    import pandas as pd

    with _opened(runs) as store:
        rows = [_run_row(view) for view in headlines(store)]
    frame = pd.DataFrame(rows, columns=RUN_COLUMNS)
    for column in ("started", "ended"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame.astype({"takt_s": float, "wall_s": float})


def measurements(runs: Runs, run: Names = None) -> DataFrame:
    """Return one row a measurement, of ``run`` (one or several), or of all runs.

    Columns of the run come first (``run_verdict`` is the whole run's), then those of the measurement.
    A missing limit, setting or probability is NaN; infinite degrees of freedom, or an infinite test
    uncertainty ratio (``tur``), are ``inf``.

    Raises:
        StoreError: there is no such run, no store, or it cannot be read.
    """
    import pandas as pd

    with _opened(runs) as store:
        views = [fold(store.events(run_id)) for run_id in _chosen(store, run)]
    rows = [_measurement_row(view, body) for view in views for body in view.measurements]
    frame = pd.DataFrame(rows, columns=MEASUREMENT_COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    frame["started"] = pd.to_datetime(frame["started"], utc=True)
    return frame


def events(runs: Runs, run: Names = None) -> DataFrame:
    """Return one row an entry, of ``run`` (one or several), or of all runs; ``body`` holds tables.

    Raises:
        StoreError: there is no such run, no store, or it cannot be read.
    """
    import pandas as pd

    with _opened(runs) as store:
        found = [event for run_id in _chosen(store, run) for event in store.events(run_id)]
    rows = [{column: getattr(event, column) for column in EVENT_COLUMNS} for event in found]
    frame = pd.DataFrame(rows, columns=EVENT_COLUMNS)
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame


def traces(runs: Runs, run: str, name: str | None = None) -> DataFrame:
    """Return one row a sample of every trace of a run, or of the trace called ``name``.

    Args:
        runs: where they are.
        run: which run.
        name: a trace's own name, or the name of a measurement made from it.

    The column ``trace`` tells traces apart; a column that a trace does not have is NaN in its rows.

    Raises:
        StoreError: no such run or trace, or a file that is not the one recorded.
    """
    import pandas as pd

    with _opened(runs) as store:
        run_id, root = store.find_run(run), store.runs
        cited = _cited_traces(store, run_id)
    pieces = []
    for (path, sha256), citing in cited.items():
        trace = read_trace(root / path, sha256=sha256)
        if name is None or name == trace.name or name in citing:
            pieces.append(pd.DataFrame({"trace": trace.name, **trace.columns}))
    if not pieces:
        raise StoreError(f"run {run_id} has no trace {name!r}" if name else f"run {run_id} has no trace")
    return pd.concat(pieces, ignore_index=True)


@contextmanager
def _opened(runs: Runs) -> Iterator[Store]:
    if isinstance(runs, Store):
        yield runs
    else:
        with Store(runs, create=False) as store:
            yield store


def _chosen(store: Store, run: Names) -> list[str]:
    if run is None:
        return store.run_ids()
    return [store.find_run(name) for name in ([run] if isinstance(run, str) else run)]


def _cited_traces(store: Store, run_id: str) -> dict[tuple[str, str], set[str]]:
    """Return (path, hash) of each trace, with the names of the measurements made from it."""
    cited: dict[tuple[str, str], set[str]] = {}
    for event in store.events(run_id):
        if trace := event.body.get("trace"):
            cited.setdefault((trace["path"], trace["sha256"]), set()).add(event.body.get("name", ""))
    return cited


def _run_row(view: RunView) -> dict[str, Any]:
    operator = (view.operator or {}).get("name", "")
    return {**vars(view), **view.software, "faults": len(view.faults), "operator": operator}


def _measurement_row(view: RunView, body: dict[str, Any]) -> dict[str, Any]:
    trace, setting = body.get("trace") or {}, body.get("setting") or {}
    return {
        **vars(view),
        **body,
        "run_verdict": view.verdict,
        "depth_mm": setting.get("depth_mm"),
        "rate_per_min": setting.get("rate_per_min"),
        "dof": _infinite_if_none(body["dof"]),
        "tur": _infinite_if_none(body.get("tur", float("nan"))),
        "accepted": is_accepted(body),
        "remark": body.get("remark", ""),
        "trace_path": trace.get("path"),
        "trace_sha256": trace.get("sha256"),
    }


def _infinite_if_none(number: float | None) -> float:
    return float("inf") if number is None else number
