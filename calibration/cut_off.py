"""The voltage at the pen's contacts, and the ones at which a pen gives up and takes up again.

A supply measures at its own terminals; the leads drop what the current makes them drop. Of them only the
largest resistance is known, so the drop is taken as half of the largest, with that half as its bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured

Floats = NDArray[np.float64]

HALF_OF_A_STEP_U = 1.0 / math.sqrt(12.0)
"""Standard uncertainty of where within a step something happened, as a share of the step."""


@dataclass(frozen=True)
class SupplyFigures:
    """What is known of supply and leads.

    Args:
        voltage_u_v, current_u_a: standard uncertainties of a measured voltage and current, from the
            certificate.
        lead_ohm: largest resistance of the leads, both ways.

    Raises:
        EstimateError: a figure that is negative or not finite.
    """

    voltage_u_v: float
    current_u_a: float
    lead_ohm: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise EstimateError(f"{name} = {value}, expected a finite number, not negative")


@dataclass(frozen=True)
class CutOff:
    """Voltages at the pen's contacts, V: where the running pen stops, and where it takes a start again.

    ``restart`` is None where no start was taken while it was looked for.
    """

    stop: Measured
    restart: Measured | None


def pen_voltage(reading_v: float, reading_a: float, figures: SupplyFigures) -> Measured:
    """Return the voltage at the pen's contacts, V: V = V_t − I·R, R being that of the leads.

    Raises:
        EstimateError: a reading that is not finite.
    """
    return result(
        "V_t − I·R",
        lambda v, i, r: v - i * r,
        {
            "v": Input(reading_v, figures.voltage_u_v, name="supply's certificate, voltage"),
            **_drop(reading_a, figures),
        },
        "V",
        as_read=reading_v,
    )


def pen_current(reading_a: float, figures: SupplyFigures) -> Measured:
    """Return the current that the pen draws, A.

    Raises:
        EstimateError: a reading that is not finite.
    """
    drawn = Input(reading_a, figures.current_u_a, name="supply's certificate, current")
    return result("I_t", lambda i: 1.0 * i, {"i": drawn}, "A")


def cut_off(
    set_v: Floats, voltage_v: Floats, current_a: Floats, running: Floats, figures: SupplyFigures
) -> CutOff:
    """Return where a pen stopped on the way down and started again on the way up.

    Args:
        set_v: voltage told to the supply at each step, V, shape (n,).
        voltage_v, current_a: read back after it, V and A, shape (n,).
        running: whether the pen still ran then, shape (n,).

    The pen stopped between its last running step and the next, at V = V_t − s·d − I·R: what was read at
    the last running step, less an unknown share s of the step's height d, less the drop in the leads.

    Raises:
        EstimateError: shapes that differ, a pen that does not run at first or that never stops, readings
            that are not finite.
    """
    columns = [np.asarray(column, dtype=np.float64) for column in (set_v, voltage_v, current_a, running)]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1 or len(columns[0]) < 2:
        raise EstimateError(
            f"columns of the shapes {[column.shape for column in columns]}, expected one length, two or more"
        )
    if not all(np.isfinite(column).all() for column in columns):
        raise EstimateError("a step with a reading that is not finite")
    runs = columns[3] > 0
    if not runs[0]:
        raise EstimateError("the pen did not run at the first step: begin with a fuller cell")
    if runs.all():
        raise EstimateError(f"the pen still ran at {columns[1][-1]:.3f} V: look for its cut-off further down")
    stopped = int(np.argmin(runs))
    again = stopped + int(np.argmax(runs[stopped:]))
    return CutOff(
        _between(columns, stopped - 1, stopped, figures),
        _between(columns, again - 1, again, figures) if runs[again] else None,
    )


def _between(columns: list[Floats], step: int, following: int, figures: SupplyFigures) -> Measured:
    set_v, voltage_v, current_a, _ = columns
    height_v = float(set_v[step] - set_v[following])
    reading_v = float(voltage_v[step])
    return result(
        "V_t − s·d − I·R",
        lambda v, s, i, r: v - s * height_v - i * r,
        {
            "v": Input(reading_v, figures.voltage_u_v, name="supply's certificate, voltage"),
            "s": Input(
                0.5, HALF_OF_A_STEP_U, distribution=Distribution.RECTANGULAR, name="steps of the search"
            ),
            **_drop(float(current_a[step]), figures),
        },
        "V",
        as_read=reading_v - height_v / 2,
    )


def _drop(reading_a: float, figures: SupplyFigures) -> dict[str, Input]:
    """Return the inputs of the leads' drop: the current, and a resistance between nothing and its largest."""
    return {
        "i": Input(reading_a, figures.current_u_a, name="supply's certificate, current"),
        "r": Input(
            figures.lead_ohm / 2,
            figures.lead_ohm * HALF_OF_A_STEP_U,
            distribution=Distribution.RECTANGULAR,
            name="resistance of the leads",
        ),
    }
