"""The operator's view: one page with a lane for each nest, kept up to date by a stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request, Response
from pydantic import BaseModel, Field

from rig.fixtures.plan import find_plan_folder, load_plan
from rig.panel.guard import Actor, Settings, Visitor, allow
from rig.panel.lane import Lane
from rig.panel.message import SENTENCE_IN_A_BROWSER
from rig.panel.pages import pages_of
from rig.panel.scanning import is_stop
from rig.panel.words import DEFAULT, table
from rig.people.sign_in import SignedIn

router = APIRouter(include_in_schema=False)

LaneName = Annotated[str, Path(max_length=100)]
Told = dict[str, Any]


class Scan(BaseModel):
    """What a scanner or a keyboard sent; how long it may be, the lane says."""

    text: str


class Answer(BaseModel):
    """Answer to a prompt: yes, no, or what was scanned."""

    number: Annotated[int, Field(ge=1)]
    answer: Annotated[str, Field(max_length=200)]


@router.get("/")
def operator_page(request: Request, session: Visitor) -> Response:
    """Show the lanes."""
    # What a station asks and what the rig refuses is shown as they say it, wherever that is not these words.
    return pages_of(request).show(
        request,
        "operator.html",
        lanes=_told(request),
        asked=table(DEFAULT, "prompts"),
        refusals=table(DEFAULT, "refusals"),
        sentence=SENTENCE_IN_A_BROWSER,
    )


@router.get("/lanes")
def lanes_now(request: Request, person: Actor) -> list[Told]:
    """Tell how the lanes are now: for a page whose stream is broken."""
    return _told(request)


@router.post("/lanes/{name}/scan")
def scan(request: Request, name: LaneName, scanned: Scan, person: Actor, settings: Settings) -> Told:
    """Take a scan; the label that stops is anybody's."""
    lane = _lane(request, name)
    if is_stop(scanned.text):
        return _stopped(lane, person)
    allow(settings, person, load_plan(find_plan_folder(settings.plan)).roles, f"running plan {settings.plan}")
    lane.scan(scanned.text, person)
    return {"did": "scan", "lane": lane.told()}


@router.post("/lanes/{name}/answer")
def answer(request: Request, name: LaneName, given: Answer, person: Actor, settings: Settings) -> Told:
    """Answer the prompt of a lane."""
    lane = _lane(request, name)
    allow(settings, person, load_plan(find_plan_folder(settings.plan)).roles, f"running plan {settings.plan}")
    lane.answer(given.number, given.answer, person)
    return {"did": "answer", "lane": lane.told()}


@router.post("/lanes/{name}/stop")
def stop(request: Request, name: LaneName, person: Actor) -> Told:
    """Stop what runs on a lane, or forget what was scanned there. Anybody who is signed in may."""
    return _stopped(_lane(request, name), person)


@router.post("/lanes/{name}/forget")
def forget(request: Request, name: LaneName, person: Actor) -> Told:
    """Forget what was scanned on a lane and has not begun, and what was refused there; stops nothing."""
    lane = _lane(request, name)
    lane.forget()
    return {"did": "forget", "lane": lane.told()}


def _stopped(lane: Lane, person: SignedIn) -> Told:
    return {"did": "stop" if lane.stop(person) else "nothing", "lane": lane.told()}


def _told(request: Request) -> list[Told]:
    return [lane.told() for lane in lanes_of(request).values()]


def lanes_of(request: Request) -> dict[str, Lane]:
    """Return the lanes of the panel that serves a request, by name."""
    lanes: dict[str, Lane] = request.app.state.lanes
    return lanes


def _lane(request: Request, name: str) -> Lane:
    lane = lanes_of(request).get(name)
    if lane is None:
        raise HTTPException(404, f"no lane {name!r}; there are: {', '.join(lanes_of(request))}")
    return lane
