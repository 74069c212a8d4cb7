"""The skin phantom under pressed needles: each deflects the surface, punctures, slides, and wears.

A needle that was drawn out leaves a hole, which closes with time; until then the same place is weaker.
Every insertion, slow or by a stroke of the running pen, wears the needles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.force_history import ForceHistory
from rig.twin.physics.needle_wear import NeedleWear
from rig.twin.physics.needles import NeedleSet
from rig.twin.world import Phantom
from rig.twin.world_pen import Needles

Floats = NDArray[np.float64]

STEP_S = 0.001
REFERENCE_SPEED_MM_PER_S = 1.0
SLOWEST_MM_PER_S, FASTEST_MM_PER_S = 0.01, 1e3
WEAKEST = 0.3


class PhantomUnderNeedles:
    """Force of the phantom on the needles, marched in time.

    Args:
        phantom, needles: the truth; ``needle_set`` their lengths, ``wear`` what insertions do to them.
        surface_mm: height of the undisturbed phantom above the rim plane at given moments; negative below.
        reach_mm: reach of a nominal needle beyond the rim plane at a moment.

    Attributes:
        first_puncture_n: force at the moment of the first puncture of the latest insertion; NaN before it.
    """

    def __init__(
        self,
        phantom: Phantom,
        needles: Needles,
        needle_set: NeedleSet,
        random: np.random.Generator,
        *,
        wear: NeedleWear,
        surface_mm: Callable[[Floats], Floats],
        reach_mm: Callable[[float], float],
    ) -> None:
        self._phantom, self._needles, self._random = phantom, needles, random
        self._new_lengths_mm, self._longest_mm = needle_set.lengths_mm, needle_set.longest_mm
        self._wear, self._surface_mm, self._reach_mm = wear, surface_mm, reach_mm
        self._punctured_at_mm = np.full(len(self._new_lengths_mm), np.nan)
        self._withdrawn_s = -math.inf
        self._deepest_mm = -np.inf
        self._history = ForceHistory()
        self.first_puncture_n = math.nan
        self._meet_fresh_skin()

    @property
    def largest_n(self) -> float:
        """The largest force of a slow insertion so far, pushing or pulling, N."""
        return self._history.largest_n

    def force_n(self, times_s: Floats) -> Floats:
        """Return the force on the needles at recent moments, N."""
        self._march(float(times_s.max()))
        return self._history.at(times_s)

    def most_n(self, times_s: Floats) -> Floats:
        """Return what the force cannot exceed: that of needles that never puncture.

        A needle that has punctured is held by less, for cutting and friction grow more slowly with depth
        than the surface stiffens.
        """
        depths_mm = self._surface_mm(times_s) + self._reach_mm(float(times_s[-1])) + self._longest_mm
        forces_n: Floats = len(self._new_lengths_mm) * self._surface_n(np.clip(depths_mm, 0.0, None))
        return forces_n

    def punctured_at_mm(self) -> Floats:
        """Return how far each needle had deflected the phantom when it punctured; NaN where it has not."""
        return self._punctured_at_mm.copy()

    def strike(self, top_s: float, top_mm: float) -> float:
        """Work out one stroke of the running pen; return the mean force on the pen, N.

        Args:
            top_s: when the stroke is at its top.
            top_mm: reach of a nominal needle then.
        """
        surface_mm = float(self._surface_mm(np.array([top_s]))[0])
        pressed = np.clip(surface_mm + top_mm + self._lengths_mm, 0.0, None)
        if not pressed.any():
            return 0.0
        resisted_n = np.minimum(self._surface_n(pressed), (1.0 - self._phantom.drop) * self._puncture_n)
        self._leave(top_s)
        # Over a stroke the tip is in the phantom for about a third of the turn.
        return float(resisted_n.sum()) / 3.0

    def _march(self, until_s: float) -> None:
        if until_s <= self._history.now_s:
            return
        ends_s = np.array([self._history.now_s, until_s])
        from_mm, to_mm = self._surface_mm(ends_s) + self._reach_mm(until_s) + self._longest_mm
        if from_mm <= 0 and to_mm <= 0:
            self._deepest_mm = to_mm
            if not np.isnan(self._punctured_at_mm).all():
                self._leave(until_s)
            self._history.add(until_s, 0.0)
            return
        times_s = self._history.steps_to(until_s, STEP_S)
        reaches_mm = np.array([self._reach_mm(time_s) for time_s in times_s.tolist()])
        heights_mm, done = self._surface_mm(times_s) + reaches_mm, 0
        while done < len(times_s):
            done += self._advance(times_s[done:], heights_mm[done:])

    def _advance(self, times_s: Floats, heights_mm: Floats) -> int:
        """March until something happens to a needle, or to the end; return how many steps that took.

        Args:
            times_s: when the steps end, shape (steps,).
            heights_mm: how deep a needle that reaches just as far as a nominal one would be, shape (steps,).
        """
        depth = heights_mm[:, None] + self._lengths_mm
        deepest, pressed = depth.max(axis=1), np.clip(depth, 0.0, None)
        advances_mm = _changes(self._deepest_mm, deepest)
        surface_n, punctured = self._surface_n(pressed), ~np.isnan(self._punctured_at_mm)
        strength_n = self._strengths_n(times_s, advances_mm)
        punctures = ~punctured & (surface_n >= strength_n) & (pressed > 0)
        happens = punctures.any(axis=1) | ((deepest <= 0) & punctured.any())
        steps = int(np.argmax(happens)) if happens.any() else len(times_s)
        if steps == 0:
            steps = 1
            if deepest[0] <= 0:
                self._leave(float(times_s[0]))
            else:
                self._puncture(punctures[0], pressed[0], surface_n[0])
        self._deepest_mm = float(deepest[steps - 1])
        forces_n = self._resisted_n(pressed[:steps], surface_n[:steps], advances_mm[:steps])
        for time_s, force_n in zip(times_s[:steps].tolist(), forces_n.tolist(), strict=True):
            self._history.add(time_s, force_n)
        return steps

    def _strengths_n(self, times_s: Floats, advances_mm: Floats) -> Floats:
        """Return the force at which each needle punctures, at its speed then, shape (steps, needles)."""
        phantom, from_s = self._phantom, self._withdrawn_s
        speeds = (advances_mm / _changes(self._history.now_s, times_s)).tolist()
        rates = [(min(max(SLOWEST_MM_PER_S, v), FASTEST_MM_PER_S) / REFERENCE_SPEED_MM_PER_S) for v in speeds]
        faster = [rate**phantom.rate_exponent for rate in rates]
        healed = [
            1.0 - phantom.weakening * math.exp((from_s - time_s) / phantom.healing_s)
            for time_s in times_s.tolist()
        ]
        strengths_n: Floats = self._puncture_n * np.array(faster)[:, None] * np.array(healed)[:, None]
        return strengths_n

    def _puncture(self, needles: NDArray[np.bool_], pressed: Floats, surface_n: Floats) -> None:
        """Let needles puncture that the phantom no longer withstands."""
        if np.isnan(self._punctured_at_mm).all():
            self.first_puncture_n = float(surface_n.sum())
        self._punctured_at_mm[needles] = pressed[needles]

    def _resisted_n(self, pressed: Floats, surface_n: Floats, advances_mm: Floats) -> Floats:
        """Return the force on all needles, shape (steps,); those inside slide, the others press."""
        phantom, beyond = self._phantom, np.clip(pressed - self._punctured_at_mm, 0.0, None)
        inside = ~np.isnan(self._punctured_at_mm) & (pressed > 0)
        rubbing_n = phantom.friction_n_per_mm * beyond
        # On the way out nothing is cut, and friction pulls.
        cutting_n = (1.0 - phantom.drop) * self._puncture_n + rubbing_n
        sliding_n = np.where(advances_mm[:, None] < 0, -rubbing_n, cutting_n)
        forces_n: Floats = np.where(inside, sliding_n, surface_n).sum(axis=1)
        return forces_n

    def _surface_n(self, pressed: Floats) -> Floats:
        """Force of each needle on the surface that it has not punctured."""
        force_n: Floats = (
            self._phantom.linear_n_per_mm * pressed + self._phantom.square_n_per_mm2 * pressed**2
        )
        return force_n

    def _leave(self, time_s: float) -> None:
        """Note that the needles have been inside and are out again."""
        self._wear.insertions += 1
        self._withdrawn_s = time_s
        self._punctured_at_mm[:] = np.nan
        self._meet_fresh_skin()

    def _meet_fresh_skin(self) -> None:
        """Draw what each needle will meet at its next insertion, with the wear it has by then."""
        scatter = 1.0 + self._phantom.scatter * self._random.normal(size=len(self._new_lengths_mm))
        sharp_n = self._needles.puncture_n * np.clip(scatter, WEAKEST, None)
        self._puncture_n: Floats = sharp_n * self._wear.bluntness()
        self._lengths_mm: Floats = self._new_lengths_mm - self._wear.shortening_mm()


def _changes(before: float, values: Floats) -> Floats:
    """Return by how much each value differs from the one before it; ``np.diff`` takes longer for so few."""
    return np.array([after - sooner for sooner, after in pairwise([before, *values.tolist()])])
