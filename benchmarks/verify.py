"""How fast a record is verified: one of many short traces, and one of few long ones."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.trace import Trace
from rig.records.verify import verify

REPEATS = 3


def measure() -> list[Figure]:
    """Return the speed of verifying, in MB of traces a second, for short traces and long ones."""
    return [
        _figure("2000 traces of 5000 samples", traces=2000, samples=5000),
        _figure("20 traces of 2 million samples", traces=20, samples=2_000_000),
    ]


def _figure(what: str, *, traces: int, samples: int) -> Figure:
    with tempfile.TemporaryDirectory() as name:
        _record(Path(name), traces, samples)
        taken = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            found = verify(Path(name))
            taken.append(time.perf_counter() - start)
            assert found.whole, found.altered
        speed = f"{found.bytes / min(taken) / 1e6:.0f} MB/s"
        return Figure(what, speed, f"{found.bytes / 1e6:.0f} MB", "≥ 50 MB/s")


def _record(runs: Path, traces: int, samples: int) -> None:
    random = np.random.default_rng(1)
    with Store(runs) as store:
        recorder = RunRecorder(store, "20261122T103000Z-NP000001-3f9a")
        software = {"version": "0", "commit": "0"}
        recorder.started(plan="eol", pen_serial="", station="twin-1", product="office-pen", software=software)
        for number in range(traces):
            trace = Trace(f"trace {number}", {"force_n": random.normal(size=samples)})
            recorder.note(f"trace {number}", trace=recorder.trace(trace))
        recorder.ended("ERROR", takt_s=None, wall_s=None)
