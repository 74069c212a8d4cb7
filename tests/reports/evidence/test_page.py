"""The page loads nothing, runs nothing, and shows hostile text as text."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports.evidence.page import write_page
from tests.reports.evidence.conftest import MADE_AT

HOSTILE = "</td><script>alert(1)</script><img src=http://example.invalid/x onerror=alert(2)>' \" & <b>"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "span", "h1", "h2", "h3", "p", "div", "nav",
    "a", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "figure", "img", "figcaption", "code",
}  # fmt: skip


class Seen(HTMLParser):
    """What is in a page: tags, attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u200b", "").split())


def hostile(value: Any, key: str = "") -> Any:
    """Put hostile text in place of every text that no schema knows."""
    if isinstance(value, dict):
        return {name: hostile(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, key) for item in value]
    typed = key in ("text", "message", "full_name", "name", "reasons", "serial", "title", "equation", "path")
    return HOSTILE if isinstance(value, str) and typed else value


@pytest.fixture
def results(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "results.json").read_bytes())
    return found


def assert_harmless(seen: Seen) -> None:
    assert seen.tags <= TAGS
    for name, value in seen.attributes:
        assert not name.startswith("on")
        assert name != "style"
        assert name != "href" or value.startswith("#")
        assert name != "src" or value.startswith("data:image/svg+xml;base64,")


def test_the_page_says_what_the_results_say_and_loads_nothing(made: Path, results: dict[str, Any]) -> None:
    page = (made / "report.html").read_text()
    seen = Seen(page)
    assert_harmless(seen)
    assert "http" not in page.replace("http-equiv", "")
    for measured in results["runs"][0]["measurements"]:
        assert measured["characteristic"] in seen.text
    content = [value for name, value in seen.attributes if name == "content" and "default-src" in value]
    style = page.split("<style>")[1].split("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert content == [f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'"]


def test_hostile_text_is_shown_as_text(results: dict[str, Any], tmp_path: Path) -> None:
    write_page(hostile(results), {HOSTILE: b"<svg/>"}, tmp_path / "page.html", made_at=MADE_AT)
    seen = Seen((tmp_path / "page.html").read_text())
    assert_harmless(seen)
    assert " ".join(HOSTILE.split()) in seen.text
