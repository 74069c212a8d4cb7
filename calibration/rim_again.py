"""How far the rim has moved since its datum, from one place at which plate and rim press on each other.

δ = (z − F/k) − z_c: what the force F pressed in, by the stiffness k of the scan, is taken off the place z;
z_c is the contact of the scan. Both places are near each other on the same scale, so of the stage only the
certificate's place figure and step are left, once for each.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import Any

from calibration.contact_point import ContactPoint
from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.plate_distance import Travel, place_inputs, refuse_wrong

EQUATION = "δ = (z + δ_place + δ_step − F/k) − (z_c + δ_place0 + δ_step0)"

FALSE_ALARM = 1e-4
"""Of so many checks of a rim that stays, one finds that it moved."""


def rim_shift(
    contact: ContactPoint,
    *,
    position_mm: float,
    force_n: float,
    force_u_n: float,
    soft_n: float,
    travel: Travel,
) -> Measured:
    """Return how far the rim is from where it was, mm, positive away from the stage's home.

    Args:
        contact: of the scan that found the datum.
        position_mm: where the stage stands now, pressed against the rim.
        force_n, force_u_n: the force there, free of the zero, with its standard uncertainty.
        soft_n: below this force the contact is soft, as in the scan.
        travel: what the stage's certificate states of a place.

    Raises:
        EstimateError: a force that is within the soft beginning, or a figure that is negative or not finite.
    """
    refuse_wrong("force_u_n", force_u_n)
    refuse_wrong("position_mm", position_mm, signed=True)
    if not force_n > soft_n:
        raise EstimateError(f"{force_n:.3g} N on the rim, expected more than {soft_n:g} N")
    now, found = place_inputs(travel), contact.position
    then = {f"{symbol}0": replace(line, name=f"{line.name}, then") for symbol, line in now.items()}
    inputs = {
        "f": Input(force_n, force_u_n, name="force"),
        "k": Input(
            contact.stiffness_n_per_mm, contact.stiffness_u_n_per_mm, contact.loaded_dof, name="stiffness"
        ),
        "c": Input(found.value, found.u, found.dof, name="contact of the scan"),
        **now,
        **then,
    }

    def model(*, f: Any, k: Any, c: Any, place: Any, step: Any, place0: Any, step0: Any) -> Any:
        return (position_mm + place + step - f / k) - (c + place0 + step0)

    return result(EQUATION, model, inputs, "mm")


def allowed_shift_mm(shift: Measured, *, drift_u_mm: float) -> float:
    """Return how far a rim that only drifts as the budget of every extension says is found away, at most.

    Args:
        shift: as measured; its uncertainty counts.
        drift_u_mm: standard uncertainty of what moves between datum and measurement.

    Raises:
        EstimateError: a drift that is negative or not finite.
    """
    refuse_wrong("drift_u_mm", drift_u_mm)
    u_mm: float = (shift.u**2 + drift_u_mm**2) ** 0.5
    return NormalDist().inv_cdf(1.0 - FALSE_ALARM / 2.0) * u_mm
