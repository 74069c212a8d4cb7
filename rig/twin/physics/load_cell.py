"""What a load cell and its converter make of a force: gain, offset, drift, noise, filter, tare and peaks.

It senses the bench and knows nothing of any instrument's language.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rig.twin.faults import FaultSchedule
from rig.twin.time import TwinTime
from rig.twin.world import World

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A mean over thousands of internal samples is taken over this many moments of the same window.
MOMENTS = 8
# Peaks are looked for this often since the last look; thinner, and no further back, after a long silence.
PEAK_STEP_S = 1e-3
PEAK_MOMENTS = 100
PEAK_MEMORY_S = 1.0


class Loaded(Protocol):
    """The part of the bench that a load cell senses."""

    world: World
    time: TwinTime
    faults: FaultSchedule

    def force_n(self, times_s: Floats) -> Floats:
        """Return the true axial compression at recent moments."""

    def random(self, name: str) -> np.random.Generator:
        """Return the noise source of that name."""


class LoadCell:
    """One sensor: samples all the time, remembers its zero and the extremes since they were cleared.

    Attributes:
        tare_n: the load that counts as zero.
        highest_n, lowest_n: the extremes since they were cleared; never on the other side of ``tare_n``.
    """

    def __init__(self, bench: Loaded) -> None:
        self._bench, self._gauge = bench, bench.world.gauge
        self._noise = bench.random("load cell")
        self._watched_until_s = bench.time.now()
        self.tare_n = 0.0
        self.highest_n = self.lowest_n = 0.0
        self._drifts = bench.faults.of("force_gauge", "drift")
        self._last_n: float | None = None

    def loads_n(self, ends_s: Floats, *, averaged: int, averaged_for_peaks: int) -> Floats:
        """Return the load at each of ``ends_s``, before the zero is taken off.

        Args:
            ends_s: moments in s, increasing; none later than now.
            averaged: how many internal samples, ending at that moment, make one load.
            averaged_for_peaks: the same for the samples among which peaks are sought.
        """
        if self._last_n is not None and self._bench.faults.stands("force_gauge", "stuck"):
            return np.full(len(ends_s), self._last_n)
        moments = min(averaged, MOMENTS)
        window_s = averaged / self._gauge.sample_hz
        back_s = (np.arange(moments) + 0.5) * (window_s / moments)
        watched_s = self._unwatched(float(ends_s[-1]))
        sensed_n = self._sense(np.concatenate([watched_s, (ends_s[:, None] - back_s).ravel()]))
        self._watch(sensed_n[: len(watched_s)], averaged_for_peaks)
        means_n: Floats = sensed_n[len(watched_s) :].reshape(len(ends_s), moments).mean(axis=1)
        loads_n = means_n + self._scatter(len(ends_s), averaged)
        self._last_n = float(loads_n[-1])
        return loads_n

    def zero(self, load_n: float) -> None:
        """Call ``load_n`` zero from now on, and clear the peaks."""
        self.tare_n = load_n
        self.clear_peaks()

    def clear_peaks(self) -> None:
        """Forget the extremes."""
        self.highest_n = self.lowest_n = self.tare_n
        self._watched_until_s = self._bench.time.now()

    def sensed_n(self, times_s: Floats, forces_n: Floats) -> Floats:
        """Return what the converter makes of true forces at given moments, noise left out."""
        if self._last_n is not None and self._bench.faults.stands("force_gauge", "stuck"):
            return np.full(len(times_s), self._last_n)
        gauge = self._gauge
        drift_n = gauge.drift_n_per_s * np.maximum(times_s - gauge.drift_start_s, 0.0)
        for drift in self._drifts:
            drifted_s = np.minimum(times_s, drift.ends_s) - drift.at_s
            drift_n += drift.value * np.maximum(drifted_s, 0.0)
        sensed: Floats = forces_n * (1.0 + gauge.gain_error) + gauge.offset_n + drift_n
        return sensed

    def _sense(self, times_s: Floats) -> Floats:
        times_s = np.maximum(times_s, 0.0)  # a window may reach back to before the bench was switched on
        return self.sensed_n(times_s, self._bench.force_n(times_s))

    def _scatter(self, count: int, averaged: int) -> Floats:
        return self._noise.normal(0.0, self._gauge.noise_n / np.sqrt(averaged), count)

    def _unwatched(self, now_s: float) -> Floats:
        """Return the moments, up to now, at which peaks have not been looked for yet."""
        gap_s = min(now_s - self._watched_until_s, PEAK_MEMORY_S)
        if gap_s <= 0:
            return np.empty(0)
        self._watched_until_s = now_s
        count = min(math.ceil(gap_s / PEAK_STEP_S), PEAK_MOMENTS)
        return np.linspace(now_s, now_s - gap_s, count, endpoint=False)[::-1]

    def _watch(self, sensed_n: Floats, averaged: int) -> None:
        if len(sensed_n):
            seen_n = sensed_n + self._scatter(len(sensed_n), averaged)
            self.highest_n = max(self.highest_n, float(seen_n.max()))
            self.lowest_n = min(self.lowest_n, float(seen_n.min()))
