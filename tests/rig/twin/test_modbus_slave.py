"""Modbus framing and functions, on the examples of the specification and on anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.emulators.modbus_slave import Exc, Refused, RtuSlave, TcpSlave, crc16, with_crc
from rig.twin.time import TwinTime
from rig.twin.wire import TCP, Line


class Registers:
    """A device of 200 words that refuses the rest."""

    device_id = 1

    def __init__(self) -> None:
        self.words = [0] * 200
        self.listens = True

    async def attend(self) -> bool:
        return self.listens

    def read(self, address: int, count: int) -> list[int]:
        self._check(address, count)
        return self.words[address : address + count]

    async def write(self, address: int, words: Sequence[int]) -> None:
        self._check(address, len(words))
        self.words[address : address + len(words)] = words

    def _check(self, address: int, count: int) -> None:
        if address + count > len(self.words):
            raise Refused(Exc.ILLEGAL_ADDRESS)


def talk(slave: TcpSlave | RtuSlave, data: bytes) -> list[bytes | None]:
    """Send bytes and return an answer per message."""
    line = Line(slave, TwinTime(), TCP, lambda reply: None)

    async def answers() -> list[bytes | None]:
        return [await slave.answer(message, line) for message in slave.split(bytearray(data))]

    return asyncio.run(answers())


def tcp(device: Registers, pdu: str) -> str:
    """Send one request over MBAP and return the answer's PDU."""
    request = bytes.fromhex(pdu)
    header = b"\x15\x01\x00\x00" + (len(request) + 1).to_bytes(2, "big") + b"\xff"
    (reply,) = talk(TcpSlave(device), header + request)
    assert reply is not None
    assert reply[:4] == header[:4]
    assert int.from_bytes(reply[4:6], "big") == len(reply) - 6
    assert reply[6] == 0xFF
    return reply[7:].hex(" ")


def test_read_holding_registers_as_in_the_specification() -> None:
    device = Registers()
    device.words[107:110] = [0x022B, 0x0000, 0x0064]
    assert tcp(device, "03 00 6B 00 03") == "03 06 02 2b 00 00 00 64"
    assert tcp(device, "04 00 6B 00 01") == "04 02 02 2b"


def test_write_single_register_as_in_the_specification() -> None:
    device = Registers()
    assert tcp(device, "06 00 01 00 03") == "06 00 01 00 03"
    assert device.words[1] == 3


def test_write_multiple_registers_as_in_the_specification() -> None:
    device = Registers()
    assert tcp(device, "10 00 01 00 02 04 00 0A 01 02") == "10 00 01 00 02"
    assert device.words[1:3] == [10, 0x0102]


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [
        ("2B 0E 01 00", "ab 01"),
        ("01 00 00 00 08", "81 01"),
        ("03 00 C7 00 02", "83 02"),
        ("06 01 00 00 01", "86 02"),
        ("10 00 C7 00 02 04 00 01 00 02", "90 02"),
        ("03 00 00 00 00", "83 03"),
        ("03 00 00 00 7E", "83 03"),
        ("03 00 00", "83 03"),
        ("06 00 01 00 03 00", "86 03"),
        ("10 00 01 00 02 04 00 0A 01", "90 03"),
        ("10 00 01 00 00 00", "90 03"),
        ("10 00 01", "90 03"),
    ],
)
def test_exceptions(request_pdu: str, answer: str) -> None:
    device = Registers()
    assert tcp(device, request_pdu) == answer
    assert device.words == [0] * 200


def test_crc_as_in_the_specification() -> None:
    assert crc16(bytes.fromhex("02 07")) == 0x1241
    assert with_crc(bytes.fromhex("01 03 00 00 00 01")).hex(" ") == "01 03 00 00 00 01 84 0a"


READ = with_crc(bytes.fromhex("01 03 00 00 00 01"))
WRITE_TWO = with_crc(bytes.fromhex("01 10 00 01 00 02 04 00 0A 01 02"))


def test_rtu_answers_with_a_crc() -> None:
    assert talk(RtuSlave(Registers()), READ + WRITE_TWO) == [
        with_crc(bytes.fromhex("01 03 02 00 00")),
        with_crc(bytes.fromhex("01 10 00 01 00 02")),
    ]


def test_rtu_is_silent_when_another_is_meant_and_when_mute() -> None:
    device = Registers()
    assert talk(RtuSlave(device), with_crc(bytes.fromhex("02 03 00 00 00 01"))) == [None]
    device.listens = False
    assert talk(RtuSlave(device), READ) == [None]
    assert talk(TcpSlave(device), bytes.fromhex("0001 0000 0006 01 03 0000 0001")) == [None]


def test_rtu_acts_on_a_broadcast_without_an_answer() -> None:
    device = Registers()
    assert talk(RtuSlave(device), with_crc(bytes.fromhex("00 06 00 01 00 03"))) == [None]
    assert device.words[1] == 3


def test_rtu_refuses_a_function_it_does_not_know() -> None:
    request = with_crc(bytes.fromhex("01 2B 0E 01 00"))
    assert talk(RtuSlave(Registers()), request) == [with_crc(bytes.fromhex("01 AB 01"))]


def test_rtu_ignores_a_wrong_crc() -> None:
    assert talk(RtuSlave(Registers()), READ[:-1] + b"\x00") == []


@pytest.mark.parametrize(
    "broken", [READ[:3], WRITE_TWO[:9], READ[:-1] + b"\x00", b"\x01\x10\x00\x00\x00\x7b\xf6"]
)
def test_rtu_hears_a_request_behind_a_broken_one(broken: bytes) -> None:
    assert talk(RtuSlave(Registers()), broken + READ) == [with_crc(bytes.fromhex("01 03 02 00 00"))]


@given(st.binary(max_size=300))
def test_rtu_hears_a_request_behind_any_garbage(garbage: bytes) -> None:
    assert RtuSlave(Registers()).split(bytearray(garbage + READ))[-1] == READ


@given(st.lists(st.sampled_from([READ, WRITE_TWO]), max_size=4), st.data())
def test_requests_may_come_in_pieces(requests: list[bytes], data: st.DataObject) -> None:
    stream, buffer, slave = b"".join(requests), bytearray(), RtuSlave(Registers())
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        buffer += stream[:size]
        stream = stream[size:]
        found += slave.split(buffer)
    assert found == requests


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_slaves_survive_arbitrary_bytes(pieces: list[bytes]) -> None:
    for slave in (TcpSlave(Registers()), RtuSlave(Registers())):
        buffer = bytearray()
        for piece in pieces:
            buffer += piece
            for message in slave.split(buffer):
                talk(slave, message)
        assert len(buffer) <= 260


@given(st.binary(min_size=1, max_size=253))
def test_any_framed_request_gets_one_answer(pdu: bytes) -> None:
    mbap = b"\x00\x01\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + b"\x01"
    (reply,) = talk(TcpSlave(Registers()), mbap + pdu)
    assert reply is not None
    assert reply[7] & 0x7F == pdu[0] & 0x7F
