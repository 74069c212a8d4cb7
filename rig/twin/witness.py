"""The witness: what truly happened on a simulated bench, for tests; the rig may not ask.

Served beside the instruments as ``witness``, free of simulated time. ``state`` answers one line of JSON;
``press`` and ``release`` work the emergency stop and answer the same. What it tells:

- ``time_s``; ``z_mm``, ``turret_deg`` and ``moving`` of either axis; ``target`` that is presented;
- ``highest_mm`` of z so far, and ``highest_while_turning_mm`` while the turret turned;
- ``force_n`` now, and ``largest_force_n`` so far by target: the true axial compression, also between
  questions. That of the running pen's strokes is its mean over a stroke;
- ``force_chain_closed`` and ``emergency_stop_pressed``;
- ``pen``: ``running``, ``park``, ``unlocked``, ``set_depth_mm``, ``active_crc``, ``active_generation``.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import numpy as np

from rig.twin.bench import TwinBench
from rig.twin.wire import Line

QUESTIONS = (b"state", b"press", b"release")


class Registers(Protocol):
    """The part of the pen's firmware that is asked."""

    def number(self, name: str) -> float:
        """Return what a register of one number holds."""


class Witness:
    """Watches a bench from its first moment on.

    Args:
        bench: what is watched.
        pen: its registers are read without asking the pen.
    """

    def __init__(self, bench: TwinBench, pen: Registers) -> None:
        self._bench, self._pen = bench, pen
        self._seen_until_s = bench.time.now()
        self._highest_mm = bench.z.position_at(self._seen_until_s)
        self._highest_while_turning_mm: float | None = None
        self._largest_n: dict[str, float] = {}
        self._rest: tuple[bool, str | None, float] | None = None  # what else decides the force at rest
        bench.keep(self._watch)

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut at line feeds."""
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        return lines

    async def answer(self, message: bytes, line: Line) -> bytes:
        """Tell what happened, after pressing or releasing the emergency stop when asked to."""
        bench, now_s = self._bench, self._bench.time.now()
        if message not in QUESTIONS:
            return b"error: state, press or release\n"
        bench.catch_up()
        if message == b"press":
            bench.emergency_stop.press(now_s)
        elif message == b"release":
            bench.emergency_stop.release(now_s)
        return json.dumps(self._state(now_s), default=_plain).encode() + b"\n"

    def _state(self, now_s: float) -> dict[str, Any]:
        bench, pen, force_n = self._bench, self._bench.pen, self._bench.unseen_force_n(now_s)
        self._remember(now_s)
        self._note(bench.target_at(now_s), force_n)
        return {
            "time_s": now_s,
            "z_mm": bench.z.position_at(now_s),
            "turret_deg": bench.turret.position_at(now_s),
            "moving": bench.z.busy_at(now_s) or bench.turret.busy_at(now_s),
            "target": bench.target_at(now_s),
            "highest_mm": self._highest_mm,
            "highest_while_turning_mm": self._highest_while_turning_mm,
            "force_n": force_n,
            "largest_force_n": self._largest_n,
            "force_chain_closed": bool(bench.force_chain.closed(np.array([now_s]))[0]),
            "emergency_stop_pressed": bench.emergency_stop.pressed_at(now_s),
            "pen": {
                "running": pen.running,
                "park": pen.parked_at(now_s),
                "unlocked": bool(self._pen.number("service_unlock")),
                "set_depth_mm": self._pen.number("set_depth_um") / 1000.0,
                "active_crc": int(self._pen.number("active_crc")),
                "active_generation": int(self._pen.number("active_generation")),
            },
        }

    def _watch(self, now_s: float) -> None:
        """See what happened since the last look; it is cheap while nothing touches."""
        bench, from_s = self._bench, self._seen_until_s
        self._seen_until_s = now_s
        pen = bench.pen
        rest = pen.running, pen.parked_at(now_s), bench.move_error_mm
        if bench.z.ends_at() <= from_s and bench.turret.ends_at() <= from_s and rest == self._rest:
            return
        self._rest = rest
        highest_s, highest_mm = bench.z.highest_between(from_s, now_s)
        self._highest_mm = max(self._highest_mm, highest_mm)
        turned_until_s = min(bench.turret.ends_at(), now_s)
        if turned_until_s > from_s:
            self._remember(from_s)
            turning_mm = bench.z.highest_between(from_s, turned_until_s)[1]
            self._highest_while_turning_mm = max(self._highest_while_turning_mm or turning_mm, turning_mm)
        if bench.remembers_at(now_s):
            self._note(bench.target_at(now_s), pen.load_n)
            if bench.z.position_at(now_s) < highest_mm and bench.may_touch(from_s, now_s):
                bench.unseen_force_n(highest_s)  # or a push that nobody looked at would be forgotten
        elif bench.may_touch(from_s, now_s):
            forces_n = bench.most_force_n(np.array([highest_s, now_s]))
            self._note(bench.target_at(now_s), float(forces_n.max()))

    def _remember(self, time_s: float) -> None:
        """Take over what a target that remembers felt until it is, or was, turned away."""
        if self._bench.remembers_at(time_s):
            target = self._bench.target_at(time_s)
            self._note(target, self._bench.largest_remembered_n(time_s))

    def _note(self, target: str | None, force_n: float) -> None:
        if target is not None and force_n > self._largest_n.get(target, 0.0):
            self._largest_n[target] = force_n


def _plain(value: Any) -> Any:
    """Return what a NumPy scalar holds: comparing positions gives such truth values."""
    return value.item()
