"""The interface for the line's own computer (its MES): start a run, follow it, answer it, stop it."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response, Security
from fastapi.security import HTTPBearer

from reports.dashboard.figures import list_runs
from reports.dashboard.index import Index
from rig.errors import ConfigError, RefusedToStart, RigError
from rig.fixtures.plan import PLAN_FILE, PLANS, find_plan_folder, load_plan
from rig.live.prompts import answer_prompt, asked
from rig.live.prompts import given as given_to
from rig.panel.api_models import (
    Begun,
    Done,
    Problem,
    Prompt,
    PromptAnswer,
    RunLine,
    RunList,
    RunOrder,
    RunQuery,
    RunStatus,
)
from rig.panel.guard import Actor, Settings, allow
from rig.panel.indexing import look
from rig.panel.lane import Lane
from rig.panel.run_named import RunId, check_known
from rig.panel.run_progress import progress_of
from rig.panel.scanning import check_tip_lot, find_product
from rig.panel.settings import PanelSettings
from rig.panel.starting import Order, Start
from rig.panel.stopping import stop_process, stop_run
from rig.panel.watching import Watcher
from rig.people.user import Role
from rig.records import kinds
from rig.records.locks import is_held
from rig.records.store import Store
from rig.records.view import fold

WAIT_S, POLL_S = 60.0, 0.05
LAST_LOOK_S = 1.0  # of the watcher, at a run that was over as soon as it had begun
MOST_PROMPTS = 10_000

WHY: dict[int, str] = {
    400: "not readable: no UTF-8, or nested too deeply",
    401: "no token, or one that nobody has",
    403: "the client has none of the roles that the plan asks for",
    404: "no such run, lane or prompt",
    409: "the lane is at work, or the prompt has its answer",
    413: "longer than any request needs to be",
    422: "not valid, or refused by the rig; nothing was changed",
    503: "the rig cannot do it now; its record or its users cannot be read",
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a request may be told instead of its answer; any may be told the first and the last."""
    return {status: {"model": Problem, "description": WHY[status]} for status in (401, *statuses, 413, 503)}


token = HTTPBearer(auto_error=False, description="the token that `rig clients add` printed")
router = APIRouter(prefix="/api", dependencies=[Security(token)])


@router.get("/openapi.json", include_in_schema=False)
def description(request: Request) -> dict[str, Any]:
    """Describe this interface."""
    told: dict[str, Any] = request.app.openapi()
    return told


@router.post("/runs", status_code=201, responses=_refusals(400, 403, 404, 409, 422))
def start_run(
    order: RunOrder, request: Request, response: Response, client: Actor, settings: Settings
) -> Begun:
    """Start a run, and answer when it has begun; one that is refused says why."""
    lanes: dict[str, Lane] = request.app.state.lanes
    lane = lanes.get(order.lane)
    if lane is None:
        raise HTTPException(404, f"no lane {order.lane!r}; there are: {', '.join(lanes)}")
    plan = _plan(order.plan, settings)
    allow(settings, client, load_plan(find_plan_folder(plan)).roles, f"running plan {plan}")
    product = find_product(order.pen, settings.products)
    if order.tip_lot:
        check_tip_lot(product, order.tip_lot)
    begun = lane.begin(Order(order.pen, order.tip_lot, product, plan, order.lot), client)
    run_id = _wait_for(lane, begun, request.app.state.watcher)
    response.headers["Location"] = f"/api/runs/{run_id}"
    return Begun(run_id=run_id, lane=lane.name)


@router.get("/runs", responses=_refusals(422))
def find_runs(settings: Settings, query: Annotated[RunQuery, Query()]) -> RunList:
    """List runs, the newest first."""
    with Index(settings.runs) as index:
        far = look(index)
        page = list_runs(index, query.filter(), before=query.before, limit=query.limit)
    lines = [RunLine.model_validate(run) for run in page.runs]
    return RunList(runs=lines, total=page.total, next=page.before, is_whole=far.is_whole)


