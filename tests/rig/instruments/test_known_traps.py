"""Traps of pyvisa-py 0.8, pyserial, pymodbus 3.16 and ptys that were measured, and a test for each.

pyvisa-py:
 1. A refused port opens without error: test_link (a_refused_port), test_counter (nobody_at_the_address).
 2. A peer that hung up is read at full load until the time-out: test_link (a_closed_peer).
 3. clear() never returns from a peer that hung up or streams: here (is_never_called).
 4. A late answer answers the next question: test_link (after_a_time_out), test_wire_faults (late_reply).
 5. Nagle's algorithm costs 44 ms: test_link (small_messages_go_out_at_once).
 6. Two threads on one session mix answers: here (a_link_for_each_thread).
 7. Closing the resource manager closes everyone's sessions: here (closing_one_link).
 8. read_stb, lock and assert_trigger do not work on sockets: here (is_never_called).
 9. Without a termination nothing is ever read; too few bytes are lost: here (half_an_answer).
10. Time-outs are kept: here (drips, without_end); pyvisa-py itself keeps none while bytes come.
11. Serial: opening twice succeeds, listing takes a second: here (is_never_called); two_answers are noticed.
12. A message with its end is sent with two: test_link (bytes_on_the_wire).

pymodbus:
 1. It sends writes again: test_modbus_link (not_repeated), here (asks_once).
 2. On RTU a late answer shifts all later ones: test_modbus_link (late_answer),
    test_wire_faults (shifted_reply).
 3. An unknown id is silence or an exception: here (unknown_id).
 4. Exclusive opening is among those who ask for it: here (second_link).
 5. It logs a dump of the line at every error: here (says_nothing).
 6. Sockets' errors and its decoder's come through: here (reset), test_hostile_bytes.

ptys: EIO on hang-up: test_link (pulled_out). Parity cannot be set twice: here (parity). XON and XOFF are
data: here (flow_control).
"""

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

import rig.instruments
from rig.clock import WallClock
from rig.errors import InstrumentDisconnected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.link import LONGEST_LINE, VisaLink
from rig.instruments.modbus_link import ModbusLink
from rig.instruments.wirelog import WireLog
from rig.twin.emulators.modbus_slave import with_crc
from tests.support.modbus_pen import TIMEOUT_S, adu, connection, needs_pty, open_pen
from tests.support.scripted import ScriptedPeer
from tests.support.scripted_line import ScriptedLine

PROBE = (with_crc(bytes.fromhex("01 03 0000 0001")), with_crc(bytes.fromhex("01 03 02 4E50")))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(5.0)
        yield opened


def link_to(listener: socket.socket, *, timeout_s: float) -> VisaLink:
    resource = f"TCPIP0::127.0.0.1::{listener.getsockname()[1]}::SOCKET"
    return VisaLink("counter", resource, WireLog(), timeout_s=timeout_s)


@pytest.mark.parametrize("call", ["clear", "read_stb", "lock", "assert_trigger", "list_resources"])
def test_what_does_not_work_is_never_called(call: str) -> None:
    for file in Path(rig.instruments.__file__).parent.glob("*.py"):
        assert not re.search(rf"session\.{call}\(|manager\(\)\.{call}\(", file.read_text(encoding="utf-8"))


def test_a_link_for_each_thread_keeps_answers_apart() -> None:
    wrong: list[str] = []

    def ask(number: int) -> None:
        question, answer = f"Q{number}?\n".encode(), f"A{number}\n".encode()
        with ScriptedPeer([(question, answer)] * 200) as peer:
            link = VisaLink("counter", peer.resource, WireLog(), timeout_s=5.0)
            answers = [link.query(f"Q{number}?") for _ in range(200)]
            link.close()
        wrong.extend(found for found in answers if found != f"A{number}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closing_one_link_leaves_the_others_open() -> None:
    with ScriptedPeer([]) as first, ScriptedPeer([(b"?\n", b"1\n")]) as second:
        leaving, staying = (VisaLink("a", peer.resource, WireLog()) for peer in (first, second))
        leaving.close()
        assert staying.query("?") == "1"
        staying.close()


def test_half_an_answer_is_none_and_is_told() -> None:
    with ScriptedPeer([(b"?\n", b"4.2")]) as peer:
        link = VisaLink("counter", peer.resource, WireLog(), timeout_s=0.5)
        with pytest.raises(InstrumentTimeout, match=r"no answer within 0\.5 s .*, only b'4\.2'"):
            link.query("?")
        link.close()


def test_an_answer_that_drips_for_ever_ends_with_the_time_out(listener: socket.socket) -> None:
    link = link_to(listener, timeout_s=0.2)
    peer, _ = listener.accept()
    peer.send(b"1")
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.01):
            peer.send(b"1")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(InstrumentTimeout, match=r"only b'1+'"):
            link.read()
    finally:
        stop.set()
        dripping.join()
        peer.close()
        link.close()


