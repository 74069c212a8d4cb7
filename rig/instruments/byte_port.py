"""The bytes of an open VISA session: sent, and received within a time and a size, on any kind of line.

pyvisa-py reads a line for as long as its bytes keep coming, be they without end, and takes a peer that hung
up for one that says nothing; and on a serial line it reads byte by byte. So sockets and serial ports
are read here.
"""

from __future__ import annotations

import os
import socket
from typing import Any, Protocol

PIECE_BYTES = 65536


class BytePort(Protocol):
    """One open line. Every method raises OSError, or an error of pyvisa, when the line is gone."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""

    def receive(self, limit_s: float) -> bytes:
        """Return what has come, at least a byte; nothing when nothing comes within ``limit_s``."""

    def is_quiet(self) -> bool:
        """Say whether nothing waits to be received."""


class SocketPort:
    """A TCP connection, with Nagle's algorithm off: two small writes would cost 44 ms."""

    def __init__(self, line: socket.socket, *, send_limit_s: float) -> None:
        self._line, self._send_limit_s = line, send_limit_s
        if refused := line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise ConnectionRefusedError(refused, os.strerror(refused))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self._line.settimeout(self._send_limit_s)
        self._line.sendall(data)

    def receive(self, limit_s: float) -> bytes:
        # A limit of nothing at all would mean "do not wait", whose answer is an error of another kind.
        self._line.settimeout(max(limit_s, 1e-4))
        try:
            data = self._line.recv(PIECE_BYTES)
        except TimeoutError:
            return b""
        if not data:
            raise _hung_up()
        return data

    def is_quiet(self) -> bool:
        self._line.settimeout(0)
        try:
            if self._line.recv(1, socket.MSG_PEEK):
                return False
        except BlockingIOError:
            return True
        raise _hung_up()


def _hung_up() -> ConnectionResetError:
    return ConnectionResetError("the instrument closed the connection")


class SerialPort:
    """A serial line. Its time-out is set only when it changes: that costs system calls."""

    def __init__(self, line: Any) -> None:
        self._line = line

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def receive(self, limit_s: float) -> bytes:
        if limit_s != self._line.timeout:
            self._line.timeout = limit_s
        first = bytes(self._line.read(1))
        return first + bytes(self._line.read(self._line.in_waiting)) if first else b""

    def is_quiet(self) -> bool:
        return not self._line.in_waiting


class SessionPort:
    """Any other VISA session, such as USB or VXI-11, which keep messages apart by themselves."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, data: bytes) -> None:
        self._session.write_raw(data)

    def receive(self, limit_s: float) -> bytes:
        import pyvisa

        self._session.timeout = limit_s * 1000
        try:
            return bytes(self._session.read_raw())
        except pyvisa.VisaIOError as error:
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                return b""
            raise

    def is_quiet(self) -> bool:
        return True


def port_of(session: Any, *, send_limit_s: float) -> BytePort:
    """Return the port of an open session of pyvisa-py.

    Raises:
        ConnectionRefusedError: nobody listens there, which pyvisa-py does not notice.
    """
    interface = session.visalib.sessions[session.session].interface
    if isinstance(interface, socket.socket):
        return SocketPort(interface, send_limit_s=send_limit_s)
    if hasattr(interface, "in_waiting"):
        return SerialPort(interface)
    return SessionPort(session)
