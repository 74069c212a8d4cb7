"""Lines between emulators and the world: TCP ports and ptys that carry bytes and cost time.

Each message costs what its length costs on the real line; the twin's time pays for it. An emulator
says how to cut bytes into messages and what to answer; it never sees a socket.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rig.twin.time import TwinTime

# The part of a reply's delay that does not depend on its length: network, USB bridge, firmware.
TCP_LATENCY_S = 0.2e-3
SERIAL_LATENCY_S = 0.5e-3
TCP_BYTE_S = 1e-7  # 100 Mbit/s
BITS_PER_BYTE = 10  # start bit, 8 data bits, stop bit


@dataclass(frozen=True)
class Pace:
    """What a message costs on a line: ``latency_s + bytes × byte_s``."""

    latency_s: float
    byte_s: float

    def cost_s(self, message: bytes) -> float:
        """Return the seconds that ``message`` takes."""
        return self.latency_s + len(message) * self.byte_s


TCP = Pace(TCP_LATENCY_S, TCP_BYTE_S)


def serial_pace(baud: int) -> Pace:
    """Return the pace of a serial line, 8N1, at ``baud`` bits per second."""
    return Pace(SERIAL_LATENCY_S, BITS_PER_BYTE / baud)


class Emulator(Protocol):
    """An instrument as its manual describes it: messages in, answers out."""

    def split(self, buffer: bytearray) -> list[bytes]:
        """Remove every complete message from the front of ``buffer`` and return them in order."""

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Act on one message; return the bytes to send back, or None for silence.

        ``line`` is where the message came from, for what must be sent unasked (alerts, streams).
        """


class Line:
    """One connection: cuts incoming bytes into messages and answers them one after the other.

    What has arrived is obeyed even when the client has hung up meanwhile; only the answers go nowhere.
    """

    def __init__(self, emulator: Emulator, time: TwinTime, pace: Pace, send: Callable[[bytes], None]) -> None:
        self.closed = False
        self._send, self._emulator, self._time, self._pace = send, emulator, time, pace
        self._buffer = bytearray()
        self._waiting: deque[bytes] = deque()
        self._worker: asyncio.Task[None] | None = None

    def receive(self, data: bytes) -> None:
        """Take bytes from the wire; answers follow in the order of the messages."""
        self._buffer += data
        self._waiting.extend(self._emulator.split(self._buffer))
        if self._waiting and (self._worker is None or self._worker.done()):
            self._worker = asyncio.get_running_loop().create_task(self._work())
            self._worker.add_done_callback(_report_crash)

    def send(self, data: bytes) -> None:
        """Send bytes to the client; nothing when it has hung up."""
        if not self.closed:
            self._send(data)

    def close(self) -> None:
        """Send nothing from now on."""
        self.closed = True

    async def _work(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            await self._time.wait(self._pace.cost_s(message))
            reply = await self._emulator.answer(message, self)
            if reply:
                await self._time.wait(self._pace.cost_s(reply))
                self.send(reply)


def _report_crash(worker: asyncio.Task[None]) -> None:
    """Show an emulator's failure at once; kept in its task it would look like an instrument gone mute."""
    if not worker.cancelled() and (error := worker.exception()) is not None:
        context = {"message": "an emulator failed while answering", "exception": error, "task": worker}
        worker.get_loop().call_exception_handler(context)


class _TcpConnection(asyncio.Protocol):
    def __init__(self, emulator: Emulator, time: TwinTime, pace: Pace) -> None:
        self._emulator, self._time, self._pace = emulator, time, pace

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = Line(self._emulator, self._time, self._pace, transport.write)

    def data_received(self, data: bytes) -> None:
        self._line.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.close()


async def serve_tcp(emulator: Emulator, time: TwinTime, *, pace: Pace = TCP) -> int:
    """Serve ``emulator`` on a free loopback TCP port until the loop ends; return the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _TcpConnection(emulator, time, pace), "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


def serve_pty(emulator: Emulator, time: TwinTime, *, baud: int) -> str:
    """Serve ``emulator`` on a new pseudo-terminal until the process ends; return the path to open.

    Linux and other Unix only. One end stays open here so that the line survives clients coming and
    going, and the terminal is raw from the start, or the emulator would read its own echo.
    """
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    loop = asyncio.get_running_loop()
    outgoing = bytearray()

    def flush() -> None:
        try:
            sent = os.write(master, outgoing)
        except BlockingIOError:
            return
        del outgoing[:sent]
        if not outgoing:
            loop.remove_writer(master)

    def send(data: bytes) -> None:
        idle = not outgoing
        outgoing.extend(data)
        if idle:
            loop.add_writer(master, flush)
            flush()

    line = Line(emulator, time, serial_pace(baud), send)

    def readable() -> None:
        try:
            data = os.read(master, 65536)
        except (BlockingIOError, OSError):  # EIO while no client has the line open
            return
        line.receive(data)

    loop.add_reader(master, readable)
    return os.ttyname(slave)
