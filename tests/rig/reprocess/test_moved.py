"""What counts as moved, and what is rounding."""

from __future__ import annotations

from typing import Any

import pytest

from rig.reprocess.again import Again
from rig.reprocess.moved import ROUNDING_IN_U, Movement, Status, movement

WAS = {
    "value": 0.25, "unit": "mm", "u": 0.001, "dof": None, "k": 2.0, "U": 0.002,
    "lower": 0.1, "upper": 0.4, "verdict": "PASS", "accepted": True,
}  # fmt: skip


def now(**changed: Any) -> Movement:
    return movement(Again("extension", False, WAS, {**WAS, **changed}))


def test_equal_to_the_last_bit_is_identical() -> None:
    assert now().status is Status.IDENTICAL


def test_what_another_processor_rounds_has_not_moved() -> None:
    within = now(value=0.25 + 0.5 * ROUNDING_IN_U * 0.001)
    assert within.status is Status.ROUNDING
    assert not within.status.has_moved
    assert now(value=0.25 + 2.0 * ROUNDING_IN_U * 0.001).status is Status.MOVED


@pytest.mark.parametrize("changed", [{"u": 0.0011}, {"U": 0.0021}, {"verdict": "FAIL"}, {"upper": 0.5}])
def test_everything_that_a_reader_relies_on_counts(changed: dict[str, Any]) -> None:
    assert now(**changed).status is Status.MOVED


def test_by_how_much_in_its_unit_in_u_and_of_the_limits() -> None:
    moved = now(value=0.253)
    assert moved.value == pytest.approx(0.003)
    assert moved.in_u == pytest.approx(3.0)
    assert moved.of_limits == pytest.approx(0.01)


def test_one_limit_has_no_width() -> None:
    one = {**WAS, "lower": None}
    moved = movement(Again("leak", False, one, {**one, "value": 0.26}))
    assert moved.status is Status.MOVED
    assert moved.of_limits is None


def test_another_unit_is_not_compared() -> None:
    assert now(unit="µm", value=250.0).value is None
    assert now(unit="µm", value=250.0).status is Status.MOVED


def test_a_count_that_changed_has_moved() -> None:
    count = {**WAS, "value": 1.0, "u": 0.0, "U": 0.0}
    moved = movement(Again("late", False, count, {**count, "value": 2.0}))
    assert moved.status is Status.MOVED
    assert moved.in_u is None


def test_refused_now_is_a_movement_and_never_made_is_not() -> None:
    refused = movement(Again("force", False, WAS, None, "too few points", refused=True))
    assert refused.status.has_moved
    left = movement(Again("tip.present", False, WAS, None, "it is not from a trace"))
    assert not left.status.has_moved
