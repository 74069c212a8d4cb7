"""The twin's time: virtual by default, so that waiting costs nothing, or the clock on the wall."""

from __future__ import annotations

import asyncio
import time


class TwinTime:
    """Simulated seconds since the twin was switched on.

    On the virtual clock, :meth:`wait` moves time on at once and returns; nothing else moves it. On the
    wall clock it really waits. Emulators and bench are the same on both.
    """

    def __init__(self, *, virtual: bool = True) -> None:
        self.virtual = virtual
        self._virtual_now_s = 0.0
        self._start_s = time.monotonic()

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._virtual_now_s if self.virtual else time.monotonic() - self._start_s

    async def wait(self, seconds: float) -> None:
        """Let ``seconds`` of simulated time pass; none for zero or less."""
        if seconds <= 0:
            return
        if self.virtual:
            self._virtual_now_s += seconds
        else:
            await asyncio.sleep(seconds)

    async def wait_until(self, moment_s: float) -> None:
        """Let time pass until ``moment_s``; return at once when it has passed already."""
        await self.wait(moment_s - self.now())
