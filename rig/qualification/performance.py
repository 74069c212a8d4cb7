"""Performance qualification: whole runs in worlds whose truth is known, judged by that truth.

A good pen passes, a bad one fails by its own fault and no other, and results lie within their uncertainty of
what is true. Interval by interval that is a matter of chance, and the bound allows for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from calibration.measured import COVERAGE
from rig.product import load_product
from rig.qualification.check import CONFIRMED, Check, Look, make
from rig.qualification.trial import FAILED, PASSED, Trial, run_eol
from rig.twin.truth import tell
from rig.twin.world import load_world

TAKT_S = 45.0
GRID, BETWEEN = 15, 6
"""Extensions that the end-of-line plan measures of an office pen as found, and as left."""

FALSE_ALARM = 1e-3
"""A rig whose intervals cover as they say fails this check so often; intervals are taken as independent."""

BAD_WORLDS = {
    "dull-tip": "tip.insertion_force",
    "leaky-pouch": "seal.leak",
    "slow-motor": "rate.as_left",
    "short-stroke": "extension.as_found",
    "used-tip": "tip.uses",
}
QUICK_WORLDS = ("dull-tip", "leaky-pouch")


def performance(folder: Path, *, quick: bool) -> Iterator[Check]:
    """Make the checks of the performance.

    Args:
        folder: for the records of the runs.
        quick: two bad worlds instead of all.
    """
    nominal = run_eol(folder / "nominal")
    looks: list[tuple[str, str, Look]] = [
        ("A pen without fault: world nominal", "PASS", partial(_passes, nominal)),
        (
            "Extensions as found, against the truth",
            _bound_told(GRID),
            partial(_covers, nominal, "as_found", GRID),
        ),
        (
            "Extensions as left, against the truth",
            _bound_told(BETWEEN),
            partial(_covers, nominal, "as_left", BETWEEN),
        ),
        ("Time on the bench for one pen", f"at most {TAKT_S:g} s", partial(_takt, nominal)),
    ]
    for world, characteristic in BAD_WORLDS.items():
        if not quick or world in QUICK_WORLDS:
            fails = partial(_fails_by, folder / world, world, characteristic)
            looks.append((f"A bad pen: world {world}", f"FAIL by {characteristic} alone", fails))
    for number, (what, expected, look) in enumerate(looks, start=1):
        yield make(f"PQ-{number}", what, expected, CONFIRMED, look)


def most_outside(count: int) -> int:
    """Return how many of so many intervals may miss the truth before coverage is in doubt."""
    from scipy.stats import binom

    return int(binom.isf(FALSE_ALARM, count, 1.0 - COVERAGE))


def _bound_told(count: int) -> str:
    return f"within U, but for at most {most_outside(count)} of {count}"


def _passes(trial: Trial) -> tuple[bool, str]:
    told = "; ".join(trial.view.reasons) or f"{len(trial.view.measurements)} results, all accepted"
    return trial.status == PASSED and trial.verdict == "PASS", f"{trial.verdict}: {told}"


def _takt(trial: Trial) -> tuple[bool, str]:
    takt_s = trial.view.takt_s
    return takt_s is not None and takt_s <= TAKT_S, "none" if takt_s is None else f"{takt_s:.1f} s"


def _covers(trial: Trial, when: str, count: int) -> tuple[bool, str]:
    measured = [m for m in trial.view.measurements if m["characteristic"] == f"extension.{when}"]
    true = _true_mm(trial, when)
    shares = [abs(m["value"] - true[_at(m["setting"])]) / m["U"] for m in measured]
    outside = sum(share > 1.0 for share in shares)
    right = len(shares) == count and outside <= most_outside(count)
    return right, f"{outside} of {len(shares)} beyond U, the farthest {max(shares, default=0.0):.2f} U"


def _true_mm(trial: Trial, when: str) -> dict[tuple[float, float], float]:
    nodes: Any = None
    if when == "as_left" and trial.view.calibration is not None:
        nodes = trial.view.calibration["nodes"]
    world, product = load_world("nominal", [], []), load_product(trial.view.product)
    told = tell(world, product, seed=trial.view.seed or 0, nodes=nodes)
    return {_at(row): row["extension_mm"] for row in told[when]}


def _at(row: dict[str, Any]) -> tuple[float, float]:
    return row["depth_mm"], row["rate_per_min"]


def _fails_by(folder: Path, world: str, characteristic: str) -> tuple[bool, str]:
    trial = run_eol(folder, "--world", world)
    right = trial.status == FAILED and trial.failed() == {characteristic} and not trial.view.faults
    return right, f"{trial.verdict} by {', '.join(sorted(trial.failed())) or 'nothing'}"
