"""A peer that follows a script of bytes: the manual's messages, expected and answered to the letter."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from types import TracebackType

ACCEPT_TIMEOUT_S = 10.0


class ScriptedPeer:
    """A TCP server on loopback that expects exact bytes and answers exact bytes, exchange by exchange.

    Args:
        script: pairs (expected from the driver, answer to send; empty for silence). An exchange with
            nothing expected sends its answer unasked.

    Use as a context manager; leaving it fails when the driver sent anything else than the script, or
    less. One connection after another is accepted, so that a driver may reopen its link.
    """

    def __init__(self, script: Sequence[tuple[bytes, bytes]]) -> None:
        self._script = list(script)
        self._done = 0
        self.problem = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def resource(self) -> str:
        """VISA resource string of this peer."""
        return f"TCPIP0::127.0.0.1::{self.port}::SOCKET"

    @property
    def done(self) -> int:
        """How many exchanges have been heard."""
        return self._done

    def __enter__(self) -> ScriptedPeer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._thread.join(timeout=ACCEPT_TIMEOUT_S)
        if kind is None:
            assert not self.problem, self.problem
            assert self._done == len(self._script), f"never sent by the driver: {self._script[self._done :]}"

    def _serve(self) -> None:
        while self._done < len(self._script) and not self.problem:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._follow(connection)

    def _follow(self, connection: socket.socket) -> None:
        while self._done < len(self._script):
            expected, answer = self._script[self._done]
            received = b""
            while len(received) < len(expected):
                try:
                    piece = connection.recv(len(expected) - len(received))
                except OSError:
                    return
                if not piece:
                    return
                received += piece
                if not expected.startswith(received):
                    self.problem = f"exchange {self._done}: expected {expected!r}, got {received!r}"
                    return
            self._done += 1
            if answer:
                connection.sendall(answer)
        # Stay open until the driver closes, so that a read that waits for more times out.
        while True:
            try:
                piece = connection.recv(4096)
            except OSError:
                return
            if not piece:
                return
            self.problem = f"after the script's end the driver sent {piece!r}"
