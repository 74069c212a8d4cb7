"""How fast a record is verified, of many short traces and of few long ones, and a package made of such a one;
and what it costs a run to have its end signed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, median_s
from reports.evidence.package import make_package
from reports.evidence.subject import run_subject
from reports.evidence.verify_package import verify_package
from rig.records.heads import keep_head
from rig.records.run import RunRecorder, wall_utc
from rig.records.signatures import begin_signing, keep_signed_head
from rig.records.store import Store
from rig.records.trace import Trace
from rig.records.verify import Verification, verify

REPEATS, TIMES = 3, 200


def measure() -> list[Figure]:
    """Return the speed of verifying, in MB of files a second, and the time that signing a head takes."""
    return [
        *_figures("2000 traces of 5000 samples", traces=2000, samples=5000),
        *_figures("20 traces of 2 million samples", traces=20, samples=2_000_000),
        _signing(),
    ]


def _figures(what: str, *, traces: int, samples: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        runs, out = Path(name, "runs"), Path(name, "out")
        _record(runs, traces, samples)
        package = make_package(run_subject(runs, ["last"]), out, made_at=wall_utc())
        return [
            _speed(what, lambda: verify(runs)),
            _speed(f"a package of {what}", lambda: verify_package(package)),
        ]


def _speed(what: str, look: Callable[[], Verification]) -> Figure:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = look()
        taken.append(time.perf_counter() - start)
        assert found.whole, found.altered
    speed = f"{found.bytes / min(taken) / 1e6:.0f} MB/s"
    return Figure(what, speed, f"{found.bytes / 1e6:.0f} MB", "≥ 50 MB/s")


def _signing() -> Figure:
    """Return what keeping a signed head takes longer than keeping one."""
    with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
        begin_signing(store)
        event = store.events()[-1]
        plain_s = median_s(lambda: keep_head(store.runs, event.seq, event.hash), TIMES)
        signed_s = median_s(lambda: keep_signed_head(store, event), TIMES)
    return Figure("signing the end of a run", f"{(signed_s - plain_s) * 1e3:.2f} ms", "", "≤ 1 ms")


def _record(runs: Path, traces: int, samples: int) -> None:
    random = np.random.default_rng(1)
    with Store(runs) as store:
        begin_signing(store)
        recorder = RunRecorder(store, "20261122T103000Z-NP000001-3f9a")
        software = {"version": "0", "commit": "0"}
        recorder.started(plan="eol", pen_serial="", station="twin-1", product="office-pen", software=software)
        for number in range(traces):
            trace = Trace(f"trace {number}", {"force_n": random.normal(size=samples)})
            recorder.note(f"trace {number}", trace=recorder.trace(trace))
        recorder.ended("ERROR", takt_s=None, wall_s=None)
