"""How long one recorded measurement takes, beside what the disk alone needs to keep as many bytes.

    python benchmarks/record_measurement.py [FOLDER]

FOLDER is on the disk to try (default: the folder for temporary files).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rig.records.event import canonical_json
from rig.records.store import Store

ENTRIES = 500
BODY = {
    "name": "extension.as_found 0.25 mm @ 5000 /min",
    "characteristic": "extension.as_found",
    "value": 0.25137,
    "unit": "mm",
    "u": 0.0021,
    "U": 0.0042,
    "budget": [{"name": f"contribution {number}", "u": number / 7e3, "dof": None} for number in range(8)],
}


def main() -> None:
    """Measure both and print them."""
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=folder) as name:
        append_us = time_appends(Path(name))
        fsync_us = time_fsyncs(Path(name))
    print(f"append, with its commit   {append_us:8.1f} µs (median of {ENTRIES})")
    print(f"write and fsync alone     {fsync_us:8.1f} µs (median of {ENTRIES})")
    print(f"beside the disk           {append_us - fsync_us:8.1f} µs, {append_us / fsync_us:.2f} ×")


def time_appends(folder: Path) -> float:
    """Return the median time of one append in µs."""
    now = datetime.now(UTC)
    with Store(folder) as store:
        return median_us(lambda: store.append("run", "measurement", BODY, now))


def time_fsyncs(folder: Path) -> float:
    """Return the median time in µs of writing an entry's text to the end of a plain file, with fsync."""
    text = canonical_json(BODY).encode()
    with (folder / "plain").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(text)
            os.fsync(file.fileno())

        return median_us(write)


def median_us(act: Callable[[], object]) -> float:
    """Return the median time of one call in µs."""
    times = []
    for _ in range(ENTRIES):
        start = time.perf_counter_ns()
        act()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e3


if __name__ == "__main__":
    main()
