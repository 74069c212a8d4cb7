"""Voltages at the pen's contacts: what the leads take, and where between two steps a pen stopped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.cut_off import SupplyFigures, cut_off, pen_current, pen_voltage
from calibration.errors import EstimateError

DRAWN = 2e-4  # V or A: how far the mean of what Monte Carlo drew lies from the estimate
FIGURES = SupplyFigures(0.001, 0.0005, 0.04)
SET = [3.10, 3.09, 3.08, 3.07, 3.10, 3.15, 3.20]
READ = [3.101, 3.091, 3.081, 3.071, 3.101, 3.151, 3.19]
AMPS = [0.4, 0.4, 0.4, 0.02, 0.02, 0.02, 0.4]
RUNS = [1, 1, 1, 0, 0, 0, 1]


def columns(*lists: list[float]) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [np.array(values, dtype=np.float64) for values in lists]


def test_the_leads_take_half_of_the_most_they_can() -> None:
    found = pen_voltage(3.7, 0.5, FIGURES)
    assert (found.value, found.as_read) == (pytest.approx(3.69, abs=DRAWN), 3.7)
    assert found.u == pytest.approx(math.hypot(0.001, 0.5 * 0.04 / math.sqrt(12)), rel=0.02)
    assert pen_current(0.5, FIGURES).value == pytest.approx(0.5, abs=DRAWN)
    assert pen_current(0.5, FIGURES).u == pytest.approx(0.0005, rel=0.01)


def test_it_stopped_somewhere_within_the_step_and_started_again_within_another() -> None:
    found = cut_off(*columns(SET, READ, AMPS, RUNS), FIGURES)
    assert found.stop.value == pytest.approx(3.081 - 0.005 - 0.4 * 0.02, abs=DRAWN)
    assert found.restart is not None
    assert found.restart.value == pytest.approx(3.151 + 0.025 - 0.02 * 0.02, abs=2 * DRAWN)
    assert found.restart.u > 0.05 / math.sqrt(12) * 0.99
    names = {line.name for line in found.stop.budget}
    assert {"supply's certificate, voltage", "steps of the search", "resistance of the leads"} <= names


def test_a_pen_that_never_starts_again_has_no_restart() -> None:
    assert cut_off(*columns(SET[:4], READ[:4], AMPS[:4], RUNS[:4]), FIGURES).restart is None


@settings(max_examples=25)
@given(
    stop_v=st.floats(3.02, 3.13),
    lead_ohm=st.floats(0.0, 0.04),
    current_a=st.floats(0.1, 0.6),
    step_v=st.sampled_from([0.005, 0.010, 0.020]),
)
def test_the_truth_lies_within_the_interval(
    stop_v: float, lead_ohm: float, current_a: float, step_v: float
) -> None:
    """A perfect supply and unknown leads: the error has bounds, and U is not far beyond them."""
    set_v = np.arange(3.25, 2.9, -step_v)
    runs = set_v - current_a * lead_ohm >= stop_v
    found = cut_off(set_v, set_v, np.full_like(set_v, current_a), runs.astype(float), FIGURES).stop
    bound_v = step_v / 2 + current_a * FIGURES.lead_ohm / 2
    assert abs(found.value - stop_v) <= bound_v + DRAWN
    assert 1.3 * math.hypot(bound_v, 2 * FIGURES.voltage_u_v) >= found.U


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (columns([], [], [], []), "expected one length, two or more"),
        (columns([3.1], [3.1], [0.4], [1]), "two or more"),
        (columns(SET, READ, AMPS, RUNS[:-1]), "expected one length"),
        (columns(SET, READ, [math.nan] * 7, RUNS), "not finite"),
        (columns(SET, READ, AMPS, [0] * 7), "did not run at the first step"),
        (columns(SET, READ, AMPS, [1] * 7), r"still ran at 3\.190 V"),
    ],
)
def test_steps_that_show_no_cut_off(
    rows: list[np.ndarray[tuple[int], np.dtype[np.float64]]], says: str
) -> None:
    with pytest.raises(EstimateError, match=says):
        cut_off(*rows, FIGURES)


@pytest.mark.parametrize("figures", [(-1e-3, 0.0, 0.0), (0.0, math.nan, 0.0), (0.0, 0.0, math.inf)])
def test_figures_that_no_certificate_states(figures: tuple[float, float, float]) -> None:
    with pytest.raises(EstimateError, match="expected a finite number, not negative"):
        SupplyFigures(*figures)


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_readings_that_are_none(reading: float) -> None:
    with pytest.raises(EstimateError):
        pen_voltage(reading, 0.1, FIGURES)
    with pytest.raises(EstimateError):
        pen_voltage(3.7, reading, FIGURES)
    with pytest.raises(EstimateError):
        pen_current(reading, FIGURES)
