"""The rim datum from a contact: tilt and certificate on top of the lines of the scan."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.contact_point import ContactPoint
from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine
from calibration.plate_distance import Travel
from calibration.rim_datum import rim_datum

TRAVEL = Travel(
    position_u_mm=0.0003, resolution_mm=5e-5, scale_u=5e-6, alignment_limit_rad=0.005, temperature_c=21.0,
    temperature_limit_k=2.0, stage_expansion_per_k=11.5e-6, pen_expansion_per_k=16e-6, drift_u_mm=0.0005,
)  # fmt: skip


def datum(
    *, contact_mm: float = 42.3, fit_u: float = 2e-4, dof: float = 9, radius: float = 4.0, tilt: float = 5e-4
) -> Measured:
    lines = [
        Contribution("fit of the loaded line", fit_u, dof),
        Contribution("force without contact", 1e-5, 8),
    ]
    contact = ContactPoint(combine(contact_mm, "mm", lines), 200.0, 1.0, 6, 0.0, 0.003)
    return rim_datum(contact, travel=TRAVEL, rim_radius_mm=radius, tilt_limit_rad=tilt)


def test_the_plate_is_in_the_rim_plane_half_its_largest_tilt_beyond_first_contact() -> None:
    found = datum()
    assert found.as_read == 42.3
    assert found.value - 42.3 == pytest.approx(0.001, abs=1e-5)
    assert found.equation.startswith("z_rim = z_c")
    sizes = {line.name: line.u for line in found.budget}
    assert sizes["plate tilt"] == pytest.approx(0.002 / math.sqrt(12), rel=0.01)
    assert sizes["fit of the loaded line"] == pytest.approx(2e-4, rel=0.2)
    assert sizes["stage position"] == pytest.approx(3e-4, rel=0.02)
    assert sizes["stage resolution"] == pytest.approx(5e-5 / math.sqrt(12), rel=0.02)


def test_intervals_hold_the_rim_of_benches_tilted_by_anything_up_to_the_limit() -> None:
    random, held, count = np.random.default_rng(6), 0, 200
    for _ in range(count):
        early = 4.0 * random.uniform(0, 5e-4)
        contact_mm = 42.3 - early + random.normal(0, 2e-4) + random.normal(0, 3e-4)
        found = datum(contact_mm=contact_mm, dof=60)
        held += abs(found.value - 42.3) <= found.U
    assert 0.91 <= held / count <= 0.99  # 95.45 % of 200, within three standard deviations


def test_few_degrees_of_freedom_are_propagated_to_first_order() -> None:
    assert datum(dof=2).method == "first order"


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_limits_are_finite_and_not_negative(wrong: float) -> None:
    with pytest.raises(EstimateError, match="rim_radius_mm"):
        datum(radius=wrong)
    with pytest.raises(EstimateError, match="tilt_limit_rad"):
        datum(tilt=wrong)
