"""Debian's Chromium without a screen, before a panel: what a person sees, types and scans there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.support.panel import PASSWORDS

CHROMIUM = "chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000  # for a machine that is busy with other things
SMALL, LARGE = (1280, 800), (1920, 1080)
SERIOUS = ("serious", "critical")
THEMES = ("light", "dark")

# A browser says in its console that an answer was no 200, also where the page asked and says so itself.
ANSWERED = "Failed to load resource"


@dataclass
class Window:
    """A window of a browser, with what went wrong in it that nobody sees.

    Args:
        page: the window.
        said: complaints of scripts, and what the page's own rules kept from being loaded.
    """

    page: Page
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", self._dialog)

    def sign_in(self, name: str, password: str = "") -> None:
        """Sign in by keyboard."""
        self.page.goto("/sign-in")
        self.says_who(name, password)

    def says_who(self, name: str, password: str = "") -> None:
        """Fill in who it is, where the page asks for it."""
        expect(self.page.locator("input[name=name]")).to_be_focused()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(password or PASSWORDS[name])
        self.page.keyboard.press("Enter")

    def shows_lanes(self, count: int) -> None:
        """Wait until the operator's page is there, takes scans, and hears of its lanes."""
        expect(self.page.locator("body")).to_have_attribute("data-connected", "true")
        expect(self.page.locator(".lane")).to_have_count(count)

    def scan(self, text: str) -> None:
        """Scan something: characters come wherever the focus is, and Enter after them."""
        self.page.keyboard.insert_text(text) if len(text) > 100 else self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def lane(self, number: int) -> Lane:
        """Return a lane of the page."""
        return Lane(self.page.locator(f".lane[data-number='{number}']"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and ANSWERED not in message.text:
            self.said.append(message.text)

    def _dialog(self, dialog: Any) -> None:
        self.said.append(f"a script asked: {dialog.message}")
        dialog.dismiss()


@dataclass(frozen=True)
class Lane:
    """A lane as the page shows it."""

    section: Locator

    def find(self, selector: str) -> Locator:
        """Return a part of it."""
        return self.section.locator(selector)

    def is_in(self, state: str) -> None:
        """Wait until it is in a state."""
        expect(self.section).to_have_attribute("data-state", state)

    def ends(self, verdict: str) -> None:
        """Wait until its run ended, and see that it ended so."""
        expect(self.section).to_have_attribute("data-verdict", verdict)

    def asks(self, text: str) -> None:
        """Wait until it asks for something."""
        expect(self.find(".prompt")).to_be_visible()
        expect(self.find(".prompt .text")).to_have_text(text)

    def says(self, *parts: str) -> None:
        """Wait until its notice says something."""
        expect(self.find(".notice")).to_be_visible()
        for part in parts:
            expect(self.find(".notice")).to_contain_text(part)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser as long as the block lasts."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, address: str, *, size: tuple[int, int] = SMALL, language: str = "en", **more: Any
) -> Iterator[Window]:
    """Open a window of its own, without cookies; nothing may have gone wrong in it unseen."""
    width, height = size
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, locale=language, **more
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(context.new_page())
    yield opened
    context.close()
    assert opened.said == []


def serious_findings(page: Page) -> list[str]:
    """Return what axe finds on a page that keeps people out, in light and in dark, and where first."""
    before = page.locator("html").get_attribute("data-theme") or THEMES[0]
    found = []
    for theme in THEMES:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        for one in Axe().run(page).response["violations"]:
            if one["impact"] in SERIOUS:
                node = one["nodes"][0]
                found.append(f"{theme}: {one['id']}, {len(one['nodes'])} × such as {node['html'][:200]}")
                found.append(f"    {node['failureSummary']}")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", before)
    return found
