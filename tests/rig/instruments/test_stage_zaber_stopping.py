"""What stops a stage: a stop, a halt past everything, a trigger on an input, the emergency stop."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.errors import (
    EmergencyStopped,
    InstrumentRejected,
    InstrumentReplyError,
)
from rig.instruments.stage_zaber import ZaberStage
from rig.instruments.wirelog import WireLog
from rig.instruments.zaber_ascii import check_value
from tests.support.scripted import ScriptedPeer
from tests.support.zaber_script import (
    AXES,
    SPEED_ACCEL,
    Script,
    SkippingClock,
    moved,
    status,
    talking,
)


def test_stop_tells_every_axis_before_it_waits() -> None:
    script = [
        (b"/1 1 01 stop\n", b"@01 1 01 OK BUSY -- 0\r\n"),
        (b"/1 2 02 stop\n", b"@01 2 02 OK IDLE -- 0\r\n"),
        status(3, state="BUSY"),
        status(4, flag="NI"),
        (b"/1 1 05 warnings\n", b"@01 1 05 OK IDLE NI 01 NI\r\n"),
        (b"/1 1 06 warnings clear\n", b"@01 1 06 OK IDLE -- 01 NI\r\n"),
        status(7, axis=2),
    ]
    with talking(script) as stage:
        stage.stop()


def test_stop_goes_on_when_one_axis_does_not_answer_and_raises_at_the_end() -> None:
    script = [
        (b"/1 1 01 stop\n", b"@01 1 01 RJ IDLE FD DRIVERDISABLED\r\n"),
        (b"/1 2 02 stop\n", b"@01 2 02 OK IDLE -- 0\r\n"),
        status(3),
        status(4, axis=2, flag="WR"),
        (b"/1 2 05 warnings\n", b"@01 2 05 OK IDLE WR 01 WR\r\n"),
    ]
    with talking(script) as stage, pytest.raises(InstrumentRejected, match="DRIVERDISABLED"):
        stage.stop()


def test_halt_waits_for_nothing_and_its_late_answer_is_passed_over() -> None:
    script = [
        (b"\n/1 0 99 stop\n", b""),
        (b"/1 1 01 get pos\n", b"@01 0 99 OK BUSY -- 0\r\n@01 1 01 OK BUSY -- 1500\r\n"),
    ]
    with talking(script) as stage:
        stage.halt()
        assert stage.position("z") == 1.5


def test_halt_with_a_check_value() -> None:
    script = [
        (b"\n/1 0 99 stop:%s\n" % check_value("1 0 99 stop").encode(), b""),
        (b"/1 1 01 get pos:2B\n", b"@01 0 99 OK IDLE -- 0\r\n@01 1 01 OK IDLE -- 1\r\n"),
    ]
    with talking(script, checksum=True) as stage:
        stage.halt()
        stage.position("z")


def test_halt_reaches_the_controller_while_another_thread_waits_for_an_answer() -> None:
    script = [
        (b"/1 1 01 get pos\n", b""),
        (b"\n/1 0 99 stop\n", b"@01 1 01 OK BUSY -- 900\r\n@01 0 99 OK BUSY -- 0\r\n"),
        (b"/1 1 02 get pos\n", b"@01 1 02 OK IDLE -- 1000\r\n"),
    ]
    with ScriptedPeer(script) as peer, ThreadPoolExecutor(1) as pool:
        stage = ZaberStage(
            "stage", peer.resource, WireLog(), SkippingClock(), timeout_s=20.0, axes=AXES, checksum=False
        )
        waiting = pool.submit(stage.position, "z")
        while not peer.done:
            time.sleep(0.001)
        stage.halt()
        assert waiting.result() == 0.9
        assert stage.position("z") == 1.0
        stage.close()


def test_inputs() -> None:
    with talking([(b"/1 0 01 io get di\n", b"@01 0 01 OK IDLE -- 1 1 0 0\r\n")]) as stage:
        assert stage.inputs() == [True, True, False, False]
    nonsense = [(b"/1 0 01 io get di\n", b"@01 0 01 OK IDLE -- 1 x\r\n")]
    with talking(nonsense) as stage, pytest.raises(InstrumentReplyError, match="0 or 1 for each"):
        stage.inputs()


def armed(shown: bytes) -> Script:
    """Return the arming of a trigger, and what the controller shows of its triggers then."""
    return [
        (b"/1 0 01 trigger 2 when io di 2 == 0\n", b"@01 0 01 OK IDLE -- 0\r\n"),
        (b"/1 0 02 trigger 2 action a 1 stop\n", b"@01 0 02 OK IDLE -- 0\r\n"),
        (b"/1 0 03 trigger 2 enable\n", b"@01 0 03 OK IDLE -- 0\r\n"),
        (b"/1 0 04 trigger show\n", b"@01 0 04 OK IDLE -- %s\r\n" % shown),
    ]


def test_a_trigger_stops_the_axis_when_an_input_falls() -> None:
    with talking(armed(b"d e d d d d")) as stage:
        stage.stop_on_input("z", 2)


@pytest.mark.parametrize("shown", [b"e d d d d d", b"d 1 d d d d", b"d"])
def test_a_trigger_that_is_not_armed_for_good_is_reported(shown: bytes) -> None:
    with talking(armed(shown)) as stage, pytest.raises(InstrumentReplyError, match="just enabled"):
        stage.stop_on_input("z", 2)


def test_the_emergency_stop_has_an_error_of_its_own() -> None:
    refused = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move abs 1000 " + SPEED_ACCEL + b"\n", b"@01 1 02 RJ IDLE FH DRIVERDISABLED\r\n"),
        (b"/1 1 03 warnings\n", b"@01 1 03 OK IDLE FH 01 FH\r\n"),
    ]
    with talking(refused) as stage, pytest.raises(EmergencyStopped, match="the emergency stop is pressed"):
        stage.move_to("z", 1.0)
    with talking(moved("FH", "02 FH NI")) as stage, pytest.raises(EmergencyStopped, match="Release the"):
        stage.move_to("z", 1.0)


def test_a_driver_that_is_off_for_another_reason_is_no_emergency_stop() -> None:
    script = [
        (b"/1 0 01 driver enable\n", b"@01 0 01 RJ IDLE FO DRIVERDISABLED\r\n"),
        (b"/1 0 02 warnings\n", b"@01 0 02 OK IDLE FO 01 FO\r\n"),
    ]
    with talking(script) as stage, pytest.raises(InstrumentRejected, match="DRIVERDISABLED"):
        stage.enable()
