"""How far the plate is from the rim plane, along the pen's axis, from two places of the stage.

e = (d + δ_rim + δ_place + δ_step)·(1 + δ_scale + (α_stage − α_pen)·(T − 20 °C))·cos β

d is the difference of two places on the certified scale. What acts on distances only (scale, temperature,
alignment) is no part of a place and enters here, once; what acts on a place (the certificate's position
figure, the last step of the display) enters once for each of the two, the rim's being in its own result.

The scale holds at 20 °C, and so does the result (ISO 1): the stage's screw and the pen expand with the room.
Travel that is inclined by β to the pen's axis is too long by 1/cos β, whichever way it is inclined; that is
not linear in β, so its line of the first order is 0 and Monte Carlo tells whether it matters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured

REFERENCE_C = 20.0
"""The temperature at which lengths are stated (ISO 1)."""

EXPANSION_DOUBT = 0.2
"""Coefficients of expansion are known to so large a share of themselves, either way."""

DISTANCE = "(d + δ_rim + δ_place + δ_step)·(1 + δ_scale + (α_stage − α_pen)·(T − 20 °C))·cos β"

RIM_DATUM, ALIGNMENT, SCALE = "rim datum", "alignment", "stage scale"
TEMPERATURE, STAGE_EXPANSION, PEN_EXPANSION = "temperature", "expansion of the stage", "expansion of the pen"
NEEDLE_TILT = "plate tilt at the needles"

SHARED = (RIM_DATUM, ALIGNMENT, SCALE, TEMPERATURE, STAGE_EXPANSION, PEN_EXPANSION, NEEDLE_TILT)
"""Lines that are one and the same error in every extension from one rim datum, plate and tip."""


@dataclass(frozen=True)
class Travel:
    """What a move of the stage can differ in from what the pen sees of it.

    Args:
        position_u_mm: standard uncertainty of a place, certificate.
        resolution_mm: least step of a place.
        scale_u: relative standard uncertainty of distances at 20 °C, certificate.
        alignment_limit_rad: largest angle between travel and pen axis.
        temperature_c, temperature_limit_k: the room, and how far it may be from that.
        stage_expansion_per_k, pen_expansion_per_k: coefficients of linear expansion.
        drift_u_mm: standard uncertainty of what pen and nest move between two measurements.

    Raises:
        EstimateError: a figure is not finite, or one that has no sign is negative.
    """

    position_u_mm: float
    resolution_mm: float
    scale_u: float
    alignment_limit_rad: float
    temperature_c: float
    temperature_limit_k: float
    stage_expansion_per_k: float
    pen_expansion_per_k: float
    drift_u_mm: float

    def __post_init__(self) -> None:
        for field in fields(self):
            refuse_wrong(field.name, getattr(self, field.name), signed=field.name == "temperature_c")


def refuse_wrong(name: str, size: float, *, signed: bool = False) -> None:
    """Raise EstimateError for a figure that is not finite, or negative unless ``signed``."""
    if not (math.isfinite(size) and (signed or size >= 0)):
        raise EstimateError(f"{name} = {size}, expected a finite number{'' if signed else ', not negative'}")


def rectangular(low: float, high: float, name: str) -> Input:
    """Return an input that may be anything between two limits."""
    return Input((low + high) / 2, (high - low) / math.sqrt(12.0), math.inf, Distribution.RECTANGULAR, name)


def place_inputs(travel: Travel) -> dict[str, Input]:
    """Return what makes one place of the stage uncertain: ``place`` and ``step``, mm."""
    half = travel.resolution_mm / 2
    return {
        "place": Input(0.0, travel.position_u_mm, name="stage position"),
        "step": rectangular(-half, half, "stage resolution"),
    }


def distance_inputs(travel: Travel, datum: Measured) -> dict[str, Input]:
    """Return the inputs of :func:`distance`, but for the distance itself."""
    warmest, tilted = travel.temperature_limit_k, travel.alignment_limit_rad
    return place_inputs(travel) | {
        "rim": Input(0.0, datum.u, datum.dof, name=RIM_DATUM),
        "scale": Input(0.0, travel.scale_u, name=SCALE),
        "temperature": rectangular(
            travel.temperature_c - warmest, travel.temperature_c + warmest, TEMPERATURE
        ),
        "stage_per_k": _expansion(travel.stage_expansion_per_k, STAGE_EXPANSION),
        "pen_per_k": _expansion(travel.pen_expansion_per_k, PEN_EXPANSION),
        "alignment": rectangular(-tilted, tilted, ALIGNMENT),
    }


def _expansion(per_k: float, name: str) -> Input:
    return rectangular(per_k * (1 - EXPANSION_DOUBT), per_k * (1 + EXPANSION_DOUBT), name)


def distance(
    d: Any, *, rim: Any, place: Any, step: Any, scale: Any, temperature: Any, stage_per_k: Any,
    pen_per_k: Any, alignment: Any,
) -> Any:  # fmt: skip
    """Return the distance along the pen's axis at 20 °C, mm; of numbers or of arrays of draws."""
    warmth = (stage_per_k - pen_per_k) * (temperature - REFERENCE_C)
    return (d + rim + place + step) * (1.0 + scale + warmth) * np.cos(alignment)


def needle_tilt(limit_mm: float) -> Input:
    """Return how much nearer a tilted plate stands to the longest needle than to the pen's axis, mm.

    A tilt between nothing and its limit in any direction around the needles' circle has the standard
    deviation of a triangular law as wide as the limit either way: 1/√3 · 1/√2 = 1/√6 of it.
    """
    return Input(0.0, limit_mm / math.sqrt(6.0), math.inf, Distribution.TRIANGULAR, NEEDLE_TILT)
