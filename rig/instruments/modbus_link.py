"""A link to the holding registers of one Modbus device, over TCP or a serial line (RTU).

It knows addresses and words; what they mean is the driver's business. Traps that it steps around:
pymodbus sends a request again after a time-out, writes included, unless told not to; on RTU an answer
that comes late is taken for the answer to the next request, and so on for ever; its serial client
sleeps whole milliseconds while the answer is already there; it lets errors of a socket and of its own
decoder through; and it puts a stream without end together without end.

After any mishap the connection is opened anew, and before anything is believed the device shows that it has
the register map, holds the words that it was pinned to, and keeps answers and requests together. A read is
then asked once more; a write never is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rig.clock import Clock
from rig.errors import (
    IdentityMismatch,
    InstrumentDisconnected,
    InstrumentRejected,
    InstrumentReplyError,
    InstrumentTimeout,
)
from rig.instruments.mishaps import MISHAPS, Mishaps
from rig.instruments.modbus_messages import EXCEPTIONS, parse_resource, silence_s, single_write
from rig.instruments.wirelog import WireLog

if TYPE_CHECKING:
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient
    from pymodbus.pdu import ModbusPDU

READ, WRITE_BIT, WRITE_ONE, WRITE_MANY = 3, 5, 6, 16  # functions
BLOCK_WORDS = 100
LONGEST_ANSWER = 4096  # bytes, with late ones before it; one message has 260 at most


class ModbusLink:
    """One device behind one connection; not for use from two threads.

    Args:
        role: the instrument's role, for messages.
        resource: ``tcp:HOST:PORT`` or ``rtu:PATH:BAUD``, such as ``rtu:/dev/ttyUSB0:115200``.
        wire_log: keeps every message.
        clock: spends the silence between RTU messages and the wait for late answers.
        timeout_s: how long one answer may take.
        device_id: Modbus device (unit) id.
        probe: address and value of a register that never changes; read whenever the link opens.
        scratch: address of a register that keeps what is written to it and does nothing else; it shows
            that answers are in step again after one went missing.
        parity: of the serial line: N, E or O.

    Raises:
        ConfigError: the resource is of neither form.
        InstrumentDisconnected: it cannot be opened.
        IdentityMismatch: the probe holds another value: another device, or another register map.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        clock: Clock,
        *,
        timeout_s: float,
        device_id: int,
        probe: tuple[int, int],
        scratch: int | None = None,
        parity: str = "N",
    ) -> None:
        self.role, self.resource, self.timeout_s = role, resource, timeout_s
        self._wire_log, self._clock = wire_log, clock
        self._device_id, self._probe, self._scratch, self._parity = device_id, probe, scratch, parity
        self._token = 0
        self._kind, self._place, self._number = parse_resource(role, resource)
        self._silence_s = silence_s(self._kind, self._number)
        self._client: Any = None
        self._is_closed = False
        self._heard = b""
        self._owed = b""
        self._stale = False
        self._pinned: tuple[int, list[int]] | None = None
        self._mishaps = Mishaps(role)
        self._open()

    def read(self, address: int, count: int) -> list[int]:
        """Return ``count`` words; asked once more, over a fresh connection, when no answer comes.

        Raises:
            InstrumentTimeout: no answer, twice.
            InstrumentRejected: the device answered with an exception; ``reason`` has it in words.
            InstrumentReplyError: the answer does not fit the request.
            InstrumentDisconnected: the connection is gone.
            IdentityMismatch: after a mishap another device answers.
            InstrumentError: there were too many mishaps on this connection.
        """
        self._get_in_step()
        try:
            return self._read_once(address, count)
        except MISHAPS as error:
            self._stale = True
            self._mishaps.note(error)
            mishap = error
        self._get_in_step()
        words = self._read_once(address, count)
        self._mishaps.overcome(mishap)
        return words

    def pin(self, address: int, words: Sequence[int]) -> None:
        """Believe, from now on, only a device that holds these words there whenever the connection opens.

        Args:
            address, words: what tells this device from others of its kind: the serial number's registers.
        """
        self._pinned = address, list(words)

    def write(self, address: int, words: Sequence[int]) -> None:
        """Write words, once: after a time-out nobody knows whether they arrived. Raises as :meth:`read`."""
        self._get_in_step()
        for start in range(0, len(words), BLOCK_WORDS):
            self._write_once(address + start, words[start : start + BLOCK_WORDS])

    def write_now(self, address: int, word: int) -> None:
        """Send the request to write a word past everything else, and wait for no answer.

        For a signal handler, or while another thread waits here. The answer, which on RTU is the request's
        own bytes, is heard and passed over before the next use; on TCP its number is nobody's. Where no
        connection is open, because nobody answered on it, one is opened for this and not asked who is there.

        Raises:
            InstrumentDisconnected: the connection is gone.
        """
        client = self._client
        if self._is_closed:
            raise self._gone("it is closed")
        if client is None or client.socket is None:
            client = self._client = self._make_client()
            self._stale = True
            if not client.connect():
                self._drop()
                raise self._gone("it cannot be opened")
        message = single_write(self._kind, self._device_id, address, word)
        self._wire_log.sent(self.role, message)
        try:
            if self._kind == "tcp":
                client.socket.sendall(message)
            else:
                self._owed = message
                client.socket.write(message)
        except OSError as error:
            self._stale = True
            raise self._gone(str(error)) from error

    def _hear_what_is_owed(self) -> None:
        """Hear the answer to :meth:`write_now`; anything else means that answers are out of step."""
        owed, self._owed = self._owed, b""
        if self._client is None or self._stale:
            return
        try:
            heard = bytes(self._client.socket.read(len(owed)))
        except (OSError, AttributeError):
            heard = b""
        self._wire_log.received(self.role, heard)
        self._stale = heard != owed

    def close(self) -> None:
        """Close the connection for good; closing twice is harmless."""
        self._is_closed = True
        self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # One exchange

    def _read_once(self, address: int, count: int) -> list[int]:
        words: list[int] = []
        while len(words) < count:
            size = min(BLOCK_WORDS, count - len(words))
            words += self._read_block(address + len(words), size)
        return words

    def _read_block(self, address: int, count: int) -> list[int]:
        answer = self._exchange(
            READ,
            lambda client: client.read_holding_registers(address, count=count, device_id=self._device_id),
        )
        if len(answer.registers) != count:
            raise self._misfit(f"the answer to another request came ({answer})", f"{count} words")
        return list(answer.registers)

    def _write_once(self, address: int, words: Sequence[int]) -> None:
        if len(words) == 1:
            answer = self._exchange(
                WRITE_ONE, lambda client: client.write_register(address, words[0], device_id=self._device_id)
            )
            echoed = answer.registers == [words[0]]
        else:
            answer = self._exchange(
                WRITE_MANY,
                lambda client: client.write_registers(address, list(words), device_id=self._device_id),
            )
            echoed = answer.count == len(words)
        if not echoed or answer.address != address:
            raise self._misfit(f"the answer to another request came ({answer})", f"the echo of {address}")

    def _exchange(self, function: int, request: Callable[[Any], ModbusPDU]) -> ModbusPDU:
        """Make one request and return its answer, if that is no exception."""
        answer = self._transact(request)
        if answer.function_code & 0x7F != function:
            raise self._misfit(
                f"the answer to another request came ({answer})", f"one to function {function}"
            )
        if answer.isError():
            code = answer.exception_code
            words = f"{EXCEPTIONS.get(code, 'unknown exception')} (exception {code})"
            do = "See the device's display; switch it off and on, and run again"
            raise InstrumentRejected(self.role, f"the device refused: {words}", reason=words, do=do)
        return answer

    def _transact(self, request: Callable[[Any], ModbusPDU]) -> ModbusPDU:
        from pymodbus.exceptions import ConnectionException, ModbusException

        if self._silence_s:
            self._clock.sleep(self._silence_s)
        try:
            return request(self._client)
        except InstrumentReplyError:
            self._stale = True
            raise
        except (ConnectionException, OSError) as error:  # pymodbus lets a reset connection's OSError through
            self._stale = True
            raise self._gone(str(error)) from error
        except ModbusException as error:
            self._stale = True
            heard = f", only {self._heard.hex(' ')}" if self._heard else ""
            raise InstrumentTimeout(
                self.role,
                f"no answer within {self.timeout_s:g} s on {self.resource}{heard}",
                do="Check that it is switched on, its cable, and baud rate and device id",
            ) from error
        except Exception as error:  # out of pymodbus' decoder, by bytes that it did not expect
            raise self._misfit(f"{self._heard.hex(' ')} came ({error!r})", "a Modbus answer") from error
        except BaseException:  # Ctrl-C: the answer still comes, and must not answer the next request
            self._stale = True
            raise

    def _misfit(self, what: str, expected: str) -> InstrumentReplyError:
        self._stale = True
        return InstrumentReplyError(self.role, what, expected=expected, do="Check the cable, and run again")

    # Opening, and getting into step again

    def _get_in_step(self) -> None:
        """After anything went wrong, open afresh until answers belong to their requests again.

        Raises:
            IdentityMismatch, InstrumentReplyError: they do not; the link stays unused.
        """
        if self._owed:
            self._hear_what_is_owed()
        if self._client is not None and not self._stale:
            return
        for last in (False, True):
            self._drop()
            if self._kind == "rtu":
                self._clock.sleep(self.timeout_s)  # what comes late comes now, and nobody hears it
            try:
                self._open()
                self._check_step()
                return
            except (IdentityMismatch, InstrumentReplyError):
                self._stale = True
                if last:
                    raise
            except BaseException:
                self._stale = True
                raise

    def _check_step(self) -> None:
        """See that a number that was never used before comes back, and that the device is the pinned one."""
        self._check_scratch()
        if self._pinned is None:
            return
        address, words = self._pinned
        if (found := self._read_block(address, len(words))) != words:
            raise IdentityMismatch(
                f"{self.role}: after the line was opened anew, registers {address} and on hold {found}",
                expected=f"{words}, as before: the same device",
                do="Connect the right device and run again",
            )

    def _check_scratch(self) -> None:
        if self._scratch is None:
            return
        self._token = self._token % 0xFFFF + 1
        self._write_once(self._scratch, [self._token])
        found = self._read_block(self._scratch, 1)
        if found != [self._token]:
            raise self._misfit(f"register {self._scratch} holds {found}", f"[{self._token}], just written")

    def _open(self) -> None:
        # pymodbus prints a dump of the line at every error; here every error is raised instead.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self._heard = b""
        self._client = self._make_client()
        if not self._client.connect():
            self._drop()
            raise self._gone("it cannot be opened")
        try:
            self._check_probe()
        except BaseException:
            self._drop()
            raise
        self._stale = False

    def _check_probe(self) -> None:
        address, expected = self._probe
        answer = self._transact(
            lambda client: client.read_holding_registers(address, count=1, device_id=self._device_id)
        )
        found = f"exception {answer.exception_code}" if answer.isError() else f"{answer.registers}"
        if answer.isError() or answer.registers != [expected]:
            raise IdentityMismatch(
                f"{self.role}: register {address} of {self.resource} holds {found}",
                expected=f"[{expected}], the sign of this register map",
                do="Check the resource in the station file, and that the product file is this device's",
            )

    def _make_client(self) -> ModbusTcpClient | ModbusSerialClient:
        if self._kind == "tcp":
            from pymodbus.client import ModbusTcpClient

            return ModbusTcpClient(
                self._place, port=self._number, timeout=self.timeout_s, retries=0, trace_packet=self._trace
            )
        from rig.instruments.modbus_serial import PromptSerialClient

        return PromptSerialClient(
            self._place,
            baudrate=self._number,
            parity=self._parity,
            timeout=self.timeout_s,
            retries=0,
            trace_packet=self._trace,
        )

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """Keep what went over the wire; pymodbus shows all it has of an answer each time more comes."""
        if sending:
            self._wire_log.sent(self.role, data)
            self._heard = b""
        else:
            self._wire_log.received(self.role, data.removeprefix(self._heard))
            self._heard = data[:LONGEST_ANSWER]
            if len(data) > LONGEST_ANSWER:
                raise self._misfit(f"{len(data)} bytes came", f"{LONGEST_ANSWER} at most")
        return data

    def _gone(self, why: str) -> InstrumentDisconnected:
        return InstrumentDisconnected(
            self.role,
            f"the connection {self.resource} does not work ({why})",
            do="Check power, cable and the resource in the station file",
        )
