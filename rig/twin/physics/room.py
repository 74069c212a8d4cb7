"""The room's temperature, and how what stands in it follows: each thing with a time constant of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rig.twin.faults import FaultSchedule
from rig.twin.world import World

Floats = NDArray[np.float64]

REFERENCE_C = 20.0  # lengths of pen and stage are those at this temperature


class Room:
    """Steps of the air's temperature, and the lengths that follow them.

    Args:
        world: the truth.
        faults: has the steps.
    """

    def __init__(self, world: World, faults: FaultSchedule) -> None:
        self._world = world
        steps = faults.of("bench", "temperature_step")
        ended = [(step.ends_s, -step.value) for step in steps if np.isfinite(step.ends_s)]
        self._steps = [(step.at_s, step.value) for step in steps] + ended

    def warmer_k(self, times_s: Floats, lag_s: float) -> Floats:
        """Return how much warmer than at the start is what follows the air with a time constant."""
        risen = np.zeros_like(times_s)
        for at_s, step_k in self._steps:
            risen += step_k * -np.expm1(-np.maximum(times_s - at_s, 0.0) / lag_s)
        return risen

    def pen_c(self, time_s: float) -> float:
        """Return the temperature of a pen at rest."""
        risen_k = self.warmer_k(np.array([time_s]), self._world.pen.warming_s)
        return self._world.environment.temperature_c + float(risen_k[0])

    def rim_shift_mm(self, times_s: Floats) -> Floats:
        """Return how far nest and frame have carried the rim away from the stage."""
        nest = self._world.nest
        return nest.warming_mm_per_k * self.warmer_k(times_s, nest.drift_time_s)

    def pen_mm_per_stage_mm(self, times_s: Floats) -> Floats:
        """Return what a millimetre that the stage moves near the rim is along the pen, both warm."""
        world = self._world
        warm_k = world.environment.temperature_c - REFERENCE_C
        warmth = (world.stage.expansion_per_k - world.pen.expansion_per_k) * warm_k
        followed = world.stage.expansion_per_k * self.warmer_k(times_s, world.stage.warming_s)
        followed -= world.pen.expansion_per_k * self.warmer_k(times_s, world.pen.warming_s)
        ratio: Floats = (1.0 + warmth + followed) * np.cos(world.nest.axis_tilt_mrad * 1e-3)
        return ratio
