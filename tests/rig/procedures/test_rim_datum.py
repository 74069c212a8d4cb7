"""Finding the rim, on real drivers."""

from __future__ import annotations

import pytest

from rig.errors import ContactNotFound, ForceLimitExceeded, InstrumentRejected, OutsideWindow
from rig.fixtures.evaluate import rim_position
from rig.procedures.rim_datum import scan_rim
from rig.safety.guarded_stage import GuardedStage
from tests.support.real_bench import real_bench


@pytest.mark.parametrize("rim_mm", [42.05, 42.317, 42.6])
def test_the_rim_is_found_where_it_is(rim_mm: float) -> None:
    with real_bench([f"nest.rim_position_mm={rim_mm}", "nest.tilt_mrad=0.0"]) as bench:
        found = rim_position(scan_rim(bench), bench.station)
        assert bench.force_n() == pytest.approx(0.02, abs=0.03), "left without load"
    # The stage's certificate is wrong by 3 ppm, its screw by 0.3 µm, and a move ends within 0.15 µm.
    assert found.value == pytest.approx(rim_mm, abs=max(found.U, 0.001))


@pytest.mark.parametrize("late_ms", [7, 9, 11, 15])
@pytest.mark.parametrize("tilt_mrad", [0.0, 0.3])
def test_a_stage_that_stops_late_is_still_scanned_from_before_the_contact(
    monkeypatch: pytest.MonkeyPatch, late_ms: int, tilt_mrad: float
) -> None:
    """A busy computer sees the touch some milliseconds late; the rim is where it was all the same."""
    with real_bench(["nest.rim_position_mm=42.317", f"nest.tilt_mrad={tilt_mrad}"]) as bench:
        stop = bench.stage.stop

        def stop_late(axis: str | None = None) -> None:
            bench.clock.sleep(late_ms / 1e3)
            stop(axis)

        monkeypatch.setattr(bench.stage, "stop", stop_late)
        found = rim_position(scan_rim(bench), bench.station)
    assert found.value == pytest.approx(42.317, abs=max(found.U, 0.001))


def test_the_force_stays_below_its_limit() -> None:
    with real_bench() as bench:
        bench.force_gauge.clear_peaks()
        scan_rim(bench)
        assert 3.0 < bench.force_gauge.peak_n() < bench.station.safety.force_limit_n


def test_without_a_pen_nothing_is_found_and_the_stage_is_retracted() -> None:
    with real_bench(["nest.rim_position_mm=50.0"]) as bench:
        with pytest.raises(ContactNotFound, match=r"no contact between 41\.8 and 42\.8 mm"):
            scan_rim(bench)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)


def test_too_much_force_stops_and_retracts_the_stage() -> None:
    with real_bench(station=["safety.force_limit_n=1.0"]) as bench:
        with pytest.raises(ForceLimitExceeded, match=r"stopped (and|the .* it was) retracted"):
            scan_rim(bench)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.001)


def test_the_travel_limit_is_in_the_controller_before_anything_moves_up() -> None:
    with real_bench() as bench:
        beyond_mm = bench.station.safety.highest_mm + 0.1
        with pytest.raises(OutsideWindow, match="before datum"):
            bench.stage.move_to("z", beyond_mm)
        assert isinstance(bench.stage, GuardedStage)
        with pytest.raises(InstrumentRejected):
            bench.stage.bare.move_to("z", beyond_mm)
