"""How far a rim has moved: the force that pressed in taken off, the uncertainty of both touches counted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.contact_point import ContactPoint, contact_point
from calibration.errors import EstimateError
from calibration.measured import Measured
from calibration.plate_distance import Travel
from calibration.rim_again import allowed_shift_mm, rim_shift

STIFFNESS, RIM_MM, STEP_N = 200.0, 42.3, 0.01
TRAVEL = Travel(
    position_u_mm=0.0003, resolution_mm=5e-5, scale_u=5e-6, alignment_limit_rad=0.005, temperature_c=21.0,
    temperature_limit_k=2.0, stage_expansion_per_k=11.5e-6, pen_expansion_per_k=16e-6, drift_u_mm=0.0005,
)  # fmt: skip


def scan(random: np.random.Generator) -> ContactPoint:
    position_mm = RIM_MM + np.arange(-0.02, 0.016, 0.002)
    force_n = STIFFNESS * np.clip(position_mm - RIM_MM, 0.0, None) + random.normal(
        0.0, 0.003, len(position_mm)
    )
    return contact_point(position_mm, np.round(force_n / STEP_N) * STEP_N, resolution_n=STEP_N, soft_n=0.8)


def again(contact: ContactPoint, moved_mm: float, *, force_n: float = 1.6) -> Measured:
    place_mm = RIM_MM + moved_mm + force_n / STIFFNESS
    return rim_shift(
        contact, position_mm=place_mm, force_n=force_n, force_u_n=0.002, soft_n=0.8, travel=TRAVEL
    )


@pytest.mark.parametrize("moved_mm", [-0.02, -0.001, 0.0, 0.0004, 0.05])
def test_a_shift_is_found_within_its_uncertainty(moved_mm: float) -> None:
    shift = again(scan(np.random.default_rng(1)), moved_mm)
    assert shift.value == pytest.approx(moved_mm, abs=shift.U)
    assert shift.u < 0.0006


def test_both_places_of_the_stage_count() -> None:
    shift = again(scan(np.random.default_rng(1)), 0.0)
    places = [line.u for line in shift.budget if line.name.startswith("stage position")]
    assert places == pytest.approx([0.0003, 0.0003], rel=0.02)


def test_a_rim_that_drifts_as_stated_is_hardly_ever_found_to_have_moved() -> None:
    random = np.random.default_rng(2)
    beyond = 0
    shift = again(scan(random), 0.0)
    allowed_mm = allowed_shift_mm(shift, drift_u_mm=0.0005)
    for _ in range(2000):
        contact = replace(shift, value=float(random.normal(0.0, math.hypot(shift.u, 0.0005))))
        beyond += abs(contact.value) > allowed_mm
    assert beyond <= 3  # 0.2 expected
    assert allowed_mm == pytest.approx(3.89 * math.hypot(shift.u, 0.0005), rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"force_n": 0.5}, "0.5 N on the rim"),
        ({"force_u_n": -1.0}, "force_u_n"),
        ({"position_mm": math.nan}, "position_mm"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, float], words: str) -> None:
    given = {"position_mm": RIM_MM, "force_n": 1.6, "force_u_n": 0.002, "soft_n": 0.8} | changes
    with pytest.raises(EstimateError, match=words):
        rim_shift(scan(np.random.default_rng(1)), travel=TRAVEL, **given)
