"""What it costs a run that somebody looks on: a client of the panel's stream, or the page in Chromium.

Runs go in pairs. In one, every other step is looked on, in the other the steps between: who looks on is
stopped and let go on by :mod:`benchmarks.pausing`. A step is compared with itself, and what is slow about a
run or about a minute strikes steps of both kinds alike. Where the system lets one choose, panel and Chromium
also get a processor that the run does not use, as there is on a station with processors to spare.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks import pausing
from benchmarks.figures import Figure, table
from tests.support.command import shown
from tests.support.panel import PanelProcess, client_at, make_line, panel_process
from tests.support.people import BEN, BENS

PAIRS = 12
RESAMPLED = 4000
STREAM, BROWSER = "a client of the stream", "the page in Chromium"
APART = "the page in Chromium, on a processor that the run does not use"
RUN = [sys.executable, "-m", "rig", "run", "eol", f"--user={BEN}", "--password-stdin", "--product=office-pen"]
AIM = "≤ 0.5 ms"


@dataclass
class Taken:
    """What steps took, a row for each pair of runs, and what panel and browser took of processors, in s."""

    looked_on: list[list[float]] = field(default_factory=list)
    alone: list[list[float]] = field(default_factory=list)
    panel_s: float = 0.0
    browser_s: float = 0.0
    results: int = 0

    def figure(self, way: str) -> Figure:
        """Return what a measurement typically takes more, and between what that lies with 95 %."""
        more_ms = 1e3 * (np.array(self.looked_on) - np.array(self.alone)) / self.results
        rng = np.random.default_rng(1)
        again = rng.integers(0, len(more_ms), (RESAMPLED, len(more_ms)))
        low, high = np.quantile([self._typical(more_ms[rows]) for rows in again], [0.025, 0.975])
        beside = (
            f"95 %: {low:+.2f} to {high:+.2f} ms; of a processor the panel takes {self._each(self.panel_s)}"
        )
        if self.browser_s:
            beside += f", Chromium {self._each(self.browser_s)}"
        return Figure(f"… more with {way}", f"{self._typical(more_ms):+.2f} ms", beside, AIM)

    def alone_ms(self) -> float:
        """Return what a measurement takes while nobody looks on, in ms."""
        return 1e3 * self._typical(np.array(self.alone)) / self.results

    @staticmethod
    def _typical(rows: np.ndarray) -> float:
        # Now and then the machine stands still during a step; the median over the pairs passes that over.
        return float(np.median(rows, axis=0).sum())

    def _each(self, processor_s: float) -> str:
        # A pair is two runs, half of each looked on.
        return f"{1e3 * processor_s / self.results / len(self.alone):.2f} ms"


def measure(pairs: int = PAIRS) -> list[Figure]:
    """Return what a measurement takes more when it is looked on."""
    if sys.platform != "linux":
        return [Figure("what looking on costs", "not measured", "processes are looked after on Linux only")]
    ways = [STREAM]
    if shutil.which("chromium"):
        ways += [BROWSER, APART] if _processors() else [BROWSER]
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name) / "line"
        make_line(runs)
        taken = {way: _pairs(runs, way, pairs) for way in ways}
    first = Figure(
        "a measurement, nobody looking on", f"{taken[STREAM].alone_ms():.1f} ms", f"{pairs} pairs of runs"
    )
    return [first, *(taken[way].figure(way) for way in ways)]


def _pairs(runs: Path, way: str, pairs: int) -> Taken:
    taken = Taken()
    with _looking_on(runs, way) as (panel, onlookers):
        _run(runs, onlookers, 0)  # compiled files, and the disk's cache
        taken.results = len(shown(runs)["measurements"])
        before = _processor_s([panel.pid]), _processor_s(onlookers)
        for pair in range(pairs):
            first = pair % 2  # a drift of the machine strikes both alike
            times = {parity: _run(runs, onlookers, parity) for parity in (first, 1 - first)}
            steps = range(1, len(times[0]))  # before the first, the twin is started
            taken.looked_on.append([times[step % 2][step] for step in steps])
            taken.alone.append([times[1 - step % 2][step] for step in steps])
        taken.panel_s = _processor_s([panel.pid]) - before[0]
        taken.browser_s = _processor_s(onlookers) - before[1] - taken.panel_s
    return taken


def _run(runs: Path, onlookers: list[int], first: int) -> list[float]:
    """Run once, every other step looked on, from number ``first`` on; return what the steps took, in s."""
    times = runs.parent / "times.json"
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        pausing.ONLOOKERS: ",".join(map(str, onlookers)),
        pausing.FIRST: str(first),
        pausing.TIMES: str(times),
    }
    command = [*RUN, f"--runs={runs}", "--", "-p", pausing.__name__]
    subprocess.run(
        command, input=f"{BENS}\n", text=True, check=True, stdout=subprocess.DEVNULL, env=environment
    )
    told: list[float] = json.loads(times.read_text(encoding="utf-8"))
    return told


@contextmanager
def _looking_on(runs: Path, way: str) -> Iterator[tuple[PanelProcess, list[int]]]:
    """Have somebody look on as long as the block lasts; yield the panel, and all processes of both."""
    with ExitStack() as stack:
        runs_own, onlookers_own = (way == APART and _processors()) or (None, None)
        with _kept_to(onlookers_own):
            panel = stack.enter_context(panel_process(runs, "twin"))
            stack.enter_context(_stream(panel.address) if way == STREAM else _page(panel.address))
        onlookers = _below(os.getpid())
        stack.enter_context(_kept_to(runs_own))
        yield panel, onlookers


def _processors() -> tuple[set[int], set[int]] | None:
    """Return all processors but the last one, and the last one; None where there is no choice."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    *most, last = sorted(os.sched_getaffinity(0))
    return set(most), {last}


@contextmanager
def _kept_to(processors: set[int] | None) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to some processors; to no other ones where None."""
    if processors is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _page(address: str) -> Iterator[None]:
    from tests.support.browser import chromium, window

    with chromium() as browser, window(browser, address) as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(1)
        yield


@contextmanager
def _stream(address: str) -> Iterator[None]:
    """Read the stream of a panel, as a page does, and throw it away."""
    with client_at(address, BEN, BENS) as client, client.stream("GET", "/events", timeout=None) as answer:
        reading = threading.Thread(target=_read, args=(answer,))
        reading.start()
        yield
        answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        reading.join()


def _read(answer: httpx.Response) -> None:
    with suppress(httpx.TransportError):  # it ends in the middle of whatever was told
        for _ in answer.iter_raw():
            pass


def _below(process: int) -> list[int]:
    """Return the processes that a process started, and what those started; none but on Linux."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children.setdefault(int(_fields(stat)[1]), []).append(int(stat.parent.name))
    found, waiting = list[int](), list(children.get(process, []))
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def _processor_s(processes: list[int]) -> float:
    """Return what processes took of processors so far, in s."""
    ticks = 0
    for process in processes:
        with suppress(OSError):
            fields = _fields(Path("/proc") / str(process) / "stat")
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _fields(stat: Path) -> list[str]:
    """Return what Linux tells of a process, from its state on."""
    return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def main() -> None:
    """Measure with as many pairs as asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onlookers", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of runs, for each way of looking on")
    print(table(measure(parser.parse_args().pairs)))


if __name__ == "__main__":
    main()
