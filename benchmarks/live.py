"""What showing a run while it goes on costs: the time of a measurement with its feed on, and off.

Both are timed in one run, in turns, so that a busy machine and a slow disk treat them alike; once with nobody
looking, and once with a page open, that is, another process that reads the feed every 100 ms. A measurement
is a test that shows a curve of its own, as strokes at a setting do, and judges one result.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import ROOT, Figure

TESTS = 400
POINTS = 5
LOOK_S = 0.1

_PLAN = 'name = "benchmark"\ntitle = "Benchmark"\ncharacteristics = ["pen.released"]\n'
_TESTS = f"""
import pytest
from calibration.measured import Contribution, combine
from rig.fixtures.plugin import LIVE
from rig.product import Setting

@pytest.mark.parametrize("number", range({TESTS}))
def test_one(number, station, pytestconfig, verdict):
    watch = pytestconfig.stash[LIVE]
    watch.begins(f"Strokes {{number}}", x="gap_mm", y="duty")
    for point in range({POINTS}):
        watch.point(0.5 + point / 100, 0.1)
    watch.ends()
    at = Setting(0.5 + number / 100, 5000.0)
    verdict.judge("extension.as_found", combine(at.depth_mm, "mm", [Contribution("all", 1e-4)]), at=at)
"""

# Times each test from before pytest announces it to after its teardown; its feed is on at every other one.
_CONFTEST = """
import json, time
from pathlib import Path
import pytest
from rig.fixtures.plugin import LIVE

TOOK = {True: [], False: []}

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    feed = item.config.stash[LIVE].feed
    feed.is_on = item.callspec.params["number"] % 2 == 0
    start = time.perf_counter()
    result = yield
    TOOK[feed.is_on].append(time.perf_counter() - start)
    return result

def pytest_sessionfinish(session):
    session.config.stash[LIVE].feed.is_on = True
    Path(__file__).with_name("took.json").write_text(json.dumps([TOOK[True], TOOK[False]]))
"""
_LOOK = """
import sys, time
from pathlib import Path
from rig.live.reading import feed_path, feeds, read_feed
runs, at, seen = Path(sys.argv[1]), 0, 0
while True:
    for run_id in feeds(runs):
        lines, at = read_feed(feed_path(runs, run_id), at)
        seen += len(lines)
        if any(line["kind"] == "ended" for line in lines):
            sys.exit(print(seen))
    time.sleep(float(sys.argv[2]))
"""
_PYTEST = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-pno:cacheprovider"]


def measure() -> list[Figure]:
    """Return the added time of a measurement with nobody looking, and with a page open."""
    with tempfile.TemporaryDirectory() as name:
        return [
            _figure("with nobody looking", Path(name, "alone"), looking=False),
            _figure("with a page open", Path(name, "looked-at"), looking=True),
        ]


def _figure(what: str, folder: Path, *, looking: bool) -> Figure:
    on_s, off_s = _run(folder, looking=looking)
    added_ms = 1e3 * (statistics.median(on_s) - statistics.median(off_s))
    beside = f"{1e3 * statistics.median(off_s):.2f} ms without a feed"
    return Figure(f"a measurement shown while it is taken, {what}", f"+{added_ms:.2f} ms", beside, "≤ 0.5 ms")


def _run(folder: Path, *, looking: bool) -> tuple[list[float], list[float]]:
    """Run the tests and return how long each took with the feed on, and off."""
    folder.mkdir()
    files = {"plan.toml": _PLAN, "test_benchmark.py": _TESTS, "conftest.py": _CONFTEST}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment, runs = {**os.environ, "PYTHONPATH": str(ROOT)}, folder / "runs"
    command = [*_PYTEST, f"--rootdir={folder}", "--import-mode=importlib", str(folder)]
    command += ["-prig.fixtures.plugin", f"--runs={runs}"]
    with ExitStack() as stack:
        if looking:
            page = [sys.executable, "-c", _LOOK, str(runs), str(LOOK_S)]
            looker = stack.enter_context(subprocess.Popen(page, env=environment, stdout=subprocess.PIPE))
            stack.callback(looker.kill)
        # The run as a whole fails, because nothing of a pen was measured.
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if looking:
            seen = int(looker.communicate(timeout=60)[0])
            if seen < 3 * TESTS // 2:
                raise RuntimeError(f"the page of the benchmark saw {seen} lines only")
    if f"{TESTS} passed" not in done.stdout:
        raise RuntimeError(f"the tests of the benchmark did not pass:\n{done.stdout}{done.stderr}")
    on_s, off_s = json.loads((folder / "took.json").read_text(encoding="utf-8"))
    return on_s, off_s
