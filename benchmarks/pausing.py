"""Stops who looks on for some steps of a run in turn, and times the steps: pytest's plugin for ``onlookers``.

So one run has steps with and without onlookers in turns, and whatever else the machine does strikes both
alike. Who was stopped has to catch up, which nobody has to who looks on all the time: the first step after
each change does not count.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

BLOCK = 4
"""Steps in a row that are looked on, and that are not."""

ONLOOKERS, SHIFT, TIMES = "BENCHMARK_ONLOOKERS", "BENCHMARK_SHIFT", "BENCHMARK_TIMES"
"""Variables: ids of processes, with commas between; how many steps of the turns are over; file of times."""

_taken_s: list[float] = []


def is_looked_on(step: int, shift: int) -> bool:
    """Say whether somebody looks on at a step."""
    return (step + shift) // BLOCK % 2 == 0


def counts(step: int, shift: int) -> bool:
    """Say whether a step counts: nobody was let go on or stopped just before it."""
    return (step + shift) % BLOCK != 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    """Time a step, from before it is announced to after its teardown."""
    looks_on = is_looked_on(len(_taken_s), int(os.environ[SHIFT]))
    _tell(signal.SIGCONT if looks_on else signal.SIGSTOP)
    start = time.perf_counter()
    result = yield
    _taken_s.append(time.perf_counter() - start)
    return result


def pytest_unconfigure() -> None:
    """Let everybody look on again, and write down what the steps took, in s."""
    _tell(signal.SIGCONT)
    Path(os.environ[TIMES]).write_text(json.dumps(_taken_s), encoding="utf-8")


def _tell(what: signal.Signals) -> None:
    for process in os.environ[ONLOOKERS].split(","):
        os.kill(int(process), what)
