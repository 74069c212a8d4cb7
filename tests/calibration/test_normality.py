"""Shapiro and Wilk's test against printed results, and against how often it should refuse."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from calibration.errors import EstimateError
from calibration.normality import shapiro_wilk
from tests.support.published import DATA, decimals

SAMPLES: list[dict[str, Any]] = json.loads((DATA / "shapiro_wilk_published.json").read_text("utf-8"))[
    "samples"
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"n={len(sample['values'])}, W={sample['w']}")
def test_printed_results_are_met(sample: dict[str, Any]) -> None:
    found = shapiro_wilk(sample["values"])
    assert found.w == pytest.approx(float(sample["w"]), abs=decimals(sample["w"]))
    if sample["p"] is not None:
        assert found.p == pytest.approx(float(sample["p"]), abs=decimals(sample["p"]))
    assert found.n == len(sample["values"])


def test_neither_unit_nor_offset_changes_it() -> None:
    values = np.random.default_rng(5).normal(size=40)
    there, here = shapiro_wilk(7000.0 + 1e-6 * values), shapiro_wilk(values)
    assert there.w == pytest.approx(here.w, abs=1e-5)
    assert there.p == pytest.approx(here.p, abs=1e-3)


def test_a_normal_law_is_refused_as_often_as_it_says() -> None:
    random, runs = np.random.default_rng(11), 800
    refused = sum(shapiro_wilk(random.normal(size=59)).is_rejected(0.05) for _ in range(runs))
    assert refused / runs == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / runs))


def test_a_law_with_two_heaps_is_refused() -> None:
    random = np.random.default_rng(3)
    heaps = np.concatenate([random.normal(0.0, 1.0, 30), random.normal(8.0, 1.0, 29)])
    assert shapiro_wilk(heaps).is_rejected()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0, 2.0], "at least 3"),
        ([2.0, 2.0, 2.0], "all values equal"),
        ([1.0, math.inf, 2.0], "not finite"),
        (np.arange(5001.0), "5000 values at most"),
    ],
    ids=["few", "equal", "infinite", "many"],
)
def test_what_cannot_be_tested_is_refused(values: Any, says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        shapiro_wilk(values)
