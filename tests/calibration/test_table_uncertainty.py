"""The uncertainty of a table's command: by hand on a straight line, by Monte Carlo on a bent one."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine
from calibration.table import fit_commands, make_table
from calibration.table_uncertainty import command_uncertainty, table_uncertainties

COMMANDS = [0.25, 0.5, 1.0, 1.5, 2.0]
BENT = [0.24, 0.52, 1.05, 1.49, 1.9]


def points(values: list[float], u: float, datum: float = 0.0) -> list[Measured]:
    return [
        combine(value, "mm", [Contribution("fit", u, 20), Contribution("datum", datum)]) for value in values
    ]


def test_at_a_point_of_a_straight_line_only_that_point_counts() -> None:
    found = command_uncertainty(COMMANDS, points([c * 0.8 for c in COMMANDS], 0.002), 0.8)
    assert found.value == pytest.approx(1.0)
    assert found.u == pytest.approx(0.002 / 0.8, rel=1e-3)
    assert found.dof == pytest.approx(20, rel=0.01)


def test_a_common_error_moves_all_points_together() -> None:
    straight = points([c * 0.8 for c in COMMANDS], 0.0, datum=0.003)
    together = command_uncertainty(COMMANDS, straight, 0.6, common=["datum"])
    assert together.u == pytest.approx(0.003 / 0.8, rel=1e-9)
    assert together.budget[0].name == "datum"
    assert command_uncertainty(COMMANDS, straight, 0.6).u < together.u


def test_a_point_without_the_shared_error_keeps_its_own_degrees_of_freedom() -> None:
    measured = points([c * 0.8 for c in COMMANDS], 0.002, datum=0.003)
    found = command_uncertainty(COMMANDS, measured, 0.8, common=["datum"])
    own = next(line for line in found.budget if line.name == "extension at a command of 1 mm")
    assert own.dof == pytest.approx(20)
    assert own.u == pytest.approx(0.002 / 0.8, rel=1e-3)


@pytest.mark.parametrize("wanted", [0.3, 1.3, 2.0])
def test_a_bent_line_agrees_with_monte_carlo(wanted: float) -> None:
    u, datum = 0.004, 0.003
    found = command_uncertainty(COMMANDS, points(BENT, u, datum), wanted, common=["datum"])
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(600):
        moved = np.array(BENT) + rng.normal(0, u, len(BENT)) + rng.normal(0, datum)
        drawn.append(read(moved, wanted))
    assert found.value == pytest.approx(read(np.array(BENT), wanted))
    assert found.u == pytest.approx(float(np.std(drawn)), rel=0.12)


def read(extensions: np.ndarray, wanted: float) -> float:
    commands = np.array(COMMANDS)
    if extensions[0] <= wanted <= extensions[-1]:
        return float(PchipInterpolator(extensions, commands)(wanted))
    end = slice(0, 2) if wanted < extensions[0] else slice(-2, None)
    return float(np.polynomial.Polynomial.fit(extensions[end], commands[end], 1)(wanted))


def test_it_reads_the_same_command_as_the_table() -> None:
    """The curve of calibration.table, read by another road: both must give the same command."""
    wanted = COMMANDS
    measured = points(BENT, 0.002)
    found = {
        (depth, 5000.0): (command, extension)
        for depth, command, extension in zip(wanted, COMMANDS, measured, strict=True)
    }
    fitted = fit_commands(wanted, [5000.0], found, extrapolate_mm=0.5, travel_mm=3.0)
    table = make_table(
        fitted, wanted, [5000.0], model_code=1, made_on=date(2026, 1, 1), station_code=1, generation=1
    )
    nodes = table_uncertainties(COMMANDS, measured, wanted, step_mm=0.001)
    assert [node.value for node in nodes] == pytest.approx(fitted.commands_mm[:, 0].tolist())
    assert [round(node.value * 1e3) for node in nodes] == [row[0] for row in table.commands_um]
    assert nodes[0].budget[-1].u == pytest.approx(0.001 / math.sqrt(12))


def test_bad_points_are_refused() -> None:
    good = points(BENT, 0.002)
    with pytest.raises(EstimateError, match="expected as many"):
        command_uncertainty(COMMANDS[:3], good, 1.0)
    with pytest.raises(EstimateError, match="expected as many"):
        command_uncertainty([], [], 1.0)
    with pytest.raises(EstimateError, match="not all finite"):
        command_uncertainty([0.25, math.nan, 1.0, 1.5, 2.0], good, 1.0)
    with pytest.raises(EstimateError, match="increase strictly"):
        command_uncertainty(COMMANDS[::-1], good, 1.0)
    with pytest.raises(EstimateError, match="points too close"):
        command_uncertainty(COMMANDS, points(BENT, 0.6), 1.0)
    with pytest.raises(EstimateError, match="wanted extension"):
        command_uncertainty(COMMANDS, good, math.nan)
    with pytest.raises(EstimateError, match="step"):
        command_uncertainty(COMMANDS, good, 1.0, step_mm=-0.001)


@given(st.lists(st.floats(0.0, 3.0), min_size=2, max_size=8), st.floats(0.0, 3.0), st.floats(0.0, 0.01))
@settings(deadline=None)
def test_any_points_give_a_finite_result_or_a_reason(values: list[float], wanted: float, u: float) -> None:
    commands = [0.1 * (i + 1) for i in range(len(values))]
    try:
        found = command_uncertainty(commands, points(sorted(values), u), wanted)
    except EstimateError:
        return
    assert math.isfinite(found.u)
