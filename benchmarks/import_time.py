"""What starting costs, beside an interpreter that does nothing; and the memory of a run."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from benchmarks.eol_run import RIG
from benchmarks.figures import Figure, spent

TIMES = 10

# The run is a child of this, so that the largest child is the run, its twin, or its plotter.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure() -> list[Figure]:
    """Return start-up times and, where the system tells it, the peak memory of a run's largest process."""
    bare_s = spent([sys.executable, "-c", ""], times=TIMES).wall_s
    imported_s = spent([sys.executable, "-c", "import rig"], times=TIMES).wall_s
    help_s = spent([*RIG, "--help"], times=TIMES).wall_s
    beside = f"bare interpreter {bare_s * 1e3:.0f} ms"
    return [
        Figure("`import rig`", f"{(imported_s - bare_s) * 1e3:.0f} ms", beside, "≤ 300 ms"),
        Figure("`rig --help`, from command to prompt", f"{help_s * 1e3:.0f} ms", beside),
        *_memory(),
    ]


def _memory() -> list[Figure]:
    if sys.platform == "win32":
        return []
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-c", _PEAK, *RIG, "run", "eol", "--runs", runs]
        kib = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if sys.platform == "darwin":  # counts bytes where others count KiB
        kib //= 1024
    what = "peak memory of a run's largest process"
    return [Figure(what, f"{kib / 1024:.0f} MiB", "run, twin and plotter are one process each", "≤ 300 MB")]
