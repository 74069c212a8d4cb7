"""A stage whose controller follows a script, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rig.instruments.stage_zaber import ZaberStage
from rig.instruments.wirelog import WireLog
from tests.support.scripted import ScriptedPeer

AXES = {
    "z": {"number": 1, "unit_per_microstep": 1e-3, "speed": 20.0, "accel": 1000.0},
    "turret": {"number": 2, "unit_per_microstep": 1e-2, "speed": 360.0, "accel": 3600.0},
}
SPEED_ACCEL = b"32768 164"  # 20 mm/s and 1000 mm/s² at a micrometre per microstep
TIMEOUT_S = 0.5
PATIENCE_S = 20.0
Script = Sequence[tuple[bytes, bytes]]


class SkippingClock:
    """A clock on which sleeping takes no time; keeps how long it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def utc_now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC)


@contextmanager
def talking(script: Script, **options: Any) -> Iterator[ZaberStage]:
    """Yield a stage whose controller follows ``script``; without check values unless asked for."""
    clock = options.pop("clock", None) or SkippingClock()
    with ScriptedPeer(script) as peer:
        stage = ZaberStage(
            "stage",
            peer.resource,
            WireLog(),
            clock,
            **{"timeout_s": TIMEOUT_S, "axes": AXES, "checksum": False, **options},
        )
        try:
            yield stage
        finally:
            stage.close()


def status(message_id: int, *, axis: int = 1, state: str = "IDLE", flag: str = "--") -> tuple[bytes, bytes]:
    """Return a status poll and its answer."""
    return (
        b"/1 %d %02d\n" % (axis, message_id),
        b"@01 %d %02d OK %s %s 0\r\n" % (axis, message_id, state.encode(), flag.encode()),
    )


def moved(flag: str, listed: str) -> Script:
    """Return a move that ends with a flag."""
    return [
        (b"/1 1 01 get pos\n", b"@01 1 01 OK IDLE -- 0\r\n"),
        (b"/1 1 02 move abs 1000 " + SPEED_ACCEL + b"\n", b"@01 1 02 OK BUSY -- 0\r\n"),
        status(3, flag=flag),
        (b"/1 1 04 warnings\n", b"@01 1 04 OK IDLE %s %s\r\n" % (flag.encode(), listed.encode())),
    ]
