"""The guarded stage before a twin: what it refuses, slows and explains, and what the controller holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest

from rig.errors import (
    ForceLimitExceeded,
    ForceUnknown,
    InstrumentError,
    MotionInterrupted,
    OutsideWindow,
    StageFault,
)
from rig.procedures.bench import Bench
from rig.procedures.rim_datum import scan_rim
from rig.safety.guarded_stage import GuardedStage
from tests.support.real_bench import real_bench


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    with real_bench() as bench:
        yield bench


@pytest.fixture
def bench(shared: Bench) -> Bench:
    shared.retract()
    return shared


def guarded(bench: Bench) -> GuardedStage:
    assert isinstance(bench.stage, GuardedStage)
    return bench.stage


def is_low(bench: Bench) -> bool:
    return bench.stage.position("z") <= bench.station.nest.safe_mm + 0.001


@pytest.mark.parametrize("target", ["datum", "film", "phantom", "anvil", "grip", "step_low"])
def test_the_controller_holds_the_window_of_the_target_before_anything_approaches(
    bench: Bench, target: str
) -> None:
    bench.present(target)
    _, highest_mm = guarded(bench).bare.limits("z")
    with pytest.raises(OutsideWindow, match=f"before {target}"):
        bench.stage.move_to("z", highest_mm + 0.01)
    assert is_low(bench)


def test_the_turret_does_not_turn_while_the_stage_is_high(bench: Bench) -> None:
    bench.present("datum")
    bench.stage.move_to("z", 36.0)
    with pytest.raises(OutsideWindow, match=r"turn the turret with the stage at 36\.000 mm"):
        bench.stage.move_to("turret", 72.0)
    with pytest.raises(OutsideWindow, match="turn the turret"):
        bench.stage.home("turret")
    assert bench.stage.position("turret") == pytest.approx(0.0, abs=0.01)


def test_a_motion_is_slow_where_the_target_may_touch_only(bench: Bench) -> None:
    bench.present("datum")
    began_s = bench.clock.now()
    bench.stage.move_to("z", 41.8)
    free_s = bench.clock.now() - began_s
    bench.stage.move_to("z", 42.0)
    slow_s = bench.clock.now() - began_s - free_s
    assert free_s == pytest.approx(6.8 / 26 + 26 / 600, abs=0.01)
    assert slow_s == pytest.approx(0.2 / 1.0, abs=0.01)


def test_a_waited_motion_reads_the_force_all_the_same_where_it_is_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.present("datum")
    bench.stage.move_to("z", 41.8)
    monkeypatch.setattr(bench.force_gauge, "read_n", lambda: 5.5)
    with pytest.raises(
        ForceLimitExceeded, match=r"5\.50 N on the gauge; the stage was stopped and retracted"
    ):
        bench.stage.move_to("z", 42.25)
    assert is_low(bench)


def test_the_force_chain_stops_the_stage_where_the_gauge_is_blind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = cycle([0.01, 0.02])
    monkeypatch.setattr(bench.force_gauge, "read_n", lambda: next(noise))
    with pytest.raises(
        ForceLimitExceeded, match=r"force chain opened.*reads 0\.0. N, so it did not see the force"
    ):
        scan_rim(bench)
    assert is_low(bench)


def test_a_frozen_gauge_stops_the_approach(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.force_gauge, "read_n", lambda: 0.02)
    with pytest.raises(ForceUnknown, match=r"read 0\.02 N \d+ times in a row while the stage moved"):
        scan_rim(bench)
    assert not bench.make_safe()
    assert is_low(bench)


def test_a_motion_that_somebody_else_ends_is_said_to_be_interrupted(bench: Bench) -> None:
    bench.present("datum")
    bench.stage.move_to("z", 38.0, speed=0.5, wait=False)
    bench.stage.halt()
    with pytest.raises(MotionInterrupted, match=r"z: motion interrupted \(NI\)"):
        bench.stage.wait_until_idle("z")


def test_a_found_rim_narrows_what_the_controller_allows(bench: Bench) -> None:
    bench.present("datum")
    bench.rim_is_at(42.317)
    assert guarded(bench).bare.limits("z")[1] == pytest.approx(42.457, abs=1e-4)


def test_an_open_force_chain_refuses_to_start() -> None:
    with (
        real_bench(station=["safety.force_chain_input=3"], prepared=False) as bench,
        pytest.raises(InstrumentError, match="input 3, the force chain, is open though nothing presses"),
    ):
        bench.prepare()


def test_an_axis_that_cannot_be_retracted_is_homed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.present("datum")
    bench.stage.move_to("z", 38.0)

    def lost(*arguments: object, **options: object) -> None:
        raise StageFault("stage", "z: no reference position (WR)")

    monkeypatch.setattr(guarded(bench).bare, "move_to", lost)
    assert bench.make_safe() == []
    assert bench.stage.position("z") == pytest.approx(0.0, abs=0.001)
