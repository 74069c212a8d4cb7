"""The stage's controller without a wire: bytes in, bytes out, and time that passes when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from rig.twin.emulators.stage_zaber import ZaberEmulator
from tests.support.serving import make_bench

MM = 1 / 4.7625e-5  # microsteps


class Controller:
    """An emulator with a line to it: ``ask`` sends bytes and returns all that comes back."""

    def __init__(self, *overrides: str, faults: Sequence[str] = ()) -> None:
        listed = ", ".join(f'"{fault}"' for fault in faults)
        self.bench = make_bench((*overrides, f"faults=[{listed}]"))
        self.emulator = ZaberEmulator(self.bench)
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def ask(self, data: bytes) -> bytes:
        async def answer_all() -> None:
            for message in self.emulator.split(bytearray(data)):
                line: Any = self
                reply = await self.emulator.answer(message, line)
                self.sent += reply or b""

        self.sent = b""
        asyncio.run(answer_all())
        return self.sent

    def wait(self, seconds: float) -> None:
        asyncio.run(self.bench.time.wait(seconds))

    def home(self) -> None:
        self.ask(b"/1 0 home\n")
        self.wait(1.0)

    def z_mm(self) -> float:
        """Where the carriage truly is."""
        self.bench.catch_up()
        return self.bench.z.position_at(self.bench.time.now())

    def force_n(self) -> float:
        """What truly presses."""
        self.bench.catch_up()
        return self.bench.unseen_force_n(self.bench.time.now())
