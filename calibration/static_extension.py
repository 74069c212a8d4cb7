"""Extension at rest: how far the longest needle reaches beyond the rim when it does not move.

The needles are parked at their top and a plate is brought to them step by step; where the longest first
touches is :mod:`~calibration.needle_onset`'s business, what its distance from the rim is worth
:mod:`~calibration.plate_distance`'s. Force finds the contact, so no contact threshold enters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.needle_onset import FirstNeedle, Scan, first_needle
from calibration.plate_distance import DISTANCE, Travel, distance, distance_inputs, needle_tilt, refuse_wrong

Floats = NDArray[np.float64]

EQUATION = f"e = {DISTANCE} + δ_tilt + δ_drift, with d = z_rim − z₁ + δ_needles"


@dataclass(frozen=True)
class StaticExtension:
    """Extension at rest (mm), standard deviation of the needles' lengths (mm), their stiffness (N/mm).

    ``misfit_n`` is the scatter of the scan about the likeliest tip.
    """

    extension: Measured
    length_scatter: Measured
    stiffness_n_per_mm: float
    misfit_n: float


def static_extension(
    scan: Scan, *, needles: int, datum: Measured, travel: Travel, needle_tilt_limit_mm: float,
    position_as_read_mm: Floats | None = None,
) -> StaticExtension:  # fmt: skip
    """Estimate the reach of the longest needle at rest, and how much the needles differ.

    Args:
        scan: force against position.
        needles: how many the tip has.
        datum, travel: the rim's place, and what distances by the stage may be wrong by.
        needle_tilt_limit_mm: a tilted plate is nearer to a needle, or farther, by at most this.
        position_as_read_mm: the scan's places before correction; they go with the datum's ``as_read``.

    Raises:
        EstimateError: a tilt limit that is none, and see
            :func:`~calibration.needle_onset.first_needle`.
    """
    refuse_wrong("needle_tilt_limit_mm", needle_tilt_limit_mm)
    found = first_needle(scan, needles)
    inputs = {
        "d": Input(datum.value - found.first_mm, found.fit_u_mm, found.dof, name="fit of the scan"),
        "needles": Input(0.0, found.tips_u_mm, name="needle lengths"),
        **distance_inputs(travel, datum),
        "tilt": needle_tilt(needle_tilt_limit_mm),
        "drift": Input(0.0, travel.drift_u_mm, name="drift since the datum"),
    }
    as_read = None
    if position_as_read_mm is not None and datum.as_read is not None:
        as_read = datum.as_read - float(np.interp(found.first_mm, scan.position_mm, position_as_read_mm))
    return StaticExtension(
        result(EQUATION, _model, inputs, "mm", as_read=as_read),
        _length_scatter(found, needles),
        found.stiffness_n_per_mm,
        found.misfit_n,
    )


def _model(*, d: Any, needles: Any, tilt: Any, drift: Any, **travel: Any) -> Any:
    return distance(d + needles, **travel) + tilt + drift


def _length_scatter(found: FirstNeedle, needles: int) -> Measured:
    """Standard deviation of the lengths, these needles taken as a sample of all."""
    factor = math.sqrt(needles / (needles - 1.0))
    inputs = {"sigma": Input(found.sigma_mm, found.sigma_u_mm, found.dof, name="fit of the scan")}
    return result("s = σ·√(n/(n − 1))", lambda sigma: factor * sigma, inputs, "mm")
