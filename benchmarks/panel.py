"""What the panel costs: a run per measurement while somebody looks on, and opening pages over many runs.

Runs take turns: without any panel; with a panel whose stream one client reads; with a panel before Chromium.
``python -m benchmarks.panel --runs 100000 --keep FOLDER`` opens pages over a factory's year, in the record
that :mod:`benchmarks.dashboard` makes and keeps.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from benchmarks.factory import FIRST, RUNS_A_DAY, make_factory
from benchmarks.figures import Figure, table
from reports.dashboard.index import Index
from rig.people.access import knows_users
from rig.records.store import FILE_NAME
from tests.support.command import shown
from tests.support.panel import EVA, EVAS, make_line, panel_process
from tests.support.people import BEN, BENS

TURNS, TIMES = 7, 5
RUNS = 2000
WITHOUT, STREAM, BROWSER = "without a panel", "panel and a client of its stream", "panel and Chromium"
RUN = [sys.executable, "-m", "rig", "run", "eol", f"--user={BEN}", "--password-stdin", "--product=office-pen"]


def measure(count: int = RUNS, keep: Path | None = None, turns: int = TURNS) -> list[Figure]:
    """Return what looking on costs a run, and how long pages over ``count`` runs take to open."""
    with tempfile.TemporaryDirectory() as name:
        cost = _cost(Path(name) / "line", turns) if turns else []
        return [*cost, *_opening(keep or Path(name) / "factory", count)]


def _cost(runs: Path, turns: int) -> list[Figure]:
    make_line(runs)
    ways = [WITHOUT, STREAM, *([BROWSER] if shutil.which("chromium") else [])]
    _run_ms(runs)  # compiled files, and the disk's cache
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(turns):
        for way in ways if turn % 2 == 0 else reversed(ways):  # a drift of the machine strikes all alike
            with _looking_on(runs, way):
                taken[way].append(_run_ms(runs))
    without = taken[WITHOUT]
    figures = [Figure(f"a measurement, {WITHOUT}", f"{statistics.median(without):.2f} ms", _spread(without))]
    for way in ways[1:]:
        more = [some - none for some, none in zip(taken[way], without, strict=True)]
        figures.append(
            Figure(
                f"… more with {way}",
                f"{statistics.median(more):+.2f} ms",
                f"median of {turns} pairs; {_spread(more)}",
                "≤ 0.5 ms" if way == STREAM else "",
            )
        )
    return figures


def _run_ms(runs: Path) -> float:
    """Run once; return the time of a measurement in ms: the run's, from its first record to its verdict."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [*RUN, f"--runs={runs}"]
    subprocess.run(
        command, input=f"{BENS}\n", text=True, check=True, stdout=subprocess.DEVNULL, env=environment
    )
    recorded = shown(runs)
    return float(recorded["wall_s"]) / len(recorded["measurements"]) * 1e3


@contextmanager
def _looking_on(runs: Path, way: str) -> Iterator[None]:
    """Have somebody look on as long as the block lasts."""
    with ExitStack() as stack:
        if way != WITHOUT:
            address = stack.enter_context(panel_process(runs, "twin")).address
            stack.enter_context(_stream(address) if way == STREAM else _browser(address))
        yield


@contextmanager
def _stream(address: str) -> Iterator[None]:
    """Read the stream of a panel, as a page does, and throw it away."""
    with _client(address, BEN, BENS) as client, client.stream("GET", "/events", timeout=None) as answer:
        reading = threading.Thread(target=lambda: [None for _ in answer.iter_raw()], daemon=True)
        reading.start()
        yield
        answer.close()


@contextmanager
def _browser(address: str) -> Iterator[None]:
    from tests.support.browser import chromium, window

    with chromium() as browser, window(browser, address) as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(1)
        yield


def _opening(runs: Path, count: int) -> list[Figure]:
    """Return how long pages over many runs take, from a request to its last byte."""
    if not (runs / FILE_NAME).exists():
        runs.mkdir(exist_ok=True)
        make_factory(runs, count)
    if not knows_users(runs):
        make_line(runs)
    with Index(runs) as index:
        index.catch_up()
        total = index.rows("SELECT COUNT(*) FROM run")[0][0]
    last = FIRST.date() + timedelta(days=(count - 1) // RUNS_A_DAY)
    places = {
        "the dashboard, the last 30 days": f"/overview?since={last - timedelta(days=29)}&until={last}",
        "the dashboard, all days": "/overview?since=&until=",
        "the list of runs": "/runs",
        "the list over the interface for the line": "/api/runs",
    }
    with panel_process(runs, "twin") as panel, _client(panel.address, EVA, EVAS) as client:
        return [_page(client, what, place, total) for what, place in places.items()]


def _page(client: httpx.Client, what: str, place: str, total: int) -> Figure:
    taken_s, size = [], 0
    for _ in range(1 + TIMES):
        start = time.perf_counter()
        answer = client.get(place)
        taken_s.append(time.perf_counter() - start)
        answer.raise_for_status()
        size = len(answer.content)
    first, again = taken_s[0], statistics.median(taken_s[1:])
    beside = f"the first time {first * 1e3:.0f} ms; {total} runs, {size / 1024:.0f} kB"
    return Figure(f"opening {what}", f"{again * 1e3:.0f} ms", beside, "≤ 1 s")


@contextmanager
def _client(address: str, name: str, password: str) -> Iterator[httpx.Client]:
    """Speak to a panel as somebody who signed in."""
    with httpx.Client(base_url=address, timeout=120.0, trust_env=False) as client:
        client.post("/sign-in", data={"name": name, "password": password})
        yield client


def _spread(values: list[float]) -> str:
    return f"from {min(values):.2f} to {max(values):.2f} ms"


def main() -> None:
    """Measure with a record of as many runs as asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="of pens, behind the pages")
    parser.add_argument(
        "--keep", type=Path, help="folder of that record, which is kept; users are added to it"
    )
    parser.add_argument("--turns", type=int, default=TURNS, help="runs each way; 0 for the pages only")
    asked = parser.parse_args()
    print(table(measure(asked.runs, asked.keep, asked.turns)))


if __name__ == "__main__":
    main()
