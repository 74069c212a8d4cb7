"""The forces of the simulated bench: rim, parked needles, pouch and phantom."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from rig.product import load_product
from rig.twin.bench import TARGET_ANGLES, TwinBench
from rig.twin.physics.pouch import channel_flow
from rig.twin.time import TwinTime
from rig.twin.world import load_world

Floats = NDArray[np.float64]
PLAIN = (
    "stage.scale_error=0.0",
    "stage.cyclic_mm=0.0",
    "stage.repeatability_mm=0.0",
    "nest.tilt_mrad=0.0",
    "nest.drift_mm=0.0",
)


class Probe:
    """A bench and the means to press a target against something and read the force over time."""

    def __init__(self, target: str, *changes: str) -> None:
        self.time = TwinTime()
        world = load_world("nominal", (*PLAIN, *changes))
        self.bench = TwinBench(world, load_product("office-pen"), self.time, seed=0)
        self.bench.turret.move_to(0.0, TARGET_ANGLES[target], 360.0, 3600.0)
        self.wait(1.0)

    def wait(self, seconds: float) -> None:
        asyncio.run(self.time.wait(seconds))

    def move(self, position_mm: float, speed: float = 26.0) -> None:
        self.bench.z.move_to(self.time.now(), position_mm, speed, 600.0)
        self.wait(self.bench.z.ends_at() - self.time.now())

    def force_n(self) -> float:
        return float(self.bench.force_n(np.array([self.time.now()]))[0])

    def press(self, position_mm: float, speed: float, step_s: float = 0.005) -> tuple[Floats, Floats]:
        """Return positions and forces on the way."""
        self.bench.z.move_to(self.time.now(), position_mm, speed, 600.0)
        rows = []
        while self.time.now() < self.bench.z.ends_at():
            self.wait(step_s)
            rows.append((self.bench.z.position_at(self.time.now()), self.force_n()))
        positions, forces = np.array(rows).T
        return positions, forces


def test_the_rim_is_a_spring_behind_a_soft_beginning() -> None:
    probe = Probe("datum")
    rim_mm = probe.bench.world.nest.rim_position_mm
    probe.move(rim_mm - 0.1)
    assert probe.force_n() == pytest.approx(0.0, abs=1e-9)
    probe.move(rim_mm + 0.010)
    assert probe.force_n() == pytest.approx(200.0 * 0.010, rel=1e-3)
    probe.move(rim_mm)
    assert probe.force_n() == pytest.approx(200.0 * 0.0012 * math.log(2.0))


def test_the_rim_drifts_away_and_comes_to_rest() -> None:
    probe = Probe("datum", "nest.drift_mm=0.010", "nest.drift_time_s=60.0")
    probe.move(probe.bench.world.nest.rim_position_mm + 0.020)
    forces_n = []
    for _ in range(3):
        forces_n.append(probe.force_n())
        probe.wait(300.0)
    early_mm = 0.010 * math.expm1(-2.6 / 60.0)
    assert forces_n[0] == pytest.approx(200.0 * (0.020 + early_mm), rel=0.01)
    assert forces_n[1:] == pytest.approx([2.0, 2.0], rel=0.01)


def test_a_tilted_plate_touches_early_by_radius_times_tilt() -> None:
    probe = Probe("datum", "nest.tilt_mrad=0.5")
    probe.move(probe.bench.world.nest.rim_position_mm + 0.010)
    assert probe.force_n() == pytest.approx(200.0 * (0.010 + 4.0 * 0.5e-3), rel=1e-3)


def test_parked_needles_press_one_after_the_other() -> None:
    probe = Probe("datum")
    probe.bench.pen.park(probe.time.now(), "extended")
    probe.bench.pen.command_depth(probe.time.now(), 1.0)
    probe.wait(1.0)
    rim_mm = probe.bench.world.nest.rim_position_mm
    probe.move(rim_mm - 1.1)
    positions, forces = probe.press(rim_mm - 0.9, 0.5, step_s=0.002)
    slopes = np.diff(forces) / np.diff(positions)
    in_series = 1 / (1 / 6.0 + 1 / probe.bench.world.nest.stiffness_n_per_mm)
    assert slopes[-20:].mean() == pytest.approx(in_series, rel=0.01), "all bear, behind cartridge and plate"
    touching = slopes[slopes > 0.1]
    assert touching[0] < 3.0, "the longest needle alone is softer"


def test_a_target_that_is_turned_away_feels_nothing() -> None:
    probe = Probe("datum")
    probe.bench.turret.move_to(probe.time.now(), 50.0, 360.0, 3600.0)
    probe.wait(1.0)
    probe.move(probe.bench.world.nest.rim_position_mm + 0.01)
    assert probe.force_n() == 0.0


def test_an_ideal_pouch_obeys_the_gas_law() -> None:
    probe = Probe("anvil", "pouch.relaxation=[0.0, 0.0]", "pouch.permeation_pa_m3_per_s=0.0")
    pouch, room = probe.bench.world.pouch, probe.bench.world.environment
    probe.move(pouch.position_mm - 0.1)
    probe.press(pouch.position_mm + 2.0, 5.0)
    area, volume = pouch.area_mm2 * 1e-6, pouch.volume_ml * 1e-6
    expected = area * room.pressure_pa * (volume / (volume - area * 2.0e-3) - 1.0)
    assert probe.force_n() == pytest.approx(expected, rel=1e-6)
    probe.wait(5.0)
    assert probe.force_n() == pytest.approx(expected, rel=1e-6)


def test_an_intact_pouch_relaxes_by_its_two_shares() -> None:
    probe = Probe("anvil", "pouch.permeation_pa_m3_per_s=0.0")
    pouch = probe.bench.world.pouch
    probe.move(pouch.position_mm - 0.1)
    probe.press(pouch.position_mm + 2.0, 26.0, step_s=0.002)
    at_once = probe.force_n()
    probe.wait(16.0)
    probe.force_n()
    probe.wait(16.0)
    assert probe.force_n() / at_once == pytest.approx(1.0 - sum(pouch.relaxation), abs=0.005)


def test_a_leak_takes_area_over_volume_times_its_rate() -> None:
    probe = Probe("anvil", "pouch.relaxation=[0.0, 0.0]", "pouch.channel_um=40.0")
    pouch, room = probe.bench.world.pouch, probe.bench.world.environment
    probe.move(pouch.position_mm - 0.1)
    probe.press(pouch.position_mm + 2.0, 5.0)
    before, start_s = probe.force_n(), probe.time.now()
    probe.wait(0.5)
    loss = (before - probe.force_n()) / (probe.time.now() - start_s)
    area = pouch.area_mm2 * 1e-6
    pressure = before / area
    flow = channel_flow(room.pressure_pa + pressure, room.pressure_pa, 40e-6, 10e-3)
    volume = pouch.volume_ml * 1e-6 - area * 2.0e-3
    permeation = pouch.permeation_pa_m3_per_s * pressure / 35e3
    assert loss == pytest.approx(area / volume * (flow + permeation), rel=0.01)


def test_channel_flow_agrees_with_the_published_figures() -> None:
    """50 µm × 10 mm at 35 kPa: 2.1 sccm (1 sccm = 1.68875e-3 Pa·m³/s); a fourth power in the diameter."""
    flow = channel_flow(101_325 + 35e3, 101_325, 50e-6, 10e-3)
    assert flow / 1.68875e-3 == pytest.approx(2.1, abs=0.05)
    assert flow / channel_flow(101_325 + 35e3, 101_325, 25e-6, 10e-3) == pytest.approx(16.0)


@pytest.mark.parametrize("bluntness", [1.0, 4.0])
def test_needles_puncture_the_phantom_near_their_strength(bluntness: float) -> None:
    probe = Probe("phantom", f"pen.tip.needles.bluntness={bluntness}", "phantom.rate_exponent=0.0")
    probe.bench.pen.park(probe.time.now(), "extended")
    probe.bench.pen.command_depth(probe.time.now(), 1.5)
    probe.wait(1.0)
    phantom = probe.bench.world.phantom
    probe.move(phantom.position_mm - 1.7)
    assert probe.force_n() == 0.0
    _, forces = probe.press(phantom.position_mm - 0.3, 2.0, step_s=0.002)
    per_needle = forces.max() / 12
    assert 0.75 * 0.030 * bluntness < per_needle < 1.05 * 0.030 * bluntness
    assert forces[-1] < 0.8 * forces.max()


def test_the_phantom_s_force_before_puncture_is_a_parabola() -> None:
    probe = Probe("phantom", "pen.tip.needles.length_scatter_mm=0.0", "pen.tip.needles.puncture_n=10.0")
    probe.bench.pen.park(probe.time.now(), "extended")
    probe.bench.pen.command_depth(probe.time.now(), 1.0)
    probe.wait(1.0)
    world = probe.bench.world
    reach = probe.bench.pen.static_reach_mm(probe.time.now())
    probe.move(world.phantom.position_mm - reach - 0.1)
    probe.press(world.phantom.position_mm - reach + 0.4, 2.0)
    expected = 12 * (world.phantom.linear_n_per_mm * 0.4 + world.phantom.square_n_per_mm2 * 0.4**2)
    assert probe.force_n() == pytest.approx(expected, rel=1e-3)
