"""The stream that keeps a page up to date: a lane whole when it changed, its plot by the points that came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from rig.panel.guard import COOKIE, settings_of, visitor
from rig.panel.lane import AT_WORK, Lane
from rig.panel.operator import lanes_of
from rig.panel.watching import Watcher
from rig.people.sessions import find_session

router = APIRouter(include_in_schema=False)

BEAT_S = 5.0
"""A page that hears nothing for three of these knows that the connection is lost."""


@router.get("/events")
async def events(request: Request) -> Response:
    """Stream what changes, beginning with all there is."""
    await asyncio.to_thread(visitor, request)
    return StreamingResponse(
        _stream(request), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


class News:
    """What one page has not been told yet.

    Args:
        lanes: all that it shows.
    """

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = tuple(lanes)
        self._versions: dict[str, int] = {}
        self._plots: dict[str, tuple[str, int, int]] = {}

    def told(self) -> list[str]:
        """Return the events that bring the page up to date."""
        return [event for lane in self._lanes for event in (*self._lane(lane), *self._plot(lane))]

    def _lane(self, lane: Lane) -> list[str]:
        told = None if self._versions.get(lane.name) == lane.version else lane.told()
        if told is None:
            return []
        self._versions[lane.name] = told["version"]
        return [event("lane", told)]

    def _plot(self, lane: Lane) -> list[str]:
        progress = lane.progress
        if progress is None or not progress.plot.number:
            return []
        plot = progress.plot
        run_id, number, taken = self._plots.get(lane.name, ("", 0, 0))
        is_new = (run_id, number) != (progress.run_id, plot.number)
        count = plot.taken
        if not is_new and count == taken:
            return []
        self._plots[lane.name] = (progress.run_id, plot.number, count)
        x, y = plot.since(0 if is_new else taken)
        told = {
            "lane": lane.name,
            "run_id": progress.run_id,
            "title": plot.title,
            "x_name": plot.x_name,
            "y_name": plot.y_name,
            "is_new": is_new,
            "x": x,
            "y": y,
            "left_s": progress.left_s(lane.usual_takt_s),
        }
        return [event("plot", told)]


def event(name: str, body: dict[str, Any]) -> str:
    """Return an event as it goes over the wire."""
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"


async def _stream(request: Request) -> AsyncIterator[str]:
    watcher: Watcher = request.app.state.watcher
    lanes = lanes_of(request).values()
    loop, changed, news = asyncio.get_running_loop(), asyncio.Event(), News(lanes)

    def wake() -> None:
        loop.call_soon_threadsafe(changed.set)

    watcher.listen(wake)
    beat_s = loop.time()
    try:
        while not watcher.is_over:
            changed.clear()
            # In one piece, so that a page draws once what came at once.
            if told := await asyncio.to_thread(news.told):
                yield "".join(told)
            if loop.time() - beat_s >= BEAT_S:
                beat_s = loop.time()
                if not await asyncio.to_thread(_is_signed_in, request, lanes):
                    yield event("signed-out", {})
                    return
                yield event("beat", {})
            try:
                await asyncio.wait_for(changed.wait(), BEAT_S)
            except TimeoutError:
                continue
    finally:
        watcher.ignore(wake)


def _is_signed_in(request: Request, lanes: Iterable[Lane]) -> bool:
    """Say whether the session goes on. Looking on is no use of it, unless there is a run to look after."""
    is_used = any(lane.state in AT_WORK for lane in lanes)
    return find_session(settings_of(request).runs, request.cookies.get(COOKIE, ""), uses=is_used) is not None
