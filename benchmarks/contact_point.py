"""How fast and how well contact is found in force curves; beside nanite's two fast estimators, if installed.

nanite (GPL-3.0) answers with the index of a point; the rig with a position, its uncertainty and the exponent
of the loading, or a refusal. Accuracy is told against the consensus of nanite's six estimators on published
curves, which is kept beside them in tests/data: each of the six against the median of the other five.
"""

from __future__ import annotations

import json
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import ROOT, Figure
from benchmarks.oracles import OWN, agreement, beside, in_turn, missing, oracle
from calibration.contact_point import contact_point
from calibration.curved_contact import find_curved_contact

Floats = NDArray[np.float64]

DATA = ROOT / "tests" / "data"
FAST = ("frechet_direct_path", "gradient_zero_crossing")
ROUNDS = 200
TOLERANCE_STEPS = 41


def measure() -> list[Figure]:
    """Return times for one curve, and errors over all published curves."""
    tip_um, force = np.loadtxt(DATA / "afm_spot3-0192_approach.csv", delimiter=",", skiprows=4).T
    jobs: dict[str, Any] = {OWN: lambda: find_curved_contact(-tip_um, force).position}
    absent = []
    if nanite := oracle("nanite.poc"):
        for name in FAST:
            jobs[name] = lambda name=name: nanite.compute_poc(force, name)
    else:
        absent.append(missing("nanite"))
    seconds, found = in_turn(jobs, ROUNDS)
    own_index = _index(-tip_um, found[OWN])
    apart = max((abs(found[name] - own_index) for name in FAST if name in found), default=None)
    return [
        Figure(
            f"contact of a curve of {len(force)} points, with its uncertainty",
            f"{seconds[OWN] * 1e3:.2f} ms",
            beside(seconds, absent),
            "≤ 1 ms",
        ),
        agreement("contacts in that curve, in sample steps,", apart, TOLERANCE_STEPS),
        _errors(),
        _rim(),
    ]


def _index(position: Floats, contact: float) -> float:
    """Return the place of a contact among the points; steps back are noise."""
    ahead = np.maximum.accumulate(position)
    return float(np.interp(contact, ahead, np.arange(len(ahead))))


def _errors() -> Figure:
    """Compare all with a consensus, in sample steps."""
    curves = DATA / "afm_curves"
    published = json.loads((curves / "reference.json").read_text(encoding="utf-8"))["curves"]
    off: dict[str, list[float]] = {name: [] for name in (OWN, *FAST)}
    for name, told in published.items():
        position, force = np.loadtxt(curves / f"{name}.csv", delimiter=",", skiprows=1).T
        own = _index(position, find_curved_contact(position, force).position)
        off[OWN].append(abs(own - told["median"]))
        for other in FAST:
            rest = [index for which, index in told["nanite_index"].items() if which != other]
            off[other].append(abs(told["nanite_index"][other] - statistics.median(rest)))
    told_of = {name: f"{np.median(errors):.1f} / {np.max(errors):.0f}" for name, errors in off.items()}
    others = ", ".join(f"{name}: {told_of[name]}" for name in FAST)
    what = f"median / largest error on {len(published)} published curves, in sample steps"
    return Figure(what, told_of[OWN], others, "≤ 6 / ≤ 41")


def _rim() -> Figure:
    """Time the straight contact of a rim's step scan, budget included."""
    position = np.array([42.3 + 0.002 * step for step in range(40)])
    force = np.array([round(200.0 * max(z - 42.35, 0.0), 2) for z in position])
    seconds, _ = in_turn({OWN: lambda: contact_point(position, force, resolution_n=0.01, soft_n=0.8)}, ROUNDS)
    return Figure(
        "straight contact of a step scan, 40 points, with its budget", f"{seconds[OWN] * 1e3:.2f} ms"
    )
