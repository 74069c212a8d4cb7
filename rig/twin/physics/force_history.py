"""A force that depends on everything that happened before: computed step by step, kept for a while."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KEPT_STEPS = 2000


class ForceHistory:
    """The last steps of a marched force, to be read at any recent moment."""

    def __init__(self) -> None:
        self._times: deque[float] = deque([0.0], maxlen=KEPT_STEPS)
        self._forces: deque[float] = deque([0.0], maxlen=KEPT_STEPS)

    @property
    def now_s(self) -> float:
        """How far the march has come."""
        return self._times[-1]

    def add(self, time_s: float, force_n: float) -> None:
        """Append a step; time must not go backwards."""
        self._times.append(time_s)
        self._forces.append(force_n)

    def at(self, times_s: Floats) -> Floats:
        """Return the force at recent moments, interpolated between steps."""
        return np.asarray(np.interp(times_s, np.array(self._times), np.array(self._forces)))
