"""A served bench with faults on its wires, and two questions to each of its lines."""

from __future__ import annotations

import functools
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from rig.product import load_product
from rig.twin.emulators import leak_tester_memory as leak_tester
from rig.twin.emulators.modbus_slave import with_crc
from tests.support.raw_line import RawClock, RawLine, until
from tests.support.serving import serving

REGISTERS = load_product("office-pen").modbus.registers
MAP_ID, FIRMWARE, ECHO = (REGISTERS[name].address for name in ("map_id", "firmware", "echo"))


class Way(NamedTuple):
    """A role's line, and two questions whose answers are always the same and differ from each other."""

    role: str
    key: str
    first: bytes
    second: bytes

    @property
    def on_pty(self) -> bool:
        return self.key in ("stage_serial", "force_gauge", "pen", "leak_tester")


def rtu(address: int, count: int = 1) -> bytes:
    """Return the RTU request for registers."""
    return with_crc(struct.pack(">BBHH", 1, 3, address, count))


def mbap(transaction: int, address: int, count: int = 1) -> bytes:
    """Return the Modbus TCP request for registers."""
    return struct.pack(">HHHBBHH", transaction, 0, 6, 1, 3, address, count)


STAGE = (b"/1 0 07 get device.id\n", b"/1 0 08 get system.serial\n")
GAUGE = (b"RN\r", b"RM\r")
DEVICE = (b"*IDN?\n", b"SYST:VERS?\n")
ALL_WAYS = [
    Way("stage", "stage", *STAGE),
    Way("stage", "stage_serial", *STAGE),
    Way("force_gauge", "force_gauge_tcp", *GAUGE),
    Way("force_gauge", "force_gauge", *GAUGE),
    Way("counter", "counter", *DEVICE),
    Way("supply", "supply", *DEVICE),
    Way("pen", "pen_tcp", mbap(1, MAP_ID), mbap(2, FIRMWARE)),
    Way("pen", "pen", rtu(MAP_ID), rtu(FIRMWARE)),
    Way("leak_tester", "leak_tester_tcp", mbap(1, leak_tester.IDENTITY), mbap(2, leak_tester.CONFIGURATION)),
    Way("leak_tester", "leak_tester", rtu(leak_tester.IDENTITY), rtu(leak_tester.CONFIGURATION)),
]
WAYS = [way for way in ALL_WAYS if os.name == "posix" or not way.on_pty]


def ways(*roles: str) -> list[Way]:
    """Return the lines of some roles."""
    return [way for way in WAYS if way.role in roles]


def each(*roles: str) -> pytest.MarkDecorator:
    """Let a test run once for each line of the roles; of all of them when none is named."""
    return pytest.mark.parametrize("way", ways(*roles) if roles else WAYS, ids=lambda way: way.key)


class Bench:
    """A served bench with open lines."""

    def __init__(self, addresses: dict[str, str], stack: ExitStack) -> None:
        self._addresses, self._stack = addresses, stack
        self.clock = RawClock(addresses["clock"])
        stack.callback(self.clock.close)

    def line(self, way: Way) -> RawLine:
        """Open a line."""
        line = RawLine(self._addresses[way.key])
        self._stack.callback(line.close)
        return line

    def send_and_wait(self, line: RawLine, question: bytes) -> None:
        """Send a question and wait until the instrument has dealt with it."""
        before_s = self.clock.now_s()
        line.send(question)
        until(lambda: self.clock.now_s() > before_s)


@contextmanager
def bench(*faults: str, virtual: bool = True, seed: int = 1, world: tuple[str, ...] = ()) -> Iterator[Bench]:
    """Serve a bench with faults."""
    listed = ", ".join(f'"{fault}"' for fault in faults)
    with (
        serving((f"faults=[{listed}]", *world), virtual=virtual, seed=seed) as addresses,
        ExitStack() as stack,
    ):
        yield Bench(addresses, stack)


def right(way: Way, question: bytes) -> bytes:
    """Return what a line answers to one of its questions when nothing goes wrong."""
    return _right_answers()[way.key, question]


@functools.cache
def _right_answers() -> Mapping[tuple[str, bytes], bytes]:
    answers: dict[tuple[str, bytes], bytes] = {}
    with bench() as sound:
        for way in WAYS:
            line = sound.line(way)
            for question in (way.first, way.second):
                sound.send_and_wait(line, question)
                answers[way.key, question] = line.piece()
    assert all(answers[way.key, way.first] != answers[way.key, way.second] for way in WAYS)
    return answers
