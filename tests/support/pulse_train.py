"""A bench of which only the contact exists: it opens and closes at given moments."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rig.twin.time import TwinTime
from rig.twin.world import World

Floats = NDArray[np.float64]


class PulseTrain:
    """A contact that closes at ``rises`` and opens at ``falls`` (s, one fall after each rise).

    The counter behind it is perfect unless ``world`` says otherwise.
    """

    def __init__(
        self, rises: Floats, falls: Floats, *, world: World | None = None, time: TwinTime | None = None
    ) -> None:
        perfect = {"counter": {"time_base_error": 0.0, "trigger_noise_s": 0.0, "resolution_s": 1e-12}}
        self.world = world or World.model_validate(perfect)
        self.time = time or TwinTime(virtual=True)
        self._rises, self._falls = np.asarray(rises, float), np.asarray(falls, float)

    @classmethod
    def regular(
        cls, *, rate_hz: float = 100.0, share: float = 0.2, until_s: float = 10.0, world: World | None = None
    ) -> PulseTrain:
        """Return pulses at a steady rate, high for ``share`` of each period, the first after one period."""
        rises = np.arange(1, math.floor(until_s * rate_hz)) / rate_hz
        return cls(rises, rises + share / rate_hz, world=world)

    def random(self, name: str) -> np.random.Generator:
        """Return a noise source."""
        return np.random.default_rng(len(name))

    async def edges(self, count: int, *, since_s: float, until_s: float) -> tuple[Floats, Floats]:
        """Wait for ``count`` cycles or until ``until_s``, as the bench does."""
        rises = self._rises[self._rises > since_s][: count + 1]
        enough = len(rises) > count
        await self.time.wait_until(float(rises[-1]) if enough and rises[-1] <= until_s else until_s)
        rises = rises[rises <= self.time.now()]
        falls = self._falls[self._falls > rises[0]] if len(rises) else self._falls[:0]
        return rises, falls[falls <= self.time.now()][: len(rises)]
