"""A study of 200 points on the twin, two at a time: its time on the wall beside its time on the bench."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, spent
from rig.records.studies import read_study

JOBS = 2
STUDY = """
name = "two-hundred"
title = "Extension and stroke rate over the dial, on benches that differ"
responses = ["extension", "rate"]

[design]
kind = "latin hypercube"
samples = 200

[factors.depth]
sets = "setting.depth_mm"
low = 0.25
high = 2.25

[factors.rate]
sets = "setting.rate_per_min"
low = 5000
high = 9000

[factors."plate tilt"]
sets = "world.nest.tilt_mrad"
low = 0.0
high = 0.5

[factors.temperature]
sets = "world.environment.temperature_c"
low = 19.0
high = 23.0
"""


def measure() -> list[Figure]:
    """Return wall time, bench time, and what a point costs of processors."""
    with tempfile.TemporaryDirectory() as name:
        file, out = Path(name, "study.toml"), Path(name, "out")
        file.write_text(STUDY, encoding="utf-8")
        command = [sys.executable, "-m", "rig", "study", "run", str(file), "--out", str(out)]
        whole = spent([*command, "--jobs", str(JOBS)], times=1, warm=False)
        frame = read_study(out).frame
    by_point = frame.groupby("point")
    points, bench_s = by_point.ngroups, float(by_point["bench_s"].first().sum())
    on_the_bench = f"{bench_s / 60.0:.1f} min on the bench, {bench_s / points:.1f} s a point"
    return [
        Figure(
            f"`rig study run`, {points} points, {JOBS} at a time",
            f"{whole.wall_s:.0f} s",
            on_the_bench,
            "≤ 180 s",
        ),
        Figure("… of processors, twins, models and plots included", f"{whole.cpu_s / points:.2f} s a point"),
        Figure("… results measured", f"{int((frame['problem'] == '').sum())} of {len(frame)}"),
    ]
