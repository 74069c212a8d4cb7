"""A pen played by hand: the bytes of Modbus TCP on the register map of the office pen."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime

import pytest

from rig.instruments.pen_modbus import ModbusPen
from rig.instruments.wirelog import WireLog
from rig.product import load_product
from tests.support.scripted import ScriptedPeer

PRODUCT = load_product("office-pen")
RESTART_S = PRODUCT.calibration.restart_s
TIMEOUT_S = 0.5  # of tests in which an answer is meant to be missing

needs_pty = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals exist on Unix only")

Script = list[tuple[bytes, bytes]]


class FakeClock:
    """Time passes when somebody sleeps, and only then."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def adu(transaction: int, pdu: str) -> bytes:
    """Return a Modbus TCP message to or from unit 1."""
    data = bytes.fromhex(pdu)
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(data) + 1).to_bytes(2, "big") + b"\x01" + data


def connection(*exchanges: tuple[str, str]) -> Script:
    """Return the exchanges of one connection, opened by a look at the map id; an empty answer is silence."""
    pairs = [("03 0000 0001", "03 02 4E50"), *exchanges]
    return [
        (adu(number, ask), adu(number, answer) if answer else b"")
        for number, (ask, answer) in enumerate(pairs, start=1)
    ]


# After a missing answer, the link shows on the echo register that it is in step.
IN_STEP = [("06 0022 0001", "06 0022 0001"), ("03 0022 0001", "03 02 0001")]

SILENT_OPENING = (adu(1, "03 0000 0001"), b"")


def open_pen(
    peer: ScriptedPeer, *, timeout_s: float = 5.0, clock: FakeClock | None = None, log: WireLog | None = None
) -> ModbusPen:
    return open_at(f"tcp:127.0.0.1:{peer.port}", timeout_s=timeout_s, clock=clock, log=log)


def open_at(
    resource: str, *, timeout_s: float = 5.0, clock: FakeClock | None = None, log: WireLog | None = None
) -> ModbusPen:
    return ModbusPen(
        "pen",
        resource,
        log or WireLog(),
        clock or FakeClock(),
        timeout_s=timeout_s,
        modbus=PRODUCT.modbus,
        restart_s=RESTART_S,
        unlock_key=PRODUCT.calibration.unlock_key,
    )


def open_by_hand(listener: socket.socket) -> tuple[ModbusPen, socket.socket]:
    """Open a driver and return it with the first connection, on which the test answers as it likes."""
    held: list[socket.socket] = []

    def accept() -> None:
        first, _ = listener.accept()
        held.append(first)
        assert first.recv(100) == adu(1, "03 0000 0001")
        first.sendall(adu(1, "03 02 4E50"))

    thread = threading.Thread(target=accept)
    thread.start()
    pen = open_at(f"tcp:127.0.0.1:{listener.getsockname()[1]}", timeout_s=TIMEOUT_S)
    thread.join()
    return pen, held[0]


def answer_next(listener: socket.socket, script: Script) -> None:
    """Accept one more connection and follow a script on it."""

    def follow() -> None:
        second, _ = listener.accept()
        with second:
            for expected, answer in script:
                assert second.recv(100) == expected
                second.sendall(answer)

    threading.Thread(target=follow, daemon=True).start()


def text(value: str, words: int) -> str:
    return value.encode().ljust(2 * words, b"\0").hex()


# The map id and the serial number, in one block with the model.
ALIVE = ("03 0000 0011", "03 22 4E50" + text("NP-250", 8) + text("NP000001", 8))
