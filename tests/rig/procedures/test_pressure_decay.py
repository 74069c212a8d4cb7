"""A part on the leak tester, by real drivers: measured, beside other work, and when things go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rig.config import check_model
from rig.errors import ConfigError, InstrumentRejected, InstrumentTimeout, RefusedToStart
from rig.fixtures.evaluate_validation import pressure_decay
from rig.instruments.roles import LeakState, LeakStep
from rig.procedures.pressure_decay import finish_leak_test, start_leak_test
from rig.procedures.rim_datum import scan_rim
from rig.product import load_product
from rig.product_measurements import PressureDecay
from rig.records.trace import Trace
from rig.station import Station, load_station
from rig.twin.physics.pouch import channel_flow
from tests.support.real_bench import real_bench

ROOM_PA = 100_800.0
PARTS = [
    (0.0, 12.0, 1.2, 0.0),
    (15.0, 12.2, -1.0, 0.0),
    (20.0, 11.9, 0.5, 60.0),
    (25.0, 12.1, 1.5, 0.0),
    (20.0, 12.1, -0.8, 60.0),
    (0.0, 11.9, -1.2, 60.0),
]
"""Channel, µm; volume, mL; warming of the room, K/h; how long the rig is busy elsewhere, s."""


def part(channel_um: float = 0.0, volume_ml: float = 12.1, drift_k_per_h: float = 1.2) -> Sequence[str]:
    return [
        f"leak_tester.channel_um={channel_um}",
        f"leak_tester.volume_ml={volume_ml}",
        f"leak_tester.room_drift_k_per_h={drift_k_per_h}",
    ]


def test_parts_are_measured_within_their_uncertainty() -> None:
    held = []
    for channel_um, volume_ml, drift, busy_s in PARTS:
        with real_bench(part(channel_um, volume_ml, drift), prepared=False) as bench:
            test = start_leak_test(bench)
            bench.clock.sleep(busy_s)
            trace = finish_leak_test(test)
            found = pressure_decay(trace, bench.station, bench.product)
        mean_pa = float(trace.columns["pressure_pa"].mean())
        true = channel_flow(ROOM_PA + mean_pa, ROOM_PA, channel_um * 1e-6, 10e-3)
        assert found.rate.value == pytest.approx(true, abs=1.5 * found.rate.U)
        assert found.rate.U < 8e-6
        assert found.rate.as_read is not None
        held.append(abs(found.rate.value - true) <= found.rate.U)
    assert sum(held) >= len(held) - 1


def spent(world: Sequence[str], *, leak: bool, datum: bool) -> float:
    """Return the simulated seconds that a leak test, a datum scan, or both at once take."""
    with real_bench(world) as bench:
        begin_s = bench.clock.now()
        test = start_leak_test(bench) if leak else None
        if datum:
            scan_rim(bench)
            scan_rim(bench)
        if test is not None:
            finish_leak_test(test)
        return bench.clock.now() - begin_s


def test_a_leak_test_goes_on_while_the_rig_does_something_else() -> None:
    world = part()
    leak_s, datum_s = spent(world, leak=True, datum=False), spent(world, leak=False, datum=True)
    both_s = spent(world, leak=True, datum=True)
    assert datum_s > 2.0
    assert both_s < max(leak_s, datum_s) + 1.0 < leak_s + datum_s


def test_starting_returns_at_once() -> None:
    with real_bench(part(), prepared=False) as bench:
        begin_s = bench.clock.now()
        start_leak_test(bench)
        assert bench.clock.now() - begin_s < 2.0
        assert bench.leak_tester.state().step is LeakStep.FILL


def test_a_bench_made_safe_has_no_part_under_pressure() -> None:
    with real_bench(part()) as bench:
        start_leak_test(bench)
        bench.clock.sleep(5.0)
        assert bench.leak_tester.state().pressure_pa > 25_000
        assert bench.make_safe() == []
        bench.clock.sleep(3.0)
        state = bench.leak_tester.state()
        assert not state.running
        assert state.pressure_pa < 100


def test_whoever_is_back_in_time_gets_the_curve_and_knows_more() -> None:
    def measured(busy_s: float) -> tuple[Trace, float]:
        with real_bench(part(), prepared=False) as bench:
            test = start_leak_test(bench)
            bench.clock.sleep(busy_s)
            trace = finish_leak_test(test)
            return trace, pressure_decay(trace, bench.station, bench.product).detection_pa_m3_per_s

    (curve, curve_limit), (half, half_limit), (ends, ends_limit) = (measured(s) for s in (0.0, 15.0, 60.0))
    assert len(curve) > len(half) > len(ends) == 2
    assert curve_limit < half_limit < ends_limit
    assert curve_limit < 5e-6
    assert curve.columns["time_s"][0] == 0.0
    assert curve.columns["time_s"][-1] == load_product("office-pen").pressure_decay.test_s


def test_two_parts_after_one_another_have_results_of_their_own() -> None:
    with real_bench(part(20.0), prepared=False) as bench:
        first = finish_leak_test(start_leak_test(bench))
        bench.clock.sleep(60.0)
        second = finish_leak_test(start_leak_test(bench))
        assert (first.about["cycle"], second.about["cycle"]) == (1, 2)
        first_rate, second_rate = (
            pressure_decay(trace, bench.station, bench.product).rate for trace in (first, second)
        )
    assert second_rate.value == pytest.approx(first_rate.value, abs=first_rate.U)


def test_a_gross_leak_is_told_by_the_tester_s_alarm() -> None:
    with (
        real_bench(part(120.0), prepared=False) as bench,
        pytest.raises(InstrumentRejected, match="ended with alarm 1: the pressure stays too low"),
    ):
        finish_leak_test(start_leak_test(bench))


def test_a_second_start_is_refused_while_a_cycle_runs() -> None:
    with real_bench(part(), prepared=False) as bench:
        test = start_leak_test(bench)
        with pytest.raises(InstrumentRejected, match="busy"):
            start_leak_test(bench)
        assert len(finish_leak_test(test)) > 40, "the first goes on undisturbed"


class Hanging:
    """A tester whose cycle never ends."""

    role = "leak_tester"

    def state(self) -> LeakState:
        return LeakState(3, True, LeakStep.DUMP, 0.0)


def test_a_cycle_that_never_ends_is_a_time_out() -> None:
    with real_bench(part(), prepared=False) as bench:
        test = replace(start_leak_test(bench), tester=Hanging())  # type: ignore[arg-type]
        with pytest.raises(InstrumentTimeout, match="cycle 1 is still at step dump"):
            finish_leak_test(test)


# A station without one


def test_a_station_may_do_without_and_says_so_before_anything_moves() -> None:
    config = load_station("twin").model_dump()
    del config["instruments"]["leak_tester"]
    bare_station = check_model(Station, config, source="bench.toml")
    with real_bench(part()) as bench:
        bare, place_mm = replace(bench, station=bare_station, optional={}), bench.stage.position("z")
        with pytest.raises(RefusedToStart, match="station 'twin-1' has no leak_tester") as caught:
            start_leak_test(bare)
        assert "[instruments.leak_tester] in its station file" in str(caught.value)
        assert bench.stage.position("z") == place_mm
        assert bare.make_safe() == []


def test_a_leak_tester_s_certificate_states_what_the_budget_needs() -> None:
    station = load_station("twin").model_dump()
    del station["instruments"]["leak_tester"]["certificate"]["figures"]["zero_drift_pa_per_s"]
    with pytest.raises(ConfigError, match="leak_tester stating zero_drift_pa_per_s"):
        check_model(Station, station, source="bench.toml")


# The product's section


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"program": 129}, "program"),
        ({"sample_s": 0.05}, "sample_s"),
        ({"sample_s": 11.0}, "sample_s not above test_s"),
        ({"settling_pa": [28.0]}, "of one length"),
        ({"settling_u_pa": [0.3, 0.0]}, "settling_u_pa"),
        ({"fill_tolerance_pa": 30_000.0}, "fill_tolerance_pa below fill_pa"),
    ],
)
@pytest.mark.parametrize("product", ["office-pen", "compact-pen"])
def test_cycles_that_cannot_be_are_refused(product: str, changes: dict[str, object], words: str) -> None:
    plan = load_product(product).pressure_decay.model_dump()
    with pytest.raises(ConfigError, match=words):
        check_model(PressureDecay, plan | changes, source="pen.toml")
