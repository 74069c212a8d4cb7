"""The door of the panel, which every request passes before anything reads it.

It refuses what is too long to be anything sensible, however its length is told, and strangers on every path
of the interface, also on one that is not there. It tells the browser what a page may do.
"""

from __future__ import annotations

from fastapi import HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rig.errors import RigError
from rig.panel.guard import actor
from rig.panel.refusals import tell

BODY_LIMIT = 64 * 1024
API = "/api"

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


class Door:
    """Middleware around the whole application.

    Args:
        app: what lies behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def shown(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(request, MutableHeaders(scope=message))
            await send(message)

        answer = await _answer_here(request)
        if answer is None:
            await self._app(scope, _counted(receive), shown)
        else:
            await answer(scope, receive, shown)


async def _answer_here(request: Request) -> Response | None:
    """Return the answer to what is not let in; None for what is."""
    path = request.url.path
    try:
        if path == API or path.startswith(f"{API}/"):
            request.state.actor = await run_in_threadpool(actor, request)
        _check_length(request.headers.get("content-length", "0"))
    except (HTTPException, RigError) as error:
        return await tell(request, error)
    return None


def _check_length(told: str) -> None:
    if not told.isdecimal() or len(told) > 18 or int(told) > BODY_LIMIT:
        raise _too_long()


def _counted(receive: Receive) -> Receive:
    """Return ``receive`` for bodies that do not say before how long they are."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_LIMIT:
            raise _too_long()
        return message

    return counted


def _too_long() -> HTTPException:
    return HTTPException(413, f"a request of more than {BODY_LIMIT} bytes")


def _add_headers(request: Request, headers: MutableHeaders) -> None:
    headers.update(SECURITY_HEADERS)
    if not request.url.path.startswith("/static/"):
        headers["Cache-Control"] = "no-store"
