"""The rim datum: the place of the stage at which the plate stands in the rim's plane.

The plate is tilted by something between nothing and its limit, so it touches the rim's edge before its
middle is in the plane: z_rim = z_c + R·t. That z_c is a place on the certified scale of the stage; scale,
alignment and temperature act on distances from it and belong to those
(:mod:`~calibration.plate_distance`).
"""

from __future__ import annotations

from typing import Any

from calibration.contact_point import ContactPoint
from calibration.equation import result
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import Travel, place_inputs, rectangular, refuse_wrong

EQUATION = "z_rim = z_c + Σδ_scan + δ_place + δ_step + R·t"


def rim_datum(
    contact: ContactPoint, *, travel: Travel, rim_radius_mm: float, tilt_limit_rad: float
) -> Measured:
    """Return the rim's place, mm, from the contact of plate and rim.

    Args:
        contact: where the scan met the rim; each line of its budget stays a line.
        travel: what the stage's certificate states of a place.
        rim_radius_mm: R.
        tilt_limit_rad: largest tilt t of the plate against the rim.

    Raises:
        EstimateError: a limit that is negative or not finite.
    """
    refuse_wrong("rim_radius_mm", rim_radius_mm)
    refuse_wrong("tilt_limit_rad", tilt_limit_rad)
    scan = {
        f"scan_{number}": Input(0.0, line.u, line.dof, name=line.name)
        for number, line in enumerate(contact.position.budget)
    }
    inputs = place_inputs(travel) | scan | {"tilt": rectangular(0.0, tilt_limit_rad, "plate tilt")}

    def model(*, tilt: Any, **errors: Any) -> Any:
        return contact.position.value + rim_radius_mm * tilt + sum(errors.values())

    return result(EQUATION, model, inputs, "mm", as_read=contact.position.value)
