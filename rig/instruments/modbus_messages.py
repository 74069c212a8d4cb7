"""Modbus on the wire: where a device is, the pause between messages, its exceptions, a bare write."""

from __future__ import annotations

import struct

from rig.errors import ConfigError

NOBODYS_TRANSACTION = 0xFFFF  # pymodbus counts from 1, and waits for the numbers it gave
RTU_SILENCE_BITS = 38.5  # 3.5 characters of 11 bits must pass between two messages,
RTU_SILENCE_S = 1.75e-3  # and no less than this above 19 200 baud (Modbus over Serial Line, 2.5.1.1)

EXCEPTIONS = {
    1: "illegal function",
    2: "no such register",
    3: "value refused",
    4: "device failure",
    5: "acknowledged, still working",
    6: "busy",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}


def parse_resource(role: str, resource: str) -> tuple[str, str, int]:
    """Return the kind of a connection (``tcp`` or ``rtu``), its host or path, and its port or baud rate.

    Raises:
        ConfigError: the resource names none.
    """
    kind, _, rest = resource.partition(":")
    place, _, number = rest.rpartition(":")
    if kind not in ("tcp", "rtu") or not place or not number.isdecimal() or int(number) == 0:
        raise ConfigError(f"{role}: resource {resource!r}", expected="tcp:HOST:PORT or rtu:PATH:BAUD")
    return kind, place, int(number)


def silence_s(kind: str, baud: int) -> float:
    """Return how long a line must be silent between two messages, s; on ``tcp`` not at all."""
    return max(RTU_SILENCE_S, RTU_SILENCE_BITS / baud) if kind == "rtu" else 0.0


def single_write(kind: str, device_id: int, address: int, word: int) -> bytes:
    """Return the bytes of a request to write one register (function 6), on ``tcp`` or ``rtu``."""
    body = struct.pack(">BBHH", device_id, 6, address, word)
    if kind == "tcp":
        return struct.pack(">HHH", NOBODYS_TRANSACTION, 0, len(body)) + body
    from pymodbus.framer import FramerRTU

    return body + struct.pack(">H", FramerRTU.compute_CRC(body))
