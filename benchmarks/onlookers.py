"""What it costs a run that somebody looks on: a client of the panel's stream, or the page in Chromium.

Runs go in pairs. In one some steps are looked on, in the other the steps between: who looks on is stopped
and let go on by :mod:`benchmarks.pausing`. A step is compared with itself, and what is slow about a run or
about a minute strikes steps of both kinds alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks import pausing
from benchmarks.figures import Figure, table
from benchmarks.pausing import BLOCK, counts, is_looked_on
from tests.support.command import shown
from tests.support.panel import PanelProcess, client_at, make_line, panel_process
from tests.support.people import BEN, BENS

ROUNDS = 3  # of BLOCK pairs, in which each step counts equally often
RESAMPLED = 4000
STREAM, BROWSER = "a client of the stream", "the page in Chromium"
RUN = [sys.executable, "-m", "rig", "run", "eol", f"--user={BEN}", "--password-stdin", "--product=office-pen"]
AIM = "≤ 0.5 ms"


@dataclass
class Taken:
    """What steps took, a row for each pair of runs, and what panel and browser took of processors, in s.

    A step that does not count in a pair is not a number.
    """

    looked_on: list[list[float]] = field(default_factory=list)
    alone: list[list[float]] = field(default_factory=list)
    panel_s: float = 0.0
    browser_s: float = 0.0
    results: int = 0

    def takes(self, times: dict[int, list[float]]) -> None:
        """Take what the steps of two runs took, by the shift of their turns; one of each was looked on."""
        for is_on, rows in ((True, self.looked_on), (False, self.alone)):
            rows.append(
                [
                    taken if counts(step, shift) else np.nan
                    for step, both in enumerate(zip(*times.values(), strict=True))
                    for shift, taken in zip(times, both, strict=True)
                    if is_looked_on(step, shift) == is_on
                ]
            )

    def figure(self, way: str) -> Figure:
        """Return what a measurement typically takes more, and between what that lies with 95 %."""
        more_ms = 1e3 * (np.array(self.looked_on) - np.array(self.alone)) / self.results
        rng = np.random.default_rng(1)
        rounds = len(more_ms) // BLOCK
        again = rng.integers(0, rounds, (RESAMPLED, rounds, BLOCK)) * BLOCK + np.arange(BLOCK)
        low, high = np.quantile([self._typical(more_ms[rows.ravel()]) for rows in again], [0.025, 0.975])
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
        return float(np.nansum(np.nanmedian(rows[:, 1:], axis=0)))  # before the first, the twin is started

    def _each(self, processor_s: float) -> str:
        # A pair is two runs, half of each looked on.
        return f"{1e3 * processor_s / self.results / len(self.alone):.2f} ms"


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Return what a measurement takes more when it is looked on."""
    if sys.platform != "linux":
        return [Figure("what looking on costs", "not measured", "processes are looked after on Linux only")]
    ways = [STREAM, BROWSER] if shutil.which("chromium") else [STREAM]
    with TemporaryDirectory() as name:
        runs = Path(name) / "line"
        make_line(runs)
        taken = {way: _pairs(runs, way, rounds * BLOCK) for way in ways}
    first = Figure(
        "a measurement, nobody looking on",
        f"{taken[STREAM].alone_ms():.1f} ms",
        f"{rounds * BLOCK} pairs of runs",
    )
    return [first, *(taken[way].figure(way) for way in ways)]


def _pairs(runs: Path, way: str, pairs: int) -> Taken:
    taken = Taken()
    with _looking_on(runs, way) as (panel, onlookers):
        _run(runs, onlookers, 0)  # compiled files, and the disk's cache
        taken.results = len(shown(runs)["measurements"])
        before = _processor_s([panel.pid]), _processor_s(onlookers)
        for pair in range(pairs):
            shifts = [pair % BLOCK, pair % BLOCK + BLOCK]
            if pair // BLOCK % 2:  # a drift of the machine strikes both alike
                shifts.reverse()
            taken.takes({shift: _run(runs, onlookers, shift) for shift in shifts})
        taken.panel_s = _processor_s([panel.pid]) - before[0]
        taken.browser_s = _processor_s(onlookers) - before[1] - taken.panel_s
    return taken


def _run(runs: Path, onlookers: list[int], shift: int) -> list[float]:
    """Run once, looked on in turns, ``shift`` steps of which are over; return what the steps took, in s."""
    times = runs.parent / "times.json"
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        pausing.ONLOOKERS: ",".join(map(str, onlookers)),
        pausing.SHIFT: str(shift),
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
        panel = stack.enter_context(panel_process(runs, "twin"))
        stack.enter_context(_stream(panel.address) if way == STREAM else _page(panel.address))
        yield panel, _below(os.getpid())


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
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="of eight runs, for each way of looking on"
    )
    print(table(measure(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
