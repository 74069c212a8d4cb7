"""The reference step beside the pen: two lapped faces, one a known height above the other, under a probe."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rig.twin.world import Step

Floats = NDArray[np.float64]


class StepUnderProbe:
    """What the probe feels of the step.

    Args:
        step: the truth.
        growth: relative thermal growth of the step beyond that of the stage's screw.
        heights_mm: for moments, a face and where the head stands when it touches that face: how far the
            probe stands above it; without end below while another target is presented.
    """

    def __init__(self, step: Step, growth: float, heights_mm: Callable[[Floats, str, float], Floats]) -> None:
        self._step, self._heights_mm = step, heights_mm
        height_mm = step.height_mm * (1.0 + growth)
        self._touches_at_mm = {"step_low": step.low_mm, "step_high": step.low_mm + height_mm}

    def force_n(self, times_s: Floats, face: str) -> Floats:
        """Return the force between the probe and a face, N; lapped faces meet at once."""
        overlaps_mm = self._heights_mm(times_s, face, self._touches_at_mm[face])
        forces: Floats = self._step.stiffness_n_per_mm * np.clip(overlaps_mm, 0.0, None)
        return forces
