"""The panel in a real browser: each file of this folder starts one panel and one browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser without a screen."""
    with chromium() as browser:
        yield browser
