"""One end-of-line run on the twin: its time on the wall, and its takt beside the irreducible time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import ROOT, Figure, spent
from benchmarks.irreducible import irreducible
from benchmarks.run_tap import FILE
from rig.product import load_product
from rig.records.store import Store
from rig.records.trace import Trace, read_trace
from rig.records.view import RunView, fold

RUNS = 5
RIG = [sys.executable, "-m", "rig"]


def measure() -> list[Figure]:
    """Return wall time, takt, what the takt is made of, and the takt of each part of the plan."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = spent([*RIG, "run", "eol", "--runs", str(folder)], times=RUNS)
        views = _views(folder)
        inside_s = sorted(view.wall_s or 0.0 for view in views)[len(views) // 2]
        takt_s = views[-1].takt_s or 0.0
        told = _tapped(folder / "tapped")
        least = irreducible(told["wire"], traces_of_last_run(folder / "tapped"), load_product("office-pen"))
    parts = f"motion {least.motion_s:.1f}, gates {least.gates_s:.1f}, dwell {least.dwell_s:.1f}"
    return [
        Figure("`rig run eol`, from command to prompt", f"{whole.wall_s:.2f} s", "", "≤ 5 s"),
        Figure(
            "… of processors, twin and plots included", f"{whole.cpu_s:.2f} s", _ratio(whole.cpu_s, takt_s)
        ),
        Figure("… from its first record to its verdict (`wall_s`)", f"{inside_s:.2f} s"),
        Figure("takt", f"{takt_s:.1f} s simulated", "", "≤ 45 s"),
        Figure("irreducible", f"{least.total_s:.1f} s", f"{parts}, pen {least.pen_s:.1f} s"),
        Figure("takt ÷ irreducible", f"{takt_s / least.total_s:.2f} ×", "", "≤ 1.2 ×"),
        *(Figure(f"takt of {test}", f"{part_s:.2f} s") for test, part_s in _by_test(told["takt_s"]).items()),
    ]


def _ratio(cpu_s: float, takt_s: float) -> str:
    return f"{takt_s / cpu_s:.1f} simulated seconds per second of processor"


def _views(runs: Path) -> list[RunView]:
    with Store(runs, create=False) as store:
        return [fold(store.events(run_id)) for run_id in store.run_ids()]


def _tapped(runs: Path) -> dict[str, Any]:
    """Run once more with :mod:`benchmarks.run_tap`, and return what it noted."""
    runs.mkdir()
    told = runs / "tap.json"
    command = [*RIG, "run", "eol", "--runs", str(runs), "--", "-pbenchmarks.run_tap"]
    environment = {**os.environ, FILE: str(told), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return found


def traces_of_last_run(runs: Path) -> list[Trace]:
    """Return every trace of the last run once, in the order in which they were made."""
    with Store(runs, create=False) as store:
        bodies = [event.body for event in store.events(store.find_run("last"))]
    paths = dict.fromkeys(body["trace"]["path"] for body in bodies if body.get("trace"))
    return [read_trace(runs / path) for path in paths]


def _by_test(takt_s: dict[str, float]) -> dict[str, float]:
    """Return the takt of each test of the plan; settings of one test together."""
    sums: dict[str, float] = {}
    for name, seconds in takt_s.items():
        test, _, setting = name.partition("[")
        key = f"`{test}`" + (" at all settings" if setting else "")
        sums[key] = sums.get(key, 0.0) + seconds
    return sums
