"""A panel over runs that were made up, and people who look at it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from rig.panel.app import make_app
from rig.panel.guard import COOKIE
from rig.panel.settings import LaneSettings, PanelSettings
from rig.people.sessions import open_session
from rig.records import kinds
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import MadeResult, MadeRun, make
from tests.support.people import with_ada, with_ben, with_policy

SCRIPT = "<script>alert(1)</script>"
SETTINGS = [{"depth_mm": depth, "rate_per_min": rate} for depth in (0.25, 0.75) for rate in (5000.0, 7000.0)]
TODAY = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)


@dataclass
class Reviewed:
    """A folder of runs, and who may look at them.

    Args:
        runs: the folder.
        run_ids: of the runs, in the order in which they were made.
        ada: a client that quality has signed in with; ``ben``: an operator; ``stranger``: nobody.
    """

    runs: Path
    run_ids: list[str]
    ada: TestClient
    ben: TestClient
    stranger: TestClient


def reviewed(runs: Path, made: Sequence[MadeRun]) -> Reviewed:
    """Make runs and a panel over them; its background work is not begun."""
    with_policy(runs)
    ada = with_ada(runs)
    ben = with_ben(runs, ada, "operator")
    with BulkRecord(runs) as record:
        run_ids = make(record, made)
    app = make_app(PanelSettings(runs, (LaneSettings("twin", "twin-1"),)))
    secrets = (open_session(runs, ada), open_session(runs, ben), "")
    clients = [TestClient(app, cookies={COOKIE: secret} if secret else {}) for secret in secrets]
    for client in clients:
        client.follow_redirects = False
    return Reviewed(runs, run_ids, *clients)


def some_runs() -> list[MadeRun]:
    """Return runs of three weeks: most pass, some fail, break, are hidden, or never end."""
    return [_run(number) for number in range(42)]


def _run(number: int) -> MadeRun:
    verdict = kinds.PASS
    if number % 7 == 3:
        verdict = kinds.FAIL
    if number % 19 == 5:
        verdict = kinds.ERROR
    if number == 41:
        verdict = kinds.UNFINISHED
    return MadeRun(
        TODAY - timedelta(days=21 - number // 2, seconds=-number),
        verdict,
        _results(number, verdict),
        pen=f"NP{number // 2:06d}",
        lot=f"L-{number % 3}",
        plan="station" if number % 10 == 9 else "eol",
        station="twin-2" if number % 4 == 1 else "twin-1",
        takt_s=40.0 + number / 7,
        faults=("force_gauge: it does not answer",) if verdict == kinds.ERROR else (),
        hidden=number == 20,
    )


def _results(number: int, verdict: str) -> list[MadeResult]:
    values = [
        MadeResult("extension.as_found", 0.4 + 0.013 * (number * 5 % 11), 0.2, 0.8, setting)
        for setting in SETTINGS
    ]
    force = 0.9 if verdict == kinds.FAIL else 0.05 + 0.002 * (number * 3 % 7)
    return [
        *values,
        MadeResult("tip.insertion_force", force, None, 0.5, None, "N", 0.01, verdict != kinds.FAIL),
    ]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.scripts: list[dict[str, str | None]] = []
        self._within: list[str] = []
        self._open: list[list[list[str]]] = []  # tables may stand in tables

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within.append(tag)
        if tag == "script":
            self.scripts.append(dict(attrs))
        if tag == "table":
            self.tables.append([])
            self._open.append(self.tables[-1])
        if tag == "tr" and self._open:
            self._open[-1].append([])
        if tag in ("td", "th") and self._open and self._open[-1]:
            self._open[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass
        if tag == "table":
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "script" in self._within:
            return
        self.words.append(data)
        if {"td", "th"} & set(self._within) and self._open and self._open[-1] and self._open[-1][-1]:
            self._open[-1][-1][-1] += data


def text_of(page: str) -> str:
    """Return the words of a page, without its markup and scripts."""
    reader = _Text()
    reader.feed(page)
    return " ".join(" ".join(reader.words).split())


def tables_of(page: str) -> list[list[list[str]]]:
    """Return the tables of a page, each as rows of cells."""
    reader = _Text()
    reader.feed(page)
    return [[[" ".join(cell.split()) for cell in row] for row in table] for table in reader.tables]


def scripts_of(page: str) -> list[dict[str, str | None]]:
    """Return the attributes of each script of a page."""
    reader = _Text()
    reader.feed(page)
    return reader.scripts


def csv_of(text: str) -> list[dict[str, Any]]:
    """Return the rows of CSV."""
    return list(csv.DictReader(io.StringIO(text)))
