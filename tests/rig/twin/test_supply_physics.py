"""The supply's output into a load of constant power, and what the pen does with the voltage that is left."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rig.product import load_product
from rig.twin.physics.needles import NeedleSet
from rig.twin.physics.pen import PenMechanics
from rig.twin.physics.pen_power import PenPower
from rig.twin.physics.supply import NOTHING, SupplyOutput
from rig.twin.world import World
from tests.support.serving import make_world

LATER_S = 1.0


def output(*overrides: str, volts: float = 4.0, limit_a: float = 2.0) -> SupplyOutput:
    """Return an output without errors but for overrides, switched on long ago."""
    perfect = ("supply.voltage_error=0", "supply.voltage_offset_v=0", "supply.output_ohm=0")
    made = SupplyOutput(make_world((*perfect, *overrides)).supply)
    made.limit_a = limit_a
    made.set_voltage(0.0, volts)
    made.switch(0.0, True)
    return made


def pen_on(supply: SupplyOutput, world: World) -> PenMechanics:
    """Return a pen that hangs on a supply."""
    product = load_product("office-pen")
    random = np.random.default_rng(1)
    needles = NeedleSet(world.pen.tip.needles, product.mechanics.needles, random)
    pen = PenMechanics(world.pen, product, random, needles)
    pen.power.supply = supply
    return pen


def run(pen: PenMechanics, rate_per_min: float, strokes: int = 200) -> float:
    """Let the pen run; return its speed, strokes a minute, after so many strokes or when it stopped."""
    pen.set_rate(LATER_S, rate_per_min)
    pen.start(LATER_S)
    for _ in range(strokes):
        if not pen.running:
            break
        pen.finish_stroke()
    return pen.speed_per_min_at(pen.next_end_s())


class TestOutput:
    def test_the_leads_and_the_load_share_the_voltage(self) -> None:
        supply = output("supply.lead_ohm=0.5")
        feed = supply.deliver(LATER_S, 1.5)
        assert feed.load_v * feed.current_a == pytest.approx(1.5)
        assert feed.load_v + 0.5 * feed.current_a == pytest.approx(4.0)
        assert supply.terminal_v(feed) == pytest.approx(4.0)

    def test_too_much_power_makes_it_collapse(self) -> None:
        assert output("supply.lead_ohm=0.5").deliver(LATER_S, 100.0).load_v < 2.0

    def test_it_settles_after_a_change(self) -> None:
        supply = output("supply.settle_s=0.01")
        supply.set_voltage(LATER_S, 3.0)
        assert supply.source_v(LATER_S + 0.01) == pytest.approx(3.0 + math.exp(-1.0))
        assert supply.source_v(LATER_S + 0.2) == pytest.approx(3.0)

    def test_its_errors_show(self) -> None:
        supply = output("supply.voltage_error=0.01", "supply.voltage_offset_v=0.1")
        assert supply.source_v(LATER_S) == pytest.approx(4.14)

    def test_a_limited_current_costs_voltage(self) -> None:
        feed = output("supply.lead_ohm=0", limit_a=0.2).deliver(LATER_S, 1.6)
        assert (feed.current_a, feed.limited) == (0.2, True)
        assert feed.load_v == pytest.approx(2.0)

    def test_off_it_gives_nothing(self) -> None:
        supply = output()
        supply.switch(LATER_S, False)
        assert supply.deliver(LATER_S, 1.0) == NOTHING

    def test_over_voltage_switches_it_off_until_cleared(self) -> None:
        supply = output()
        supply.guard_voltage_at(4.5, enabled=True)
        supply.set_voltage(LATER_S, 4.6)
        assert (supply.is_on, supply.over_voltage_tripped) == (False, True)
        supply.switch(LATER_S, True)
        assert not supply.is_on
        supply.set_voltage(LATER_S, 4.0)
        supply.clear()
        supply.switch(LATER_S, True)
        assert supply.is_on

    @pytest.mark.parametrize("level_a", [None, 0.3])
    def test_over_current_acts_after_its_delay(self, level_a: float | None) -> None:
        supply = output(limit_a=0.3 if level_a is None else 2.0)
        supply.over_current_on, supply.over_current_delay_s, supply.over_current_a = True, 0.05, level_a
        supply.deliver(1.0, 2.0)
        supply.deliver(1.04, 0.1)
        supply.deliver(1.06, 2.0)
        supply.deliver(1.10, 2.0)
        assert supply.is_on, "the current was not too high for long enough at once"
        supply.deliver(1.12, 2.0)
        assert supply.over_current_tripped
        assert not supply.is_on


class TestPen:
    @pytest.mark.parametrize(
        ("volts", "expected"),
        [(3.95, 9000 * 1.004), (3.60, 9800 * 3.60 / 3.95), (3.20, 9800 * 3.20 / 3.95)],
    )
    def test_the_rate_falls_with_the_voltage_once_it_cannot_be_held(
        self, volts: float, expected: float
    ) -> None:
        world = make_world(["supply.lead_ohm=0", "pen.motor.sag=0"])
        supply = output("supply.lead_ohm=0", volts=volts)
        assert run(pen_on(supply, world), 9000.0) == pytest.approx(expected, rel=1e-3)

    def test_a_rate_that_can_be_held_sags_only_a_little(self) -> None:
        world = make_world(["pen.motor.sag=0.01"])
        full, low = (run(pen_on(output(volts=volts), world), 7000.0) for volts in (3.95, 3.3))
        assert full > low > 0.997 * full

    def test_the_current_grows_as_the_voltage_falls(self) -> None:
        power = PenPower(make_world().pen)
        power.supply = output("supply.lead_ohm=0", volts=3.95)
        assert power.feed(LATER_S, 310.0).current_a == pytest.approx(0.328)
        power.supply = output("supply.lead_ohm=0", volts=3.95 / 1.2)
        assert power.feed(LATER_S, 310.0).current_a == pytest.approx(1.2 * 0.328)

    def test_it_starts_with_an_inrush_and_ripples_as_it_runs(self) -> None:
        pen = pen_on(output(), make_world())
        pen.set_rate(LATER_S, 7000.0)
        pen.start(LATER_S)
        assert pen.feed_at(LATER_S + 1e-4).current_a > 0.9
        for _ in range(100):
            pen.finish_stroke()
        stroke_s = np.linspace(pen.next_end_s() - 0.008, pen.next_end_s(), 50)
        amps = [pen.feed_at(float(time_s)).current_a for time_s in stroke_s]
        assert np.ptp(amps) / np.mean(amps) == pytest.approx(2 * 0.12, rel=0.1)

    def test_below_the_cut_off_it_stops_and_needs_more_to_start_again(self) -> None:
        supply = output(volts=3.2)
        pen = pen_on(supply, make_world())
        assert run(pen, 7000.0, strokes=50) > 6900.0
        low_s = pen.next_end_s()
        supply.set_voltage(low_s, 3.0)
        assert run(pen, 7000.0, strokes=50) == 0.0
        assert pen.power.is_cut_off
        for volts, starts in ((3.1, False), (3.19, False), (3.25, True)):
            low_s += LATER_S
            supply.set_voltage(low_s, volts)
            assert pen.takes_start_at(low_s + 0.5) is starts

    def test_a_dip_shorter_than_the_delay_is_borne(self) -> None:
        power = PenPower(make_world().pen)
        assert not any(power.watch(time_s, 2.9) for time_s in (1.0, 1.019))
        assert not power.watch(1.02, 3.2)
        assert not power.watch(1.03, 2.9)
        assert power.watch(1.051, 2.9)

    def test_a_current_limit_below_the_inrush_stops_the_start(self) -> None:
        assert run(pen_on(output(limit_a=0.3), make_world()), 7000.0) == 0.0
        assert run(pen_on(output(limit_a=2.0), make_world()), 7000.0) > 6900.0

    def test_without_a_supply_it_runs_on_its_own_cell(self) -> None:
        world = make_world(["pen.firmware.battery_mv=3700"])
        supply = output(volts=3.0)
        supply.switch(0.0, False)
        pen = pen_on(supply, world)
        assert pen.feed_at(LATER_S).load_v == 3.7
        assert run(pen, 9800.0) == pytest.approx(9800 * 3.7 / 3.95, rel=1e-3)

    def test_darkness_is_deeper_than_the_cut_off(self) -> None:
        pen = pen_on(output(volts=2.5), make_world())
        assert not pen.takes_start_at(LATER_S)
        assert not pen.is_dark_at(LATER_S)
        assert pen_on(output(volts=2.2), make_world()).is_dark_at(LATER_S)
