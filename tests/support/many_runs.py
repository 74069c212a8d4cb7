"""The end-of-line plan in many worlds, two at a time, each run once for all tests that look at it."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import Said, rig, run_eol, shown

AT_ONCE = 2
NO_PICTURES = ("--", "-p", "no:reports.allure_listener")

RUNS = {
    "nominal": (),
    "slow-motor": ("--world", "slow-motor"),
    "nonlinear-pen": ("--world", "nonlinear-pen"),
    "short-stroke": ("--world", "short-stroke"),
    "dull-tip": ("--world", "dull-tip"),
    "leaky-pouch": ("--world", "leaky-pouch"),
    "used-tip": ("--world", "used-tip"),
    "drifting-gauge": ("--world", "drifting-gauge"),
    "compact-pen": ("--product", "compact-pen"),
    "gain 1.03, scanned pen": ("--set", "pen.depth.gain=1.03", "--pen", "NP000042"),
    "gain 1.10": ("--set", "pen.depth.gain=1.10"),
    "limiter broken, seed 7": ("--set", "pen.firmware.limiter_works=false", "--seed", "7"),
    "contact wire open": ("--set", "contact.wire_open=true"),
}
BY_PYTEST = "nominal, by pytest itself"


@dataclass(frozen=True)
class Ran:
    """A run: what it said and what it recorded."""

    said: Said
    view: dict[str, Any]
    runs: Path

    def by_name(self, characteristic: str) -> list[dict[str, Any]]:
        """Return the measurements of a characteristic."""
        return [m for m in self.view["measurements"] if m["characteristic"] == characteristic]

    def failed(self) -> set[str]:
        """Return the characteristics that did not pass."""
        return {m["characteristic"] for m in self.view["measurements"] if m["verdict"] != "PASS"}


class ManyRuns:
    """Starts every run at once, as far as there is room, and hands each out when it has ended."""

    def __init__(self, folder: Path) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._runs: dict[str, Future[Ran]] = {}
        for number, (name, arguments) in enumerate(RUNS.items()):
            unseen = () if name == "nominal" else NO_PICTURES
            self._runs[name] = self._pool.submit(_run, folder / str(number), *arguments, *unseen)
        self._runs[BY_PYTEST] = self._pool.submit(_by_pytest, folder / "elsewhere" / "deeper")

    def __getitem__(self, name: str) -> Ran:
        return self._runs[name].result()

    def close(self) -> None:
        """Start no more of them."""
        self._pool.shutdown(cancel_futures=True)


def _run(runs: Path, *arguments: str) -> Ran:
    said = run_eol(runs, *arguments)
    return Ran(said, shown(runs), runs)


def _by_pytest(runs: Path) -> Ran:
    said = rig(
        "test_plans/eol",
        *("--station", "twin", "--runs", runs, "-q", "-p", "no:cacheprovider"),
        command=[sys.executable, "-m", "pytest"],
    )
    return Ran(said, shown(runs), runs)
