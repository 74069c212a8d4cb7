"""The web application: pages for people, ``/api`` for the line's own computer, and what guards both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

import rig
from rig.errors import RefusedToStart, RigError
from rig.panel import api, dashboard, events, operator, signing_in
from rig.panel.guard import SignInFirst
from rig.panel.indexing import Indexer
from rig.panel.lane import Busy, Lane
from rig.panel.pages import Pages
from rig.panel.settings import PanelSettings
from rig.panel.watching import Watcher

HERE = Path(__file__).parent
BODY_LIMIT = 64 * 1024

# Nothing from elsewhere, nothing inline: a script in a scan or in a name is text, and stays it.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


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
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.settings, app.state.lanes, app.state.watcher = settings, lanes, watcher
    app.state.pages = Pages(HERE / "templates")
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for room in (signing_in, operator, events, dashboard, api):
        app.include_router(room.router)
    app.middleware("http")(_guarded)
    app.add_exception_handler(SignInFirst, _to_sign_in)
    app.add_exception_handler(RigError, _refusal)
    app.add_exception_handler(StarletteHTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _not_valid)
    return app


async def _guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is too long to be anything sensible, and tell the browser what a page may do."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_LIMIT:
        return JSONResponse({"detail": f"a request of more than {BODY_LIMIT} bytes"}, 413)
    response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


async def _to_sign_in(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(("/api", "/data", "/events")):
        return JSONResponse({"detail": "not signed in"}, 401, headers={"WWW-Authenticate": "Bearer"})
    return RedirectResponse(f"/sign-in?next={request.url.path}", 303)


async def _refusal(request: Request, error: Exception) -> Response:
    """What the rig refuses is the caller's to mend (409, 422); what it cannot do is not (503)."""
    status = 409 if isinstance(error, Busy) else 422 if isinstance(error, RefusedToStart) else 503
    return await _told(request, status, str(error))


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    return await _told(request, error.status_code, str(error.detail), dict(error.headers or {}))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
    return await _told(request, 422, "; ".join(places))


async def _told(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Tell what is wrong: as a page where a person looks, as JSON otherwise."""
    if "text/html" in request.headers.get("accept", ""):
        pages: Pages = request.app.state.pages
        return pages.show(request, "problem.html", status=status, detail=detail)
    return JSONResponse({"detail": detail}, status, headers=headers)
