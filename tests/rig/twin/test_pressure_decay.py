"""The part on the leak tester obeys the gas law, with a wall, a leak and a room that drifts."""

from __future__ import annotations

import math

import pytest

from rig.twin.physics.pouch import channel_flow
from rig.twin.physics.pressure_decay import PartOnTester, Valve
from tests.support.serving import make_world

ROOM_PA, FILL_PA = 100_800.0, 30_000.0
CALM = (
    "room_drift_k_per_h=0", "room_swing_k=0", "creep_ml_per_kpa=0", "permeation_pa_m3_per_s=0",
    "fast_share=0", "slow_share=0", "fill_error=0",
)  # fmt: skip


def part(*overrides: str, calm: tuple[str, ...] = CALM) -> PartOnTester:
    world = make_world([f"leak_tester.{override}" for override in (*calm, *overrides)])
    return PartOnTester(world.leak_tester, world.environment)


def fill(tested: PartOnTester, *, seconds: float = 5.0) -> None:
    tested.turn(Valve.SUPPLY, 0.0, supply_pa=FILL_PA)
    tested.turn(Valve.NOTHING, seconds)


def test_a_calm_tight_part_keeps_its_pressure() -> None:
    tested = part()
    fill(tested)
    assert tested.gauge_pa(5.0) == pytest.approx(FILL_PA, abs=0.1)
    assert tested.gauge_pa(100.0) == pytest.approx(tested.gauge_pa(5.0), abs=1e-6)


def test_a_channel_takes_from_the_pressure_what_its_flow_says() -> None:
    tested = part("channel_um=20")
    fill(tested)
    first, second = tested.gauge_pa(6.0), tested.gauge_pa(7.0)
    flow = channel_flow(ROOM_PA + (first + second) / 2, ROOM_PA, 20e-6, 10e-3)
    assert (first - second) * 12.15e-6 == pytest.approx(flow, rel=1e-4)
    assert tested.leak_pa_m3_per_s(first) == pytest.approx(flow, rel=1e-3)


def test_a_room_that_warms_raises_the_pressure_as_the_gas_law_says() -> None:
    tested = part("room_drift_k_per_h=36", "wall_lag_s=0")
    fill(tested)
    first, second = tested.gauge_pa(6.0), tested.gauge_pa(16.0)
    assert second - first == pytest.approx((ROOM_PA + first) * 0.1 / (273.15 + 21.36), rel=1e-3)


@pytest.mark.parametrize(("share", "time_s"), [("fast_share", 0.9), ("slow_share", 7.5)])
def test_the_heat_of_filling_goes_away_with_its_time_constant(share: str, time_s: float) -> None:
    tested = part(f"{share}=0.01")
    fill(tested)
    start, one, two = (tested.gauge_pa(5.0 + n * time_s) for n in range(3))
    assert start > one > two
    assert (one - two) / (start - one) == pytest.approx(math.exp(-1.0), rel=0.01)


def test_gas_that_is_pressed_in_at_once_warms_adiabatically() -> None:
    tested = part("slow_share=1", "slow_time_s=1e9", "fill_time_s=1e-3")
    fill(tested)
    hot = tested.gauge_pa(5.0) + ROOM_PA
    # The steps of the march take ΔT = T·(1 − 1/γ)·Δp/p in few pieces; the exact path is a power law.
    warmer = (hot / ROOM_PA) ** (1 - 1 / 1.4) - 1
    assert tested._gas_k() / (273.15 + 21.3) - 1 == pytest.approx(warmer, rel=0.2)


def test_a_part_that_creeps_loses_pressure_without_losing_gas() -> None:
    tested = part("creep_ml_per_kpa=0.001", "creep_time_s=1.0")
    fill(tested, seconds=0.01)
    gone = tested.gauge_pa(0.01) - tested.gauge_pa(30.0)
    grown = 0.001 * tested.gauge_pa(30.0) / 1000 / 12.15
    assert gone == pytest.approx((ROOM_PA + tested.gauge_pa(30.0)) * grown, rel=0.05)


def test_a_part_used_again_too_soon_is_still_cold() -> None:
    def fall(rest_s: float) -> float:
        tested = part(calm=())
        fill(tested)
        tested.turn(Valve.ROOM, 25.0)
        tested.turn(Valve.SUPPLY, 27.0 + rest_s, supply_pa=FILL_PA)
        tested.turn(Valve.NOTHING, 30.0 + rest_s)
        return tested.gauge_pa(38.0 + rest_s) - tested.gauge_pa(48.0 + rest_s)

    assert fall(0.0) < 0.6 * fall(60.0)


def test_an_empty_part_stays_empty_however_long_nobody_looks() -> None:
    tested = part(calm=())
    assert tested.gauge_pa(1e6) == 0.0


def test_a_gross_leak_pulls_the_filling_pressure_down() -> None:
    leaky = part("channel_um=120")
    fill(leaky)
    assert leaky.gauge_pa(5.0) < 0.7 * FILL_PA
