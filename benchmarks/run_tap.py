"""A pytest plugin for a run that is measured: notes the takt of each test and every message on the wire.

``rig run eol -- -p benchmarks.run_tap`` writes them as JSON to the file that :data:`FILE` names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rig.fixtures.plugin import RUN, WIRE_LOG
from rig.fixtures.run import Run

FILE = "RIG_BENCHMARK_FILE"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Listen where there is a run."""
    if RUN in config.stash:
        config.pluginmanager.register(_Tap(config.stash[RUN], config))


class _Tap:
    def __init__(self, run: Run, config: pytest.Config) -> None:
        self._run, self._config = run, config
        self._takt_s: dict[str, float] = {}
        self._last_s = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the simulated time since the test before, with the fixtures that this one needed."""
        if report.when == "call" and self._run.clock is not None:
            now_s = self._run.clock.now()
            self._takt_s[report.nodeid.rpartition("::")[2]] = now_s - self._last_s
            self._last_s = now_s

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        told = {"takt_s": self._takt_s, "wire": self._config.stash[WIRE_LOG].lines()}
        Path(os.environ[FILE]).write_text(json.dumps(told), encoding="utf-8")
