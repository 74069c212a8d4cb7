"""A client that knows nothing but bytes: of a TCP socket or a terminal of the twin, and its clock."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable

PATIENCE_S = 20.0  # for a machine that is busy with other things


class RawLine:
    """One connection to an address as the twin announces it.

    Args:
        address: ``TCPIP0::HOST::PORT::SOCKET``, ``tcp:HOST:PORT``, ``ASRLPATH::INSTR`` or ``rtu:PATH:BAUD``.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._fd, self._close = _open(address)

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        os.write(self._fd, data)

    def receive(self, count: int) -> bytes:
        """Return ``count`` bytes, or fewer when the other side hangs up before."""
        data = b""
        while len(data) < count and (piece := self.piece(count - len(data))):
            data += piece
        return data

    def piece(self, most: int = 65536) -> bytes:
        """Return what comes next; nothing when the other side hung up."""
        assert select.select([self._fd], [], [], PATIENCE_S)[0], f"nothing came from {self._address}"
        try:
            return os.read(self._fd, most)
        except OSError:  # a terminal's way to say that its other end is gone
            return b""

    def waiting(self) -> bytes:
        """Return what is there already."""
        return os.read(self._fd, 65536) if select.select([self._fd], [], [], 0.0)[0] else b""

    def close(self) -> None:
        """Close the connection."""
        self._close()

    def reopen(self) -> None:
        """Close the connection and open it anew."""
        self._close()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._fd, self._close = _open(self._address)
                return
            except OSError:
                assert time.monotonic() < deadline, f"{self._address} cannot be opened again"


class RawClock:
    """The twin's clock."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self._answers = self._socket.makefile("rb")

    def now_s(self) -> float:
        """Return the twin's time."""
        return self._ask(b"now\n")

    def sleep(self, seconds: float) -> None:
        """Let the twin's time pass."""
        self._ask(b"sleep %f\n" % seconds)

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._socket.close()

    def _ask(self, line: bytes) -> float:
        self._socket.sendall(line)
        return float(self._answers.readline())


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that another thread or process brings about."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came about"


def _open(address: str) -> tuple[int, Callable[[], None]]:
    if "::SOCKET" in address or address.startswith("tcp:"):
        host, port = address.removesuffix("::SOCKET").replace("::", ":").split(":")[1:]
        client = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client.fileno(), client.close
    path = address.removeprefix("ASRL").removesuffix("::INSTR")
    if address.startswith("rtu:"):
        path = address.split(":")[1]
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def close() -> None:
        with contextlib.suppress(OSError):
            os.close(terminal)

    return terminal, close
