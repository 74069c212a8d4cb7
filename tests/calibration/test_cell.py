"""The cell's two terminals: a curve that never rises as it empties, a resistance, and counted charge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.cell import Cell
from calibration.errors import EstimateError

SOCS = (0.0, 0.05, 0.2, 0.6, 1.0)
VOLTS = (2.8, 3.3, 3.6, 3.8, 4.2)
CELL = Cell(SOCS, VOLTS, 0.1, 700.0)
soc = st.floats(0.0, 1.0)


def test_the_curve_goes_through_its_points_and_the_resistance_takes_its_share() -> None:
    assert [CELL.voltage_v(point, 0.0) for point in SOCS] == pytest.approx(VOLTS)
    assert CELL.voltage_v(0.6, 0.5) == pytest.approx(3.75)
    assert CELL.voltage_v(0.6, -0.5) == pytest.approx(3.85), "while it is charged"
    assert CELL.voltage_v(0.6, 1000.0) == 0.0


@given(soc, soc)
def test_a_fuller_cell_never_shows_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert CELL.voltage_v(low, 0.0) <= CELL.voltage_v(high, 0.0)


@given(soc)
def test_the_voltage_tells_the_state_of_charge(state: float) -> None:
    shown_v = CELL.voltage_v(state, 0.0)
    assert CELL.voltage_v(CELL.soc_at(shown_v), 0.0) == pytest.approx(shown_v, abs=1e-9)


def test_charge_is_counted_and_ends_at_empty_and_full() -> None:
    assert CELL.soc_after(0.5, 0.7, 3600.0 / 4) == pytest.approx(0.25)
    assert CELL.soc_after(0.5, 0.7, 3600.0) == 0.0
    assert CELL.soc_after(0.5, -0.7, 3600.0) == 1.0


@pytest.mark.parametrize(
    ("socs", "volts", "ohm", "mah", "says"),
    [
        ((), (), 0.1, 700, "0 states of charge and 0 voltages"),
        ((0.0,), (3.0,), 0.1, 700, "1 states of charge"),
        ((0.0, 1.0), (3.0,), 0.1, 700, "2 states of charge and 1 voltages"),
        ((0.0, 0.5, 0.5, 1.0), (3.0, 3.1, 3.2, 3.3), 0.1, 700, "states of charge .* each above"),
        ((0.0, 1.0), (3.0, 3.0), 0.1, 700, "open-circuit voltages .* each above"),
        ((0.0, 1.0), (3.0, math.nan), 0.1, 700, "finite numbers"),
        ((0.1, 1.0), (3.0, 4.0), 0.1, 700, "from 0.1 to 1, expected 0 to 1"),
        ((0.0, 1.0), (0.0, 4.0), 0.1, 700, "0 V in an empty cell"),
        ((0.0, 1.0), (3.0, 4.0), -0.1, 700, "resistance of -0.1"),
        ((0.0, 1.0), (3.0, 4.0), math.inf, 700, "resistance of inf"),
        ((0.0, 1.0), (3.0, 4.0), 0.1, 0, "capacity of 0"),
        ((0.0, 1.0), (3.0, 4.0), 0.1, math.nan, "capacity of nan"),
    ],
)
def test_what_is_no_cell(
    socs: tuple[float, ...], volts: tuple[float, ...], ohm: float, mah: float, says: str
) -> None:
    with pytest.raises(EstimateError, match=says):
        Cell(socs, volts, ohm, mah)


@given(
    st.one_of(st.floats(max_value=-1e-9), st.floats(min_value=1.0 + 1e-9), st.just(math.nan)),
    st.floats(-10, 10),
)
def test_no_cell_is_emptier_than_empty(state: float, current_a: float) -> None:
    with pytest.raises(EstimateError):
        CELL.voltage_v(state, current_a)
    with pytest.raises(EstimateError):
        CELL.soc_after(state, current_a, 1.0)


@pytest.mark.parametrize("current_a", [math.nan, math.inf])
def test_a_current_that_is_none(current_a: float) -> None:
    with pytest.raises(EstimateError):
        CELL.voltage_v(0.5, current_a)
    with pytest.raises(EstimateError):
        CELL.soc_after(0.5, current_a, 1.0)


@pytest.mark.parametrize("volts", [2.79, 4.21, math.nan])
def test_a_voltage_that_it_never_shows(volts: float) -> None:
    with pytest.raises(EstimateError, match=r"expected a cell's 2.8 to 4.2 V"):
        CELL.soc_at(volts)
