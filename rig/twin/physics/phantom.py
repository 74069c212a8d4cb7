"""The skin phantom under slowly pressed needles: each deflects the surface, punctures, then slides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.force_history import ForceHistory
from rig.twin.physics.needles import NeedleSet
from rig.twin.world import Needles, Phantom

Floats = NDArray[np.float64]

STEP_S = 0.001
REFERENCE_SPEED_MM_PER_S = 1.0
SLOWEST_MM_PER_S = 0.01


class PhantomUnderNeedles:
    """Force of the phantom on the needles, marched in time.

    Args:
        phantom, needles: the truth; ``needle_set`` their lengths.
        surface_mm: height of the undisturbed phantom above the rim plane at given moments; negative below.
        reach_mm: reach of a nominal needle beyond the rim plane at a moment.
    """

    def __init__(
        self,
        phantom: Phantom,
        needles: Needles,
        needle_set: NeedleSet,
        random: np.random.Generator,
        *,
        surface_mm: Callable[[Floats], Floats],
        reach_mm: Callable[[float], float],
    ) -> None:
        self._phantom, self._lengths_mm = phantom, needle_set.lengths_mm
        self._longest_mm = needle_set.longest_mm
        self._surface_mm, self._reach_mm = surface_mm, reach_mm
        scatter = 1.0 + phantom.scatter * random.normal(size=len(self._lengths_mm))
        self._puncture_n = needles.puncture_n * needles.bluntness * np.clip(scatter, 0.3, None)
        self._punctured_at_mm = np.full(len(self._lengths_mm), np.nan)
        self._deepest_mm = -np.inf
        self._history = ForceHistory()

    def force_n(self, times_s: Floats) -> Floats:
        """Return the force on the needles at recent moments, N."""
        self._march(float(times_s.max()))
        return self._history.at(times_s)

    def _march(self, until_s: float) -> None:
        if until_s <= self._history.now_s:
            return
        ends_s = np.array([self._history.now_s, until_s])
        from_mm, to_mm = self._surface_mm(ends_s) + self._reach_mm(until_s) + self._longest_mm
        if from_mm <= 0 and to_mm <= 0:
            self._deepest_mm = to_mm
            self._history.add(until_s, 0.0)
            return
        times_s = self._history.steps_to(until_s, STEP_S)
        for time_s, surface_mm in zip(times_s.tolist(), self._surface_mm(times_s).tolist(), strict=True):
            depth = surface_mm + self._reach_mm(time_s) + self._lengths_mm
            self._step(time_s, time_s - self._history.now_s, depth)

    def _step(self, time_s: float, step_s: float, depth: Floats) -> None:
        phantom = self._phantom
        speed = max(SLOWEST_MM_PER_S, (depth.max() - self._deepest_mm) / step_s)
        strength = self._puncture_n * (min(speed, 1e3) / REFERENCE_SPEED_MM_PER_S) ** phantom.rate_exponent
        self._deepest_mm = float(depth.max())
        pressed = np.clip(depth, 0.0, None)
        surface_n = phantom.linear_n_per_mm * pressed + phantom.square_n_per_mm2 * pressed**2
        now_punctured = np.isnan(self._punctured_at_mm) & (surface_n >= strength)
        self._punctured_at_mm[now_punctured] = pressed[now_punctured]
        inside = ~np.isnan(self._punctured_at_mm) & (pressed > 0)
        buried = np.clip(pressed - self._punctured_at_mm, 0.0, None)
        sliding_n = (1.0 - phantom.drop) * self._puncture_n + phantom.friction_n_per_mm * np.nan_to_num(
            buried
        )
        self._history.add(time_s, float(np.where(inside, sliding_n, surface_n * (pressed > 0)).sum()))
