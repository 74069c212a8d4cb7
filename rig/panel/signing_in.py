"""Signing in and out, and what a reader chooses for themselves: language, light or dark."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from rig.errors import RefusedToStart
from rig.panel.guard import COOKIE, Settings, Visitor, check_csrf, session_of
from rig.panel.pages import LANGUAGE, THEME, THEMES, pages_of
from rig.panel.words import languages
from rig.people.sessions import end_session, open_session
from rig.people.sign_in import sign_in

router = APIRouter(include_in_schema=False)

YEAR_S = 365 * 86_400
LONGEST = 200
Short = Annotated[str, Form(max_length=LONGEST)]
Place = Annotated[
    str, Form(max_length=10 * LONGEST)
]  # with its query: the filters of a list, runs to compare


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    """Ask who it is."""
    if session_of(request) is not None:
        return RedirectResponse(_within(next), 303)
    return pages_of(request).show(request, "sign_in.html", next=_within(next), refusal="", name="")


@router.post("/sign-in")
def sign_in_now(
    request: Request, settings: Settings, name: Short = "", password: Short = "", next: Place = "/"
) -> Response:
    """Sign a person in, or say in the same words for everybody that it was refused."""
    try:
        person = sign_in(settings.runs, name, password)
    except RefusedToStart as refusal:
        return pages_of(request).show(
            request, "sign_in.html", status=401, next=_within(next), refusal=str(refusal), name=name
        )
    response = RedirectResponse(_within(next), 303)
    secret = open_session(settings.runs, person)
    response.set_cookie(
        COOKIE, secret, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request, settings: Settings, session: Visitor, csrf: Short = "") -> Response:
    """End the session."""
    check_csrf(session, csrf)
    end_session(settings.runs, request.cookies[COOKIE])
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


@router.post("/choose")
def choose(language: Short = "", theme: Short = "", next: Place = "/") -> Response:
    """Remember a language, or light or dark, in the browser."""
    response = RedirectResponse(_within(next), 303)
    for cookie, value, allowed in ((LANGUAGE, language, languages()), (THEME, theme, THEMES)):
        if value in allowed:
            response.set_cookie(cookie, value, max_age=YEAR_S, samesite="strict", httponly=True)
    return response


def _within(place: str) -> str:
    """Return a place on this site, whatever was asked for."""
    return place if place.startswith("/") and not place.startswith(("//", "/\\")) else "/"
