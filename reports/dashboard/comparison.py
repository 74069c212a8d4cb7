"""Runs side by side: what was measured in each, and whether they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.dashboard.run_detail import events_of
from rig.records.store import Store
from rig.records.view import RunView, fold, is_accepted


@dataclass(frozen=True)
class Compared:
    """A result of one run, beside that of the first run which has one.

    Args:
        value, U: in the row's unit.
        lower, upper: limits; None where there is none.
        verdict, accepted: of the result.
        difference: from the first; None for the first itself.
        U_difference: root of the sum of squares of both U. What both share, such as the station, makes the
            true one smaller: a difference that is shown is there.
        differs: whether the difference is larger than that.
    """

    value: float
    U: float
    lower: float | None
    upper: float | None
    verdict: str
    accepted: bool
    difference: float | None = None
    U_difference: float | None = None
    differs: bool = False


@dataclass(frozen=True)
class ComparedRow:
    """A result by name; ``results`` has one a run, in the order asked for, None where a run has it not."""

    name: str
    characteristic: str
    setting: dict[str, Any] | None
    unit: str
    results: tuple[Compared | None, ...]
    differs: bool


@dataclass(frozen=True)
class ComparedRun:
    """Whose results stand in a column."""

    run_id: str
    plan: str
    pen_serial: str
    station: str
    product: str
    verdict: str
    started: str | None
    takt_s: float | None


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; rows in the order in which the first run that has them measured them."""

    runs: tuple[ComparedRun, ...]
    rows: tuple[ComparedRow, ...]


def compare(runs: Path, run_ids: Sequence[str]) -> Comparison:
    """Compare runs result by result.

    Args:
        runs: folder of the runs.
        run_ids: which, in full; what is named twice is there once.

    Raises:
        StoreError: there is no such run, or no record.
    """
    with Store(runs, create=False) as store:
        views = [fold(events_of(store, run_id)) for run_id in dict.fromkeys(run_ids)]
    results = [{(body["name"], body["unit"]): body for body in view.measurements} for view in views]
    keys = list(dict.fromkeys(key for of_run in results for key in of_run))
    rows = tuple(_row([of_run.get(key) for of_run in results]) for key in keys)
    return Comparison(tuple(_run(view) for view in views), rows)


def _run(view: RunView) -> ComparedRun:
    return ComparedRun(
        view.run_id, view.plan, view.pen_serial, view.station, view.product, view.verdict, view.started,
        view.takt_s,
    )  # fmt: skip


def _row(bodies: Sequence[dict[str, Any] | None]) -> ComparedRow:
    first = next(body for body in bodies if body is not None)
    results = tuple(None if body is None else _compared(body, first) for body in bodies)
    differs = any(result.differs for result in results if result is not None)
    return ComparedRow(
        first["name"], first["characteristic"], first.get("setting"), first["unit"], results, differs
    )


def _compared(body: dict[str, Any], first: dict[str, Any]) -> Compared:
    own = (body["value"], body["U"], body["lower"], body["upper"], body["verdict"], is_accepted(body))
    if body is first:
        return Compared(*own)
    difference, U = body["value"] - first["value"], math.hypot(body["U"], first["U"])
    return Compared(*own, difference=difference, U_difference=U, differs=abs(difference) > U)
