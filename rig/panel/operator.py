"""The operator's view: one page with a lane for each nest, kept up to date by a stream of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from rig.fixtures.plan import find_plan_folder, load_plan
from rig.panel.guard import Actor, Settings, Visitor, allow, visitor
from rig.panel.lane import Lane
from rig.panel.pages import pages_of
from rig.panel.watching import Watcher

router = APIRouter(include_in_schema=False)

HEARTBEAT_S = 15.0
LaneName = Annotated[str, Path(max_length=100)]


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
    lanes = [lane.told() for lane in _lanes(request).values()]
    return pages_of(request).show(request, "operator.html", lanes=lanes)


@router.get("/events")
async def events(request: Request) -> Response:
    """Stream what changes: each lane whole, and the points of its plot as they come."""
    await asyncio.to_thread(visitor, request)
    return StreamingResponse(
        _stream(request), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.post("/lanes/{name}/scan")
def scan(
    request: Request, name: LaneName, scanned: Scan, person: Actor, settings: Settings
) -> dict[str, Any]:
    """Take a scan."""
    lane = _lane(request, name)
    allow(settings, person, load_plan(find_plan_folder(settings.plan)).roles, f"running plan {settings.plan}")
    lane.scan(scanned.text, person)
    return lane.told()


@router.post("/lanes/{name}/answer")
def answer(request: Request, name: LaneName, given: Answer, person: Actor) -> dict[str, Any]:
    """Answer the prompt of a lane."""
    lane = _lane(request, name)
    lane.answer(given.number, given.answer, person)
    return lane.told()


@router.post("/lanes/{name}/stop")
def stop(request: Request, name: LaneName, person: Actor) -> dict[str, Any]:
    """Stop what runs on a lane, or forget what was scanned there. Anybody who is signed in may."""
    lane = _lane(request, name)
    lane.stop()
    return lane.told()


async def _stream(request: Request) -> AsyncIterator[str]:
    watcher: Watcher = request.app.state.watcher
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(changed.set)

    watcher.listen(wake)
    seen: dict[str, int] = {}
    plots: dict[str, tuple[str, int, int]] = {}
    try:
        while True:
            changed.clear()
            for lane in _lanes(request).values():
                if seen.get(lane.name) != lane.version:
                    seen[lane.name] = lane.version
                    yield _event("lane", lane.told())
                for told in _points(lane, plots):
                    yield _event("plot", told)
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ": still here\n\n"
                await asyncio.to_thread(visitor, request)  # a session that ended sees nothing more
    finally:
        watcher.ignore(wake)


def _points(lane: Lane, sent: dict[str, tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Return what is new in a lane's plot since it was sent last, at most one message."""
    progress = lane.progress
    if progress is None or not progress.plot.number:
        return []
    plot = progress.plot
    last = sent.get(lane.name, ("", 0, 0))
    is_same = last[:2] == (progress.run_id, plot.number) and last[2] <= len(plot.x)
    begin = last[2] if is_same else 0
    count = min(len(plot.x), len(plot.y))
    if is_same and begin == count:
        return []
    sent[lane.name] = (progress.run_id, plot.number, count)
    return [
        {
            "lane": lane.name,
            "title": plot.title,
            "x_name": plot.x_name,
            "y_name": plot.y_name,
            "is_new": not is_same,
            "x": plot.x[begin:count],
            "y": plot.y[begin:count],
        }
    ]


def _event(name: str, body: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"


def _lanes(request: Request) -> dict[str, Lane]:
    lanes: dict[str, Lane] = request.app.state.lanes
    return lanes


def _lane(request: Request, name: str) -> Lane:
    lane = _lanes(request).get(name)
    if lane is None:
        raise HTTPException(404, f"no lane {name!r}; there are: {', '.join(_lanes(request))}")
    return lane
