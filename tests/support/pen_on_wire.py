"""A pen's firmware on a real line, TCP or pty, that can be cut at any byte: its power, the line, and more."""

from __future__ import annotations

import asyncio
import os
import threading
import tty
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from rig.instruments.pen_modbus import ModbusPen
from rig.instruments.wirelog import WireLog
from rig.twin.bench import TwinBench
from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
from rig.twin.time import TwinTime
from rig.twin.wire import Line
from tests.support.pen_bench import PRODUCT, FakeBench

Place = Literal["received", "sent", "programmed"]

RESTART_S = PRODUCT.calibration.restart_s
REGISTERS = PRODUCT.modbus.registers
PATIENCE_S = 30.0

T = TypeVar("T")


class PenOnWire:
    """One pen, served from a thread of its own on the virtual clock.

    Args:
        folder: where the pty's name is linked.
        line: tcp or rtu.
        seed: decides what half-done cells of its flash memory hold.

    Attributes:
        counts: bytes received and sent, pages and words programmed.
        cut_at: place and count at which ``on_cut`` is called, once: when that byte has come and before it
            is acted upon (received), when it has left (sent), or before that cell is done (programmed).
        on_cut: what happens there, in the pen's thread.
    """

    def __init__(self, folder: Path, line: Literal["tcp", "rtu"], *, seed: int) -> None:
        self.bench = FakeBench(seed=seed)
        self.firmware = PenFirmware(cast(TwinBench, self.bench))
        self.firmware.flash.before_each = self._on_cell
        self.counts: Counter[Place] = Counter()
        self.cut_at: tuple[Place, int] | None = None
        self.on_cut: Callable[[], None] = lambda: None
        self._slave = TcpSlave(self.firmware) if line == "tcp" else RtuSlave(self.firmware)
        self._is_up, self._booted_s, self._mute = True, 0.0, False
        self._buffer, self._hears = bytearray(), 0
        self._loop = asyncio.new_event_loop()
        self._wire = _TcpWire(self) if line == "tcp" else _PtyWire(self, folder / "pen")
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.call(self._wire.start())
        self.clock = SharedClock(self.bench.time, self._loop)

    def open(self, *, timeout_s: float = 5.0) -> ModbusPen:
        """Open the real driver on this pen."""
        return ModbusPen(
            "pen",
            self._wire.resource,
            WireLog(),
            self.clock,
            timeout_s=timeout_s,
            modbus=PRODUCT.modbus,
            restart_s=RESTART_S,
            unlock_key=PRODUCT.calibration.unlock_key,
        )

    def close(self) -> None:
        """End the thread."""
        self.call(self._wire.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the pen's thread and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    # What can be cut; from within ``on_cut``, that is from the pen's thread

    def lose_power(self, *, back: bool) -> None:
        """Take the power away, and the line with it; ``back``: give it again at once, so that it boots."""
        self.firmware.cut_power()
        self.break_line(back=False)
        if back:
            self._power_up()

    def break_line(self, *, back: bool) -> None:
        """Break the line; ``back``: let the next connection find it whole."""
        self._wire.drop()
        self._buffer.clear()
        self._is_up = back
        self._wire.show(self.is_reachable)

    def mute_line(self) -> None:
        """Let nothing pass on the present connection, without a sign of it."""
        self._mute = True

    def mend(self) -> None:
        """Give power and line back, let it boot, and cut nothing from now on; from any thread."""
        self.call(self._mend())

    async def _mend(self) -> None:
        self.cut_at = None
        self.firmware.restore_power()
        self._power_up()
        await self.bench.time.wait(RESTART_S)
        self._wire.show(True)

    def _power_up(self) -> None:
        self.firmware.restore_power()
        self._is_up, self._booted_s = True, self.bench.time.now() + RESTART_S
        self._wire.show(True)

    @property
    def is_reachable(self) -> bool:
        """Whether a connection can be opened."""
        return self._is_up and self.bench.time.now() >= self._booted_s

    # The truth

    def table_in_use(self) -> list[int]:
        """Return the words of the table in use, from the firmware itself."""
        return self.call(self._table_in_use())

    async def _table_in_use(self) -> list[int]:
        await self.firmware.attend()
        bank = self.firmware.read(REGISTERS["active_bank"].address, 100)
        assert self.firmware.read(REGISTERS["error_flags"].address, 1) == [0]
        return bank

    def put_table(self, words: Sequence[int]) -> None:
        """Give it a table by hand, as an earlier calibration did."""
        self.call(self._put_table(words))

    async def _put_table(self, words: Sequence[int]) -> None:
        put = self.firmware.write
        await put(REGISTERS["service_unlock"].address, [PRODUCT.calibration.unlock_key])
        await put(REGISTERS["shadow_bank"].address, words)
        await put(REGISTERS["commit"].address, [1])
        assert self.firmware.read(REGISTERS["commit_result"].address, 1) == [1]
        await put(REGISTERS["service_unlock"].address, [0])

    # Bytes

    def new_client(self) -> None:
        """Forget what an earlier connection left half said."""
        self._hears += 1
        self._mute = False
        self._buffer.clear()

    def receive(self, data: bytes) -> None:
        """Take bytes from the client, and answer every message that they complete."""
        if self._mute:
            return
        until, hears = self._until_cut("received", len(data)), self._hears
        self._buffer += data[:until]
        messages = self._slave.split(self._buffer)
        self._count("received", until)
        for message in messages:
            self._answer(message, hears)
        if data[until:] and hears == self._hears and self._wire.is_open:
            self.receive(data[until:])

    def _answer(self, message: bytes, hears: int) -> None:
        reply = _at_once(self._slave.answer(message, cast(Line, None))) or b""
        if self._mute or not self._wire.is_open or hears != self._hears:
            return
        until = self._until_cut("sent", len(reply))
        self._wire.send(reply[:until])
        self._count("sent", until)
        if reply[until:] and hears == self._hears and self._wire.is_open and not self._mute:
            self._wire.send(reply[until:])
            self._count("sent", len(reply) - until)

    def _on_cell(self) -> None:
        self._count("programmed", 1)

    def _until_cut(self, place: Place, count: int) -> int:
        """Return how many of ``count`` things come before the cut, the one that it falls on included."""
        if self.cut_at is None or self.cut_at[0] != place:
            return count
        left = self.cut_at[1] - self.counts[place]
        return left if 0 < left <= count else count

    def _count(self, place: Place, count: int) -> None:
        self.counts[place] += count
        if self.cut_at == (place, self.counts[place]):
            self.cut_at = None
            self.on_cut()


class SharedClock:
    """The twin's time, for the driver in another thread."""

    def __init__(self, time: TwinTime, loop: asyncio.AbstractEventLoop) -> None:
        self._time, self._loop = time, loop

    def now(self) -> float:
        return self._time.now()

    def sleep(self, seconds: float) -> None:
        asyncio.run_coroutine_threadsafe(self._time.wait(seconds), self._loop).result(PATIENCE_S)

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class _TcpWire(asyncio.Protocol):
    """A port for one client at a time; a new one takes the place of the old one."""

    def __init__(self, pen: PenOnWire) -> None:
        self._pen = pen
        self._client: asyncio.Transport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpClient(self, self._pen), "127.0.0.1", 0)
        self.resource = f"tcp:127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        self._server.close()
        self.drop()
        await asyncio.sleep(0)

    @property
    def is_open(self) -> bool:
        return self._client is not None

    def take(self, client: asyncio.Transport) -> bool:
        """Let a client in where the pen can be reached."""
        self.drop()
        if not self._pen.is_reachable:
            client.abort()
            return False
        self._client = client
        self._pen.new_client()
        return True

    def send(self, data: bytes) -> None:
        if self._client is not None and not self._client.is_closing():
            self._client.write(data)

    def drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def show(self, reachable: bool) -> None:
        """Who is let in is decided when somebody comes."""


