"""A process that forks recorders: each writes entries and traces, and tells what it was told is on the disk.

``python -m tests.support.recording_process`` reads lines ``FOLDER SEED`` and answers with the id of a process
that begins to record in FOLDER. It tells each commit in a file FOLDER.SEED.told, without a sync: what a
process has written to a file outlives it, if not the machine.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet  # noqa: F401  # before the fork, since it takes long

from rig.records.locks import hold_run
from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.trace import Trace

MOST_SAMPLES = 3000


def record(folder: Path, seed: int) -> None:
    """Record runs in ``folder`` until killed."""
    random_ = random.Random(seed)
    told = os.open(f"{folder}.{seed}.told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store, number = Store(folder), 0
    while True:
        run_id = f"20261122T103000Z-{seed:04d}-{number:04d}"
        with hold_run(folder, run_id):  # type: ignore[union-attr]
            one_run(RunRecorder(store, run_id), random_, told)
        number += 1


def one_run(recorder: RunRecorder, random_: random.Random, told: int) -> None:
    """Record a run of some entries, and tell each once it is kept."""

    def tell(event: object) -> None:
        os.write(told, f"{event.seq} {event.hash}\n".encode())  # type: ignore[attr-defined]

    software = {"version": "0", "commit": "0"}
    tell(
        recorder.started(plan="eol", pen_serial="", station="twin-1", product="p", software=software, seed=1)
    )
    for number in range(random_.randrange(1, 30)):
        trace = None
        if random_.random() < 0.3:
            samples = np.arange(float(random_.randrange(1, MOST_SAMPLES)))
            trace = recorder.trace(Trace(f"trace {number}", {"x": samples}))
        tell(recorder.note("x" * random_.randrange(5000), trace=trace))
    if random_.random() < 0.3:
        tell(recorder.wire_log(["line"] * random_.randrange(1000)))
    tell(recorder.ended("ERROR", takt_s=None, wall_s=1.0, reasons=[str(datetime.now(UTC))]))


def main() -> None:
    """Fork a recorder for each line, and say when it has ended."""
    for line in sys.stdin:
        folder, seed = line.split()
        child = os.fork()
        if child == 0:
            record(Path(folder), int(seed))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
