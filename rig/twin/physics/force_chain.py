"""The force chain: two contacts in series, closed while all is right, wired to an input of the stage.

One belongs to the gauge's high set point, the other to a switch in the presented target's mount that
knows nothing of the gauge. Too much force for either opens the chain.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.axis import Axis
from rig.twin.world import OverloadSwitch

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# So often the chain is looked at along a way on which something may touch.
SAMPLE_S = 2e-4
# A force that depends on what happened before is worked out no further ahead than this many samples.
SAMPLES, SAMPLES_OF_A_MEMORY = 2000, 5


class Pressed(Protocol):
    """The part of the bench that a force chain senses."""

    z: Axis

    def target_at(self, time_s: float) -> str | None:
        """Return the target that is presented."""

    def may_touch(self, from_s: float, to_s: float) -> bool:
        """Say whether the presented target may touch anything within a stretch of time."""

    def most_force_n(self, times_s: Floats) -> Floats:
        """Return what the force does not exceed; the force itself where it depends on no past."""

    def remembers_at(self, time_s: float) -> bool:
        """Say whether the force on the presented target depends on the past."""

    def unseen_forces_n(self, times_s: Floats) -> Floats:
        """Return the true force; nothing is decided or drawn by it."""


class SetPoint(Protocol):
    """A gauge with an output that switches at a force."""

    def above_set_point(self, times_s: Floats, forces_n: Floats) -> Bools:
        """Say for moments and true forces whether it has switched."""


class ForceChain:
    """The two contacts.

    Args:
        bench: what is pressed.
        switch: the forces at which the mounts' switches open.
    """

    def __init__(self, bench: Pressed, switch: OverloadSwitch) -> None:
        self._bench = bench
        self._opens_n = {
            "datum": switch.datum_n,
            "film": switch.film_n,
            "phantom": switch.phantom_n,
            "anvil": switch.anvil_n,
            "step_low": switch.step_n,
            "step_high": switch.step_n,
        }
        self._gauge: SetPoint | None = None

    def connect(self, gauge: SetPoint) -> None:
        """Wire a gauge's output into the chain."""
        self._gauge = gauge

    def closed(self, times_s: Floats) -> Bools:
        """Say whether the chain is closed at recent moments, in order; nothing is drawn or decided by it."""
        bench, last_s = self._bench, float(times_s[-1])
        opened = self._opened(times_s, bench.most_force_n(times_s))
        if opened.any() and bench.remembers_at(last_s):
            opened = self._opened(times_s, bench.unseen_forces_n(times_s))
        return ~opened

    def moments(self, from_s: float, to_s: float) -> Floats:
        """Return the next moments after ``from_s`` at which to look; the last is ``to_s`` or before it.

        None while the stage rests or touches nothing: what switches then stops nothing.
        """
        bench = self._bench
        moving_to_s = min(to_s, bench.z.ends_at())
        if moving_to_s <= from_s or not bench.may_touch(from_s, to_s):
            return np.empty(0)
        most = SAMPLES_OF_A_MEMORY if bench.remembers_at(to_s) else SAMPLES
        needed = math.ceil((moving_to_s - from_s) / SAMPLE_S)
        if needed > most:
            return np.linspace(from_s, from_s + most * SAMPLE_S, most + 1)[1:]
        return np.linspace(from_s, moving_to_s, needed + 1)[1:]

    def _opened(self, times_s: Floats, forces_n: Floats) -> Bools:
        target = self._bench.target_at(float(times_s[-1]))
        opened: Bools = forces_n > self._opens_n.get(target or "", math.inf)
        return opened if self._gauge is None else opened | self._gauge.above_set_point(times_s, forces_n)
