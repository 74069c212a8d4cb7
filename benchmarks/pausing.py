"""Stops who looks on at every other step of a run, and times the steps: pytest's plugin for ``onlookers``.

So one run has steps with and without onlookers in turns, and whatever else the machine does strikes both
alike. Who was stopped has to catch up in a step that is looked on, so that what is told is rather too much.
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

ONLOOKERS, FIRST, TIMES = "BENCHMARK_ONLOOKERS", "BENCHMARK_FIRST", "BENCHMARK_TIMES"
"""Variables: ids of processes, with commas between; 0 or 1, the first step looked on; file of times."""

_taken_s: list[float] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    """Time a step, from before it is announced to after its teardown."""
    is_looked_on = len(_taken_s) % 2 == int(os.environ[FIRST])
    _tell(signal.SIGCONT if is_looked_on else signal.SIGSTOP)
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
