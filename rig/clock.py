"""One way to tell and spend time, on hardware and on the twin.

Nothing above the wire calls :mod:`time`: it asks a :class:`Clock`. On hardware that is
:class:`WallClock`. On the twin it is :class:`LinkedClock`, which asks the twin for the time and lets
the twin decide what a second costs: on its virtual clock, nothing.
"""

from __future__ import annotations

import re
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from rig.errors import TwinError

ANSWER_TIMEOUT_S = 30.0
LONGEST_ANSWER = 64  # bytes


_SECONDS = re.compile(r"\d{1,12}(\.\d{0,20})?(e-\d{1,2})?")


class Clock(Protocol):
    """Seconds since some start, and the means to let them pass."""

    def now(self) -> float:
        """Return the seconds since this clock's start."""

    def latest(self) -> float:
        """Return the latest moment that is known without asking anybody: for whoever must not wait."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""

    def utc_now(self) -> datetime:
        """Return the date and time of day this clock stands for."""


class WallClock:
    """The clock on the wall: monotonic seconds, real sleeping."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._start_s

    def latest(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def utc_now(self) -> datetime:
        return datetime.now(UTC)


class LinkedClock:
    """The twin's clock, over the twin's clock line: ``now`` and ``sleep SECONDS``, answered in seconds.

    Args:
        host, port: where the twin serves its clock.

    Raises:
        TwinError: the twin does not answer.
    """

    EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
    """When the twin's calendar begins: a fixed day, so that a run never depends on the day it is made."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port, self._latest_s = host, port, 0.0
        self._connect()
        try:
            self.now()  # whoever listens there and is no twin is found out at once
        except TwinError:
            self.close()
            raise

    def now(self) -> float:
        return self._ask(b"now\n")

    def latest(self) -> float:
        return self._latest_s

    def sleep(self, seconds: float) -> None:
        seconds = max(0.0, seconds)
        # A twin on the wall clock really sleeps before it answers.
        self._socket.settimeout(ANSWER_TIMEOUT_S + seconds)
        self._ask(b"sleep %.9f\n" % seconds)
        self._socket.settimeout(ANSWER_TIMEOUT_S)

    def utc_now(self) -> datetime:
        return self.EPOCH + timedelta(seconds=self.now())

    def close(self) -> None:
        """Close the line to the twin."""
        self._socket.close()

    def _connect(self) -> None:
        try:
            self._socket = socket.create_connection((self._host, self._port), timeout=ANSWER_TIMEOUT_S)
        except OSError as error:
            where = f"{self._host}:{self._port}"
            raise TwinError(f"the twin's clock at {where} cannot be reached ({error})") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in_step = True

    def _ask(self, line: bytes) -> float:
        if not self._in_step:  # a Ctrl-C came while the twin answered: that answer is not this one's
            self._socket.close()
            self._connect()
        self._in_step = False
        answer = self._exchange(line)
        self._in_step = True
        text = answer.decode("ascii", "backslashreplace").strip()
        if not _SECONDS.fullmatch(text):
            raise TwinError(
                f"the twin's clock answered {text!r}",
                expected="a number of seconds",
                do="Check that the address is the twin's clock",
            )
        self._latest_s = float(text)
        return self._latest_s

    def _exchange(self, line: bytes) -> bytes:
        try:
            self._socket.sendall(line)
            answer = b""
            while not answer.endswith(b"\n") and len(answer) < LONGEST_ANSWER:
                piece = self._socket.recv(64)
                if not piece:
                    raise TwinError("the twin closed its clock line", do="Look at the twin's last words")
                answer += piece
        except OSError as error:
            raise TwinError(f"the twin's clock stopped answering ({error})") from error
        return answer
