"""A force that depends on everything that happened before: computed step by step, kept for a while."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEPT_STEPS = 4000


class ForceHistory:
    """The last steps of a marched force, to be read at any recent moment.

    Attributes:
        largest_n: the largest size of the force in any step, those that are kept no longer too.
    """

    def __init__(self) -> None:
        self.largest_n = 0.0
        self._times: list[float] = [0.0]
        self._forces: list[float] = [0.0]

    @property
    def now_s(self) -> float:
        """How far the march has come."""
        return self._times[-1]

    def steps_to(self, until_s: float, longest_s: float) -> Floats:
        """Return the moments of equal steps from now to ``until_s``.

        None is longer than ``longest_s``, unless that would take more steps than are kept.
        """
        count = min(int(np.ceil((until_s - self.now_s) / longest_s)), KEPT_STEPS)
        return np.linspace(self.now_s, until_s, count + 1)[1:]

    def add(self, time_s: float, force_n: float) -> None:
        """Append a step; time must not go backwards."""
        if len(self._times) > 2 * KEPT_STEPS:
            del self._times[:KEPT_STEPS], self._forces[:KEPT_STEPS]
        self._times.append(time_s)
        self._forces.append(force_n)
        self.largest_n = max(self.largest_n, abs(force_n))

    def at(self, times_s: Floats) -> Floats:
        """Return the force at recent moments, interpolated between steps."""
        first = max(0, bisect_left(self._times, float(times_s.min())) - 1)
        forces: Floats = np.interp(times_s, self._times[first:], self._forces[first:])
        return forces
