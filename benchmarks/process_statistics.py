"""How long gauge studies and tolerance factors take; beside capstat-core where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.figures import Figure, median_s
from calibration.gauge_rr import crossed_anova
from calibration.tolerance import two_sided_factor

TIMES = 200
PARTS, APPRAISERS, TRIALS = 10, 3, 3


def measure() -> list[Figure]:
    """Return median times, and the largest disagreement between the two programs."""
    readings = _study()
    own_s = median_s(lambda: crossed_anova(readings), TIMES)
    what = f"crossed gauge R&R, {PARTS} × {APPRAISERS} × {TRIALS}, with intervals"
    other = _capstat()
    if other is None:
        beside = "capstat-core: not installed"
        return [Figure(what, f"{own_s * 1e3:.2f} ms", beside), _tolerance()]
    other_s = median_s(lambda: other(readings, interaction_alpha=0.05), TIMES)
    report, study = other(readings, interaction_alpha=0.05), crossed_anova(readings)
    theirs = {"repeatability": report.var_repeatability, "part": report.var_part, "gauge": report.var_gage_rr}
    off = max(abs(study[name].sd ** 2 / variance - 1) for name, variance in theirs.items())
    return [
        Figure(
            what,
            f"{own_s * 1e3:.2f} ms",
            f"capstat-core, no intervals: {other_s * 1e3:.2f} ms ({other_s / own_s:.2f} ×)",
        ),
        Figure("… variances differ by", f"{off:.0e}"),
        _tolerance(),
    ]


def _study() -> np.ndarray[Any, np.dtype[np.float64]]:
    random = np.random.default_rng(1)
    readings = 0.2 * random.normal(size=(PARTS, APPRAISERS, TRIALS))
    readings += random.normal(size=(PARTS, 1, 1)) + 0.2 * random.normal(size=(1, APPRAISERS, 1))
    return readings


def _tolerance() -> Figure:
    exact = two_sided_factor.__wrapped__
    taken_s = median_s(lambda: exact(30, coverage=0.95, confidence=0.95), TIMES)
    return Figure("exact two-sided tolerance factor, n = 30", f"{taken_s * 1e3:.2f} ms")


def _capstat() -> Callable[..., Any] | None:
    """Return another program's analysis, where it is there: a comparison, never a dependency."""
    try:
        found: Callable[..., Any] = import_module("capstat_core").gage_rr
    except ImportError:
        return None
    return found
