"""How much further needles reach at speed than at rest: dynamic minus static extension, inertia's part.

Two results from one rim datum share most of their budgets; what they share must not be counted twice, nor
once: it drops out of the difference.
"""

from __future__ import annotations

import math
from typing import Any

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import RIM_DATUM, SHARED

ONE_DATUM = 0.1
"""Rim datum lines that differ by a larger share of themselves are those of two datums."""


def stretch(dynamic: Measured, static: Measured) -> Measured:
    """Return how much further the needles reach at speed than at rest, mm: inertia's part.

    Both must come from one rim datum, plate and tip. What then is one and the same error in both
    (:data:`~calibration.plate_distance.SHARED`) moves both alike: of such a line only the difference of its
    two sizes is left. All other lines of the two are independent and all count.

    Raises:
        EstimateError: results of other units, or that do not share one rim datum.
    """
    lines = [{line.name: line for line in measured.budget} for measured in (dynamic, static)]
    rims = [one[RIM_DATUM].u if RIM_DATUM in one else math.nan for one in lines]
    if dynamic.unit != static.unit or not abs(rims[0] - rims[1]) <= ONE_DATUM * max(rims):
        raise EstimateError(
            f"rim datum lines of {rims[0]:.2g} {dynamic.unit} and {rims[1]:.2g} {static.unit}, "
            f"expected two extensions from one rim datum"
        )
    sizes = [{name: one[name].u if name in one else 0.0 for name in SHARED} for one in lines]
    inputs = {f"shared_{i}": Input(0.0, abs(sizes[0][n] - sizes[1][n]), name=n) for i, n in enumerate(SHARED)}
    for measured, place in ((dynamic, "speed"), (static, "rest")):
        for number, line in enumerate(line for line in measured.budget if line.name not in SHARED):
            inputs[f"{place}_{number}"] = Input(0.0, line.u, line.dof, name=f"at {place}: {line.name}")
    difference = dynamic.value - static.value

    def model(**errors: Any) -> Any:
        return difference + sum(errors.values())

    return result("Δe = e(at speed) − e(at rest)", model, inputs, dynamic.unit)
