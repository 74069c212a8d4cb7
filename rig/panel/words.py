"""The words of the page, by language: a catalogue each in ``languages/``, as data.

What the rig itself says (titles of tests, refusals) is shown as it says it, unless a catalogue has it too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "languages"
DEFAULT = "en"


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are, English first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return (DEFAULT, *(name for name in found if name != DEFAULT))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the words of a language by key; English ones where it has none of its own."""
    english = _read(DEFAULT)
    return english if language == DEFAULT or language not in languages() else {**english, **_read(language)}


def table(language: str, name: str) -> Mapping[str, str]:
    """Return one table of a language's catalogue, by its own keys."""
    prefix = f"{name}."
    words = catalogue(language).items()
    return {key.removeprefix(prefix): text for key, text in words if key.startswith(prefix)}


def chosen(cookie: str, accepted: str) -> str:
    """Return the language of a page: the one chosen, else the first accepted one that there is.

    Args:
        cookie: what was chosen; empty where nothing was.
        accepted: the browser's ``Accept-Language``.
    """
    wanted = [cookie, *(part.partition(";")[0].strip()[:2].lower() for part in accepted.split(","))]
    return next((language for language in wanted if language in languages()), DEFAULT)


def _read(language: str) -> dict[str, str]:
    tables = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": text for table, entries in tables.items() for key, text in entries.items()}
