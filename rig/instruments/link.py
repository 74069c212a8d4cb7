"""A line-oriented link to an instrument over VISA: write, query, drain, reopen.

The same link serves TCP sockets, serial ports and ptys; only the resource string differs. It knows no
instrument. Measured traps of pyvisa-py that it steps around: a refused TCP port opens without error; a
peer that hung up is read at full processor load until the time-out; two small writes cost 44 ms unless
Nagle's algorithm is off; after a time-out the late answer would be taken for the answer to the next
question, so a timed-out link is closed and opened again first.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from rig.errors import InstrumentDisconnected, InstrumentTimeout
from rig.instruments.wirelog import WireLog

_manager: Any = None


def _resource_manager() -> Any:
    """Return the process's one resource manager; closing it would close everyone's sessions."""
    global _manager
    if _manager is None:
        import pyvisa

        _manager = pyvisa.ResourceManager("@py")
    return _manager


class _Socket(socket.socket):
    """A socket that says so when the peer has hung up, where pyvisa-py would read nothing for ever."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        data = super().recv(bufsize, flags)
        if not data:
            raise ConnectionResetError("the instrument closed the connection")
        return data


class VisaLink:
    """One session to one instrument; not for use from two threads.

    Args:
        role: the instrument's role, for messages.
        resource: VISA resource string, such as ``TCPIP0::10.0.0.7::5025::SOCKET`` or
            ``ASRL/dev/ttyUSB0::INSTR`` (``ASRLCOM3::INSTR`` on Windows).
        wire_log: keeps every message.
        timeout_s: how long one answer may take.
        baud: bit rate of a serial line; ignored on TCP.
        write_end, read_end: what ends a line in each direction.

    Raises:
        InstrumentDisconnected: the resource cannot be opened.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        *,
        timeout_s: float = 2.0,
        baud: int = 115200,
        write_end: bytes = b"\n",
        read_end: bytes = b"\n",
    ) -> None:
        self.role, self.resource, self.timeout_s = role, resource, timeout_s
        self._wire_log, self._baud = wire_log, baud
        self._write_end, self._read_end = write_end, read_end
        self._session: Any = None
        self._stale, self._limit_s = False, 0.0
        self._open()

    def write(self, line: str) -> None:
        """Send one line; its end is added.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        import pyvisa

        if self._stale:
            self.reopen()
        self._require_open()
        data = line.encode("ascii") + self._write_end
        self._wire_log.sent(self.role, data)
        try:
            self._session.write_raw(data)
        except (pyvisa.Error, OSError) as error:
            self._stale = True
            raise self._gone(error) from error

    def read(self, *, timeout_s: float | None = None) -> str:
        """Receive one line, without its end.

        Raises:
            InstrumentTimeout: nothing complete came in time; the link reopens before its next use.
            InstrumentDisconnected: the line is gone.
        """
        data = self._read_raw(timeout_s)
        return data.removesuffix(self._read_end).decode("ascii", "backslashreplace")

    def query(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send one line and receive one line. Raises as :meth:`write` and :meth:`read`."""
        try:
            self.write(line)
            return self.read(timeout_s=timeout_s)
        except BaseException:  # Ctrl-C among them: the answer still comes, and must not answer the next one
            self._stale = True
            raise

    def drain(self, *, quiet_s: float = 0.05) -> list[str]:
        """Receive and return lines until none comes for ``quiet_s`` on the wall clock.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        lines: list[str] = []
        while True:
            try:
                lines.append(self.read(timeout_s=quiet_s))
            except InstrumentTimeout:
                self._stale = False
                return lines

    def reopen(self) -> None:
        """Close and open the line, so that a late answer to an old question is not taken for the next one's.

        On TCP it is never heard. On a serial line only what has arrived by now is thrown away.

        Raises:
            InstrumentDisconnected: the resource cannot be opened; the next write tries again.
        """
        self.close()
        self._stale = True
        self._open()

    def close(self) -> None:
        """Close the line; closing twice is harmless."""
        session, self._session, self._stale = self._session, None, False
        if session is not None:
            session.close()

    def _open(self) -> None:
        import pyvisa

        try:
            session = _resource_manager().open_resource(
                self.resource, open_timeout=int(self.timeout_s * 1000)
            )
        except Exception as error:  # pyvisa-py raises bare Exception when a host is silent
            raise self._gone(error) from error
        try:
            self._set_up(session)
        except (pyvisa.Error, OSError, ValueError) as error:
            session.close()
            raise self._gone(error) from error
        self._session, self._stale, self._limit_s = session, False, 0.0

    def _set_up(self, session: Any) -> None:
        from pyvisa.constants import ResourceAttribute, SerialTermination

        session.read_termination = session.write_termination = None
        if self.resource.upper().startswith("ASRL"):
            session.baud_rate = self._baud
            session.end_input = SerialTermination.termination_char
        session.set_visa_attribute(ResourceAttribute.termchar, self._read_end[-1])
        session.set_visa_attribute(ResourceAttribute.termchar_enabled, True)
        inner = session.visalib.sessions[session.session]
        if isinstance(inner.interface, socket.socket):
            inner.interface = _Socket(fileno=inner.interface.detach())
            if refused := inner.interface.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise ConnectionRefusedError(refused, os.strerror(refused))
            inner.interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _read_raw(self, timeout_s: float | None) -> bytes:
        import pyvisa

        self._require_open()
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        try:
            self._allow(limit_s)
            data: bytes = self._session.read_raw()
        except (pyvisa.Error, OSError) as error:
            self._stale = True
            if getattr(error, "error_code", None) != pyvisa.constants.StatusCode.error_timeout:
                raise self._gone(error) from error
            raise InstrumentTimeout(
                self.role,
                f"no answer within {limit_s:g} s on {self.resource}",
                do="Check that it is switched on and its cable is plugged in",
            ) from error
        self._wire_log.received(self.role, data)
        return data

    def _allow(self, limit_s: float) -> None:
        """Set the time-out of the session, when it changes: on a serial line that costs system calls."""
        if limit_s != self._limit_s:
            self._session.timeout = limit_s * 1000
            self._limit_s = limit_s

    def _require_open(self) -> None:
        if self._session is None:
            raise self._gone(ConnectionError("it is closed"))

    def _gone(self, error: Exception) -> InstrumentDisconnected:
        return InstrumentDisconnected(
            self.role,
            f"the connection {self.resource} does not work ({error})",
            do="Check power, cable and the resource in the station file",
        )
