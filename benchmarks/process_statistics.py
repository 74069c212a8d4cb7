"""How long gauge studies and tolerance factors take; beside capstat-core where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.figures import Figure, median_s
from benchmarks.oracles import OWN, agreement, beside, in_turn, missing, oracle
from calibration.gauge_rr import crossed_anova
from calibration.tolerance import two_sided_factor

TIMES = 200
TOLERANCE = 1e-9
PARTS, APPRAISERS, TRIALS = 10, 3, 3


def measure() -> list[Figure]:
    """Return median times, and the largest disagreement between the two programs."""
    readings = _study()
    jobs: dict[str, Any] = {OWN: lambda: crossed_anova(readings)}
    absent = []
    if capstat := oracle("capstat_core"):
        jobs["capstat-core, no intervals"] = lambda: capstat.gage_rr(readings, interaction_alpha=0.05)
    else:
        absent.append(missing("capstat-core"))
    seconds, found = in_turn(jobs, TIMES)
    own = found.pop(OWN)
    apart = max((_apart(own, report) for report in found.values()), default=None)
    return [
        Figure(
            f"crossed gauge R&R, {PARTS} × {APPRAISERS} × {TRIALS}, with intervals",
            f"{seconds[OWN] * 1e3:.2f} ms",
            beside(seconds, absent),
        ),
        agreement("variances, relatively,", apart, TOLERANCE),
        _tolerance(),
    ]


def _apart(own: Any, report: Any) -> float:
    theirs = {"repeatability": report.var_repeatability, "part": report.var_part, "gauge": report.var_gage_rr}
    return max(abs(float(own[name].sd ** 2 / variance - 1)) for name, variance in theirs.items())


def _study() -> np.ndarray[Any, np.dtype[np.float64]]:
    random = np.random.default_rng(1)
    readings = 0.2 * random.normal(size=(PARTS, APPRAISERS, TRIALS))
    readings += random.normal(size=(PARTS, 1, 1)) + 0.2 * random.normal(size=(1, APPRAISERS, 1))
    return readings


def _tolerance() -> Figure:
    exact = two_sided_factor.__wrapped__
    taken_s = median_s(lambda: exact(30, coverage=0.95, confidence=0.95), TIMES)
    return Figure("exact two-sided tolerance factor, n = 30", f"{taken_s * 1e3:.2f} ms")
