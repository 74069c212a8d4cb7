"""The Zaber driver against the bytes of the protocol, and against the twin's controller."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from rig.clock import LinkedClock, WallClock
from rig.errors import (
    ConfigError,
    IdentityMismatch,
    InstrumentError,
    InstrumentRejected,
    InstrumentReplyError,
    InstrumentTimeout,
    MotionInterrupted,
    StageFault,
)
from rig.instruments.link import VisaLink
from rig.instruments.roles import Identity, Stage
from rig.instruments.stage_zaber import ZaberStage
from rig.instruments.wirelog import WireLog
from rig.instruments.zaber_axes import motion_time_s
from rig.twin.emulators.stage_zaber import ZaberEmulator
from tests.support.serving import serving, serving_one
from tests.support.zaber_script import (
    PATIENCE_S,
    SPEED_ACCEL,
    SkippingClock,
    moved,
    status,
    talking,
)


def test_it_is_a_stage() -> None:
    with talking([]) as stage:
        role: Stage = stage
        assert role.role == "stage"


def test_identify_with_check_values() -> None:
    script = [
        (b"/1 0 01 get device.id:13\n", b"@01 0 01 OK IDLE -- 30222\r\n"),
        (b"/1 0 02 get system.serial:2A\n", b"@01 0 02 OK IDLE -- 88123\r\n"),
        (b"/1 0 03 get version:76\n", b"@01 0 03 OK IDLE -- 7.41:70\r\n"),
    ]
    with talking(script, checksum=True) as stage:
        assert stage.identify() == Identity("Zaber", "30222", "88123", "7.41")


def test_home() -> None:
    script = [
        (b"/1 1 01 warnings clear\n", b"@01 1 01 OK IDLE WR 01 WR\r\n"),
        (b"/1 1 02 home\n", b"@01 1 02 OK BUSY WR 0\r\n"),
        status(3, state="BUSY", flag="WR"),
        status(4),
    ]
    with talking(script) as stage:
        stage.home("z")


def test_home_that_finds_no_reference() -> None:
    script = [
        (b"/1 1 01 warnings clear\n", b"@01 1 01 OK IDLE WR 01 WR\r\n"),
        (b"/1 1 02 home\n", b"@01 1 02 OK BUSY WR 0\r\n"),
        status(3, flag="WR"),
        (b"/1 1 04 warnings\n", b"@01 1 04 OK IDLE WR 01 WR\r\n"),
    ]
    with talking(script) as stage, pytest.raises(StageFault, match=r"no reference position \(WR\)"):
        stage.home("z")


def test_move_to_sleeps_through_the_motion_then_looks() -> None:
    clock = SkippingClock()
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 2000\r\n"),
        (b"/1 1 02 move abs 12000 " + SPEED_ACCEL + b"\n", b"@01 1 02 OK BUSY -- 0\r\n"),
        status(3, state="BUSY"),
        status(4),
    ]
    with talking(script, clock=clock) as stage:
        stage.move_to("z", 12.0)
    assert clock.slept == pytest.approx([0.52, 0.005], rel=1e-3)  # 10 mm / 20 mm/s + 20 ms, and one pause


def test_move_by_with_a_speed_and_without_waiting() -> None:
    script = [
        (b"/1 2 01 get pos\n", b"@01 2 01 OK IDLE -- 0\r\n"),
        (b"/1 2 02 move rel -7200 1638 59\n", b"@01 2 02 OK BUSY -- 0\r\n"),
        status(3, axis=2, state="BUSY"),
        (b"/1 2 04 get pos\n", b"@01 2 04 OK BUSY -- -1234\r\n"),
    ]
    with talking(script) as stage:
        stage.move_by("turret", -72.0, speed=10.0, wait=False)
        assert stage.is_busy("turret")
        assert stage.position("turret") == pytest.approx(-12.34)


def test_our_own_interruption_is_no_fault() -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK BUSY -- 500\r\n"),
        (b"/1 1 02 move abs 0 " + SPEED_ACCEL + b"\n", b"@01 1 02 OK BUSY -- 0\r\n"),
        (b"/1 1 03 warnings clear\n", b"@01 1 03 OK BUSY -- 01 NI\r\n"),
        status(4),
    ]
    with talking(script) as stage:
        stage.move_to("z", 0.0)


@pytest.mark.parametrize(
    ("flag", "listed", "message"),
    [
        ("FS", "01 FS", r"z: stalled and stopped \(FS\)"),
        ("FE", "02 FE NI", r"z: limit error \(FE\)"),
        ("WL", "01 WL", r"unexpected limit trigger \(WL\)"),
        ("FX", "01 FX", r"unknown flag \(FX\)"),
        ("NI", "01 NI", r"motion interrupted \(NI\)"),
        ("WV", "02 WV NI", r"motion interrupted \(NI\)"),
    ],
)
def test_flags_that_mean_a_failed_motion_are_raised_and_acknowledged(
    flag: str, listed: str, message: str
) -> None:
    cleared = (b"/1 1 05 warnings clear\n", b"@01 1 05 OK IDLE -- 01 XX\r\n")
    with talking([*moved(flag, listed), cleared]) as stage, pytest.raises(StageFault, match=message):
        stage.move_to("z", 1.0)


def test_a_lost_reference_is_raised() -> None:
    with talking(moved("WH", "01 WH")) as stage, pytest.raises(StageFault, match="Home the axis first"):
        stage.move_to("z", 1.0)


def test_other_flags_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    script = [
        *moved("WT", "01 WT"),
        (b"/1 1 05 get pos\n", b"@01 1 05 OK IDLE WT 1000\r\n"),
        (b"/1 1 06 warnings\n", b"@01 1 06 OK IDLE WT 01 WT\r\n"),
    ]
    with caplog.at_level(logging.WARNING), talking(script) as stage:
        stage.move_to("z", 1.0)
        assert stage.position("z") == 1.0
    assert [record.getMessage() for record in caplog.records] == ["stage: z warns WT (controller hot)"]


@pytest.mark.parametrize(
    "action",
    [
        lambda stage: stage.position("z"),
        lambda stage: stage.move_to("z", 1.0),
        lambda stage: stage.move_by("z", 1.0),
    ],
)
def test_an_axis_without_reference_is_neither_moved_nor_believed(action: Callable[[Stage], Any]) -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE WR 0\r\n"),
        (b"/1 1 02 warnings\n", b"@01 1 02 OK IDLE WR 01 WR\r\n"),
    ]
    with talking(script) as stage, pytest.raises(StageFault, match="no reference position"):
        action(stage)


def test_a_refusal_names_the_reason_and_what_to_do() -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move abs 99000 " + SPEED_ACCEL + b"\n", b"@01 1 02 RJ IDLE -- BADDATA\r\n"),
    ]
    with talking(script) as stage, pytest.raises(InstrumentRejected, match="check travel limits") as refusal:
        stage.move_to("z", 99.0)
    assert refusal.value.reason == "BADDATA"


def test_alerts_info_and_older_replies_are_passed_over() -> None:
    answer = (
        b"!01 1 IDLE --\r\n"
        b"#01 1 01 something\r\n"
        b"@01 1 00 OK IDLE -- 1\r\n"
        b"@01 2 01 OK IDLE -- 2\r\n"
        b"@02 1 01 OK IDLE -- 3\r\n"
        b"@01 1 01 OK IDLE -- 4000\r\n"
    )
    with talking([(b"/1 1 01 get pos\n", answer)]) as stage:
        assert stage.position("z") == 4.0


@pytest.mark.parametrize(
    "answer",
    [
        b"@01 1 %02d OK IDLE -- 4000:00\r\n",  # wrong check value
        b"@01 1 %02d OK IDLE\r\n",  # cut short
        b"@0\xff 1 %02d OK IDLE -- 0\r\n",  # a flipped bit
    ],
)
def test_damaged_answers_are_asked_for_again_then_reported(answer: bytes) -> None:
    script = [(b"/1 1 01 get pos\n", answer % 1), (b"/1 1 02 get pos\n", answer % 2)]
    with talking(script) as stage, pytest.raises(InstrumentReplyError, match="is damaged"):
        stage.position("z")


def test_a_lost_answer_to_a_question_is_asked_for_once_more() -> None:
    script = [
        (b"/1 1 01 get pos\n", b""),
        (b"/1 1 02 get pos\n", b"@01 1 02 OK IDLE -- 7000\r\n"),
    ]
    with talking(script) as stage:
        assert stage.position("z") == 7.0


def test_a_motion_without_answer_is_never_repeated() -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move rel 1000 " + SPEED_ACCEL + b"\n", b""),
    ]
    with talking(script) as stage, pytest.raises(InstrumentTimeout):
        stage.move_by("z", 1.0)


def test_a_motion_without_end_is_stopped_and_reported() -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move abs 0 " + SPEED_ACCEL + b"\n", b"@01 1 02 OK BUSY -- 0\r\n"),
        *(status(message_id, state="BUSY") for message_id in (3, 4, 5, 6)),  # after 0, 1, 2, 3 s
        (b"/1 1 07 stop\n", b"@01 1 07 OK BUSY NI 0\r\n"),
    ]
    with talking(script, poll_s=1.0) as stage, pytest.raises(StageFault, match=r"still moved after 2\.0 s"):
        stage.move_to("z", 0.0)


def test_the_end_of_a_motion_is_looked_at_when_somebody_asks_whether_it_moves() -> None:
    script = [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move abs 1000 " + SPEED_ACCEL + b"\n", b"@01 1 02 OK BUSY -- 0\r\n"),
        status(3, flag="NI"),
        (b"/1 1 04 warnings\n", b"@01 1 04 OK IDLE NI 01 NI\r\n"),
        (b"/1 1 05 warnings clear\n", b"@01 1 05 OK IDLE -- 01 NI\r\n"),
    ]
    with talking(script) as stage:
        stage.move_to("z", 1.0, wait=False)
        with pytest.raises(MotionInterrupted, match=r"motion interrupted \(NI\)"):
            stage.is_busy("z")


def test_self_test_names_what_is_flagged() -> None:
    script = [
        (b"/1 1 01 warnings\n", b"@01 1 01 OK IDLE FM 02 FM WR\r\n"),
        (b"/1 2 02 warnings\n", b"@01 2 02 OK IDLE -- 00\r\n"),
    ]
    with talking(script) as stage:
        assert stage.self_test() == ["z: motor too hot (FM)"]


def test_another_controller_after_the_line_was_opened_anew_is_not_believed() -> None:
    identity = [
        (b"/1 0 01 get device.id\n", b"@01 0 01 OK IDLE -- 30222\r\n"),
        (b"/1 0 02 get system.serial\n", b"@01 0 02 OK IDLE -- 88123\r\n"),
        (b"/1 0 03 get version\n", b"@01 0 03 OK IDLE -- 7.41\r\n"),
    ]
    script = [
        *identity,
        (b"/1 1 04 get pos\n", b""),
        (b"/1 0 06 get system.serial\n", b"@01 0 06 OK IDLE -- 99999\r\n"),
    ]
    with talking(script) as stage:
        stage.identify()
        with pytest.raises(IdentityMismatch, match="'99999' answered after the line was opened anew"):
            stage.position("z")


def test_lines_without_end_are_given_up_after_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking([(b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n")]) as stage:
        stage.position("z")
        monkeypatch.setattr(VisaLink, "write", lambda link, line: None)
        monkeypatch.setattr(VisaLink, "read", lambda link, *, timeout_s: "#01 1 noise")
        with pytest.raises(InstrumentTimeout, match=r"no answer within 0\.5 s"):
            stage.enable()


def test_a_text_for_a_number_is_reported() -> None:
    script = [(b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- nowhere\r\n")]
    with talking(script) as stage, pytest.raises(InstrumentReplyError, match="got 'nowhere'"):
        stage.position("z")


def test_nonsense_is_refused_before_the_wire() -> None:
    position = [(b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n")]
    with talking([]) as stage, pytest.raises(InstrumentError, match="one of: turret, z"):
        stage.position("x")
    with talking([]) as stage, pytest.raises(InstrumentError, match="minimum < maximum"):
        stage.set_limits("z", 5.0, 5.0)
    with talking(position) as stage, pytest.raises(InstrumentError, match="cannot move to or by nan"):
        stage.move_to("z", float("nan"))
    with (
        pytest.raises(ConfigError, match=r"stage\.axes\.z: speed: missing"),
        talking([], axes={"z": {"number": 1, "unit_per_microstep": 1e-3, "accel": 1.0}}),
    ):
        pass


def test_motion_time() -> None:
    assert motion_time_s(10.0, 10.0, 100.0) == pytest.approx(1.1)
    assert motion_time_s(1.0, 1000.0, 4.0) == pytest.approx(1.0)
    assert motion_time_s(0.0, 1.0, 1.0) == 0.0


TWIN_AXES = {
    "z": {"number": 1, "unit_per_microstep": 4.7625e-5, "speed": 26.0, "accel": 600.0},
    "turret": {"number": 2, "unit_per_microstep": 1e-3, "speed": 360.0, "accel": 3600.0},
}


def test_a_move_on_the_virtual_clock_takes_the_motion_and_three_round_trips() -> None:
    with serving() as addresses:
        host, _, port = addresses["clock"].partition(":")
        clock = LinkedClock(host, int(port))
        stage = ZaberStage(
            "stage", addresses["stage"], WireLog(), clock, timeout_s=PATIENCE_S, axes=TWIN_AXES
        )
        stage.home("z")
        begin_s = clock.now()
        stage.move_to("z", 40.0)
        took_s = clock.now() - begin_s
        stage.close()
        clock.close()
    assert took_s == pytest.approx(motion_time_s(40.0, 26.0, 600.0), abs=2e-3)


@pytest.mark.parametrize("line", ["tcp", "pty"])
def test_against_the_emulator(line: Any) -> None:
    with serving_one(ZaberEmulator, line, virtual=False) as address:
        host, _, port = address.partition(":")
        resource = f"TCPIP0::{host}::{port}::SOCKET" if line == "tcp" else f"ASRL{address}::INSTR"
        stage = ZaberStage("stage", resource, WireLog(), WallClock(), timeout_s=2.0, axes=TWIN_AXES)
        with pytest.raises(StageFault, match="Home the axis first"):
            stage.position("z")
        stage.home("z")
        stage.home("turret")
        stage.set_limits("z", 0.0, 10.0)
        stage.move_to("z", 4.0)
        stage.move_by("z", -1.0)
        assert stage.position("z") == pytest.approx(3.0, abs=1e-4)
        with pytest.raises(InstrumentRejected):
            stage.move_to("z", 11.0)
        stage.move_to("z", 9.0, speed=1.0, wait=False)
        stage.stop()
        assert 3.0 <= stage.position("z") < 9.0
        stage.move_to("turret", 72.0, wait=False)
        stage.move_to("turret", 10.0)
        assert stage.position("turret") == pytest.approx(10.0)
        stage.close()
