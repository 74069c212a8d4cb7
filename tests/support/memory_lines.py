"""Lines without a wire: whatever is sent, the next of some prepared pieces comes back, and then nothing.

Nothing waits here, so that thousands of hostile answers can be tried in a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from rig.instruments.link import VisaLink
from rig.instruments.modbus_link import ModbusLink


class MemoryPort:
    """What a VISA link takes for an open line.

    Args:
        pieces: what comes back, one for each message.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._waiting = pieces, b""

    def send(self, data: bytes) -> None:
        """Take a message."""
        self._waiting += next(self._pieces, b"")

    def receive(self, limit_s: float) -> bytes:
        """Return what has come; nothing at once instead of a time-out."""
        waiting, self._waiting = self._waiting, b""
        return waiting

    def is_quiet(self) -> bool:
        """Say whether nothing waits."""
        return not self._waiting


@contextmanager
def visa_lines(pieces: Iterator[bytes]) -> Iterator[None]:
    """Let every VISA link that is opened in the block have a line of this kind."""

    def opened(link: Any) -> None:
        link._port, link._stale = MemoryPort(pieces), False

    with patch.object(VisaLink, "_open", opened):
        yield


@contextmanager
def modbus_lines(kind: str, pieces: Iterator[bytes]) -> Iterator[None]:
    """Let every Modbus link that is opened in the block have a line of this kind (``tcp`` or ``rtu``).

    On TCP the pieces come behind the transaction number of the request.
    """
    from pymodbus.client import ModbusTcpClient

    from rig.instruments.modbus_serial import PromptSerialClient

    def made(link: ModbusLink) -> Any:
        port = MemoryPort(pieces)
        if kind == "tcp":
            client: Any = ModbusTcpClient("", retries=0, timeout=0.01, trace_packet=link._trace)
        else:
            client = PromptSerialClient("", retries=0, timeout=0.01, trace_packet=link._trace)
        number = b""

        def send(request: bytes, addr: object = None) -> int:
            nonlocal number
            number = request[:2] if kind == "tcp" else b""
            port.send(request)
            return len(request)

        def receive(size: int | None) -> bytes:
            nonlocal number
            first, number = number, b""
            return first + heard if (heard := port.receive(0.0)) else b""

        client.connect, client.send, client.recv = (lambda: True), send, receive
        client.transaction.low_level_send = send
        return client

    with patch.object(ModbusLink, "_make_client", made):
        yield
