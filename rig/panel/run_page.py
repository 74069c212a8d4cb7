"""One run, whole: every result against its limits, budgets, traces, calibration, what broke, who did what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from reports.dashboard.figures import trace_columns
from rig.panel import numbers
from rig.panel.drawn_run import (
    calibration_rows,
    drawn_calibration,
    drawn_measurements,
    drawn_trace,
    raw_trace,
)
from rig.panel.exports import Drawn, Format, export
from rig.panel.guard import Reviewer, Settings
from rig.panel.pages import pages_of
from rig.panel.range_bars import range_bar
from rig.panel.run_named import RunId, check_known, detail
from rig.panel.run_progress import progress_of
from rig.panel.settings import PanelSettings
from rig.records.kinds import TRACEBACK, UNFINISHED
from rig.records.locks import holder_of

router = APIRouter(include_in_schema=False)

WHOLE = 10**9
"""More rows than any trace has."""

NOT_TOLD: Mapping[str, Any] = {
    "tur": None, "p_conform": None, "as_read": None, "equation": "", "method": "", "remark": "", "test": "",
    "requirements": (),
}  # fmt: skip
"""What records of earlier versions do not say of a result."""

Form = Annotated[Format, Path()]
TraceName = Annotated[str, Path(max_length=200)]


@router.get("/runs/{run_id}")
def run_page(
    request: Request,
    person: Reviewer,
    settings: Settings,
    run_id: RunId,
    trace: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show a run; one that is under way, as far as it is."""
    run = detail(settings.runs, run_id)
    names = [one["name"] for one in run["traces"]]
    if trace and trace not in names:
        raise HTTPException(404, f"run {run_id} has no trace {trace!r}")
    under_way = run["verdict"] == UNFINISHED and holder_of(settings.runs, run_id) is not None
    return pages_of(request).show(
        request,
        "run.html",
        n=numbers,
        run=run,
        under_way=under_way,
        progress=progress_of(settings.runs, run_id) if under_way else None,
        groups=_grouped(run),
        calibration=drawn_calibration(run),
        nodes=calibration_rows(run),
        notes=[note for note in run["notes"] if note["text"] != TRACEBACK],
        tracebacks=[note for note in run["notes"] if note["text"] == TRACEBACK],
        trace=trace or next(iter(names), ""),
    )


@router.get("/data/runs/{run_id}/state.json")
def run_state(person: Reviewer, settings: Settings, run_id: RunId) -> dict[str, Any]:
    """Tell how far a run is, so that its page knows when there is more to show."""
    run = detail(settings.runs, run_id)
    return {"verdict": run["verdict"], "measurements": len(run["measurements"])}


@router.get("/data/runs/{run_id}/measurements.{form}")
def measurements_data(person: Reviewer, settings: Settings, run_id: RunId, form: Form) -> Response:
    """Return the results of a run."""
    drawn = drawn_measurements(detail(settings.runs, run_id)["measurements"])
    return export(_named(run_id, drawn), form)


@router.get("/data/runs/{run_id}/calibration.{form}")
def calibration_data(person: Reviewer, settings: Settings, run_id: RunId, form: Form) -> Response:
    """Return errors of extension before and after the table was written."""
    return export(_named(run_id, drawn_calibration(detail(settings.runs, run_id))), form)


@router.get("/data/runs/{run_id}/traces/{name}.{form}")
def trace_data(person: Reviewer, settings: Settings, run_id: RunId, name: TraceName, form: Form) -> Response:
    """Return what is drawn of a trace."""
    return export(drawn_trace(_trace(settings, run_id, name)), form)


@router.get("/data/runs/{run_id}/raw/{name}.{form}")
def raw_data(person: Reviewer, settings: Settings, run_id: RunId, name: TraceName, form: Form) -> Response:
    """Return a trace as it was recorded, every column and row."""
    return export(raw_trace(_trace(settings, run_id, name)), form)


def _trace(settings: PanelSettings, run_id: str, name: str) -> dict[str, Any]:
    check_known(settings.runs, run_id)
    if name not in (one["name"] for one in detail(settings.runs, run_id)["traces"]):
        raise HTTPException(404, f"run {run_id} has no trace {name!r}")
    return trace_columns(settings.runs, run_id, name, points=WHOLE)


def _named(run_id: str, drawn: Drawn) -> Drawn:
    return Drawn(f"{run_id}-{drawn.name}", drawn.columns, drawn.lines, drawn.about)


def _grouped(run: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the results by characteristic, in the order in which each was first measured."""
    order = list(dict.fromkeys(one["characteristic"] for one in run["measurements"]))
    ordered = sorted(run["measurements"], key=lambda one: order.index(one["characteristic"]))
    traces = {one["sha256"]: one["name"] for one in run["traces"]}
    return [
        (name, [_row(one, traces) for one in group])
        for name, group in groupby(ordered, key=lambda one: str(one["characteristic"]))
    ]


def _row(one: Mapping[str, Any], traces: Mapping[str, str]) -> dict[str, Any]:
    setting = one.get("setting") or {}
    return {
        **NOT_TOLD,
        **one,
        "at": numbers.setting(setting.get("depth_mm"), setting.get("rate_per_min")) or one["name"],
        "bar": range_bar(one["value"], one["U"], one["lower"], one["upper"]),
        "trace_name": traces.get((one.get("trace") or {}).get("sha256", ""), ""),
        "lines": _budget(one.get("budget") or []),
    }


def _budget(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a budget, the largest first, each with its share of the variance."""
    total = math.fsum(line["u"] ** 2 for line in lines)
    ordered = sorted(lines, key=lambda line: -line["u"])
    return [{**line, "share": line["u"] ** 2 / total if total > 0 else None} for line in ordered]
