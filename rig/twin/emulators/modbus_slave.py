"""The Modbus side of any simulated device: MBAP and RTU framing, functions 03, 04, 06 and 16, exceptions.

From *Modbus Application Protocol V1.1b3* and *Modbus over Serial Line V1.02*. It knows addresses and
words only; what they mean is the :class:`Device`'s business.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from rig.twin.wire import Line

MBAP_HEADER = 6  # transaction, protocol and length; the length counts the unit id and the PDU
RTU_MAXIMUM = 256
READ_MAXIMUM, WRITE_MAXIMUM = 125, 123
BROADCAST = 0


class Exc(IntEnum):
    """Exception codes."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    BUSY = 6


class Refused(Exception):
    """The device does not do what was asked, and nothing has changed."""

    def __init__(self, code: Exc) -> None:
        self.code = code
        super().__init__(code.name)


class Died(Exception):
    """The device lost its power over a request; there is no answer."""


class Device(Protocol):
    """Holding registers behind one device id."""

    device_id: int

    async def attend(self) -> bool:
        """Let the time pass that a request costs; return False when the device hears nothing now."""

    def read(self, address: int, count: int) -> list[int]:
        """Return ``count`` words from ``address`` on, or raise :class:`Refused`."""

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Take all of ``words`` from ``address`` on, or raise :class:`Refused` and take none.

        Returns when everything is done that the answer vouches for; raises :class:`Died` when it cannot.
        """


async def respond(device: Device, pdu: bytes) -> bytes | None:
    """Return the answer of ``device`` to a request (function code and data); None when it is mute."""
    if not await device.attend():
        return None
    try:
        return await _act(device, pdu[0], pdu[1:])
    except Refused as refusal:
        return bytes([pdu[0] | 0x80, refusal.code])
    except Died:
        return None


async def _act(device: Device, function: int, data: bytes) -> bytes:
    match function:
        case 3 | 4:
            address, count = _two_words(data)
            _check(1 <= count <= READ_MAXIMUM)
            return struct.pack(f">BB{count}H", function, 2 * count, *device.read(address, count))
        case 6:
            address, word = _two_words(data)
            await device.write(address, [word])
            return bytes([function]) + data
        case 16:
            address, count = _two_words(data[:4])
            _check(1 <= count <= WRITE_MAXIMUM and len(data) == 5 + 2 * count and data[4] == 2 * count)
            await device.write(address, struct.unpack(f">{count}H", data[5:]))
            return bytes([function]) + data[:4]
        case _:
            raise Refused(Exc.ILLEGAL_FUNCTION)


def _two_words(data: bytes) -> tuple[int, int]:
    _check(len(data) == 4)
    first, second = struct.unpack(">HH", data)
    return first, second


def _check(sensible: bool) -> None:
    if not sensible:
        raise Refused(Exc.ILLEGAL_VALUE)


class TcpSlave:
    """A device on Modbus TCP. It is alone behind its address, so every unit id means it."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut by the length in the header; what cannot be a header is forgotten with all behind it."""
        messages = []
        while len(buffer) >= MBAP_HEADER:
            _, protocol, length = struct.unpack_from(">HHH", buffer)
            if protocol != 0 or not 2 <= length <= 254:
                buffer.clear()
                break
            end = MBAP_HEADER + length
            if len(buffer) < end:
                break
            messages.append(bytes(buffer[:end]))
            del buffer[:end]
        return messages

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Answer under the transaction and unit id of the request."""
        reply = await respond(self._device, message[MBAP_HEADER + 1 :])
        if reply is None:
            return None
        return (
            message[:4] + struct.pack(">H", len(reply) + 1) + message[MBAP_HEADER : MBAP_HEADER + 1] + reply
        )


class RtuSlave:
    """A device on a serial line, among others: it hears its own id and broadcasts, and no one else's."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut out every stretch that is a whole request with a right CRC; skip what lies before it.

        A real slave finds the beginning by the silence before it; bytes out of a pipe have no silence.
        """
        messages = []
        while found := _find_request(buffer):
            start, end = found
            messages.append(bytes(buffer[start:end]))
            del buffer[:end]
        del buffer[: -RTU_MAXIMUM + 1]
        return messages

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Answer requests to this device; act on broadcasts without an answer."""
        if message[0] not in (self._device.device_id, BROADCAST):
            return None
        reply = await respond(self._device, message[1:-2])
        if reply is None or message[0] == BROADCAST:
            return None
        return with_crc(message[:1] + reply)


def crc16(data: bytes) -> int:
    """Return the CRC of Modbus RTU; it goes on the wire low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def with_crc(frame: bytes) -> bytes:
    """Return an RTU frame with its CRC behind it."""
    return frame + struct.pack("<H", crc16(frame))


def _crc_table_entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_CRC_TABLE = [_crc_table_entry(byte) for byte in range(256)]


def _find_request(buffer: bytearray) -> tuple[int, int] | None:
    for start in range(len(buffer) - 3):
        end = start + _request_length(buffer, start)
        if end <= len(buffer) and crc16(bytes(buffer[start : end - 2])) == int.from_bytes(
            buffer[end - 2 : end], "little"
        ):
            return start, end
    return None


def _request_length(buffer: bytearray, start: int) -> int:
    """Return how long the request at ``start`` is, CRC included, as its function code tells."""
    function = buffer[start + 1]
    if 1 <= function <= 6:
        return 8
    if function in (15, 16):
        return 9 + buffer[start + 6] if len(buffer) > start + 6 else RTU_MAXIMUM
    # An unknown function has no known length; believe it only when it came alone.
    return len(buffer) - start if start == 0 else RTU_MAXIMUM
