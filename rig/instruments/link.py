"""A line-oriented link to an instrument over VISA: write, query, reopen, prove.

The same link serves TCP sockets, serial ports and ptys; only the resource string differs. It knows no
instrument. Measured traps of pyvisa-py that it steps around: a refused TCP port opens without error; a
peer that hung up is read at full processor load until the time-out; after a time-out the late answer
would be taken for the answer to the next question; a line without end is read without end.

After any mishap (no answer, half of one, two answers, garbage, an interruption) the line is closed and opened
again before its next use, and what the driver put into :attr:`VisaLink.prove` must succeed before a question
is asked on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rig.errors import InstrumentDisconnected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.byte_port import BytePort, port_of
from rig.instruments.mishaps import MISHAPS, Mishaps
from rig.instruments.wirelog import WireLog

LONGEST_LINE = 1 << 20  # bytes; the longest answer is of a counter, 23 bytes for each of its readings
SHOWN_BYTES = 60

T = TypeVar("T")

_manager: Any = None


def _resource_manager() -> Any:
    """Return the process's one resource manager; closing it would close everyone's sessions."""
    global _manager
    if _manager is None:
        import pyvisa

        _manager = pyvisa.ResourceManager("@py")
    return _manager


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

    Attributes:
        prove: raises unless the instrument that was opened first answers; called whenever the line was
            opened anew, before its next use; nothing that it asks is asked again.

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
        self.prove: Callable[[], None] | None = None
        self._wire_log, self._baud = wire_log, baud
        self._write_end, self._read_end = write_end, read_end
        self._session: Any = None
        self._port: BytePort | None = None
        self._heard = bytearray()
        self._stale, self._proving, self._mishaps = False, False, Mishaps(role)
        self._open()

    # One exchange

    def write(self, line: str) -> None:
        """Send one line; its end is added.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        import pyvisa

        if self._stale:
            self._get_in_step()
        port = self._require_open()
        data = line.encode("ascii") + self._write_end
        self._wire_log.sent(self.role, data)
        try:
            port.send(data)
        except (pyvisa.Error, OSError) as error:
            self._stale = True
            raise self._gone(error) from error

    def write_now(self, data: bytes) -> None:
        """Send bytes past everything else: from a signal handler, or while another thread waits here.

        Nothing is opened and nothing awaited; an answer must be one that its asker passes over.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        import pyvisa

        self._wire_log.sent(self.role, data)
        try:
            self._require_open().send(data)
        except (pyvisa.Error, OSError) as error:
            raise self._gone(error) from error

    def read(self, *, timeout_s: float | None = None) -> str:
        """Receive one line, without its end.

        Raises:
            InstrumentTimeout: nothing complete came in time; the link reopens before its next use.
            InstrumentReplyError: what came has no end.
            InstrumentDisconnected: the line is gone.
        """
        data = self._receive(self.timeout_s if timeout_s is None else timeout_s)
        self._wire_log.received(self.role, data)
        return data.removesuffix(self._read_end).decode("ascii", "backslashreplace")

    def query(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send one line and receive one line, the only one.

        Raises:
            InstrumentReplyError: more than one line came: nobody knows which is the answer.

        Otherwise as :meth:`write` and :meth:`read`.
        """
        with self.exchange():
            self.check_quiet(f"before {line!r} was asked, something came that nobody had asked for")
            self.write(line)
            answer = self.read(timeout_s=timeout_s)
            self.check_quiet(f"{line!r} was answered with {answer[:SHOWN_BYTES]!r} and more")
        return answer

    def check_quiet(self, otherwise: str) -> None:
        """See that nothing waits on the line: a late answer, the second of two, a stream.

        Args:
            otherwise: what happened, if something does.

        Raises:
            InstrumentReplyError: something waits.
            InstrumentDisconnected: the line is gone.
        """
        import pyvisa

        if self._stale:
            return  # the line is opened anew before anything is asked
        try:
            quiet = not self._heard and self._require_open().is_quiet()
        except (pyvisa.Error, OSError) as error:
            raise self._gone(error) from error
        if not quiet:
            raise InstrumentReplyError(
                self.role,
                otherwise,
                expected="one answer to each question",
                do="See that nothing else talks on this line, and that no continuous output is on",
            )

    @contextmanager
    def exchange(self) -> Iterator[None]:
        """Distrust the line when anything breaks the block off, Ctrl-C included: an answer may still come."""
        try:
            yield
        except BaseException:
            self._stale = True
            raise

    def again(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` returns, which does no harm done twice; do it once more after a mishap.

        The second time it is done over a line opened anew and proven, and that is put on record. ``ask``
        raises InstrumentReplyError when it does not understand an answer.

        Raises:
            InstrumentError: there were too many mishaps on this line.

        Otherwise what ``ask`` and :attr:`prove` raise.
        """
        if self._proving:
            return ask()
        try:
            return ask()
        except MISHAPS as error:
            self.distrust(error)
            mishap = error
        try:
            answer = ask()
        except MISHAPS:
            self._stale = True
            raise
        self._mishaps.overcome(mishap)
        return answer

    # Getting into step again

    def distrust(self, error: InstrumentTimeout | InstrumentDisconnected | InstrumentReplyError) -> None:
        """Note a mishap: before its next use the line is opened anew and proven.

        Raises:
            InstrumentError: there were too many.
        """
        self._stale = True
        self._mishaps.note(error)

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
        self._port = None
        self._heard.clear()
        if session is not None:
            session.close()

    def _get_in_step(self) -> None:
        """Open the line anew and have it proven; once more when a late answer spoiled the first proof."""
        for last in (False, True):
            self.reopen()
            try:
                self._proving = True
                if self.prove is not None:
                    self.prove()
                return
            except BaseException as error:
                self._stale = True
                if last or not isinstance(error, InstrumentReplyError):
                    raise
            finally:
                self._proving = False

    # Opening

    def _open(self) -> None:
        import pyvisa

        try:
            session = _resource_manager().open_resource(
                self.resource, open_timeout=int(self.timeout_s * 1000)
            )
        except Exception as error:  # pyvisa-py raises bare Exception when a host is silent
            raise self._gone(error) from error
        try:
            self._port = self._set_up(session)
        except (pyvisa.Error, OSError, ValueError) as error:
            session.close()
            raise self._gone(error) from error
        self._session, self._stale = session, False

    def _set_up(self, session: Any) -> BytePort:
        from pyvisa.constants import ResourceAttribute

        session.read_termination = session.write_termination = None
        session.timeout = self.timeout_s * 1000
        if self.resource.upper().startswith("ASRL"):
            session.baud_rate = self._baud
        else:
            session.set_visa_attribute(ResourceAttribute.termchar, self._read_end[-1])
            session.set_visa_attribute(ResourceAttribute.termchar_enabled, True)
        return port_of(session, send_limit_s=self.timeout_s)

    # Lines

    def _receive(self, limit_s: float) -> bytes:
        """Take the next line off what was heard, with its end; hear more until there is one."""
        port, ends_s, sought = self._require_open(), time.monotonic() + limit_s, 0
        while (end := self._heard.find(self._read_end[-1:], sought)) < 0:
            sought = len(self._heard)
            if sought > LONGEST_LINE:
                raise self._endless()
            piece = self._hear(port, limit_s) if sought == 0 or time.monotonic() < ends_s else b""
            if not piece:
                raise self._late(limit_s)
            self._heard += piece
        line = bytes(self._heard[: end + 1])
        del self._heard[: end + 1]
        return line

    def _hear(self, port: BytePort, limit_s: float) -> bytes:
        import pyvisa

        try:
            return port.receive(limit_s)
        except (pyvisa.Error, OSError) as error:
            self._stale = True
            raise self._gone(error) from error

    def _late(self, limit_s: float) -> InstrumentTimeout:
        self._stale = True
        heard = bytes(self._heard[:SHOWN_BYTES])
        if heard:
            self._wire_log.received(self.role, heard)
        some = f", only {heard!r}" if heard else ""
        return InstrumentTimeout(
            self.role,
            f"no answer within {limit_s:g} s on {self.resource}{some}",
            do="Check that it is switched on and its cable is plugged in",
        )

    def _endless(self) -> InstrumentReplyError:
        self._stale = True
        heard = bytes(self._heard[:SHOWN_BYTES])
        self._wire_log.received(self.role, heard)
        return InstrumentReplyError(
            self.role,
            f"sent {len(self._heard)} bytes without an end of line, beginning with {heard!r}",
            expected="lines",
            do="Check that the resource in the station file is this instrument's, and its bit rate",
        )

    def _require_open(self) -> BytePort:
        if self._port is None:
            raise self._gone(ConnectionError("it is closed"))
        return self._port

    def _gone(self, error: Exception) -> InstrumentDisconnected:
        return InstrumentDisconnected(
            self.role,
            f"the connection {self.resource} does not work ({error})",
            do="Check power, cable and the resource in the station file",
        )
