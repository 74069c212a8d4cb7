"""Distances by the stage: what scale, temperature and alignment make of them, and what is refused."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from calibration.errors import EstimateError
from calibration.input_quantity import draw
from calibration.measured import Contribution, combine
from calibration.plate_distance import Travel, distance, distance_inputs, needle_tilt, rectangular
from calibration.propagation import first_order

STATED = Travel(
    position_u_mm=0.0003, resolution_mm=5e-5, scale_u=5e-6, alignment_limit_rad=0.005, temperature_c=23.0,
    temperature_limit_k=2.0, stage_expansion_per_k=11.5e-6, pen_expansion_per_k=16e-6, drift_u_mm=0.0005,
)  # fmt: skip
DATUM = combine(42.0, "mm", [Contribution("fit", 0.0004)])


def lines(d_mm: float, travel: Travel = STATED) -> dict[str, float]:
    inputs = distance_inputs(travel, DATUM)

    def model(**values: float) -> float:
        moved: float = distance(d_mm, **values)
        return moved

    return {line.name: line.u for line in first_order(model, inputs, "mm").budget}


def test_each_line_is_what_hand_calculation_gives() -> None:
    found = lines(2.0)
    assert found["rim datum"] == pytest.approx(0.0004, rel=1e-3)
    assert found["stage position"] == pytest.approx(0.0003, rel=1e-3)
    assert found["stage resolution"] == pytest.approx(5e-5 / math.sqrt(12), rel=1e-3)
    assert found["stage scale"] == pytest.approx(2.0 * 5e-6, rel=1e-3)
    assert found["temperature"] == pytest.approx(2.0 * 4.5e-6 * 2.0 / math.sqrt(3), rel=1e-3)
    assert found["expansion of the stage"] == pytest.approx(
        2.0 * 0.2 * 11.5e-6 * 3.0 / math.sqrt(3), rel=0.01
    )
    assert found["expansion of the pen"] == pytest.approx(2.0 * 0.2 * 16e-6 * 3.0 / math.sqrt(3), rel=1e-3)
    assert found["alignment"] == 0.0


def test_what_acts_on_distances_grows_with_them_and_what_acts_on_places_does_not() -> None:
    near, far = lines(0.5), lines(2.5)
    for name in ("stage scale", "temperature", "expansion of the stage", "expansion of the pen"):
        assert far[name] == pytest.approx(5 * near[name], rel=1e-3)
    for name in ("rim datum", "stage position", "stage resolution"):
        assert far[name] == pytest.approx(near[name], rel=1e-3)


def test_a_warm_stage_has_moved_further_and_a_warm_pen_is_longer_than_at_20_degrees() -> None:
    still = {"rim": 0.0, "place": 0.0, "step": 0.0, "scale": 0.0, "alignment": 0.0}
    warm = distance(2.0, temperature=30.0, stage_per_k=10e-6, pen_per_k=0.0, **still)
    assert warm == pytest.approx(2.0 * (1 + 1e-4), rel=1e-12)
    assert distance(2.0, temperature=30.0, stage_per_k=0.0, pen_per_k=10e-6, **still) < 2.0
    assert distance(2.0, temperature=30.0, stage_per_k=10e-6, pen_per_k=10e-6, **still) == 2.0


def test_a_tilt_of_any_direction_spreads_as_its_line_says() -> None:
    random = np.random.default_rng(4)
    true = random.uniform(0, 1e-3, 200_000) * np.cos(random.uniform(0, 2 * np.pi, 200_000))
    stated = needle_tilt(1e-3)
    assert true.std() == pytest.approx(stated.u, rel=0.01)
    assert np.abs(draw(stated, 10_000, random)).max() <= 1e-3


def test_a_rectangular_input_reaches_from_limit_to_limit() -> None:
    drawn = np.asarray(draw(rectangular(1.0, 3.0, "x"), 20_000, np.random.default_rng(1)))
    assert (drawn.min(), drawn.max()) == (pytest.approx(1.0, abs=1e-3), pytest.approx(3.0, abs=1e-3))


@pytest.mark.parametrize("name", [field.name for field in fields(Travel)])
@pytest.mark.parametrize("wrong", [-1e-3, math.nan, math.inf])
def test_figures_are_finite_and_only_a_temperature_may_be_negative(name: str, wrong: float) -> None:
    if name == "temperature_c" and math.isfinite(wrong):
        assert replace(STATED, temperature_c=wrong).temperature_c == wrong
        return
    with pytest.raises(EstimateError, match=name):
        replace(STATED, **{name: wrong})
