"""How long the engineer's pages take to open over many runs, and the line's interface to answer.

``python -m benchmarks.panel --runs 100000 --keep FOLDER`` opens them over a factory's year, in the record
that :mod:`benchmarks.dashboard` makes and keeps.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks.factory import FIRST, RUNS_A_DAY, make_factory
from benchmarks.figures import Figure, table
from reports.dashboard.index import Index
from rig.people.access import knows_users
from rig.records.store import FILE_NAME
from tests.support.panel import EVA, EVAS, client_at, make_line, panel_process

TIMES = 5
RUNS = 2000
OVERVIEW = "/overview?since="


def measure(count: int = RUNS, keep: Path | None = None) -> list[Figure]:
    """Return how long pages over ``count`` runs take to open."""
    with tempfile.TemporaryDirectory() as name:
        return _opening(keep or Path(name) / "factory", count)


def _opening(runs: Path, count: int) -> list[Figure]:
    total = _prepare(runs, count)
    last = FIRST.date() + timedelta(days=(count - 1) // RUNS_A_DAY)
    month = f"{last - timedelta(days=29)}&until={last}"
    places = {
        f"the dashboard over {total} runs, the last 30 days": f"{OVERVIEW}{month}",
        f"the dashboard over {total} runs, all days": f"{OVERVIEW}&until=",
        "the list of runs": "/runs",
        "the list over the interface for the line": "/api/runs",
    }
    with panel_process(runs, "twin") as panel, client_at(panel.address, EVA, EVAS) as client:
        figures = [_answer(client, what, place) for what, place in places.items()]
        if shutil.which("chromium"):
            drawn = [(what, place) for what, place in places.items() if place.startswith(OVERVIEW)]
            figures += _in_chromium(panel.address, drawn)
    return figures


def _prepare(runs: Path, count: int) -> int:
    """Make a record where there is none, with people and an index; return how many runs it has."""
    if not (runs / FILE_NAME).exists():
        runs.mkdir(exist_ok=True)
        make_factory(runs, count)
    if not knows_users(runs):
        make_line(runs)
    with Index(runs) as index:
        index.catch_up()
        return int(index.rows("SELECT COUNT(*) FROM run")[0][0])


def _answer(client: httpx.Client, what: str, place: str) -> Figure:
    """Return how long an answer takes, from the request to its last byte."""
    taken_s, size = [], 0
    for _ in range(1 + TIMES):
        start = time.perf_counter()
        answer = client.get(place)
        taken_s.append(time.perf_counter() - start)
        answer.raise_for_status()
        size = len(answer.content)
    return _figure(f"answering with {what}", taken_s, f", {size / 1024:.0f} kB")


def _in_chromium(address: str, places: Sequence[tuple[str, str]]) -> list[Figure]:
    """Return how long Chromium takes until a page is there and its charts are drawn."""
    from tests.support.browser import chromium, window

    figures = []
    with chromium() as browser, window(browser, address) as opened:
        opened.sign_in(EVA)
        opened.page.wait_for_url(lambda url: "/sign-in" not in url)
        for what, place in places:
            taken_s = []
            for _ in range(1 + TIMES):
                start = time.perf_counter()
                opened.page.goto(place)
                opened.page.wait_for_selector("canvas")
                taken_s.append(time.perf_counter() - start)
            figures.append(_figure(f"in Chromium, {what}", taken_s))
    return figures


def _figure(what: str, taken_s: Sequence[float], more: str = "") -> Figure:
    first, again = taken_s[0], statistics.median(taken_s[1:])
    return Figure(what, f"{again * 1e3:.0f} ms", f"the first time {first * 1e3:.0f} ms{more}", "≤ 1 s")


def main() -> None:
    """Measure with a record of as many runs as asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="of pens, behind the pages")
    parser.add_argument(
        "--keep", type=Path, help="folder of that record, which is kept; users are added to it"
    )
    asked = parser.parse_args()
    print(table(measure(asked.runs, asked.keep)))


if __name__ == "__main__":
    main()
