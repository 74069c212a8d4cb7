"""What a sample shows of its lot: by which of the two ways, and never more than it does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.lot_statement import LotStatement, lot_statement

NORMAL = np.random.default_rng(1).normal(1.0, 0.01, 59)
HEAPS = np.concatenate([np.linspace(0.98, 0.985, 30), np.linspace(1.015, 1.02, 29)])
WIDE = Limits(0.9, 1.1)


def shown(values: Any, limits: Limits = WIDE, U: float = 0.003, failed: int = 0, **more: Any) -> LotStatement:
    accepted = [number >= failed and limits.contain(value) for number, value in enumerate(values)]
    asked = {"units": len(values), **more}
    return lot_statement(values, np.full(len(values), U), limits, accepted=accepted, **asked)


def test_fifty_nine_normal_values_are_shown_by_a_tolerance_interval() -> None:
    found = shown(NORMAL)
    assert (found.by, found.why, found.shown) == ("tolerance interval", "", True)
    assert found.interval is not None
    assert round(found.interval.k, 3) == 2.339
    assert found.interval.upper == pytest.approx(NORMAL.mean() + found.interval.k * NORMAL.std(ddof=1))
    assert found.reliability > 0.95, "the success run says so too"
    assert found.needed is not None
    assert found.needed < 59


def test_an_interval_beyond_the_limits_shows_nothing_though_every_unit_was_accepted() -> None:
    found = shown(NORMAL, Limits(NORMAL.min(), NORMAL.max()))
    assert (found.by, found.failures, found.shown) == ("tolerance interval", 0, False)


def test_the_uncertainty_that_all_values_share_widens_the_interval() -> None:
    interval = shown(NORMAL, Limits(None, 1.1)).interval
    assert interval is not None
    just_wide_enough = Limits(None, interval.upper + 0.004)
    assert shown(NORMAL, just_wide_enough, U=0.003).shown
    assert not shown(NORMAL, just_wide_enough, U=0.009).shown


def test_one_limit_asks_for_one_side() -> None:
    found = shown(NORMAL, Limits(None, 1.1))
    assert found.interval is not None
    assert (found.side, found.interval.lower) == ("upper", -math.inf)
    assert found.interval.k < 2.339
    assert found.extremes == pytest.approx(0.05 ** (1 / 59)), "one side of the largest of 59"


def test_values_that_are_not_normal_are_counted() -> None:
    found = shown(HEAPS)
    assert found.by == "count"
    assert "not normal" in found.why
    assert found.interval is None
    assert found.shown, "59 of 59"
    assert not shown(HEAPS[:58]).shown, "58 of 58 show 94.97 %"


def test_counts_and_equal_values_are_counted() -> None:
    assert shown(np.ones(59), Limits(1, 1), U=0.0).why == "counted, not measured"
    assert shown(np.ones(59)).why == "values without scatter"
    assert shown(NORMAL[:2]).why == "too few values to look at their law"


@pytest.mark.parametrize(
    ("units", "failed", "enough"), [(59, 0, True), (59, 1, False), (92, 1, False), (93, 1, True)]
)
def test_failures_are_counted_exactly(units: int, failed: int, enough: bool) -> None:
    values = np.random.default_rng(2).normal(1.0, 0.001, units)
    found = shown(values, U=0.0 if not failed else 0.003, failed=failed)
    assert found.failures == failed
    assert found.by == "count"
    assert found.shown is enough


def test_a_unit_without_a_value_has_failed() -> None:
    found = shown(NORMAL[:58], units=59)
    assert (found.values, found.failures, found.shown) == (58, 1, False)
    nothing = lot_statement([], [], WIDE, accepted=[], units=3)
    assert (nothing.mean, nothing.reliability, nothing.shown) == (None, 0.0, False)


def test_the_statement_holds_as_often_as_it_promises() -> None:
    """A lot with 5.5 % outside the limits is shown to have 95 % inside in less than 5 % of samples."""
    limits, random, runs = Limits(-1.9188, 1.9188), np.random.default_rng(9), 1000
    wrongly = sum(shown(random.normal(size=59), limits, U=1e-9).shown for _ in range(runs))
    assert wrongly / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize(
    "change", [{"expanded": [0.1]}, {"accepted": [True]}, {"units": 2}, {"coverage": 1.0}, {"units": 0}]
)
def test_what_does_not_agree_is_refused(change: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "expanded": [0.1] * 3,
        "accepted": [True] * 3,
        "units": 3,
        "coverage": 0.95,
    } | change
    with pytest.raises(EstimateError):
        lot_statement([1.0, 1.1, 1.2], asked.pop("expanded"), WIDE, **asked)
