"""The list of runs: newest first, by what is asked for, a page at a time; some of them to be compared."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from reports.dashboard.figures import choices, list_runs
from reports.dashboard.index import Index
from rig.panel import numbers
from rig.panel.asked import VERDICTS, AnyTime
from rig.panel.drawn_runs import drawn_list
from rig.panel.exports import Format, export
from rig.panel.guard import Reviewer, Settings
from rig.panel.indexing import look
from rig.panel.pages import pages_of

router = APIRouter(include_in_schema=False)

PER_PAGE = 50
MOST_EXPORTED = 10_000
"""Runs in one file: the newest of those that are asked for."""

Before = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("/runs")
def runs_page(
    request: Request, person: Reviewer, settings: Settings, asked: AnyTime, before: Before = None
) -> Response:
    """Show a page of the list."""
    with Index(settings.runs) as index:
        far = look(index)
        page = list_runs(index, asked.filter, before=before, limit=PER_PAGE)
        offered = choices(index)
    return pages_of(request).show(
        request,
        "runs.html",
        n=numbers,
        far=far,
        asked=asked,
        choices=offered,
        verdicts=VERDICTS,
        page=page,
        is_first=before is None,
        most=MOST_EXPORTED,
    )


@router.get("/data/runs.{form}")
def runs_data(
    person: Reviewer, settings: Settings, asked: AnyTime, form: Annotated[Format, Path()]
) -> Response:
    """Return the newest runs of those that are asked for."""
    with Index(settings.runs) as index:
        look(index)
        return export(drawn_list(list_runs(index, asked.filter, limit=MOST_EXPORTED).runs), form)
