"""The reference step: what stage and force gauge make of it, against what its certificate says.

Both faces are scanned as the rim is. The height is the difference of two places, with what acts on
distances (scale, temperature, alignment) as in :mod:`calibration.plate_distance`, only that the step expands
in place of the pen. The slope of the force is that of gauge, probe and step together: it is compared with the
slope found when the gauge was calibrated last, so the bench's own give drops out and the gauge's gain stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from calibration.contact_point import ContactPoint
from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import Travel, distance, distance_inputs, place_inputs

HEIGHT = "Δh = (z_high − z_low + Σδ)·(1 + δ_scale + (α_stage − α_step)·(T − 20 °C))·cos β − h"
SLOPE = "Δk/k = (k_low + k_high)/(2·k) − 1"


@dataclass(frozen=True)
class StepReference:
    """What the step's certificate states: height (mm, at 20 °C) and slope (N/mm), each with its u.

    ``slope_u`` is relative.

    Raises:
        EstimateError: a figure that is not finite, a height or slope of nothing, a negative uncertainty.
    """

    height_mm: float
    height_u_mm: float
    slope_n_per_mm: float
    slope_u: float

    def __post_init__(self) -> None:
        sizes, doubts = (self.height_mm, self.slope_n_per_mm), (self.height_u_mm, self.slope_u)
        if not all(math.isfinite(size) and size > 0 for size in sizes):
            raise EstimateError(f"step of {sizes[0]} mm and {sizes[1]} N/mm, expected both more than 0")
        if not all(math.isfinite(doubt) and doubt >= 0 for doubt in doubts):
            raise EstimateError(f"step known to {doubts[0]} mm and {doubts[1]}, expected 0 or more")


def height_deviation(
    low: ContactPoint, high: ContactPoint, *, travel: Travel, reference: StepReference
) -> Measured:
    """Return how far the step is found higher than its certificate says, mm.

    Args:
        low, high: where the scans met the two faces.
        travel: what the stage's certificate states; its ``pen_expansion_per_k`` is the step's here.
        reference: the certificate.
    """
    d_mm = high.position.value - low.position.value
    scans = {
        f"{face}_{number}": Input(0.0, line.u, line.dof, name=f"{line.name}, {face} face")
        for face, contact in (("lower", low), ("upper", high))
        for number, line in enumerate(contact.position.budget)
    }
    # The lower face is a place like the rim: certificate figure and last step of the display enter once more.
    places = {f"lower_{name}": one for name, one in place_inputs(travel).items()}
    shared = distance_inputs(travel, low.position)
    del shared["rim"]
    shared["pen_per_k"] = replace(shared["pen_per_k"], name="expansion of the step")
    certified = {"height": Input(reference.height_mm, reference.height_u_mm, name="certificate of the step")}

    def model(*, height: Any, **inputs: Any) -> Any:
        errors = sum(inputs.pop(name) for name in (*scans, *places))
        return distance(d_mm, rim=errors, **inputs) - height

    return result(
        HEIGHT, model, scans | places | shared | certified, "mm", as_read=d_mm - reference.height_mm
    )


def slope_deviation(low: ContactPoint, high: ContactPoint, *, reference: StepReference) -> Measured:
    """Return by how much the force grows steeper than when the gauge was calibrated, relative.

    Args:
        low, high: the contacts with both faces.
        reference: the certificate.
    """
    inputs = {
        face: Input(
            contact.stiffness_n_per_mm, contact.stiffness_u_n_per_mm, contact.loaded_dof,
            name=f"slope at the {face} face",
        )
        for face, contact in (("lower", low), ("upper", high))
    }  # fmt: skip
    known = reference.slope_n_per_mm
    inputs["known"] = Input(known, known * reference.slope_u, name="slope at the last calibration")

    def model(*, lower: Any, upper: Any, known: Any) -> Any:
        return (lower + upper) / (2.0 * known) - 1.0

    return result(SLOPE, model, inputs, "1")
