"""The pen on an emulated cell, on real drivers: along the discharge, at its end, at the motor's start."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.errors import EstimateError
from rig.errors import InstrumentError, InstrumentRejected, RefusedToStart
from rig.procedures.battery import current_profile, discharge, emulate_cell, find_cut_off
from rig.procedures.bench import Bench
from rig.procedures.emulated_cell import cell_in_place, cell_of
from rig.product import Setting
from tests.support.real_bench import real_bench

AT = Setting(1.25, 7000.0)


def assert_on_its_own_cell(bench: Bench) -> None:
    status = bench.pen.status()
    assert not bench.supply.is_on()
    assert not status.running
    assert status.battery_mv == 3950


def test_the_supply_behaves_as_the_cell_while_the_pen_empties_it() -> None:
    with real_bench() as bench:
        cell = cell_of(bench.product.battery)
        trace = emulate_cell(bench, AT, 0.7, seconds=3.0)
        assert_on_its_own_cell(bench)
    time_s, soc, voltage_v, current_a = (trace.columns[name][3:] for name in trace.columns)
    expected_v = [cell.voltage_v(*state) for state in zip(soc, current_a, strict=True)]
    assert voltage_v == pytest.approx(expected_v, abs=0.004), "the supply's own error and one round of delay"
    drawn_mah = np.trapezoid(current_a, time_s) / 3.6
    assert (soc[0] - soc[-1]) * cell.capacity_mah == pytest.approx(drawn_mah, rel=0.02)
    assert 10 < 1 / np.diff(time_s).mean() < 20, "rounds a second"


@pytest.mark.parametrize("dialect", ["keysight", "rigol"])
def test_it_is_the_same_with_either_supply(dialect: str) -> None:
    station = {
        "keysight": (),
        "rigol": ("instruments.supply.driver=rigol-dp800", "instruments.supply.model=DP832A"),
    }[dialect]
    with real_bench([f"supply.dialect={dialect}"], station=station) as bench:
        trace = emulate_cell(bench, AT, 0.5, seconds=1.0)
    assert trace.columns["voltage_v"][-1] == pytest.approx(3.722, abs=0.004)
    # 310 mA at 7000 a minute and 18 mA besides, at 3.95 V: the motor's controller draws power, not current.
    expected_a = (0.310 * 7028 / 7000 + 0.018) * 3.95 / 3.722
    assert trace.columns["current_a"][-5:].mean() == pytest.approx(expected_a, rel=0.01)


def test_the_start_draws_more_than_the_run_and_the_run_more_than_the_rest() -> None:
    with real_bench() as bench:
        trace = current_profile(bench, AT, 0.6)
        assert_on_its_own_cell(bench)
    time_s, current_a = trace.columns["time_s"], trace.columns["current_a"]
    rest, start, run = (
        current_a[time_s < 0],
        current_a[(time_s > 0) & (time_s < 0.1)],
        current_a[time_s > 0.5],
    )
    assert rest.mean() == pytest.approx(0.018 * 3.95 / 3.83, abs=0.0005)
    assert start.max() > 1.3 * run.mean()
    assert run.std() < 0.03 * run.mean()
    assert len(rest) >= 3


def test_the_cut_off_is_found_between_two_steps_and_the_restart_above_it() -> None:
    with real_bench(["pen.power.cut_off_mv=3080", "pen.power.hysteresis_mv=100"]) as bench:
        columns = find_cut_off(bench, AT).columns
        assert_on_its_own_cell(bench)
    stopped = int(np.argmin(columns["running"]))
    assert columns["battery_mv"][stopped - 1] >= 3080
    assert columns["set_v"][stopped - 1] - columns["set_v"][stopped] == pytest.approx(0.010, abs=1e-6)
    assert int(columns["error_flags"][stopped]) & 16, "the pen says why it stopped"
    assert not int(columns["error_flags"][0]) & 16
    assert columns["speed_per_min"][stopped] == 0
    assert columns["running"][-1] == 1
    assert 3.18 <= columns["set_v"][-1] <= 3.18 + 0.025 + 0.005
    assert columns["running"][stopped:-1].sum() == 0


def test_a_pen_that_never_stops_is_not_driven_any_lower() -> None:
    with real_bench(["pen.power.cut_off_mv=2000", "pen.power.brown_out_mv=1900"]) as bench:
        columns = find_cut_off(bench, AT).columns
    assert columns["running"].all()
    assert columns["soc"].min() == pytest.approx(0.0, abs=0.001)


def test_the_discharge_ends_where_the_pen_gives_up() -> None:
    with real_bench() as bench:
        rim_mm = bench.station.nest.rim_mm
        found = discharge(bench, AT, rim_mm, [0.5, 0.03, 0.01, 0.005], expected_mm=None, strokes=4, stamps=10)
        assert_on_its_own_cell(bench)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)
    assert found.states.columns["soc"].tolist() == [0.5, 0.03, 0.01]
    assert found.states.columns["running"].tolist() == [1, 1, 0]
    assert len(found.captures) == 2
    assert all(capture.stamps is not None and len(capture.stamps) == 10 for capture in found.captures)


@pytest.mark.parametrize("socs", [[], [0.5, 0.5], [0.1, 0.5], [1.5], [0.5, float("nan")]])
def test_states_of_charge_that_do_not_fall_move_nothing(socs: list[float]) -> None:
    with real_bench() as bench:
        before = bench.stage.position("z")
        with pytest.raises(EstimateError, match="state"):
            discharge(bench, AT, 42.3, socs, expected_mm=None, strokes=4, stamps=0)
        assert bench.stage.position("z") == before
        assert_on_its_own_cell(bench)


def test_a_station_without_a_supply_refuses_before_anything_moves() -> None:
    with real_bench() as bench:
        bench.station.instruments.pop("supply")
        before = bench.clock.now()
        for procedure in (find_cut_off, lambda b, s: emulate_cell(b, s, 0.5, seconds=1.0)):
            with pytest.raises(RefusedToStart, match=r"station 'twin-1' has no supply.*instruments.supply"):
                procedure(bench, AT)
        assert bench.clock.now() - before < 1e-6, "not a message was sent"


@pytest.mark.parametrize("error", [RuntimeError("anything"), KeyboardInterrupt()])
def test_the_supply_is_off_on_every_way_out(error: BaseException) -> None:
    def use(bench: Bench) -> None:
        with cell_in_place(bench, 0.5):
            assert bench.supply.is_on()
            bench.pen.start()
            raise error

    with real_bench() as bench:
        with pytest.raises(type(error)):
            use(bench)
        assert_on_its_own_cell(bench)


def test_the_supply_is_off_though_the_pen_cannot_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def stop() -> None:
        calls.append("stop")
        if len(calls) > 1:
            raise InstrumentRejected("pen", "does not stop", reason="jammed")

    with real_bench() as bench:
        monkeypatch.setattr(bench.pen, "stop", stop)
        with pytest.raises(InstrumentRejected, match="does not stop"), cell_in_place(bench, 0.5):
            assert bench.supply.is_on()
        assert not bench.supply.is_on()


def test_making_the_bench_safe_switches_the_supply_off() -> None:
    with real_bench() as bench:
        bench.supply.limit(voltage_v=4.4, current_a=1.0)
        bench.supply.set_voltage(3.7)
        bench.supply.switch_on()
        assert bench.make_safe() == []
        assert_on_its_own_cell(bench)


def test_a_pen_that_does_not_see_the_supply_is_not_tested_on_its_own_cell() -> None:
    with (
        real_bench(["supply.lead_ohm=20.0"]) as bench,
        pytest.raises(InstrumentError, match=r"the pen reports .*Put the battery adapter into the pen"),
        cell_in_place(bench, 0.5),
    ):
        pass