@router.get("/runs/{run_id}", responses=_refusals(404, 422))
def show_run(run_id: RunId, settings: Settings) -> RunStatus:
    """Tell how far a run is, and what came of it."""
    check_known(settings.runs, run_id)
    goes_on = is_held(settings.runs, run_id)  # asked first: what ends meanwhile has its end in the record
    with Store(settings.runs, create=False) as store:
        view = fold(store.events(run_id))
    recorded = {name: getattr(view, name) for name in RunStatus.model_fields if hasattr(view, name)}
    if view.ended is not None or not goes_on:
        state = "cut off" if view.ended is None else "ended"
        return RunStatus(**recorded, state=state, step=None, steps=None)
    progress = progress_of(settings.runs, run_id)
    step = progress.index if progress.index >= 0 else None
    return RunStatus(**recorded, state="running", step=step, steps=len(progress.begun.get("steps", ())))


@router.post("/runs/{run_id}/stop", responses=_refusals(403, 404, 422))
def stop(run_id: RunId, settings: Settings, person: Actor) -> Done:
    """Stop a run as Ctrl-C would; the bench is made safe, and the run ends as ABORTED. Any client may."""
    check_known(settings.runs, run_id)
    return Done(done=stop_run(settings.runs, run_id, by=person.name))


@router.get("/runs/{run_id}/prompts", responses=_refusals(404, 422))
def prompts(run_id: RunId, settings: Settings) -> list[Prompt]:
    """Tell what a run asks now: nothing, or one thing."""
    check_known(settings.runs, run_id)
    prompt = progress_of(settings.runs, run_id).prompt
    if prompt is None or asked(settings.runs, run_id, prompt["number"]) is None:
        return []
    return [Prompt.model_validate(prompt)]


@router.post("/runs/{run_id}/prompts/{number}", responses=_refusals(400, 403, 404, 409, 422))
def answer(
    run_id: RunId,
    number: Annotated[int, Path(ge=1, le=MOST_PROMPTS)],
    told: PromptAnswer,
    settings: Settings,
    client: Actor,
) -> Done:
    """Answer what a run asks. Whoever answers first has answered."""
    check_known(settings.runs, run_id)
    allow(settings, client, _roles_of(run_id, settings), f"answering run {run_id}")
    if asked(settings.runs, run_id, number) is None and given_to(settings.runs, run_id, number) is None:
        raise HTTPException(404, f"run {run_id} asks nothing of number {number}")
    if not answer_prompt(settings.runs, run_id, number, told.answer, by=client.name):
        raise HTTPException(409, "this has its answer")
    return Done(done=True)


def _plan(name: str, settings: PanelSettings) -> str:
    """Return the plan to run: the panel's own, or one that ships; nobody runs others from afar."""
    if not name or name == settings.plan:
        return settings.plan
    shipped = sorted(path.parent.relative_to(PLANS).as_posix() for path in PLANS.glob(f"**/{PLAN_FILE}"))
    if name not in shipped:
        raise ConfigError(f"unknown plan {name!r}", expected=f"one of: {', '.join(shipped)}")
    return name


def _roles_of(run_id: str, settings: PanelSettings) -> tuple[Role, ...]:
    """Return who may run the plan of a run; as for the panel's own plan where it is none that ships."""
    with Store(settings.runs, create=False) as store:
        (started,) = store.events(run_id, kinds=(kinds.STARTED,))
    folders = [find_plan_folder(settings.plan), *(path.parent for path in PLANS.glob(f"**/{PLAN_FILE}"))]
    plans = [load_plan(folder) for folder in folders]
    return next((plan for plan in plans if plan.name == started.body["plan"]), plans[0]).roles


def _wait_for(lane: Lane, begun: Start, watcher: Watcher) -> str:
    """Return the id of the run that a start becomes; ``watcher`` is who would see it begin.

    Raises:
        RefusedToStart: it was refused; in the command's own words.
        RigError: it broke before it began; or it was stopped, since time or panel ended before it began.
    """
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s and not watcher.is_over:
        if run_id := lane.run_of(begun):
            return run_id
        if begun.is_over and deadline_s > time.monotonic() + LAST_LOOK_S:
            deadline_s = time.monotonic() + LAST_LOOK_S
        time.sleep(POLL_S)
    if begun.was_refused:
        raise RefusedToStart(begun.why())
    if begun.is_over:
        raise RigError(begun.why())
    stop_process(begun.pid)
    if watcher.is_over:
        raise RigError("the panel ended before the run began, which was stopped", do="Start the panel again")
    raise RigError(f"the run did not begin within {WAIT_S:g} s, and was stopped", do="Try again")
