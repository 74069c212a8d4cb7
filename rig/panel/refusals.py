"""What a request is told that was not carried out: the right status, and a sentence of what to do.

As a page where a person looks, as ``{"detail": …}`` for every program.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from rig.errors import RefusedToStart, RigError
from rig.panel.guard import SignInFirst
from rig.panel.lane import Busy
from rig.panel.pages import Pages

BEARER = {"WWW-Authenticate": "Bearer"}
FOR_PROGRAMS = ("/api", "/data", "/events")


def add_to(app: FastAPI) -> None:
    """Have an application answer what it refuses as this module says."""
    app.add_exception_handler(SignInFirst, _to_sign_in)
    for kind in (RigError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, tell)


async def tell(request: Request, error: Exception) -> Response:
    """Return the answer to a request that ended with an error.

    What the rig refuses is the caller's to mend (409, 422); what it cannot do is not (503).

    Raises:
        Exception: the error itself, where it is none that anybody foresaw.
    """
    match error:
        case HTTPException():
            return told(request, error.status_code, str(error.detail), dict(error.headers or {}))
        case RequestValidationError():
            return told(request, 422, "; ".join(_place(one) for one in error.errors()))
        case Busy():
            return told(request, 409, str(error))
        case RefusedToStart():
            return told(request, 422, str(error))
        case RigError():
            return told(request, 503, str(error))
    raise error


def told(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return an answer that says what is wrong."""
    if "text/html" in request.headers.get("accept", ""):
        pages: Pages = request.app.state.pages
        response = pages.show(request, "problem.html", status=status, detail=detail)
        response.headers.update(headers or {})
        return response
    return JSONResponse({"detail": detail}, status, headers=headers)


async def _to_sign_in(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS):
        return JSONResponse({"detail": "not signed in"}, 401, headers=BEARER)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/sign-in?next={quote(request.url.path + query)}", 303)


def _place(one: dict[str, object]) -> str:
    """Return what is wrong with one part of a request; what was sent is not repeated."""
    loc = one["loc"]
    parts = loc[1:] if isinstance(loc, tuple) else ()
    return f"{'.'.join(str(part) for part in parts) or 'the request'}: {one['msg']}"
