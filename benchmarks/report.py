"""How long a package of evidence takes, from the shell and back: of one run, and of a lot of 59 pens."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Spent, spent

PENS = 59
REPEATS = 3


def measure() -> list[Figure]:
    """Return the time that ``rig report`` takes for one run, and for a lot."""
    from tests.support.evidence import record_lot, run_id_of

    with tempfile.TemporaryDirectory() as name:
        runs = Path(name, "runs")
        record_lot(runs, PENS, traces=True)
        outs = [Path(name, str(number)) for number in range(REPEATS)]
        one = min((_report(runs, out, run_id_of(1)) for out in outs), key=lambda took: took.wall_s)
        lot = _report(runs, outs[0], "--lot", "L-7")
        pages = next(outs[0].glob("lot-*/report.pdf")).stat().st_size
        return [
            Figure("package of one run", f"{one.wall_s:.1f} s", f"{one.cpu_s:.1f} s of processors", "≤ 2 s"),
            Figure(
                f"package of {PENS} pens, PDF of {pages / 1e6:.1f} MB",
                f"{lot.wall_s:.1f} s",
                f"{lot.cpu_s:.1f} s of processors",
                "≤ 20 s",
            ),
        ]


def _report(runs: Path, out: Path, *subject: str) -> Spent:
    """Make one package; a package is never written over, so each goes to a folder of its own."""
    command = (sys.executable, "-m", "rig", "report", *subject, "--runs", str(runs), "--out", str(out))
    return spent(command, times=1, warm=False)
