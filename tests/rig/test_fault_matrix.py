"""Faults in the middle of a run: no wrong value, no blame on the pen, no hang, no traceback, nothing unsafe.

One case for each kind of fault, in phases that take turns; ``make faults`` runs every fault in every phase.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import TRACEBACK
from tests.support.fault_matrix import (
    EXIT_STATUS,
    SPOKEN_TO,
    Case,
    End,
    cases,
    moments,
    run_with,
    try_case,
    wrongs,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, lines are ptys")

BAD_FOR = {
    "leaky-pouch": "seal.leak",
    "dull-tip": "tip.insertion_force",
    "short-stroke": "extension.as_found",
}
"""Worlds with a bad pen, and the characteristic that tells."""

# While what is bad is measured, something happens that a good pen passes with: these could hide it.
BAD_PENS = [
    ("leaky-pouch", "force_gauge.other_reply", "squeeze"),
    ("leaky-pouch", "force_gauge.wrong_unit", "squeeze"),
    ("leaky-pouch", "force_gauge.late_reply", "squeeze"),
    ("dull-tip", "force_gauge.garbled", "insertion"),
    ("dull-tip", "force_gauge.not_a_number", "insertion"),
    ("short-stroke", "counter.late_reply", "as found"),
    ("short-stroke", "counter.disconnect", "as found"),
    ("short-stroke", "pen.shifted_reply", "as found"),
    ("short-stroke", "bench.temperature_step", "as found"),
]


def one_of_each_kind() -> list[Case]:
    """Return a case for each kind of fault; the next kind is tried in another phase."""
    by_fault: dict[str, list[Case]] = {}
    for case in cases():
        by_fault.setdefault(case.fault, []).append(case)
    return [mine[7 * number % len(mine)] for number, mine in enumerate(by_fault.values())]


@pytest.fixture(scope="module")
def nominal(tmp_path_factory: pytest.TempPathFactory) -> tuple[End, dict[str, float]]:
    """A run without faults, and the middle of each of its phases."""
    folder = tmp_path_factory.mktemp("matrix") / "nominal"
    end = run_with(folder)
    return end, moments(folder)


@pytest.mark.parametrize("case", one_of_each_kind(), ids=str)
def test_fault_ends_as_it_may(case: Case, nominal: tuple[End, dict[str, float]], tmp_path: Path) -> None:
    right, at_s = nominal
    _, wrong = try_case(case, at_s, right, tmp_path / "run")
    assert wrong == []


@pytest.mark.parametrize(
    ("world", "fault", "phase"), BAD_PENS, ids=lambda words: str(words).replace(" ", "-")
)
def test_a_bad_pen_never_passes_whatever_goes_wrong(
    world: str, fault: str, phase: str, nominal: tuple[End, dict[str, float]], tmp_path: Path
) -> None:
    _, at_s = nominal
    end = run_with(tmp_path / "run", f"{fault}@{at_s[phase]:.6f}s", world=world)
    assert end.verdict in ("FAIL", "ERROR"), end
    assert end.status == EXIT_STATUS[end.verdict], end
    assert not TRACEBACK.search(end.words), end
    failed = {
        measured["characteristic"] for measured in end.view.measurements if measured["verdict"] == "FAIL"
    }
    assert failed <= {BAD_FOR[world]}, "and it is never blamed for what is good of it"
    assert end.verdict == "ERROR" or failed


def test_matrix_is_large_and_every_phase_is_known(nominal: tuple[End, dict[str, float]]) -> None:
    right, at_s = nominal
    assert len(cases()) >= 300
    assert list(at_s) == list(SPOKEN_TO)
    assert right.verdict == "PASS"
    assert right.symptom == "no harm done"


def test_the_judge_sees_what_must_never_be(nominal: tuple[End, dict[str, float]]) -> None:
    """Ends that none of the runs above may have are found out when they are put before the judge."""
    right, _ = nominal
    case = Case("counter", "late_reply", "as found")

    def told(**changes: object) -> str:
        return "; ".join(wrongs(case, replace(right, **changes), right))  # type: ignore[arg-type]

    off = [{**m, "value": m["value"] + 3 * m["U"] + 1e-3} for m in right.view.measurements]
    failed = replace(right.view, verdict="FAIL", reasons=["extension.as_found is out"])
    vague = replace(right.view, verdict="ERROR", reasons=["something broke"])
    assert "right is" in told(view=replace(right.view, measurements=off))
    assert "a good pen failed" in told(view=failed, status=1)
    assert "not the culprit" in told(view=vague, status=2)
    assert "service lock" in told(truth={**right.truth, "pen": {**right.truth["pen"], "unlocked": True}})
    assert "on table 00000001" in told(truth={**right.truth, "pen": {**right.truth["pen"], "active_crc": 1}})
    assert "turret turned" in told(truth={**right.truth, "highest_while_turning_mm": 36.0})
    assert "went to" in told(truth={**right.truth, "highest_mm": 43.5})
    assert "hung" in told(status=None)
    assert "traceback" in told(words="Traceback (most recent call last):\n")
    assert "nobody was told" in told(truth={**right.truth, "pen": {**right.truth["pen"], "running": True}})
    assert "still moves" in told(truth={**right.truth, "moving": True})
    assert "limit 5 N" in told(truth={**right.truth, "largest_force_n": {"datum": 5.1}})
