"""Monte Carlo of a five-input, non-linear model; beside suncal and metrolopy where those are installed.

Both are under the GPL: comparisons, never dependencies. Every time includes the coverage interval.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.figures import Figure, median_s
from benchmarks.oracles import OWN, agreement, beside, in_turn, missing, oracle
from calibration.monte_carlo import WORKERS, monte_carlo
from calibration.propagation import Input, first_order
from calibration.propagation import measure as propagated

TRIALS = 1_000_000
ROUNDS = 9
TOLERANCE = 4.0 / math.sqrt(TRIALS)
"""Standard deviations of so many trials scatter by 1/√(2·trials) each: four times their difference's."""

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
    jobs: dict[str, Job] = {OWN: lambda: monte_carlo(extension, INPUTS, trials=TRIALS).u}
    absent = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, make in (("suncal", _suncal), ("metrolopy", _metrolopy)):
            if package := oracle(name):
                jobs[name] = make(package)
            else:
                absent.append(missing(name))
        seconds, u = in_turn(jobs, ROUNDS)
    apart = max((abs(u[name] / u[OWN] - 1) for name in u if name != OWN), default=None)
    linear_s = median_s(lambda: first_order(extension, INPUTS, "µm"), 200)
    both_s = median_s(lambda: propagated(extension, INPUTS, "µm", digits=1), 5)
    return [
        Figure(
            f"Monte Carlo, 5 inputs, 10⁶ trials, interval, {WORKERS} threads",
            f"{seconds[OWN] * 1e3:.0f} ms",
            beside(seconds, absent),
            "faster than both",
        ),
        agreement("standard uncertainties, relatively,", apart, TOLERANCE),
        Figure("first order, with its budget", f"{linear_s * 1e3:.2f} ms"),
        Figure("both compared, to one digit of u", f"{both_s * 1e3:.0f} ms"),
    ]


def _suncal(package: ModuleType) -> Job:
    model = package.Model(MODEL_TEXT)
    for name, source in INPUTS.items():
        model.var(name).measure(source.value).typeb(std=source.u)

    def job() -> float:
        found = model.monte_carlo(samples=TRIALS)
        found.expand("d")
        return float(np.asarray(found.uncertainty["d"]))

    return job


def _metrolopy(package: ModuleType) -> Job:
    z1, z0, tilt, force, stiffness = (package.gummy(given.value, given.u) for given in INPUTS.values())
    result = (z1 - z0) * package.cos(tilt) - force / stiffness

    def job() -> float:
        result.sim(n=TRIALS)
        assert len(result.cisim) == 2
        return float(result.usim)

    return job
