"""The Zaber emulator, byte by byte as the protocol note has it, on virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from rig.twin.emulators.zaber_packets import check_value, parse_command
from tests.support.controller import MM, Controller


@pytest.fixture
def controller() -> Controller:
    return Controller()


@pytest.fixture
def homed(controller: Controller) -> Controller:
    controller.home()
    return controller


@pytest.mark.parametrize(
    "packet",
    [
        "0 0 00:00",
        "1 1 03 home:32",
        "1 1 00 move abs 1000:F0",
        "1 1 07 move abs 20000:B8",
        "1 1 01:FD",
        "1 1 03 get pos:29",
        "1 1 01 warnings:74",
        "1 1 06 warnings clear:48",
        "0 0 set comm.alert 1:B1",
        "01 1 00 OK BUSY -- 0:E7",
        "01 1 02 OK IDLE -- 0:0A",
        "01 1 03 OK IDLE -- 1000:78",
    ],
)
def test_check_values_of_the_manual(packet: str) -> None:
    body, _, value = packet.partition(":")
    assert check_value(body) == value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"/", (0, 0, None, [])),
        (b"/1", (1, 0, None, [])),
        (b"/1 2 07 get pos", (1, 2, 7, ["get", "pos"])),
        (b"/get pos", (0, 0, None, ["get", "pos"])),
        (b"/1 1 -- home", (1, 1, None, ["home"])),
        (b"noise/1 1 03 get pos:29", (1, 1, 3, ["get", "pos"])),
    ],
)
def test_commands_are_read(line: bytes, expected: tuple[Any, ...]) -> None:
    command = parse_command(line)
    assert command is not None
    assert (command.device, command.axis, command.id, command.words) == expected


@pytest.mark.parametrize("line", [b"get pos", b"/1 1 03 get pos:28", b"/1 1 get pos:", b"\xff\xfe"])
def test_what_is_damaged_is_ignored(controller: Controller, line: bytes) -> None:
    assert controller.ask(line + b"\n") == b""


def test_lines_end_in_cr_lf_or_both_and_a_rest_waits(controller: Controller) -> None:
    buffer = bytearray(b"/1\r/2\n\r\n/3\r\n/4")
    assert controller.emulator.split(buffer) == [b"/1", b"/2", b"/3"]
    assert buffer == b"/4"


def test_status_with_and_without_id_and_broadcast(controller: Controller) -> None:
    assert controller.ask(b"/1 1\n") == b"@01 1 OK IDLE WR 0\r\n"
    assert controller.ask(b"/1 1 01:FD\r\n") == b"@01 1 01 OK IDLE WR 0\r\n"
    assert controller.ask(b"/0 0 00:00\n") == b"@01 0 00 OK IDLE WR 0\r\n"
    assert controller.ask(b"/2 0 00\n") == b""


def test_homing_takes_its_time_and_clears_wr(controller: Controller) -> None:
    # 3 mm at 26 mm/s and 600 mm/s²: 3/26 + 26/600 = 0.159 s.
    assert controller.ask(b"/1 1 03 home:32\n") == b"@01 1 03 OK BUSY WR 0\r\n"
    controller.wait(0.158)
    assert controller.ask(b"/1 1\n") == b"@01 1 OK BUSY WR 0\r\n"
    controller.wait(0.002)
    assert controller.ask(b"/1 1\n") == b"@01 1 OK IDLE -- 0\r\n"
    assert controller.bench.z.position_at(controller.bench.time.now()) == 0.0


def test_before_homing_positions_count_from_power_up(controller: Controller) -> None:
    assert controller.ask(b"/1 1 get pos\n") == b"@01 1 OK IDLE WR 0\r\n"
    controller.ask(b"/1 1 move abs 20000\n")
    controller.wait(1.0)
    assert controller.bench.z.position_at(1.0) == pytest.approx(3.0 + 20000 / MM)


def test_move_with_speed_and_acceleration(homed: Controller) -> None:
    # 10 mm at 10 mm/s and 100 mm/s²: 1.1 s.
    assert homed.ask(b"/1 1 00 move abs 209974 344021 344\n") == b"@01 1 00 OK BUSY -- 0\r\n"
    start_s = homed.bench.time.now()
    assert homed.bench.z.ends_at() - start_s == pytest.approx(1.1, abs=1e-3)
    homed.wait(1.101)
    assert homed.ask(b"/1 1 01 get pos\n") == b"@01 1 01 OK IDLE -- 209974\r\n"
    homed.ask(b"/1 1 02 move rel -9974\n")
    homed.wait(1.0)
    assert homed.ask(b"/1 1 03 get pos\n") == b"@01 1 03 OK IDLE -- 200000\r\n"


def test_moves_to_the_limits_and_with_a_velocity(homed: Controller) -> None:
    homed.ask(b"/1 2 set limit.max 90000\n")
    for command, expected in [("max", 90000), ("min", 0), ("vel 500000", 90000), ("vel -500000 10000", 0)]:
        homed.ask(f"/1 2 move {command}\n".encode())
        homed.wait(2.0)
        assert homed.ask(b"/1 2 get pos\n") == f"@01 2 OK IDLE -- {expected}\r\n".encode()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("1 1 dance", "BADCOMMAND"),
        ("1 1 move", "BADCOMMAND"),
        ("1 1 move abs", "BADCOMMAND"),
        ("1 1 move sin 1 1", "BADCOMMAND"),
        ("1 1 home now", "BADCOMMAND"),
        ("1 1 warnings all", "BADCOMMAND"),
        ("1 1 tools dance", "BADCOMMAND"),
        ("1 0 io get xx", "BADCOMMAND"),
        ("1 0 io get di 9", "BADDATA"),
        ("1 1 move abs ten", "BADDATA"),
        ("1 1 move abs -1", "BADDATA"),
        ("1 1 move abs 1259844", "BADDATA"),
        ("1 1 move abs 10 0", "BADDATA"),
        ("1 1 move abs 99999999999", "BADDATA"),
        ("1 1 set maxspeed 0", "BADDATA"),
        ("1 1 set limit.max -5", "BADDATA"),
        ("1 0 set comm.alert 2", "BADDATA"),
        ("1 1 set comm.alert 1", "DEVICEONLY"),
        ("1 1 get version", "DEVICEONLY"),
        ("1 1 set resolution 32", "BADCOMMAND"),
        ("1 1 get peripheralid", "BADCOMMAND"),
        ("1 1 get pos accel", "BADCOMMAND"),
        ("1 1 set pos", "BADCOMMAND"),
    ],
)
def test_refusals(homed: Controller, command: str, reason: str) -> None:
    address = command[:3].replace("1 ", "01 ", 1)
    assert homed.ask(f"/{command}\n".encode()) == f"@{address} RJ IDLE -- {reason}\r\n".encode()


def test_refusals_of_the_address(homed: Controller) -> None:
    assert homed.ask(b"/1 3 05 home\n") == b"@01 3 05 RJ IDLE -- BADAXIS\r\n"
    assert homed.ask(b"/1 1 100 home\n") == b"@01 0 RJ IDLE -- BADMESSAGEID\r\n"


def test_interruptions_raise_ni_until_cleared(homed: Controller) -> None:
    homed.ask(b"/1 1 move abs 900000\n")
    homed.wait(0.2)
    assert homed.ask(b"/1 1 stop\n") == b"@01 1 OK BUSY NI 0\r\n"
    homed.wait(0.1)
    assert homed.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE NI 01 NI\r\n"
    assert homed.ask(b"/1 1 warnings clear\n") == b"@01 1 OK IDLE -- 01 NI\r\n"
    assert homed.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE -- 00\r\n"
    homed.ask(b"/1 1 move abs 900000\n")
    homed.wait(0.1)
    assert homed.ask(b"/1 1 estop\n") == b"@01 1 OK IDLE NI 0\r\n"


def test_flags_list_the_most_important_first_and_wr_stays(controller: Controller) -> None:
    controller.ask(b"/1 1 home\n")
    assert controller.ask(b"/1 1 stop\n") == b"@01 1 OK IDLE WR 0\r\n"
    assert controller.ask(b"/1 1 warnings clear\n") == b"@01 1 OK IDLE WR 02 WR NI\r\n"
    assert controller.ask(b"/1 0 warnings\n") == b"@01 0 OK IDLE WR 01 WR\r\n"


def test_the_end_of_travel_is_solid(controller: Controller) -> None:
    controller.ask(b"/1 1 move abs 1259000\n")  # believes to be at 0, stands at 3 mm
    controller.wait(10.0)
    assert controller.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE FS 02 FS WR\r\n"
    assert controller.bench.z.position_at(controller.bench.time.now()) == 60.0


def test_settings(homed: Controller) -> None:
    expected = {
        "1 1 get limit.max": "1259843",
        "1 1 get limit.min": "0",
        "1 1 get maxspeed": "894455",
        "1 1 get accel": "2064",
        "1 1 get resolution": "64",
        "1 0 get pos": "0 0",
        "1 0 get version": "7.41",
        "1 0 get device.id": "30222",
        "1 0 get deviceid": "30222",
        "1 0 get system.serial": "88123",
        "1 0 get system.axiscount": "2",
        "1 0 get comm.checksum": "0",
        "1 2 set pos 1000": "0",
        "1 2 get pos": "1000",
        "1 0 tools echo hello  world": "hello world",
        "1 0 tools echo": "0",
        "1 0 io info": "0 4 4 4",
        "1 0 io get di 1": "1",
        "1 0 io get di": "1 1 0 0",
        "1 0 get trigger.numtriggers": "6",
        "1 0 get trigger.numactions": "2",
        "1 0 io set do 2 t": "0",
        "1 0 io get do": "0 1 0 0",
        "1 0 io get ai": "0.00 0.00 0.00 0.00",
    }
    for command, data in expected.items():
        address = command[:3].replace("1 ", "01 ", 1)
        assert homed.ask(f"/{command}\n".encode()) == f"@{address} OK IDLE -- {data}\r\n".encode(), command


def test_the_device_checks_its_packets_when_told_to(homed: Controller) -> None:
    homed.ask(b"/1 0 set comm.checksum 1\n")
    assert homed.ask(b"/1 1 02:FC\n") == b"@01 1 02 OK IDLE -- 0:0A\r\n"


def test_alerts_follow_the_end_of_motion(homed: Controller) -> None:
    homed.ask(b"/0 0 set comm.alert 1:B1\n")
    assert homed.ask(b"/1 1 move abs 1000\n") == b"@01 1 OK BUSY -- 0\r\n"
    assert homed.ask(b"/1 1\n") == b"@01 1 OK BUSY -- 0\r\n"
    homed.wait(0.1)
    assert homed.ask(b"/1 1\n") == b"!01 1 IDLE --\r\n@01 1 OK IDLE -- 0\r\n"
    assert homed.ask(b"/1 1\n") == b"@01 1 OK IDLE -- 0\r\n"


def test_info_lines_end_with_the_empty_command_of_the_same_id(homed: Controller) -> None:
    lines = homed.ask(b"/1 0 26 help\n/1 0 26:F7\n").split(b"\r\n")
    assert lines[0] == b"@01 0 26 OK IDLE -- 0"
    assert b"#01 0 26 home" in lines
    assert lines[-2:] == [b"@01 0 26 OK IDLE -- 0", b""]
