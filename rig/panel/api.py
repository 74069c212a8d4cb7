"""The interface for the line's own computer (its MES): start a run, follow it, answer it, stop it."""

from __future__ import annotations

import time
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from reports.dashboard.figures import list_runs
from reports.dashboard.filters import Filter
from reports.dashboard.index import Index
from rig.errors import RefusedToStart, StoreError
from rig.fixtures.plan import find_plan_folder, load_plan
from rig.live.feed import feed_path
from rig.live.prompts import answer_prompt
from rig.live.reading import read_feed
from rig.panel.guard import Actor, Settings, actor, allow
from rig.panel.lane import Lane
from rig.panel.progress import Progress
from rig.panel.scanning import check_tip_lot, find_product
from rig.panel.starting import Order
from rig.panel.stopping import stop_run
from rig.records.store import FILE_NAME, Store
from rig.records.view import fold

WAIT_S, POLL_S = 20.0, 0.05

Text = Annotated[str, Field(max_length=200)]
RunId = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
Verdict = Literal["", "PASS", "FAIL", "ERROR", "ABORTED", "REFUSED", "UNFINISHED"]


class Problem(BaseModel):
    """Why a request was not carried out."""

    detail: str


class RunOrder(BaseModel):
    """What shall be run, and where."""

    model_config = ConfigDict(extra="forbid")

    lane: Text
    pen: Text = Field(description="serial number, as it is on the pen")
    tip_lot: Text = Field("", description="lot of the tip; checked against what the pen reports")
    lot: Text = Field("", description="lot the pen belongs to")
    plan: Text = Field("", description="plan by name; the panel's own where none is given")


class Begun(BaseModel):
    """A run that began."""

    run_id: str
    lane: str


class RunLine(BaseModel):
    """A run in a list."""

    model_config = ConfigDict(extra="ignore")

    run_id: str
    plan: str
    pen_serial: str
    station: str
    product: str
    lot: str
    verdict: str
    started: str | None
    ended: str | None
    takt_s: float | None


class RunList(BaseModel):
    """Some runs, the newest first; ``before`` of the next request is ``next``."""

    runs: list[RunLine]
    total: int
    next: str | None


class RunStatus(BaseModel):
    """A run: how far it is, and what came of it."""

    run_id: str
    plan: str
    pen_serial: str
    station: str
    lot: str
    verdict: str
    started: str | None
    ended: str | None
    takt_s: float | None
    reasons: list[str]
    step: int | None = Field(description="the step under way, from 0; null once it ended")
    steps: int | None
    measurements: list[dict[str, Any]]
    calibration: dict[str, Any] | None


class Prompt(BaseModel):
    """What a run asks of the person at the station."""

    model_config = ConfigDict(extra="ignore")

    number: int
    key: str
    text: str
    answer: str


class PromptAnswer(BaseModel):
    """Answer to a prompt: yes, no, or what was scanned."""

    model_config = ConfigDict(extra="forbid")

    answer: Text


class Done(BaseModel):
    """Whether there was anything to do."""

    done: bool


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "not JSON"},
    401: {"model": Problem, "description": "no token, or one that nobody has"},
    403: {"model": Problem, "description": "not allowed"},
    404: {"model": Problem, "description": "no such thing"},
    409: {"model": Problem, "description": "the lane is at work, or the prompt was answered"},
    413: {"model": Problem, "description": "too long"},
    422: {"model": Problem, "description": "not valid, or refused by the rig"},
    503: {"model": Problem, "description": "the rig cannot do it now"},
}

router = APIRouter(prefix="/api", tags=["runs"], responses=REFUSALS, dependencies=[Depends(actor)])


@router.post("/runs", status_code=201)
def start_run(order: RunOrder, request: Request, person: Actor, settings: Settings) -> Begun:
    """Start a run, and return when it has begun; a run that is refused says why."""
    lanes: dict[str, Lane] = request.app.state.lanes
    if order.lane not in lanes:
        raise HTTPException(404, f"no lane {order.lane!r}; there are: {', '.join(lanes)}")
    lane, plan = lanes[order.lane], order.plan or settings.plan
    allow(settings, person, load_plan(find_plan_folder(plan)).roles, f"running plan {plan}")
    product = find_product(order.pen, settings.products)
    if order.tip_lot:
        check_tip_lot(product, order.tip_lot)
    begun = lane.begin(Order(order.pen, order.tip_lot, product, plan, order.lot), person)
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        if run_id := lane.run_of(begun):
            return Begun(run_id=run_id, lane=lane.name)
        if begun.is_over:
            raise RefusedToStart(begun.why())
        time.sleep(POLL_S)
    raise HTTPException(503, f"the run did not begin within {WAIT_S:g} s")


