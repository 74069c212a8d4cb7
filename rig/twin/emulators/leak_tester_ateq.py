"""A simulated leak tester of ATEQ's 6th series on Modbus: what its manual shows, and what it leaves open.

Functions 03 (words), 16 (words) and 05 (bits); others are exception 01. *Standard access* reads any number
of words from the beginning of a block. *Direct access* reads or writes one item, a word or a long, a frame.
Settled here: exception 02 for an address that holds nothing or cannot be written, 03 for a value out of range
or a piece of an item, 06 for whatever disturbs a cycle that runs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from rig.twin.bench import TwinBench
from rig.twin.emulators import leak_tester_memory as at
from rig.twin.emulators.leak_tester_cycle import Cycles
from rig.twin.emulators.modbus_slave import (
    BROADCAST,
    MBAP_HEADER,
    READ_MAXIMUM,
    WRITE_MAXIMUM,
    Exc,
    Refused,
    RtuSlave,
    TcpSlave,
    with_crc,
)
from rig.twin.wire import Line

BIT_ON, BIT_OFF = 0xFF00, 0x0000
HECTOPASCAL = 100.0
LONG_SIGN = 1 << 31


class AteqEmulator:
    """The registers of one tester. Two slaves may share it: its own line and a gateway."""

    device_id = 1

    def __init__(self, bench: TwinBench) -> None:
        self._bench = bench
        self._cycles = Cycles(bench)
        self._programs = [at.Program() for _ in range(at.PROGRAMS)]
        self._selected = self._edited = self._special = 0

    async def attend(self) -> bool:
        """Let the turnaround time pass."""
        await self._bench.time.wait(self._bench.world.leak_tester.turnaround_s)
        return True

    # Bits

    def write_bit(self, address: int, on: bool) -> None:
        """Obey a command bit; switching one off does nothing."""
        self._cycles.catch_up()
        if address not in (at.RESET_BIT, at.START_BIT, at.CLEAR_RESULTS_BIT):
            raise Refused(Exc.ILLEGAL_ADDRESS)
        if not on:
            return
        match address:
            case at.RESET_BIT:
                self._cycles.reset()
            case at.START_BIT:
                special, self._special = self._special, 0
                self._cycles.start(self._programs[self._selected], self._selected + 1, special=special)
            case at.CLEAR_RESULTS_BIT:
                self._cycles.results.clear()

    # Words

    def read(self, address: int, count: int) -> list[int]:
        """Return words of a block from its beginning, or one whole item."""
        self._cycles.catch_up()
        block = self._block(address)
        if block is not None:
            if count > len(block):
                raise Refused(Exc.ILLEGAL_ADDRESS)
            if address == at.NEXT_RESULT and self._cycles.results:
                self._cycles.results.popleft()
            return list(block[:count])
        item = self._item(address)
        if count != len(item):
            raise Refused(Exc.ILLEGAL_VALUE)
        return item

    def _block(self, address: int) -> Sequence[int] | None:
        cycles = self._cycles
        match address:
            case at.CONFIGURATION:
                return at.CONFIGURATION_WORDS
            case at.FUNCTIONS:
                return at.FUNCTION_WORDS
            case at.PROGRAM_SELECTED:
                return [self._selected, self._special]
            case at.SPECIAL_CYCLE:
                return [self._special]
            case at.PROGRAM_EDITED:
                return [self._edited]
            case at.REAL_TIME:
                return cycles.real_time()
            case at.NEXT_RESULT:
                return cycles.results[0] if cycles.results else [0] * at.RECORD_WORDS
            case at.LAST_RESULT:
                return cycles.last
            case at.IDENTITY:
                serial = at.long_words(self._bench.world.leak_tester.serial)
                return [at.MODEL, *serial, at.FIRMWARE]
            case at.CYCLES_STARTED:
                return at.long_words(cycles.started)
        return None

    def _item(self, address: int) -> list[int]:
        program = self._programs[self._edited]
        if address == at.TEMPERATURE:
            return at.thousandths(self._cycles.temperature_c())
        if address == at.ROOM_PRESSURE:
            return at.thousandths(self._bench.world.environment.pressure_pa / HECTOPASCAL)
        if address == at.READ_FUNCTION + at.SEQUENCING:
            return [program.sequencing]
        if address - at.READ_PARAMETER in program.parameters:
            return at.long_words(program.parameters[address - at.READ_PARAMETER])
        if at.DIRECT_REAL_TIME <= address < at.TEMPERATURE:
            return _piece(self._cycles.real_time(), address - at.DIRECT_REAL_TIME, first_long=5)
        return _piece(self._cycles.last, address - at.DIRECT_RESULT, first_long=4)

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Take a value, when nothing runs that it would disturb."""
        self._cycles.catch_up()
        take = {
            at.PROGRAM_SELECTED: self._select,
            at.SPECIAL_CYCLE: self._set_special,
            at.PROGRAM_EDITED: self._edit,
            at.WRITE_FUNCTION + at.SEQUENCING: self._set_sequencing,
        }.get(address)
        identifier = address - at.WRITE_PARAMETER
        if take is None and identifier not in at.LIMITS:
            raise Refused(Exc.ILLEGAL_ADDRESS)
        if len(words) != (2 if take is None else 1):
            raise Refused(Exc.ILLEGAL_VALUE)
        if self._cycles.step != at.IDLE:
            raise Refused(Exc.BUSY)
        if take is None:
            self._set_parameter(identifier, words)
        else:
            take(words[0])

    def _select(self, value: int) -> None:
        self._selected = _within(value, 0, at.PROGRAMS - 1)

    def _edit(self, value: int) -> None:
        self._edited = _within(value, 0, at.PROGRAMS - 1)

    def _set_special(self, value: int) -> None:
        if value not in (0, at.SPECIAL_AUTO_ZERO):
            raise Refused(Exc.ILLEGAL_VALUE)
        self._special = value

    def _set_sequencing(self, value: int) -> None:
        self._programs[self._edited].sequencing = _within(value, 0, 1)

    def _set_parameter(self, identifier: int, words: Sequence[int]) -> None:
        raw = words[1] << 16 | words[0]
        raw = _within(raw - 2 * (raw & LONG_SIGN), *at.LIMITS[identifier])
        if identifier == at.PRESSURE_UNIT and raw not in at.PASCALS:
            raise Refused(Exc.ILLEGAL_VALUE)
        self._programs[self._edited].parameters[identifier] = raw


