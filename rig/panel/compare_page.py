"""Runs side by side: what was measured in each, and where they differ by more than their uncertainty."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from reports.dashboard.comparison import Comparison
from reports.dashboard.figures import compare
from rig.panel import numbers
from rig.panel.exports import Drawn, Format, export
from rig.panel.guard import Reviewer, Settings
from rig.panel.pages import pages_of
from rig.panel.run_named import LONGEST, PATTERN, check_known
from rig.panel.settings import PanelSettings

router = APIRouter(include_in_schema=False)

FEWEST, MOST = 2, 6

OneRun = Annotated[str, Query(max_length=LONGEST, pattern=PATTERN)]
Runs = Annotated[list[OneRun], Query(max_length=50, default_factory=list)]


@router.get("/compare")
def compare_page(
    request: Request,
    person: Reviewer,
    settings: Settings,
    run: Runs,
    only: bool = False,
) -> Response:
    """Show runs side by side; with ``only``, nothing but what differs."""
    compared = _compared(settings, run)
    return pages_of(request).show(
        request,
        "compare.html",
        n=numbers,
        compared=compared,
        rows=[row for row in compared.rows if row.differs or not only],
        only=only,
    )


@router.get("/data/compare.{form}")
def compare_data(
    person: Reviewer,
    settings: Settings,
    form: Annotated[Format, Path()],
    run: Runs,
) -> Response:
    """Return the results of runs side by side."""
    return export(drawn_comparison(_compared(settings, run)), form)


def drawn_comparison(compared: Comparison) -> Drawn:
    """Return a row a result, and for each run what it found and by how much that differs from the first."""
    columns: dict[str, list[Any]] = {
        "name": [row.name for row in compared.rows],
        "unit": [row.unit for row in compared.rows],
    }
    for place, run in enumerate(compared.runs):
        results = [row.results[place] for row in compared.rows]
        for field in ("value", "U", "verdict", "difference", "U_difference", "differs"):
            columns[f"{run.run_id} {field}"] = [one and getattr(one, field) for one in results]
    return Drawn("comparison", columns)


def _compared(settings: PanelSettings, run_ids: list[str]) -> Comparison:
    chosen = list(dict.fromkeys(run_ids))
    if not FEWEST <= len(chosen) <= MOST:
        raise HTTPException(422, f"{len(chosen)} runs to compare, expected {FEWEST} to {MOST}")
    for run_id in chosen:
        check_known(settings.runs, run_id)
    return compare(settings.runs, chosen)
