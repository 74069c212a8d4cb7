"""The rim is touched again: what moved is found, and told from a gauge that cannot be believed."""

from __future__ import annotations

import pytest

from calibration.rim_again import allowed_shift_mm
from rig.errors import DatumMoved, ForceUnknown, GaugeDrift, InstrumentReplyError
from rig.fixtures.datum_check import shift_since
from rig.fixtures.points import find_datum
from rig.procedures.bench import Bench
from rig.procedures.closing_check import touch_rim_again
from tests.support.real_bench import real_bench

LATER_S = 60.0


def check(bench: Bench, *, after_s: float = LATER_S) -> tuple[float, float]:
    """Find the rim, let time pass, touch it again; return how far it moved and how far it may, µm."""
    datum = find_datum(bench)
    bench.force_n()  # without load, as with every capture of strokes
    bench.clock.sleep(after_s)
    again = touch_rim_again(bench, datum.stage_mm, when="later")
    shift = shift_since(datum.trace, again, bench.station)
    allowed_mm = allowed_shift_mm(shift, drift_u_mm=bench.station.nest.drift_u_mm)
    return 1000 * shift.value, 1000 * allowed_mm


def test_a_rim_that_stays_is_found_where_it_was() -> None:
    with real_bench() as bench:
        moved_um, allowed_um = check(bench)
        assert bench.stage.position("z") < bench.station.nest.rim_mm - 0.2
    assert abs(moved_um) < 1.0
    assert 2.0 < allowed_um < 4.0


def test_needles_that_were_set_deep_do_not_stand_between_plate_and_rim() -> None:
    with real_bench() as bench:
        datum = find_datum(bench)
        bench.pen.set_depth(bench.product.depth.maximum_mm)
        bench.pen.start()
        bench.clock.sleep(0.5)
        again = touch_rim_again(bench, datum.stage_mm, when="later")
        assert abs(shift_since(datum.trace, again, bench.station).value) < 1e-3


def test_a_room_that_warms_shows_in_micrometres() -> None:
    with real_bench(['faults=["bench.temperature_step@3s=5.0"]']) as bench:
        moved_um, allowed_um = check(bench)
    assert moved_um == pytest.approx(8.0 * (1 - 2.718 ** (-58.5 / 60.0)), abs=1.0)
    assert moved_um > allowed_um


@pytest.mark.parametrize(
    ("offset_mm", "words"),
    [
        (-0.05, "nearer by 30 µm or more"),
        (0.05, "farther away, so that it was not felt"),
    ],
)
def test_a_stage_that_slipped_is_found_before_it_presses(offset_mm: float, words: str) -> None:
    with real_bench() as bench:
        datum = find_datum(bench)
        bench.force_gauge.clear_peaks()
        with pytest.raises(DatumMoved, match=words) as refused:
            touch_rim_again(bench, datum.stage_mm - offset_mm, when="later")
        assert bench.force_gauge.peak_n() < bench.station.safety.force_limit_n
    assert "stage or nest" in str(refused.value)


def test_a_gauge_that_is_stuck_is_not_taken_for_a_rim_that_is_gone() -> None:
    with (
        real_bench(['faults=["force_gauge.stuck@4s"]']) as bench,
        pytest.raises(ForceUnknown, match=r"force_gauge: every one of .* readings is"),
    ):
        check(bench)


def test_a_gauge_that_drifts_is_the_gauge_s_fault() -> None:
    with (
        real_bench(['faults=["force_gauge.drift@4s=0.02"]']) as bench,
        pytest.raises(GaugeDrift, match="force_gauge: its zero moved by"),
    ):
        check(bench)


def test_a_gauge_that_is_saturated_is_named() -> None:
    with (
        real_bench(['faults=["force_gauge.saturated@4s"]']) as bench,
        pytest.raises(InstrumentReplyError, match=r"force_gauge: answered 'OVER'"),
    ):
        check(bench)
