"""When strokes are missing, or are none, the message names the culprit: pen, contact or gauge."""

from __future__ import annotations

import pytest

from rig.errors import (
    ContactOpen,
    DatumMoved,
    ForceUnknown,
    GaugeDrift,
    InstrumentRejected,
    PenStopped,
    RigError,
    TraceUnusable,
)
from rig.fixtures.points import Datum, Points, find_datum
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_contact_wire
from rig.procedures.insertion import insert_needles
from rig.procedures.pen_checks import limiter_refuses
from rig.procedures.squeeze import squeeze_pouch
from rig.procedures.strokes import capture_rate, capture_strokes, run_at
from rig.product import Setting
from tests.support.real_bench import real_bench

AT = Setting(1.25, 7000.0)
STROKES_S = 5.0


def datum_before_strokes(bench: Bench) -> Datum:
    """Find the datum and wait for the moment at which the strokes begin, to which the faults are set."""
    datum = find_datum(bench)
    bench.clock.sleep(STROKES_S - bench.clock.now())
    return datum


def with_fault(fault: str) -> list[str]:
    return [f'faults=["{fault}"]']


@pytest.mark.parametrize("at_s", [5.2, 5.7, 6.2])
@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("pen.stalls", PenStopped, r"pen: the motor is on and stands: 0 /min at 1400 mA"),
        ("pen.overheats", RigError, r"pen: .*the motor is too hot"),
        ("bench.contact_open", ContactOpen, r"contact: at 1\.25 mm @ 7000 /min .* Check the wire"),
    ],
)
def test_what_breaks_while_strokes_are_captured_is_named(
    fault: str, at_s: float, error: type[Exception], words: str
) -> None:
    with real_bench(with_fault(f"{fault}@{at_s}s")) as bench:
        datum = datum_before_strokes(bench)

        def capture() -> None:
            for _ in range(3):
                capture_strokes(bench, AT, datum.stage_mm, expected_mm=None, strokes=10, stamps=20)

        with pytest.raises(error, match=words):
            capture()


def test_a_pen_that_boots_anew_while_its_rate_is_taken_is_found_out() -> None:
    with real_bench(with_fault("pen.reboots@7.5s"), timeout_s=2.0) as bench:
        datum = datum_before_strokes(bench)
        with pytest.raises(PenStopped, match=r"pen: it has booted anew, expected running at 1\.25 mm"):
            capture_rate(bench, AT, datum.stage_mm, expected_mm=1.3, stamps=400)


def test_needles_that_press_unseen_tell_of_a_broken_wire() -> None:
    with real_bench(["contact.wire_open=true"]) as bench:
        datum = datum_before_strokes(bench)
        with pytest.raises(ContactOpen, match=r"press on the plate with .* and the counter sees no stroke"):
            capture_strokes(bench, AT, datum.stage_mm, expected_mm=None, strokes=10, stamps=0)
        assert bench.force_gauge.peak_n() < bench.station.safety.force_limit_n


def test_a_gauge_stuck_under_load_does_not_pass_for_a_broken_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    with real_bench() as bench:
        datum_before_strokes(bench)
        run_at(bench, AT)
        monkeypatch.setattr(bench.force_gauge, "read_n", lambda: 1.86)
        with pytest.raises(ForceUnknown, match=r"force_gauge: every one of \d+ readings is 1\.86 N"):
            check_contact_wire(bench, AT)


@pytest.mark.parametrize("bounces", [2.0, 6.0, 20.0])
def test_bounces_that_drown_the_strokes_are_the_contact_s_and_give_no_value(bounces: float) -> None:
    with real_bench([f"contact.bounce_mean={bounces}"]) as bench:
        points = Points(bench, find_datum(bench), stamps=20)
        with pytest.raises(
            TraceUnusable, match=r"contact: its edges at 1\.25 mm @ 7000 /min are not those of"
        ):
            points.at(AT)


def test_a_stage_that_slipped_is_not_taken_for_a_dirty_contact() -> None:
    with real_bench(with_fault("stage.slip@6s=0.06")) as bench:
        points = Points(bench, datum_before_strokes(bench), stamps=0)
        with pytest.raises(DatumMoved, match=r"stage or nest: since the datum the rim is"):
            points.at(AT)


def test_a_gauge_stuck_without_load_does_not_pass_for_a_missing_pouch() -> None:
    with real_bench(with_fault("force_gauge.stuck@1.9s")) as bench:
        bench.force_n()
        bench.clock.sleep(1.0)
        with pytest.raises(RigError, match=r"force_gauge|force chain"):
            squeeze_pouch(bench)


def test_a_gauge_stuck_under_load_does_not_pass_for_a_tight_pouch() -> None:
    with (
        real_bench(with_fault("force_gauge.stuck@5s")) as bench,
        pytest.raises((GaugeDrift, ForceUnknown), match=r"force_gauge: "),
    ):
        squeeze_pouch(bench)


def test_a_pen_that_lets_its_needles_go_is_not_taken_for_a_sharp_one() -> None:
    with (
        real_bench(with_fault("pen.reboots@2.6s"), timeout_s=2.0) as bench,
        pytest.raises(PenStopped, match=r"expected needles held out at"),
    ):
        insert_needles(bench)


def test_a_limiter_that_works_is_told_from_one_that_does_not() -> None:
    with real_bench() as bench:
        assert limiter_refuses(bench)
    with real_bench(["pen.firmware.limiter_works=false"]) as bench:
        assert not limiter_refuses(bench)


def test_a_pen_in_trouble_is_no_limiter(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(depth_mm: float) -> None:
        if depth_mm > bench.product.depth.maximum_mm:
            raise InstrumentRejected("pen", "the device refused", reason="device failure (exception 4)")

    with real_bench() as bench:
        monkeypatch.setattr(bench.pen, "set_depth", fails)
        with pytest.raises(InstrumentRejected, match="the device refused"):
            limiter_refuses(bench)
