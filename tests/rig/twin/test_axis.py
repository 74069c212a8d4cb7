"""The axis' motion: smooth, within its limits, and exactly where it was told to go."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.physics.axis import HISTORY_S, Axis

positions = st.floats(-100.0, 100.0)
speeds = st.floats(0.05, 50.0)
accels = st.floats(1.0, 5000.0)
pauses = st.floats(0.0, 3.0)
moves = st.tuples(pauses, positions, speeds, accels)


def test_rests_where_it_starts() -> None:
    axis = Axis(3.0)
    assert axis.position_at(0.0) == axis.position_at(1e6) == 3.0
    assert axis.velocity_at(5.0) == 0.0
    assert not axis.busy_at(0.0)
    assert axis.positions_at(np.array([-1.0, 0.0, 2.0])).tolist() == [3.0, 3.0, 3.0]


def test_a_long_move_is_a_trapezoid() -> None:
    axis = Axis(3.0)
    axis.move_to(1.0, 13.0, speed=10.0, accel=100.0)  # 0.1 s up, 0.9 s along, 0.1 s down
    assert axis.ends_at() == pytest.approx(2.1)
    assert axis.position_at(1.1) == pytest.approx(3.5)
    assert axis.velocity_at(1.5) == pytest.approx(10.0)
    assert axis.busy_at(1.0)
    assert not axis.busy_at(axis.ends_at())
    assert axis.position_at(axis.ends_at()) == 13.0


def test_a_short_move_is_a_triangle() -> None:
    axis = Axis()
    axis.move_to(0.0, -1.0, speed=1000.0, accel=4.0)
    assert axis.ends_at() == pytest.approx(1.0)
    assert axis.velocity_at(0.5) == pytest.approx(-2.0)
    assert axis.position_at(0.5) == pytest.approx(-0.5)


def test_a_move_in_the_other_direction_brakes_first() -> None:
    axis = Axis()
    axis.move_to(0.0, 100.0, speed=10.0, accel=10.0)
    axis.move_to(2.0, 0.0, speed=10.0, accel=10.0)
    assert axis.position_at(2.0) == pytest.approx(15.0)
    assert axis.position_at(3.0) == pytest.approx(20.0)  # braked from 10/s within 5
    assert axis.velocity_at(4.0) == pytest.approx(-10.0)
    assert axis.position_at(axis.ends_at()) == 0.0


def test_a_slower_move_slows_down_to_its_speed() -> None:
    axis = Axis()
    axis.move_to(0.0, 100.0, speed=10.0, accel=10.0)
    axis.move_to(2.0, 100.0, speed=2.0, accel=10.0)
    assert axis.velocity_at(2.8) == pytest.approx(2.0)
    assert axis.velocity_at(10.0) == pytest.approx(2.0)


def test_stop_brakes_and_halt_does_not() -> None:
    axis = Axis()
    axis.move_velocity(0.0, 10.0, accel=10.0)
    assert axis.ends_at() == math.inf
    axis.stop(2.0, decel=20.0)
    assert axis.ends_at() == pytest.approx(2.5)
    assert axis.position_at(9.0) == pytest.approx(15.0 + 2.5)
    axis.move_velocity(10.0, -10.0, accel=10.0)
    axis.halt(12.0)
    assert axis.position_at(20.0) == pytest.approx(17.5 - 15.0)
    axis.set_position(30.0, 7.0)
    assert axis.position_at(30.0) == 7.0


def test_the_highest_place_of_a_stretch_is_found_between_its_ends() -> None:
    axis = Axis()
    axis.move_to(0.0, 10.0, speed=10.0, accel=100.0)
    axis.move_to(0.5, 0.0, speed=10.0, accel=100.0)  # turns after braking from 10/s within 0.5
    at_s, highest = axis.highest_between(0.0, 5.0)
    assert (at_s, highest) == (pytest.approx(0.6), pytest.approx(4.5 + 0.5))
    assert axis.highest_between(0.7, 5.0)[0] == 0.7
    assert axis.highest_between(5.0, 9.0) == (5.0, 0.0)


def test_a_shift_moves_what_is_planned_and_keeps_the_past() -> None:
    axis = Axis()
    axis.move_to(0.0, 10.0, speed=10.0, accel=100.0)
    axis.shift(0.5, -1.0)
    assert axis.position_at(0.499) == pytest.approx(4.49)
    assert axis.position_at(0.5) == pytest.approx(3.5)
    assert axis.velocity_at(0.5) == pytest.approx(10.0)
    assert axis.position_at(axis.ends_at()) == pytest.approx(9.0)
    assert axis.highest_between(0.4, 0.6) == (pytest.approx(0.5), pytest.approx(4.5)), "before it sank"


@given(moves, st.floats(-20.0, 0.0), st.floats(0.0, 20.0))
def test_leaving_a_range_is_found_where_it_happens(
    move: tuple[float, float, float, float], low: float, high: float
) -> None:
    axis = Axis()
    axis.move_to(0.0, *move[1:])
    times = np.linspace(0.0, axis.ends_at(), 500)
    outside = (axis.positions_at(times) < low - 1e-9) | (axis.positions_at(times) > high + 1e-9)
    left = axis.leaves(low, high, 0.0)
    if left is None:
        assert not outside.any()
        return
    assert axis.position_at(left[0]) == pytest.approx(left[1], abs=1e-6)
    assert not outside[times < left[0]].any()


def test_the_past_is_kept() -> None:
    axis = Axis()
    for second in range(500):
        axis.move_to(float(second), float(second % 2), speed=10.0, accel=100.0)
    recent = np.linspace(499.0 - HISTORY_S, 499.0, 13)
    assert axis.positions_at(recent) == pytest.approx([axis.position_at(t) for t in recent])
    assert axis.position_at(499.0 - HISTORY_S) == pytest.approx(1.0 - (499.0 - HISTORY_S) % 2, abs=1e-9)
    assert len(axis._pieces) < 5 * HISTORY_S


@given(st.lists(moves, min_size=1, max_size=8))
def test_any_sequence_is_smooth_limited_and_exact(commands: list[tuple[float, float, float, float]]) -> None:
    axis, now_s, fastest, hardest = Axis(1.0), 0.0, 0.0, 0.0
    for pause_s, target, speed, accel in commands:
        now_s += pause_s
        before = axis.position_at(now_s), axis.velocity_at(now_s)
        axis.move_to(now_s, target, speed, accel)
        assert axis.position_at(now_s) == pytest.approx(before[0], abs=1e-9)
        assert axis.velocity_at(now_s) == pytest.approx(before[1], abs=1e-9)
        fastest, hardest = max(fastest, speed), max(hardest, accel)
    end_s = axis.ends_at()
    assert axis.position_at(end_s) == commands[-1][1]
    assert axis.velocity_at(end_s) == 0.0
    assert axis.position_at(end_s - 1e-7) == pytest.approx(commands[-1][1], abs=1e-4)

    times = np.linspace(max(0.0, now_s - 5.0), end_s, 400)
    velocities = np.array([axis.velocity_at(t) for t in times])
    travelled = np.diff(axis.positions_at(times))
    step_s = times[1] - times[0]
    assert np.all(np.abs(travelled) <= fastest * step_s * (1 + 1e-9) + 1e-9)
    assert np.all(np.abs(velocities) <= fastest + 1e-6)
    assert np.all(np.abs(np.diff(velocities)) <= hardest * step_s * (1 + 1e-9) + 1e-6)


@given(moves, st.floats(0.0, 2.0), accels)
def test_stop_comes_to_rest_without_a_jump(
    move: tuple[float, float, float, float], at_s: float, decel: float
) -> None:
    axis = Axis()
    axis.move_to(0.0, *move[1:])
    here, velocity = axis.position_at(at_s), axis.velocity_at(at_s)
    axis.stop(at_s, decel)
    braking = velocity * abs(velocity) / (2 * decel)
    assert axis.position_at(at_s) == pytest.approx(here, abs=1e-9)
    assert axis.position_at(axis.ends_at()) == pytest.approx(here + braking, abs=1e-6)
    assert axis.velocity_at(axis.ends_at()) == 0.0
