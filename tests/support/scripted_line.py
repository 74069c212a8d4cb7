"""A serial peer that follows a script of bytes, on a pseudo-terminal (Linux and other Unix)."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Sequence
from types import TracebackType

PATIENCE_S = 10.0


class ScriptedLine:
    """A pty at ``path`` that expects exact bytes and answers exact bytes, exchange by exchange.

    Args:
        script: pairs (expected from the driver, answer to send; empty for silence).

    Use as a context manager; leaving it fails when the driver sent anything else than the script, or less.
    """

    def __init__(self, script: Sequence[tuple[bytes, bytes]]) -> None:
        self._script = list(script)
        self._done = 0
        self._problem = ""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._stop_reading, self._stop_writing = os.pipe()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> ScriptedLine:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.write(self._stop_writing, b".")
        self._thread.join(timeout=PATIENCE_S)
        for descriptor in (self._master, self._slave, self._stop_reading, self._stop_writing):
            os.close(descriptor)
        if kind is None:
            assert not self._problem, self._problem
            assert self._done == len(self._script), f"never sent by the driver: {self._script[self._done :]}"

    def _follow(self) -> None:
        received = b""
        while True:
            ready, _, _ = select.select([self._master, self._stop_reading], [], [])
            if self._master in ready:
                received += os.read(self._master, 4096)
                received = self._answer(received)
            elif self._stop_reading in ready:
                return

    def _answer(self, received: bytes) -> bytes:
        while received and not self._problem:
            if self._done == len(self._script):
                self._problem = f"after the script's end the driver sent {received.hex(' ')}"
                break
            expected, answer = self._script[self._done]
            if not received.startswith(expected):
                if not expected.startswith(received):
                    wanted = expected.hex(" ")
                    self._problem = f"exchange {self._done}: expected {wanted}, got {received.hex(' ')}"
                break
            received = received[len(expected) :]
            self._done += 1
            os.write(self._master, answer)
        return received
