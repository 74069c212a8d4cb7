"""The wire log: every message to and from the instruments, kept so that a broken run explains itself."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

KEPT_MESSAGES = 20_000

logger = logging.getLogger("rig.wire")


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One message: when (s of wall time since the log began), whose line, which way, what bytes."""

    time_s: float
    role: str
    direction: Literal[">", "<"]
    data: bytes

    def __str__(self) -> str:
        text = self.data.decode("ascii", "backslashreplace").replace("\r", "\\r").replace("\n", "\\n")
        return f"{self.time_s:12.6f} {self.role:<12} {self.direction} {self.data.hex(' ')}  |{text}|"


class WireLog:
    """The last ``kept`` messages of all instruments of a station, in order.

    Stamped by the clock on the wall even on the twin: what a wire does is a matter of real time, and
    asking the twin for its time at every message would double the traffic.
    """

    def __init__(self, *, kept: int = KEPT_MESSAGES) -> None:
        self._start_s = time.monotonic()
        self._messages: deque[WireMessage] = deque(maxlen=kept)

    def sent(self, role: str, data: bytes) -> None:
        """Keep bytes that went to an instrument."""
        self._keep(role, ">", data)

    def received(self, role: str, data: bytes) -> None:
        """Keep bytes that came from an instrument."""
        self._keep(role, "<", data)

    def lines(self) -> list[str]:
        """Return the messages as text, oldest first: time, role, direction, hex, characters."""
        return [str(message) for message in self._messages]

    def _keep(self, role: str, direction: Literal[">", "<"], data: bytes) -> None:
        message = WireMessage(time.monotonic() - self._start_s, role, direction, data)
        self._messages.append(message)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s", message)
