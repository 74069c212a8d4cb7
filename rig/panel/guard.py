"""Who asks, and may they? Each page and each call goes through here.

A person has a session, by a cookie that no script can read and no other site can send; what changes anything
also needs the session's own token, which another site cannot know. A client of the REST interface has a
bearer token, and no cookie. Everybody else is a stranger.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from rig.errors import RefusedToStart
from rig.panel.settings import PanelSettings
from rig.people.access import admit
from rig.people.clients import find_client
from rig.people.sessions import Session, find_session
from rig.people.sign_in import SignedIn
from rig.people.user import Role

COOKIE = "rig_session"
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REVIEWERS = (Role.ENGINEER, Role.QUALITY)


class SignInFirst(Exception):
    """A page that only people who are signed in may see."""


def settings_of(request: Request) -> PanelSettings:
    """Return what the panel was asked to serve."""
    settings: PanelSettings = request.app.state.settings
    return settings


def session_of(request: Request) -> Session | None:
    """Return the session that a request belongs to; None for a stranger."""
    secret = request.cookies.get(COOKIE, "")
    return find_session(settings_of(request).runs, secret) if secret else None


def visitor(request: Request) -> Session:
    """Return the session of who looks at a page; raises SignInFirst for a stranger."""
    session = session_of(request)
    if session is None:
        raise SignInFirst
    return session


def reviewer(request: Request) -> Session:
    """Return the session of who may look at many runs; raises HTTPException 403 for an operator."""
    session = visitor(request)
    if not set(REVIEWERS) & set(session.person.roles):
        raise HTTPException(403, f"{session.person.name} is no {' or '.join(REVIEWERS)}")
    return session


def actor(request: Request) -> SignedIn:
    """Return who does something: a client by its token, or a person by session and token of the session.

    Raises:
        HTTPException: 401 for a stranger, 403 where the session's token is missing or not its own.
    """
    known: SignedIn | None = getattr(request.state, "actor", None)  # the door asked before
    if known is not None:
        return known
    bearer = request.headers.get("authorization", "")
    if bearer:
        return _client(request, bearer)
    session = session_of(request)
    if session is None:
        raise HTTPException(401, "not signed in", headers={"WWW-Authenticate": "Bearer"})
    if request.method not in SAFE_METHODS:
        check_csrf(session, request.headers.get(CSRF_HEADER, ""))
    return session.person


def check_csrf(session: Session, token: str) -> None:
    """Refuse what another site may have sent; raises HTTPException 403."""
    if not hmac.compare_digest(session.csrf.encode(), token.encode("utf-8", "replace")):
        raise HTTPException(403, "this page is too old, or the request came from elsewhere: load it again")


def allow(runs_of: PanelSettings, person: SignedIn, roles: tuple[Role, ...], what: str) -> None:
    """Refuse what a person may not do; raises HTTPException 403."""
    try:
        admit(runs_of.runs, person, roles, what)
    except RefusedToStart as refusal:
        raise HTTPException(403, str(refusal)) from None


def _client(request: Request, bearer: str) -> SignedIn:
    scheme, _, token = bearer.partition(" ")
    client = find_client(settings_of(request).runs, token) if scheme.lower() == "bearer" else None
    if client is None:
        raise HTTPException(401, "no such token", headers={"WWW-Authenticate": "Bearer"})
    return client.as_person()


Visitor = Annotated[Session, Depends(visitor)]
Reviewer = Annotated[Session, Depends(reviewer)]
Actor = Annotated[SignedIn, Depends(actor)]
Settings = Annotated[PanelSettings, Depends(settings_of)]
