"""Whether responses of a study put pens into the same order: told where they do, and where they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.agreement import agreements
from rig.records.studies import StudyView


def lot(second: list[float], sets: str = "pen") -> StudyView:
    first = [float(i) for i in range(len(second))]
    rows = [
        {"point": i, "response": name, "value": value}
        for i, pair in enumerate(zip(first, second, strict=True))
        for name, value in zip(("leak", "peel_strength"), pair, strict=True)
    ]
    study = {"factors": {"pouch": {"sets": sets}}, "responses": ["leak", "peel_strength"]}
    return StudyView(study, pd.DataFrame(rows), ended=True)


def test_weak_seals_that_leak_go_against_each_other() -> None:
    (told,) = agreements(lot([9.0, 8.5, 7.0, 6.0, 5.5, 5.0, 3.0, 2.0, 1.0, 0.5]))
    assert told.startswith(
        "leak and peel_strength go against each other: rank correlation -1.00 over 10 points"
    )


def test_no_order_is_told_as_such() -> None:
    (told,) = agreements(lot([1.0, 5.0, 0.0, 4.0, 2.0, 3.0]))
    assert "show no common order" in told


def test_points_without_both_results_are_left_out() -> None:
    (told,) = agreements(lot([9.0, 8.0, float("nan"), 6.0, 5.0, 4.0, 3.0]))
    assert "over 6 points" in told


def test_nothing_is_told_of_too_few_pens_or_of_none() -> None:
    assert agreements(lot([3.0, 2.0, 1.0])) == []
    assert agreements(lot([float(x) for x in np.arange(9.0)], sets="setting.depth_mm")) == []
