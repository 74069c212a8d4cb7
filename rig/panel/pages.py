"""Making pages from templates: every one in the reader's language, with who is signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

import rig
from rig.panel.guard import REVIEWERS, session_of
from rig.panel.words import catalogue, chosen, languages

LANGUAGE, THEME = "rig_language", "rig_theme"
THEMES = ("light", "dark")


class Pages:
    """The templates of a folder."""

    def __init__(self, folder: Path) -> None:
        self._templates = Jinja2Templates(folder)

    def show(self, request: Request, name: str, /, *, status: int = 200, **values: Any) -> Response:
        """Return a page; what is put into it is text, never markup."""
        language = chosen(request.cookies.get(LANGUAGE, ""), request.headers.get("accept-language", ""))
        words = catalogue(language)
        theme = request.cookies.get(THEME, "")
        session = session_of(request)
        person = session.person if session else None
        return self._templates.TemplateResponse(
            request,
            name,
            {
                "t": lambda key: words.get(key, key),
                "words": dict(words),
                "language": language,
                "languages": languages(),
                "theme": theme if theme in THEMES else THEMES[0],
                "person": person,
                "may_review": bool(person and set(REVIEWERS) & set(person.roles)),
                "csrf": session.csrf if session else "",
                "version": rig.__version__,
                "status": status,
                **values,
            },
            status_code=status,
        )


def pages_of(request: Request) -> Pages:
    """Return the templates of the panel that serves a request."""
    pages: Pages = request.app.state.pages
    return pages