def _within(value: int, lowest: int, highest: int) -> int:
    if not lowest <= value <= highest:
        raise Refused(Exc.ILLEGAL_VALUE)
    return value


def _piece(words: Sequence[int], index: int, *, first_long: int) -> list[int]:
    """Return the item at an index: words first, longs from ``first_long`` on."""
    if not 0 <= index < len(words):
        raise Refused(Exc.ILLEGAL_ADDRESS)
    if index < first_long:
        return [words[index]]
    if (index - first_long) % 2:
        raise Refused(Exc.ILLEGAL_ADDRESS)
    return list(words[index : index + 2])


# On the wire


async def respond(tester: AteqEmulator, pdu: bytes) -> bytes:
    """Return the answer to a request; data words go low byte first, all else high byte first."""
    await tester.attend()
    try:
        return await _act(tester, pdu[0], pdu[1:])
    except Refused as refusal:
        return bytes([pdu[0] | 0x80, refusal.code])


async def _act(tester: AteqEmulator, function: int, data: bytes) -> bytes:
    if function not in (3, 5, 16):
        raise Refused(Exc.ILLEGAL_FUNCTION)
    if len(data) < 4:
        raise Refused(Exc.ILLEGAL_VALUE)
    address, number = struct.unpack(">HH", data[:4])
    match function:
        case 3:
            if len(data) != 4 or not 1 <= number <= READ_MAXIMUM:
                raise Refused(Exc.ILLEGAL_VALUE)
            return struct.pack(f"<BB{number}H", function, 2 * number, *tester.read(address, number))
        case 5:
            if len(data) != 4 or number not in (BIT_ON, BIT_OFF):
                raise Refused(Exc.ILLEGAL_VALUE)
            tester.write_bit(address, number == BIT_ON)
            return bytes([function]) + data
    sound = 1 <= number <= WRITE_MAXIMUM and len(data) == 5 + 2 * number and data[4] == 2 * number
    if not sound:
        raise Refused(Exc.ILLEGAL_VALUE)
    await tester.write(address, struct.unpack(f"<{number}H", data[5:]))
    return bytes([function]) + data[:4]


class AteqRtuSlave(RtuSlave):
    """The tester on its serial line."""

    def __init__(self, tester: AteqEmulator) -> None:
        super().__init__(tester)
        self._tester = tester

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Answer requests to this station; act on broadcasts without an answer."""
        if message[0] not in (self._tester.device_id, BROADCAST):
            return None
        reply = await respond(self._tester, message[1:-2])
        return None if message[0] == BROADCAST else with_crc(message[:1] + reply)


class AteqTcpSlave(TcpSlave):
    """The tester behind a gateway to Modbus TCP."""

    def __init__(self, tester: AteqEmulator) -> None:
        super().__init__(tester)
        self._tester = tester

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Answer under the transaction and unit id of the request."""
        reply = await respond(self._tester, message[MBAP_HEADER + 1 :])
        length = struct.pack(">H", len(reply) + 1)
        return message[:4] + length + message[MBAP_HEADER : MBAP_HEADER + 1] + reply