@router.get("/runs")
def find_runs(
    settings: Settings,
    pen: Annotated[Text, Query()] = "",
    lot: Annotated[Text, Query()] = "",
    plan: Annotated[Text, Query()] = "",
    verdict: Verdict = "",
    station: Annotated[Text, Query()] = "",
    since: date | None = None,
    until: date | None = None,
    before: Annotated[Text, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RunList:
    """List runs, the newest first."""
    with Index(settings.runs) as index:
        index.catch_up()
        wanted = Filter(
            pen=pen, lot=lot, plan=plan, verdict=verdict, station=station, since=since, until=until
        )
        page = list_runs(index, wanted, before=before or None, limit=limit)
    lines = [RunLine.model_validate(vars(run)) for run in page.runs]
    return RunList(runs=lines, total=page.total, next=page.next)


@router.get("/runs/{run_id}")
def show_run(run_id: RunId, settings: Settings) -> RunStatus:
    """Tell how far a run is, and what came of it."""
    with _store(settings) as store:
        view = fold(store.events(_known(store, run_id)))
    progress = None if view.ended else _progress(settings, run_id)
    steps = progress.begun.get("steps", []) if progress else None
    return RunStatus(
        **{
            name: getattr(view, name)
            for name in (
                "run_id", "plan", "pen_serial", "station", "lot", "verdict", "started", "ended", "takt_s",
                "reasons", "measurements", "calibration",
            )
        },
        step=progress.index if progress and progress.index >= 0 else None,
        steps=None if steps is None else len(steps),
    )  # fmt: skip


@router.post("/runs/{run_id}/stop")
def stop(run_id: RunId, settings: Settings) -> Done:
    """Stop a run as Ctrl-C would; the bench is made safe, the run ends as ABORTED."""
    with _store(settings) as store:
        known = _known(store, run_id)
    return Done(done=stop_run(settings.runs, known))


@router.get("/runs/{run_id}/prompts")
def prompts(run_id: RunId, settings: Settings) -> list[Prompt]:
    """Tell what a run asks now: nothing, or one thing."""
    with _store(settings) as store:
        known = _known(store, run_id)
    asked = _progress(settings, known).prompt
    return [] if asked is None else [Prompt.model_validate(asked)]


@router.post("/runs/{run_id}/prompts/{number}")
def answer(
    run_id: RunId,
    number: Annotated[int, Path(ge=1, le=10_000)],
    given: PromptAnswer,
    settings: Settings,
    person: Actor,
) -> Done:
    """Answer what a run asks: yes, no, or what was scanned."""
    with _store(settings) as store:
        known = _known(store, run_id)
    asked = _progress(settings, known).prompt
    if asked is None or asked["number"] != number:
        raise HTTPException(404, f"run {run_id} asks nothing of number {number}")
    if not answer_prompt(settings.runs, known, number, given.answer, by=person.name):
        raise HTTPException(409, "this was answered before")
    return Done(done=True)


def _store(settings: Settings) -> Store:
    if not (settings.runs / FILE_NAME).exists():
        raise HTTPException(404, "no runs are recorded yet")
    return Store(settings.runs, create=False)


def _known(store: Store, run_id: str) -> str:
    try:
        found = store.find_run(run_id)
    except StoreError:
        found = ""
    if found != run_id:
        raise HTTPException(404, f"no run {run_id!r}")
    return found


def _progress(settings: Settings, run_id: str) -> Progress:
    progress, offset = Progress(run_id), 0
    path = feed_path(settings.runs, run_id)
    while path.exists():
        lines, after = read_feed(path, offset)
        for line in lines:
            progress.take(line)
        if after == offset:
            break
        offset = after
    return progress
