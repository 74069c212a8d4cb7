"""The reference step of the twin: where its faces are, how they push back, how it grows with the room."""

from __future__ import annotations

import numpy as np
import pytest

from rig.twin.bench import TARGET_ANGLES, TwinBench
from tests.support.serving import make_bench

TRUE = ["stage.scale_error=0.0", "stage.cyclic_mm=0.0", "stage.repeatability_mm=0.0"]


def force_n(bench: TwinBench, target: str, position_mm: float) -> float:
    """Put the head somewhere and return the force there."""
    bench.turret.set_position(bench.time.now(), TARGET_ANGLES[target])
    bench.z.set_position(bench.time.now(), position_mm)
    return float(bench.force_n(np.array([bench.time.now()]))[0])


@pytest.mark.parametrize(("face", "at_mm"), [("step_low", 36.4), ("step_high", 41.4)])
def test_a_face_pushes_back_from_where_it_is(face: str, at_mm: float) -> None:
    world = [*TRUE, "step.low_mm=36.4", "step.height_mm=5.0", "environment.temperature_c=20.0"]
    bench = make_bench(world)
    assert force_n(bench, face, at_mm - 0.001) == 0.0
    assert force_n(bench, face, at_mm + 0.010) == pytest.approx(2.5, abs=1e-6)


def test_a_face_is_felt_only_while_the_turret_presents_it() -> None:
    bench = make_bench(TRUE)
    assert force_n(bench, "step_low", 36.33) > 1.0
    assert force_n(bench, "step_high", 36.33) == 0.0
    assert force_n(bench, "grip", 41.35) == 0.0


def test_a_step_that_grows_more_than_the_screw_is_found_higher_in_a_warm_room() -> None:
    warm = [*TRUE, "step.expansion_per_k=21e-6", "stage.expansion_per_k=11e-6"]
    felt = [
        force_n(make_bench([*warm, f"environment.temperature_c={room}"]), "step_high", 41.33)
        for room in (20.0, 30.0)
    ]
    assert felt[0] - felt[1] == pytest.approx(250.0 * 5.00118 * 1e-4, rel=1e-3)


def test_a_stage_whose_scale_is_long_touches_the_faces_too_near_to_each_other() -> None:
    bench = make_bench([*TRUE[1:], "stage.scale_error=0.001", "environment.temperature_c=20.0"])
    low_mm, high_mm = 36.312 / 1.001, (36.312 + 5.00118) / 1.001
    assert force_n(bench, "step_low", low_mm + 0.01) == pytest.approx(2.5, rel=2e-3)
    assert force_n(bench, "step_high", high_mm + 0.01) == pytest.approx(2.5, rel=2e-3)
    assert high_mm - low_mm < 4.9963
