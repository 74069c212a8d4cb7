"""The counter's input: which edges of the contact its trigger sees, and the times it gives them.

The contact switches between 0 V and 5 V on channel 1; nothing is connected elsewhere. The low-pass
filter, noise rejection, impedance and probe factor have no effect on so clean and slow a signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rig.twin.emulators.scpi_values import Value
from rig.twin.time import TwinTime
from rig.twin.world import World

Floats = NDArray[np.float64]

HIGH_V = 5.0
SIGNAL_CHANNEL = 1
_NONE: Floats = np.empty(0)


class ContactBench(Protocol):
    """What the counter needs of the bench it is connected to."""

    @property
    def time(self) -> TwinTime:
        """The twin's time."""

    @property
    def world(self) -> World:
        """The truth about the counter."""

    def random(self, name: str) -> np.random.Generator:
        """Return a noise source."""

    async def edges(self, count: int, *, since_s: float, until_s: float) -> tuple[Floats, Floats]:
        """Wait for ``count`` cycles after ``since_s`` or until ``until_s``; return rises and falls, s."""


class CounterInput:
    """Channel 1 with its trigger circuit and the time base.

    Args:
        bench: the contact.
        values: the counter's settings, by short header.
    """

    def __init__(self, bench: ContactBench, values: Mapping[str, Value]) -> None:
        self._bench, self._values = bench, values
        self._truth = bench.world.counter
        self._noise = bench.random("counter")

    async def edges(
        self, cycles: int, *, channel: int, since_s: float, until_s: float
    ) -> tuple[Floats, Floats]:
        """Return true times of rises and falls that the trigger sees, no later than ``until_s``.

        Returns as soon as ``cycles`` whole cycles were seen; a trigger that sees nothing costs the time
        until ``until_s``.
        """
        rises, falls = _NONE, _NONE
        if channel == SIGNAL_CHANNEL:
            rises, falls = await self._bench.edges(cycles, since_s=since_s, until_s=until_s)
            rises, falls = rises[rises <= until_s], falls[falls <= until_s]
        if not self._sees(rises, falls):
            await self._bench.time.wait_until(until_s)
            return _NONE, _NONE
        return rises, falls

    def stamps(self, times_s: Floats) -> Floats:
        """Return ``times_s`` as the counter's time base tells them, with trigger noise, in whole steps."""
        noise_s = self._noise.normal(0.0, self._truth.trigger_noise_s, len(times_s))
        told_s = times_s * (1.0 + self._truth.time_base_error) + noise_s
        steps: Floats = np.round(told_s / self._truth.resolution_s)
        return steps * self._truth.resolution_s

    def level_in_use_v(self, channel: int) -> float:
        """Return the trigger level: the one set, or the middle of the signal under auto-level."""
        prefix = _prefix(channel)
        if not self._values[f"{prefix}:LEV:AUTO"]:
            return float(self._values[f"{prefix}:LEV"])
        share = float(self._values[f"{prefix}:LEV:REL"]) / 100.0
        return HIGH_V * share if self._values[f"{prefix}:COUP"] == "DC" else HIGH_V * (share - 0.5)

    def _sees(self, rises: Floats, falls: Floats) -> bool:
        prefix = _prefix(SIGNAL_CHANNEL)
        if self._values[f"{prefix}:LEV:AUTO"]:
            # Auto-level looks for peaks for a fixed time; a slower signal hides from it.
            slowest_hz = float(self._values["SYST:ALEV:FREQ"])
            return len(rises) > 1 and (len(rises) - 1) >= slowest_hz * float(rises[-1] - rises[0])
        low_v = 0.0 if self._values[f"{prefix}:COUP"] == "DC" else -HIGH_V * _high_share(rises, falls)
        return low_v < float(self._values[f"{prefix}:LEV"]) < low_v + HIGH_V


def _prefix(channel: int) -> str:
    return "INP" if channel == 1 else f"INP{channel}"


def _high_share(rises: Floats, falls: Floats) -> float:
    """Return the share of whole cycles that is high: what AC coupling takes away as the mean."""
    cycles = min(len(rises) - 1, len(falls))
    if cycles < 1:
        return 0.5
    return float(np.sum(falls[:cycles] - rises[:cycles]) / (rises[cycles] - rises[0]))
