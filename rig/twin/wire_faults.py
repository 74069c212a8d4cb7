"""Faults on the wire: an instrument that does as it is told, and a line that spoils its answers.

Only messages that are answered count: a fault waits for an answer that it can spoil. Late answers and
shifted ones are remembered for each line. A late answer comes right before the next one on its line, on
a serial line also after the client has opened that anew. Shifted answers come until nothing has been
asked for a while, as a bus falls into step again when its master keeps silent, or until a TCP client
connects anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from rig.twin.bench import TwinBench
from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_status import ERROR_QUEUE_LENGTH
from rig.twin.fault_kinds import WIRE_KINDS
from rig.twin.wire import Emulator, Line
from rig.twin.wire_dialects import Dialect, is_error_entry, with_error_entry

REST_S = 0.1  # a bus that was quiet for so long is in step again
DRIP_S = 0.01  # between the bytes of an answer that drips
FLOOD_LINES = 300
GARBLED_BYTES = 3
UNDEFINED_HEADER = -113

# What can happen to every answer.
_ANYWHERE = (
    *("no_reply", "late_reply", "shifted_reply", "duplicated", "slow_drip"),
    *("truncated", "garbled", "disconnect", "half_open"),
)
_OPENED_ANEW = ("disconnect", "half_open")


@dataclass
class _Memory:
    """What a line still owes: answers that come late, and the one that comes in place of the next."""

    late: bytes = b""
    shifted: bytes | None = None
    heard_s: float = 0.0


def with_faults(emulator: Emulator, bench: TwinBench, role: str, dialect: Dialect) -> Emulator:
    """Return ``emulator`` behind the faults that the bench's schedule has for its role's lines, if any."""
    if any(bench.faults.of(role, kind.name) for kind in WIRE_KINDS):
        return FaultyLines(emulator, bench, role, dialect)
    return emulator


def is_opened_anew(bench: TwinBench, role: str) -> bool:
    """Tell whether a client will have to open the role's line anew."""
    return any(bench.faults.of(role, name) for name in _OPENED_ANEW)


class FaultyLines:
    """An emulator whose answers go wrong when the schedule says so.

    Args:
        emulator: who answers rightly.
        bench: has schedule, time and seed.
        role: whose faults these are.
        dialect: how its answers go wrong.
    """

    def __init__(self, emulator: Emulator, bench: TwinBench, role: str, dialect: Dialect) -> None:
        self._emulator, self._role, self._dialect = emulator, role, dialect
        self._faults, self._time = bench.faults, bench.time
        self._random = bench.random(f"wire of {role}")
        self._memories: WeakKeyDictionary[Line, _Memory] = WeakKeyDictionary()

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut messages as the emulator does."""
        return self._emulator.split(buffer)

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Let the emulator act; return what arrives of its answer."""
        memory = self._memories.setdefault(line, _Memory())
        quiet_s, memory.heard_s = self._time.now() - memory.heard_s, self._time.now()
        if quiet_s > REST_S:
            memory.shifted = None
        reply = await self._refuse(message, line) or await self._emulator.answer(message, line)
        memory.heard_s = self._time.now()
        if not reply or self._faults.stands(self._role, "mute"):
            return None
        return await self._on_its_way(message, self._in_state(message, reply), line, memory)

    async def _refuse(self, message: bytes, line: Line) -> bytes | None:
        """Return the exception that a Modbus device answers instead of obeying; None when it obeys."""
        framing = self._dialect.framing
        for name, code in self._dialect.refusals.items():
            if framing is not None and self._faults.stands(self._role, name):
                heard = await self._emulator.answer(framing.no_request(message), line)
                if heard and self._faults.take(self._role, name):
                    return framing.refusal(message, code)
        return None

    def _in_state(self, message: bytes, reply: bytes) -> bytes:
        for name, spoil in self._dialect.states.items():
            if self._faults.stands(self._role, name):
                reply = spoil(message, reply) or reply
        return reply

    async def _on_its_way(self, message: bytes, reply: bytes, line: Line, memory: _Memory) -> bytes:
        spoiled = {name: spoil(message, reply) for name, spoil in self._dialect.spoilers.items()}
        fault = self._faults.take(self._role, *_ANYWHERE, *self._occasions(reply, spoiled))
        name = fault.kind.name if fault else ""
        before, memory.late = memory.late, b""
        match name:
            case "no_reply":
                reply = b""
            case "late_reply":
                reply, memory.late = b"", reply
            case "shifted_reply" if memory.shifted is None:
                memory.shifted = b""
            case "truncated":
                reply = reply[: len(reply) // 2]
            case "garbled":
                reply = self._garbled(reply)
            case "duplicated":
                reply *= 2
            case "flood":
                reply = await self._unasked(line) * FLOOD_LINES + reply
            case "error_queue_full":
                reply = with_error_entry(reply, await self._overflow(line))
            case "disconnect":
                line.send(before + reply[: len(reply) // 2])
                line.hang_up()
                return b""
            case "half_open":
                line.go_dead()
                return b""
            case "slow_drip":
                await self._drip(before + reply, line)
                return b""
            case _:
                reply = spoiled.get(name) or reply
        if memory.shifted is not None and reply:
            reply, memory.shifted = memory.shifted, reply
        return before + reply

    def _occasions(self, reply: bytes, spoiled: dict[str, bytes | None]) -> list[str]:
        """Return the faults, besides those that go with every answer, that this one is an occasion for."""
        able = [name for name, wrong in spoiled.items() if wrong is not None]
        if self._dialect.unasked or self._dialect.live:
            able.append("flood")
        if self._dialect.error_question and is_error_entry(reply):
            able.append("error_queue_full")
        return able

    def _garbled(self, reply: bytes) -> bytes:
        """Return a reply with other bytes in its middle; its end stays where it is."""
        body = reply.rstrip(b"\r\n") if self._dialect.framing is None else reply
        first = max(0, (len(body) - GARBLED_BYTES) // 2)
        middle = body[first : first + GARBLED_BYTES]
        return reply[:first] + bytes(map(self._other_byte, middle)) + reply[first + len(middle) :]

    def _other_byte(self, byte: int) -> int:
        others = [other for other in range(256) if other not in (byte, *b"\r\n")]
        return others[int(self._random.integers(len(others)))]

    async def _unasked(self, line: Line) -> bytes:
        """Return a line that nobody asked for."""
        if not self._dialect.live:
            return self._dialect.unasked
        return await self._emulator.answer(self._dialect.live, line) or b""

    async def _overflow(self, line: Line) -> bytes:
        """Fill the instrument's error queue, and return its oldest entry."""
        assert isinstance(self._emulator, ScpiDevice), "no one else is asked for errors"
        for _ in range(ERROR_QUEUE_LENGTH + 1):
            self._emulator.status.error(UNDEFINED_HEADER)
        return await self._emulator.answer(self._dialect.error_question, line) or b""

    async def _drip(self, data: bytes, line: Line) -> None:
        for place in range(len(data)):
            await self._time.wait(DRIP_S)
            line.send(data[place : place + 1])
            await asyncio.sleep(0)
