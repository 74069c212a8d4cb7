"""Monte Carlo of a five-input, non-linear model, beside suncal and metrolopy where they are installed.

    python benchmarks/propagation.py [TRIALS]

Both are under the GPL and no dependency of the rig: install them beside it to compare. Times are medians of
interleaved repeats, so that a busy machine treats all alike; ratios are what counts.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from calibration.monte_carlo import monte_carlo
from calibration.propagation import Input, first_order

TRIALS = 1_000_000
REPEATS = 9
INPUTS = {
    "z1": Input(1000.0, 3.0),
    "z0": Input(0.0, 2.0),
    "tilt": Input(0.02, 0.01),
    "force": Input(10.0, 0.5),
    "stiffness": Input(0.2, 0.02),
}
"""Extension (µm): two positions (µm), tilt (rad), force (N) and stiffness (N/µm)."""

MODEL_TEXT = "d = (z1 - z0)*cos(tilt) - force/stiffness"

Job = Callable[[], tuple[float, float]]
"""Runs once and returns mean and standard uncertainty."""


def extension(z1: Any, z0: Any, tilt: Any, force: Any, stiffness: Any) -> Any:
    """Return the extension of a tilted, yielding target, µm."""
    return (z1 - z0) * np.cos(tilt) - force / stiffness


def main() -> None:
    """Time all and print them."""
    warnings.simplefilter("ignore")
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    jobs = {"here": here(trials)}
    for name, make in (("suncal", suncal), ("metrolopy", metrolopy)):
        try:
            jobs[name] = make(trials)
        except ImportError:
            print(f"{name} is not installed: not compared")
    times, results = run_interleaved(jobs)
    for name, seconds in times.items():
        mean, u = results[name]
        ratio = seconds / times["here"]
        print(f"{name:<10} {seconds * 1e3:8.1f} ms  {ratio:5.2f} ×   mean {mean:.3f} µm, u {u:.3f} µm")
    linear = time_of(lambda: first_order(extension, INPUTS, "µm"), 200)
    print(f"first order, with budget  {linear * 1e6:.0f} µs")


def here(trials: int) -> Job:
    """Return the job of this library, its coverage interval included."""

    def job() -> tuple[float, float]:
        found = monte_carlo(extension, INPUTS, trials=trials)
        return found.value, found.u

    return job


def suncal(trials: int) -> Job:
    """Return suncal's job, its coverage interval included."""
    from suncal import Model

    model = Model(MODEL_TEXT)
    for name, source in INPUTS.items():
        model.var(name).measure(source.value).typeb(std=source.u)

    def job() -> tuple[float, float]:
        found = model.monte_carlo(samples=trials)
        found.expand("d")
        return float(np.asarray(found.expected["d"])), float(np.asarray(found.uncertainty["d"]))

    return job


def metrolopy(trials: int) -> Job:
    """Return metrolopy's job."""
    import metrolopy as uc

    source = {name: uc.gummy(given.value, given.u) for name, given in INPUTS.items()}
    tilted = (source["z1"] - source["z0"]) * uc.cos(source["tilt"])
    result = tilted - source["force"] / source["stiffness"]

    def job() -> tuple[float, float]:
        result.sim(n=trials)
        return float(result.xsim), float(result.usim)

    return job


def run_interleaved(jobs: dict[str, Job]) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return the median time (s) and the last result of every job, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    results: dict[str, tuple[float, float]] = {}
    for _ in range(REPEATS + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            results[name] = job()
            times[name].append(time.perf_counter() - start)
    # The first round pays for imports.
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}, results


def time_of(act: Callable[[], object], repeats: int) -> float:
    """Return the mean time of one call, s."""
    act()
    start = time.perf_counter()
    for _ in range(repeats):
        act()
    return (time.perf_counter() - start) / repeats


if __name__ == "__main__":
    main()
