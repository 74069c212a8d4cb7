"""What a trigger of the Zaber controller can look at: inputs and outputs, positions, standing still."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rig.twin.emulators.zaber_axis import ZaberAxis

Floats = NDArray[np.float64]

# So often a position is looked at while its axis moves.
SAMPLE_S = 2e-4
SAMPLES = 2000


NEVER = np.empty(0)


def never(from_s: float, to_s: float) -> Floats:
    """Return no moment, for what changes only when somebody changes it."""
    return NEVER


class Level:
    """A channel.

    Args:
        levels: what it is at given moments.
        moments: where to look, as :class:`rig.twin.emulators.zaber_triggers.Signal` says.
    """

    def __init__(
        self,
        levels: Callable[[Floats], ArrayLike],
        moments: Callable[[float, float], Floats] = never,
    ) -> None:
        self._levels, self.moments = levels, moments

    def values(self, times_s: Floats) -> Floats:
        """Return the channel at recent moments, in order."""
        return np.asarray(self._levels(times_s), dtype=np.float64)


class Position:
    """The counted position of an axis, or how far it is from zero."""

    def __init__(self, axis: ZaberAxis, *, absolute: bool) -> None:
        self._axis, self._absolute = axis, absolute

    def values(self, times_s: Floats) -> Floats:
        """Return the position at recent moments, microsteps."""
        counted = self._axis.positions(times_s)
        return np.abs(counted) if self._absolute else counted

    def moments(self, from_s: float, to_s: float) -> Floats:
        """Return moments all along a motion."""
        moving_s = min(to_s, self._axis.motion.ends_at()) - from_s
        if moving_s <= 0:
            return NEVER
        count = min(math.ceil(moving_s / SAMPLE_S), SAMPLES)
        return np.linspace(from_s, from_s + min(moving_s, count * SAMPLE_S), count + 1)[1:]


class Idle:
    """Whether an axis stands still, 1 or 0."""

    def __init__(self, axis: ZaberAxis) -> None:
        self._axis = axis

    def values(self, times_s: Floats) -> Floats:
        """Return it at recent moments."""
        return np.array([not self._axis.motion.busy_at(at_s) for at_s in times_s.tolist()], dtype=np.float64)

    def moments(self, from_s: float, to_s: float) -> Floats:
        """Return the end of the motion, if it ends."""
        ends_s = self._axis.motion.ends_at()
        return np.array([ends_s]) if from_s < ends_s <= to_s else NEVER