class _TcpClient(asyncio.Protocol):
    def __init__(self, wire: _TcpWire, pen: PenOnWire) -> None:
        self._wire, self._pen, self._is_in = wire, pen, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._is_in = self._wire.take(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._is_in and not self._transport.is_closing():
            self._pen.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_in = False


class _PtyWire:
    """A pty behind a name that stands for as long as the pen can be reached, as a USB adapter's does."""

    def __init__(self, pen: PenOnWire, name: Path) -> None:
        self._pen, self._name = pen, name
        self._ends: tuple[int, int] | None = None
        self.resource = f"rtu:{name}:115200"

    async def start(self) -> None:
        self.show(True)

    async def close(self) -> None:
        self.drop()

    @property
    def is_open(self) -> bool:
        return self._ends is not None

    def send(self, data: bytes) -> None:
        if self._ends is not None:
            os.write(self._ends[0], data)

    def drop(self) -> None:
        if self._ends is None:
            return
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self._name.unlink()
        os.close(master)
        os.close(slave)

    def show(self, reachable: bool) -> None:
        """Stand there with a new pty when reachable."""
        if self._ends is not None or not reachable:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = (master, slave)
        self._name.symlink_to(os.ttyname(slave))
        asyncio.get_running_loop().add_reader(master, self._readable, master)
        self._pen.new_client()

    def _readable(self, master: int) -> None:
        try:
            data = os.read(master, 4096)
        except OSError:
            return
        self._pen.receive(data)


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of work that waits for nothing but the virtual clock, which waits for nobody."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("the emulator waited for something else than the clock")
