"""Lines between emulators and the world: TCP ports and ptys that carry bytes and cost time.

Each message costs what its length costs on the real line; the twin's time pays for it. An emulator
says how to cut bytes into messages and what to answer; it never sees a socket.
"""

from __future__ import annotations

import asyncio
import os
import weakref
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

# What a client may leave unfinished or unread before it is forgotten, as small instruments do.
LONGEST_MESSAGE = 1 << 16
LONGEST_BACKLOG = 1 << 20


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


def _nothing() -> None:
    pass


class Line:
    """One connection: cuts incoming bytes into messages and answers them one after the other.

    What has arrived is obeyed even when the client has hung up meanwhile; only the answers go nowhere.

    Args:
        emulator: who is at this end.
        time: pays for the messages.
        pace: what they cost.
        send: puts bytes on the wire.
        drop: closes the connection from this end.
        forsake: lets the connection stand, and sees to it that a client that opens it anew gets another.
    """

    def __init__(
        self,
        emulator: Emulator,
        time: TwinTime,
        pace: Pace,
        send: Callable[[bytes], None],
        *,
        drop: Callable[[], None] = _nothing,
        forsake: Callable[[], None] = _nothing,
    ) -> None:
        self.closed = False
        self._dead = False
        self._send, self._emulator, self._time, self._pace = send, emulator, time, pace
        self._drop, self._forsake = drop, forsake
        self._buffer = bytearray()
        self._waiting: deque[bytes] = deque()
        self._worker: asyncio.Task[None] | None = None

    def receive(self, data: bytes) -> None:
        """Take bytes from the wire; answers follow in the order of the messages."""
        if self._dead:
            return
        self._buffer += data
        self._waiting.extend(self._emulator.split(self._buffer))
        if len(self._buffer) > LONGEST_MESSAGE:
            self._buffer.clear()
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

    def hang_up(self) -> None:
        """Close the connection from this end; the client sees it."""
        self.close()
        self._drop()

    def go_dead(self) -> None:
        """Let nothing pass any more, either way; the client sees no sign of it."""
        self.closed = self._dead = True
        self._waiting.clear()
        self._forsake()

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
        self._line = Line(self._emulator, self._time, self._pace, transport.write, drop=transport.close)

    def data_received(self, data: bytes) -> None:
        self._line.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.close()


async def serve_tcp(emulator: Emulator, time: TwinTime, *, pace: Pace = TCP) -> int:
    """Serve ``emulator`` on a free loopback TCP port until the loop ends; return the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _TcpConnection(emulator, time, pace), "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


def serve_pty(emulator: Emulator, time: TwinTime, *, baud: int, lasting_name: bool = False) -> str:
    """Serve ``emulator`` on a new pseudo-terminal until the loop ends; return the path to open.

    Linux and other Unix only.

    Args:
        lasting_name: return a path that leads to the next terminal when this one is lost, as the name of
            a USB adapter does once it is plugged in again. It is one below ``/proc``, so on Linux only.
    """
    plug = _Plug(emulator, time, serial_pace(baud))
    return plug.lasting_name if lasting_name and os.path.exists(plug.lasting_name) else plug.name


class _Plug:
    """What a serial adapter is plugged into: one terminal after the other, each with a line of its own."""

    def __init__(self, emulator: Emulator, time: TwinTime, pace: Pace) -> None:
        self._emulator, self._time, self._pace = emulator, time, pace
        self._slave, self._terminal = self._plug_in()
        self.name = os.ttyname(self._slave)
        self.lasting_name = f"/proc/{os.getpid()}/fd/{self._slave}"
        weakref.finalize(self, os.close, self._slave)

    def _plug_in(self) -> tuple[int, _Terminal]:
        """Return the client's end of a new terminal, and the terminal.

        The client's end stays open here, so that the line survives clients coming and going. It is raw
        from the start, or the emulator would read its own echo.
        """
        import tty

        master, slave = os.openpty()
        tty.setraw(slave)
        return slave, _Terminal(master, self._emulator, self._time, self._pace, lost=self._replace)

    def _replace(self) -> None:
        """Put a new terminal in the place of the one that is lost."""
        slave, self._terminal = self._plug_in()
        os.dup2(slave, self._slave, inheritable=False)  # by its number the lasting name finds it
        os.close(slave)


class _Terminal:
    """The emulator's end of one pseudo-terminal, with its line."""

    def __init__(
        self, master: int, emulator: Emulator, time: TwinTime, pace: Pace, *, lost: Callable[[], None]
    ) -> None:
        self._master, self._lost = master, lost
        self._close_master = weakref.finalize(self, os.close, master)
        self._outgoing = bytearray()
        self._loop = asyncio.get_running_loop()
        self._line = Line(emulator, time, pace, self._send, drop=self._unplug, forsake=self._forsake)
        os.set_blocking(master, False)
        self._loop.add_reader(master, self._receive)

    def _receive(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:  # nobody has the other end open: the last client of a forsaken terminal has left
            self._close()
            return
        self._line.receive(data)

    def _send(self, data: bytes) -> None:
        idle = not self._outgoing
        self._outgoing += data
        del self._outgoing[LONGEST_BACKLOG:]  # a serial line does not wait for who does not listen
        if idle:
            self._loop.add_writer(self._master, self._flush)
            self._flush()

    def _flush(self) -> None:
        try:
            sent = os.write(self._master, self._outgoing)
        except BlockingIOError:
            return
        del self._outgoing[:sent]
        if not self._outgoing:
            self._loop.remove_writer(self._master)

    def _unplug(self) -> None:
        """Hang up: whoever has the terminal open gets an error from now on, and finds the next one there."""
        self._stop_sending()
        self._lost()
        self._close()

    def _forsake(self) -> None:
        """Go on taking what comes, so that a client's writing does not stand still, and say nothing."""
        self._stop_sending()
        self._lost()

    def _stop_sending(self) -> None:
        self._outgoing.clear()
        self._loop.remove_writer(self._master)

    def _close(self) -> None:
        self._loop.remove_reader(self._master)
        self._close_master()
