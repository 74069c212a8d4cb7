"""Each fault that can happen to the words of some instruments, seen from the other end as bytes."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from rig.twin.emulators import leak_tester_memory as leak_tester
from rig.twin.emulators.modbus_slave import with_crc
from rig.twin.emulators.zaber_packets import check_value
from rig.twin.fault_kinds import SCPI, VISA, WIRE_KINDS
from rig.twin.wire_faults import FLOOD_LINES, REST_S
from tests.support.wire_bench import ECHO, Way, bench, each, mbap, right, rtu, ways


@each(*VISA)
def test_hundreds_of_lines_come_before_the_answer(way: Way) -> None:
    with bench(f"{way.role}.flood@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        heard = b""
        while not heard.endswith(right(way, way.first)):
            heard += line.piece()
        lines = heard.removesuffix(right(way, way.first)).splitlines()
        assert len(lines) == FLOOD_LINES
        assert len(set(lines)) == 1


def test_the_flood_of_a_gauge_is_what_it_reads() -> None:
    gauge = ways("force_gauge")[0]
    with bench("force_gauge.flood@0s", world=("gauge.offset_n=2.0",)) as twin:
        line = twin.line(gauge)
        line.send(b"N\r?C\r")
        heard = b""
        while heard.count(b"\n") <= FLOOD_LINES:
            heard += line.piece()
        readings = [float(reading.removesuffix(b" N")) for reading in heard.splitlines()]
        assert readings[0] == pytest.approx(2.0, abs=0.1)
        assert readings[-1] == pytest.approx(2.0, abs=0.1)


@each("force_gauge")
def test_a_force_comes_in_pounds(way: Way) -> None:
    with bench("force_gauge.wrong_unit@0s", world=("gauge.offset_n=2.0",)) as twin:
        line = twin.line(way)
        line.send(b"N\rRM\r")
        assert line.receive(7) == b"M5-10\r\n", "a model has no unit"
        line.send(b"?C\r")
        number, unit = line.receive(11).split()
        assert unit == b"lbF"
        assert float(number) * 4.4482 == pytest.approx(2.0, abs=0.1)
        line.send(b"?C\r")
        assert line.receive(8).split()[1] == b"N"


@pytest.mark.parametrize(
    ("name", "answer"), [("not_a_number", b"nan N\r\n"), ("overload", b"OVER\r\n")], ids=["nan", "over"]
)
@each("force_gauge")
def test_a_force_is_no_number(way: Way, name: str, answer: bytes) -> None:
    with bench(f"force_gauge.{name}@0s") as twin:
        line = twin.line(way)
        line.send(b"N\r?C\r")
        assert line.receive(len(answer)) == answer
        line.send(b"?C\r")
        assert line.receive(8).endswith(b" N\r\n")


@pytest.mark.parametrize(
    ("name", "number"), [("not_a_number", 9.91e37), ("overload", 9.9e37)], ids=["nan", "over"]
)
@each(*SCPI)
def test_a_reading_is_no_number(way: Way, name: str, number: float) -> None:
    question = b"INP:LEV?\n" if way.role == "counter" else b"MEAS:VOLT?\n"
    with bench(f"{way.role}.{name}@0s") as twin:
        line = twin.line(way)
        line.send(b"*IDN?\n")
        assert b"E+37" not in line.piece(), "an identity is no reading"
        line.send(question)
        assert float(line.piece()) == number
        line.send(question)
        assert abs(float(line.piece())) < 100.0


def test_one_of_several_readings_is_no_number() -> None:
    counter = ways("counter")[0]
    with bench("counter.overload@0s") as twin:
        line = twin.line(counter)
        line.send(b"CONF:TOT:TIM 0.001;:SAMP:COUN 3;:READ?\n")
        assert [float(text) >= 9.9e37 for text in line.piece().split(b",")] == [False, True, False]


@pytest.mark.parametrize("checked", [b"0", b"1"])
@each("stage")
def test_the_check_value_of_an_answer_is_wrong(way: Way, checked: bytes) -> None:
    with bench("stage.checksum_error@5s") as twin:
        line = twin.line(way)
        line.send(b"/1 0 06 set comm.checksum %s\n" % checked)
        line.piece()
        twin.clock.sleep(5.0)
        twin.send_and_wait(line, way.first)
        body, _, value = line.piece().decode().strip().partition(":")
        assert body == "@01 0 07 OK IDLE WR 30222"
        assert int(value, 16) != int(check_value(body[1:]), 16)


@pytest.mark.parametrize("checked", [b"0", b"1"])
@each("stage")
def test_a_stage_is_busy_for_ever(way: Way, checked: bytes) -> None:
    with bench("stage.busy@5s") as twin:
        line = twin.line(way)
        line.send(b"/1 0 06 set comm.checksum %s\n" % checked)
        line.piece()
        for moment_s in (5.0, 500.0):
            twin.clock.sleep(moment_s)
            twin.send_and_wait(line, way.first)
            body, _, value = line.piece().decode().strip().partition(":")
            assert body == "@01 0 07 OK BUSY WR 30222"
            assert value == (check_value(body[1:]) if checked == b"1" else "")


@pytest.mark.parametrize(
    ("role", "dialect"), [("counter", "keysight"), ("supply", "keysight"), ("supply", "rigol")]
)
def test_an_error_queue_is_full(role: str, dialect: str) -> None:
    with bench(f"{role}.error_queue_full@0s", world=(f"supply.dialect={dialect}",)) as twin:
        line = twin.line(ways(role)[0])
        entries = []
        for _ in range(21):
            line.send(b"SYST:ERR?\n")
            entries.append(int(line.piece().split(b",")[0]))
    assert entries == [*[-113] * 19, -350, 0]


def test_a_reading_of_the_other_supply_is_no_number() -> None:
    with bench("supply.not_a_number@0s", world=("supply.dialect=rigol",)) as twin:
        line = twin.line(ways("supply")[0])
        line.send(b":MEAS:VOLT? CH1\n")
        assert float(line.piece()) == 9.91e37


# Modbus


def pdu(way: Way, frame: bytes) -> bytes:
    """Return what a frame says, when it is whole and from device 1."""
    if way.on_pty:
        assert with_crc(frame[:-2]) == frame
        assert frame[0] == 1
        return frame[1:-2]
    assert int.from_bytes(frame[4:6]) == len(frame) - 6
    assert frame[6] == 1
    return frame[7:]


@pytest.mark.parametrize(("name", "code"), [("busy", 6), ("modbus_exception", 4)])
@each("pen", "leak_tester")
def test_a_request_is_refused_and_not_obeyed(way: Way, name: str, code: int) -> None:
    address = ECHO if way.role == "pen" else leak_tester.PROGRAM_SELECTED
    body = struct.pack(">BHHBH", 16, address, 1, 2, 0x0700)
    write = with_crc(b"\1" + body) if way.on_pty else struct.pack(">HHHB", 5, 0, len(body) + 1, 1) + body
    read = rtu(address) if way.on_pty else mbap(6, address)
    with bench(f"{way.role}.{name}@0s+10s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, write)
        frame = line.piece()
        assert pdu(way, frame) == bytes([16 | 0x80, code])
        assert way.on_pty or frame[:2] == b"\0\5"
        twin.clock.sleep(10.0)
        line.send(read)
        assert pdu(way, line.piece()) == b"\x03\x02\0\0"


@each("pen", "leak_tester")
def test_answers_are_shifted_until_the_line_rests(way: Way) -> None:
    first, second = right(way, way.first), right(way, way.second)
    with bench(f"{way.role}.shifted_reply@0s") as twin:
        line = twin.line(way)
        twin.send_and_wait(line, way.first)
        for question, answer in ((way.second, first), (way.first, second), (way.first, first)):
            line.send(question)
            assert line.receive(len(answer)) == answer
        twin.clock.sleep(2 * REST_S)
        line.send(way.second)
        assert line.receive(len(second)) == second
        assert line.waiting() == b""


@each("pen", "leak_tester")
def test_an_answer_carries_another_id(way: Way) -> None:
    with bench(f"{way.role}.wrong_id@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        whole = right(way, way.first)
        frame = line.receive(len(whole))
        place = 0 if way.on_pty else 6
        assert frame[place] == 2
        assert frame[place + 1 : len(whole) - 2] == whole[place + 1 : -2]
        assert not way.on_pty or with_crc(frame[:-2]) == frame


@each("pen", "leak_tester")
def test_a_crc_is_wrong_where_there_is_one(way: Way) -> None:
    with bench(f"{way.role}.crc_error@0s") as twin:
        line = twin.line(way)
        line.send(way.first)
        whole = right(way, way.first)
        frame = line.receive(len(whole))
        assert frame[:-1] == whole[:-1]
        assert (frame != whole) is way.on_pty


def test_every_kind_of_wire_fault_has_a_test() -> None:
    files = Path(__file__).parent.glob("test_wire_faults*.py")
    tests = "".join(file.read_text(encoding="utf-8") for file in files)
    missing = [kind.name for kind in WIRE_KINDS if not re.search(rf'\.{kind.name}@|"{kind.name}"', tests)]
    assert missing == []
