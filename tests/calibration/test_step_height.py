"""The reference step: height and slope against its certificate, with uncertainties that hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.contact_point import ContactPoint, contact_point
from calibration.errors import EstimateError
from calibration.plate_distance import Travel
from calibration.step_height import StepReference, height_deviation, slope_deviation

TRAVEL = Travel(
    position_u_mm=0.0003, resolution_mm=5e-5, scale_u=5e-6, alignment_limit_rad=0.005, temperature_c=21.0,
    temperature_limit_k=2.0, stage_expansion_per_k=11.5e-6, pen_expansion_per_k=11.5e-6, drift_u_mm=0.0005,
)  # fmt: skip
REFERENCE = StepReference(height_mm=5.0, height_u_mm=0.0001, slope_n_per_mm=250.0, slope_u=0.002)


def contact(at_mm: float, random: np.random.Generator, *, slope: float = 250.0) -> ContactPoint:
    """Scan a face at ``at_mm`` in steps of a quarter of a micrometre, each of which ends within 0.15 µm."""
    z = at_mm - 0.009 + 0.00025 * np.arange(96)
    f = 0.02 + slope * np.clip(z + random.normal(0, 0.00015, 96) - at_mm, 0, None)
    return contact_point(z, f + random.normal(0, 0.003, 96), resolution_n=0.01, soft_n=0.4)


def test_the_deviation_is_what_the_faces_are_further_apart() -> None:
    random = np.random.default_rng(1)
    low, high = contact(36.3, random), contact(41.302, random)
    found = height_deviation(low, high, travel=TRAVEL, reference=REFERENCE)
    assert found.unit == "mm"
    assert found.value == pytest.approx(0.002, abs=0.0002)
    assert found.as_read == pytest.approx(high.position.value - low.position.value - 5.0, abs=1e-12)


def test_the_budget_names_every_line_of_both_scans_and_the_certificate() -> None:
    random = np.random.default_rng(2)
    found = height_deviation(contact(36.3, random), contact(41.3, random), travel=TRAVEL, reference=REFERENCE)
    lines = [line.name for line in found.budget]
    assert {"fit of the loaded line, lower face", "fit of the loaded line, upper face"} <= set(lines)
    assert {"stage scale", "alignment", "expansion of the step", "certificate of the step"} <= set(lines)
    assert lines.count("stage position") == 2, "a place each"
    assert "expansion of the pen" not in lines


def test_a_warm_step_of_another_metal_is_brought_back_to_20_degrees() -> None:
    random = np.random.default_rng(3)
    low, high = contact(36.3, random), contact(41.3, random)
    warm = replace(TRAVEL, temperature_c=30.0, pen_expansion_per_k=1.5e-6)
    found = [
        height_deviation(low, high, travel=travel, reference=REFERENCE).value for travel in (TRAVEL, warm)
    ]
    # Screw +115 ppm, step +15 ppm: 5 mm of warm screw are 0.5 µm longer than they say.
    assert found[1] - found[0] == pytest.approx(5.0 * 1e-5 * 10, rel=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random, held, count = np.random.default_rng(4), 0, 120
    for _ in range(count):
        places = random.normal(0, 0.0003, 2)
        certified = replace(REFERENCE, height_mm=5.0 + random.normal(0, 0.0001))
        low, high = contact(36.3 + places[0], random), contact(41.3 + places[1], random)
        found = height_deviation(low, high, travel=TRAVEL, reference=certified)
        held += abs(found.value) <= found.U
    assert held / count == pytest.approx(0.9545, abs=3 * math.sqrt(0.9545 * 0.0455 / count))


def test_a_gauge_that_reads_five_percent_too_much_shows_in_the_slope() -> None:
    random = np.random.default_rng(5)
    low, high = (contact(at_mm, random, slope=262.5) for at_mm in (36.3, 41.3))
    found = slope_deviation(low, high, reference=REFERENCE)
    assert found.unit == "1"
    assert found.value == pytest.approx(0.05, abs=found.U)
    assert 0.002 * 2 < found.U < 0.02


def test_slopes_scatter_as_their_uncertainty_says() -> None:
    random = np.random.default_rng(6)
    exact = replace(REFERENCE, slope_u=0.0)
    found = [
        slope_deviation(contact(36.3, random), contact(41.3, random), reference=exact) for _ in range(100)
    ]
    scatter = float(np.std([one.value for one in found], ddof=1))
    assert scatter == pytest.approx(float(np.mean([one.u for one in found])), rel=0.3)


@pytest.mark.parametrize(
    "wrong",
    [{"height_mm": 0.0}, {"slope_n_per_mm": -1.0}, {"height_u_mm": -1e-4}, {"slope_u": math.nan}],
    ids=str,
)
def test_a_certificate_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(EstimateError, match="expected"):
        replace(REFERENCE, **wrong)
