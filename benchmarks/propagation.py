"""Monte Carlo of a five-input, non-linear model; beside suncal and metrolopy where those are installed.

Both are under the GPL: comparisons, never dependencies. Every time includes the coverage interval. The three
take turns, so that a busy machine treats all alike; the ratios are what counts.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.figures import Figure, median_s
from calibration.monte_carlo import WORKERS, monte_carlo
from calibration.propagation import Input, first_order
from calibration.propagation import measure as propagated

TRIALS = 1_000_000
REPEATS = 9
INPUTS = {
    "z1": Input(1000.0, 3.0),
    "z0": Input(0.0, 2.0),
    "tilt": Input(0.02, 0.01),
    "force": Input(10.0, 0.5),
    "stiffness": Input(0.2, 0.02),
}
"""Two positions (µm), tilt (rad), force (N) and stiffness (N/µm)."""

MODEL_TEXT = "d = (z1 - z0)*cos(tilt) - force/stiffness"

Job = Callable[[], float]
"""Runs once and returns the standard uncertainty."""


def extension(z1: Any, z0: Any, tilt: Any, force: Any, stiffness: Any) -> Any:
    """Return the extension found on a tilted target that gives way, µm."""
    return (z1 - z0) * np.cos(tilt) - force / stiffness


def measure() -> list[Figure]:
    """Return median times of 10⁶ trials, and of what the rig calls."""
    jobs: dict[str, Job] = {"own": lambda: monte_carlo(extension, INPUTS, trials=TRIALS).u}
    missing = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, make in (("suncal", _suncal), ("metrolopy", _metrolopy)):
            try:
                jobs[name] = make()
            except ImportError:
                missing.append(f"{name}: not installed")
        seconds, u = _in_turn(jobs)
    beside = [
        f"{name}: {taken * 1e3:.0f} ms ({taken / seconds['own']:.2f} ×)"
        for name, taken in seconds.items()
        if name != "own"
    ]
    apart = max(abs(other / u["own"] - 1) for other in u.values())
    linear_s = median_s(lambda: first_order(extension, INPUTS, "µm"), 200)
    both_s = median_s(lambda: propagated(extension, INPUTS, "µm", digits=1), 5)
    return [
        Figure(
            f"Monte Carlo, 5 inputs, 10⁶ trials, interval, {WORKERS} threads",
            f"{seconds['own'] * 1e3:.0f} ms",
            ", ".join(beside + missing),
            "faster than both",
        ),
        Figure("… standard uncertainties differ by", f"{apart:.0e}" if beside else "nothing to compare"),
        Figure("first order, with its budget", f"{linear_s * 1e3:.2f} ms"),
        Figure("both compared, to one digit of u", f"{both_s * 1e3:.0f} ms"),
    ]


def _suncal() -> Job:
    model = import_module("suncal").Model(MODEL_TEXT)
    for name, source in INPUTS.items():
        model.var(name).measure(source.value).typeb(std=source.u)

    def job() -> float:
        found = model.monte_carlo(samples=TRIALS)
        found.expand("d")
        return float(np.asarray(found.uncertainty["d"]))

    return job


def _metrolopy() -> Job:
    package = import_module("metrolopy")
    z1, z0, tilt, force, stiffness = (package.gummy(given.value, given.u) for given in INPUTS.values())
    result = (z1 - z0) * package.cos(tilt) - force / stiffness

    def job() -> float:
        result.sim(n=TRIALS)
        assert len(result.cisim) == 2
        return float(result.usim)

    return job


def _in_turn(jobs: dict[str, Job]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median time (s) and the last result of every job."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    results: dict[str, float] = {}
    for _ in range(REPEATS + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            results[name] = job()
            taken[name].append(time.perf_counter() - start)
    # The first round pays for imports.
    return {name: statistics.median(times[1:]) for name, times in taken.items()}, results