def test_an_answer_without_end_is_given_up_with_bounded_memory(listener: socket.socket) -> None:
    link = link_to(listener, timeout_s=60.0)
    peer, _ = listener.accept()

    def pour() -> None:
        try:
            while True:
                peer.sendall(b"9" * 65536)
        except OSError:
            return

    pouring = threading.Thread(target=pour)
    pouring.start()
    with pytest.raises(InstrumentReplyError, match=r"counter: sent \d+ bytes without an end of line.*b'999"):
        link.read()
    assert len(link._heard) <= LONGEST_LINE + 65536
    link.close()
    pouring.join()
    peer.close()


@pytest.mark.parametrize("unasked", [b"5\n", b"1\n5\n", b"5"])
def test_two_answers_are_noticed_before_the_next_question(listener: socket.socket, unasked: bytes) -> None:
    """A second answer, or half of one, would be taken for the next question's."""
    link = link_to(listener, timeout_s=5.0)
    peer, _ = listener.accept()
    with peer:
        peer.sendall(unasked)
        while link._port is not None and link._port.is_quiet():
            time.sleep(0)
        with pytest.raises(InstrumentReplyError, match="something came that nobody had asked for"):
            link.query("?")
    link.close()


def test_a_write_asks_once() -> None:
    """The script has one request; a second one would fail it."""
    with ScriptedPeer([*connection(("06 0051 0001", "")), (adu(1, "03 0000 0001"), b"")]) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout):
            pen.commit()
        pen.close()


@needs_pty
def test_an_unknown_id_is_silence_that_names_the_id_among_the_causes() -> None:
    with (
        ScriptedLine([(PROBE[0], b"")]) as line,
        pytest.raises(InstrumentTimeout, match="baud rate and device id"),
    ):
        open_rtu(line.path)


@needs_pty
def test_an_answer_of_another_id_is_none() -> None:
    other = with_crc(bytes.fromhex("02 03 02 4E50"))
    with ScriptedLine([(PROBE[0], other)]) as line, pytest.raises(InstrumentTimeout):
        open_rtu(line.path)


@needs_pty
def test_a_second_link_to_the_same_line_is_refused() -> None:
    with ScriptedLine([PROBE]) as line:
        first = open_rtu(line.path)
        with pytest.raises(InstrumentDisconnected, match="cannot be opened"):
            open_rtu(line.path)
        first.close()


@needs_pty
def test_without_parity_a_line_opens_as_often_as_wanted() -> None:
    """On a pty the first opening with parity drops it silently, and the second one fails."""
    with ScriptedLine([PROBE, PROBE]) as line:
        for _ in range(2):
            open_rtu(line.path).close()


@needs_pty
def test_flow_control_characters_are_data() -> None:
    """The word 0x1113 is XON and XOFF; with software flow control it would vanish."""
    read = (with_crc(bytes.fromhex("01 03 0028 0001")), with_crc(bytes.fromhex("01 03 02 1113")))
    with ScriptedLine([PROBE, read]) as line:
        link = open_rtu(line.path)
        assert link.read(0x28, 1) == [0x1113]
        link.close()


@needs_pty
def test_flow_control_characters_are_data_on_visa_too() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    link = VisaLink("gauge", f"ASRL{os.ttyname(slave)}::INSTR", WireLog(), timeout_s=5.0)
    os.write(master, b"A\x13B\x11C\n")
    assert link.read() == "A\x13B\x11C"
    link.close()
    os.close(slave)
    os.close(master)


def test_pymodbus_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    script = [*connection(("03 002C 0001", "")), (adu(1, "03 0000 0001"), b"")]
    with ScriptedPeer(script) as peer, caplog.at_level(logging.INFO):
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout):
            pen.motor_speed_per_min()
        pen.close()
    assert not [record for record in caplog.records if record.name.startswith("pymodbus")]


def test_a_reset_connection_is_a_disconnection(listener: socket.socket) -> None:
    """A socket that is closed with unread bytes sends a reset, which pymodbus raises as it is."""

    def answer_and_reset() -> None:
        peer, _ = listener.accept()
        assert peer.recv(100) == adu(1, "03 0000 0001")
        peer.sendall(adu(1, "03 02 4E50"))
        peer.recv(1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        listener.close()

    serving = threading.Thread(target=answer_and_reset)
    serving.start()
    link = ModbusLink(
        "pen",
        f"tcp:127.0.0.1:{listener.getsockname()[1]}",
        WireLog(),
        WallClock(),
        timeout_s=5.0,
        device_id=1,
        probe=(0, 0x4E50),
    )
    with pytest.raises(InstrumentDisconnected, match="pen: the connection"):
        link.write(0x28, [1])
    serving.join()
    link.close()


def open_rtu(path: str) -> ModbusLink:
    return ModbusLink(
        "pen",
        f"rtu:{path}:115200",
        WireLog(),
        WallClock(),
        timeout_s=TIMEOUT_S,
        device_id=1,
        probe=(0, 0x4E50),
    )
