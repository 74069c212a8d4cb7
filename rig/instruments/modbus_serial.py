"""pymodbus' serial client, without its sleep: it hears an answer as soon as the answer is there.

Importing this module imports pymodbus; import it inside functions.
"""

from __future__ import annotations

from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ConnectionException


class PromptSerialClient(ModbusSerialClient):
    """Waits in the operating system for the first byte, where pymodbus polls once a millisecond or slower.

    The framer above puts an answer together from as many pieces as it takes. The silence that RTU
    demands between messages is kept by :class:`rig.instruments.modbus_link.ModbusLink`.
    """

    def recv(self, size: int | None) -> bytes:
        """Return what has come, at least a byte; nothing when the time-out passes without any.

        Raises:
            ConnectionException: the line is gone.
        """
        if self.socket is None:
            raise ConnectionException(f"{self} is closed")
        try:
            first = bytes(self.socket.read(1))
            return first + bytes(self.socket.read(self.socket.in_waiting)) if first else b""
        except OSError as error:
            self.close()  # type: ignore[no-untyped-call]
            raise ConnectionException(f"{self}: {error}") from error
