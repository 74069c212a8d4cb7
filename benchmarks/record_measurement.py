"""How long a recorded measurement takes, beside what the disk alone needs, and over bare pytest.

``TMPDIR`` chooses the disk. Every measurement is a durable commit, so the disk's own time is in each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import ROOT, Figure, median_s
from rig.records.event import canonical_json
from rig.records.store import Store

ENTRIES = 500
TESTS, PER_TEST, REPEATS = 50, 3, 3
BODY = {
    "name": "extension.as_found 0.25 mm @ 5000 /min",
    "characteristic": "extension.as_found",
    "value": 0.25137,
    "unit": "mm",
    "u": 0.0021,
    "U": 0.0042,
    "budget": [{"name": f"contribution {number}", "u": number / 7e3, "dof": None} for number in range(8)],
}

# What is timed is from before the first test to after the last; the plots, drawn beside it, are not awaited.
_TESTS = """
import time
from pathlib import Path
import numpy as np
import pytest
from calibration.measured import Contribution, combine
from rig.product import Setting
from rig.records.trace import Trace

@pytest.fixture(scope="module", autouse=True)
def timed():
    start = time.perf_counter()
    yield
    Path(__file__).with_name("seconds").write_text(str(time.perf_counter() - start))

def trace(name):
    points = np.arange(50.0)
    return Trace(name, {{"x": points, "y": points}}, {{"x": "x", "y": "y"}}) if {traced} else None

@pytest.mark.parametrize("number", range({tests}))
def test_three(number{fixtures}):
    at = Setting(0.5 + number / 100, 5000.0)
    for name in ("extension.as_found", "extension.as_left", "rate.as_left"):
        nominal, unit = (at.rate_per_min, "1/min") if name[0] == "r" else (at.depth_mm, "mm")
        measured = combine(nominal, unit, [Contribution("all", 1e-4)])
        {judge}
"""
_PLAN = 'name = "benchmark"\ntitle = "Benchmark"\ncharacteristics = ["pen.released"]\n'
_PYTEST = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-pno:cacheprovider"]


def measure() -> list[Figure]:
    """Return the time of one append, and of one measurement in a test of three."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        append_us, fsync_us = time_appends(folder)
        bare_s = _tests_s(folder / "bare", record=False)
        disk = f"fsync alone {fsync_us / 1e3:.2f} ms"

        def over_bare(what: str, *, traced: bool = False, allure: bool = False) -> Figure:
            seconds = _tests_s(folder / what, traced=traced, allure=allure)
            each_ms = (seconds - bare_s) / (TESTS * PER_TEST) * 1e3
            aim = "" if traced or allure else "≤ 0.8 ms"
            return Figure(f"a recorded measurement over bare pytest, {what}", f"{each_ms:.2f} ms", disk, aim)

        return [
            Figure(
                "an append, with its commit", f"{append_us:.0f} µs", f"{append_us / fsync_us:.2f} × {disk}"
            ),
            over_bare("record only"),
            over_bare("with Allure", allure=True),
            over_bare("with a trace of its own", traced=True),
            over_bare("with a trace, Allure and plots", traced=True, allure=True),
        ]


def time_appends(folder: Path) -> tuple[float, float]:
    """Return the median times in µs of an append, and of writing as many bytes to a plain file with fsync.

    They take turns, so that a busy disk treats both alike.
    """
    now, text = datetime.now(UTC), canonical_json(BODY).encode()
    with Store(folder) as store, (folder / "plain").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(text)
            os.fsync(file.fileno())

        turns = [
            (median_s(lambda: store.append("run", "measurement", BODY, now), 1), median_s(write, 1))
            for _ in range(ENTRIES)
        ]
    appends, writes = zip(*turns, strict=True)
    return 1e6 * statistics.median(appends), 1e6 * statistics.median(writes)


def _tests_s(folder: Path, *, record: bool = True, traced: bool = False, allure: bool = False) -> float:
    """Return the shortest time, of some, that a plan's tests take with what was asked for."""
    folder.mkdir()
    tests = _TESTS.format(
        traced=traced,
        tests=TESTS,
        fixtures=", run, verdict" if record else "",
        judge="verdict.judge(name, measured, at=at, trace=trace(f'{name} {number}'))" if record else "pass",
    )
    (folder / "test_benchmark.py").write_text(tests, encoding="utf-8")
    (folder / "plan.toml").write_text(_PLAN, encoding="utf-8")
    command = [*_PYTEST, f"--rootdir={folder}", "--import-mode=importlib", str(folder)]
    command += ["-prig.fixtures.plugin", f"--runs={folder / 'runs'}"] if record else []
    command += ["-pallure_pytest", "-preports.allure_listener"] if allure else []
    taken = []
    for _ in range(REPEATS):
        # The run as a whole fails, because nothing of a pen was measured.
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        if f"{TESTS} passed" not in done.stdout:
            raise RuntimeError(f"the tests of the benchmark did not pass:\n{done.stdout}{done.stderr}")
        taken.append(float((folder / "seconds").read_text()))
    return min(taken)
