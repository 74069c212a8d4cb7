"""The web application: pages for people, ``/api`` for the line's own computer, and what guards both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

import rig
from rig.panel import api, dashboard, events, operator, refusals, signing_in
from rig.panel.door import Door
from rig.panel.indexing import Indexer
from rig.panel.lane import Lane
from rig.panel.pages import Pages
from rig.panel.settings import PanelSettings
from rig.panel.watching import Watcher

HERE = Path(__file__).parent


def make_app(settings: PanelSettings) -> FastAPI:
    """Return the application that serves a panel.

    Args:
        settings: what to serve.
    """
    lanes = {lane.name: Lane(settings, lane, i) for i, lane in enumerate(settings.lanes, start=1)}
    watcher = Watcher(settings, lanes)
    indexer = Indexer(settings.runs)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watcher.look()
        watcher.start()
        indexer.start()
        yield
        indexer.stop()
        watcher.stop()

    app = FastAPI(
        title="needle-rig",
        version=rig.__version__,
        summary="Runs of a test rig for microneedling pens: start, follow, answer, stop.",
        openapi_url=None,  # api.py serves it, to nobody who is a stranger
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings, app.state.lanes, app.state.watcher = settings, lanes, watcher
    app.state.pages = Pages(HERE / "templates")
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for room in (signing_in, operator, events, dashboard, api):
        app.include_router(room.router)
    app.add_middleware(Door)
    refusals.add_to(app)
    return app
