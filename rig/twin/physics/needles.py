"""The needles of a tip: how long each is and where it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rig.twin.randomness import noise_source
from rig.twin.world_pen import Needles, Tip

Floats = NDArray[np.float64]


class NeedleSet:
    """Lengths (mm, against the nominal tip) and positions (mm, in the rim plane) of the needles.

    Args:
        needles: what the world says of them.
        count: how many the product has.
        random: draws lengths and places, once.
    """

    def __init__(self, needles: Needles, count: int, random: np.random.Generator) -> None:
        angles = 2 * np.pi * np.arange(count) / count
        self.x_mm: Floats = needles.circle_mm * np.cos(angles)
        self.y_mm: Floats = needles.circle_mm * np.sin(angles)
        lengths = random.normal(0.0, needles.length_scatter_mm, count) - needles.shortening_mm
        lengths[: needles.bent] -= needles.bent_by_mm
        self.lengths_mm: Floats = lengths

    @property
    def longest_mm(self) -> float:
        """Length of the longest needle against the nominal tip."""
        return float(self.lengths_mm.max())

    def reach_mm(self, slope_x: float = 0.0, slope_y: float = 0.0) -> Floats:
        """Height of each needle above a plate that rises by the given slopes (1) across the rim plane."""
        return self.lengths_mm + slope_x * self.x_mm + slope_y * self.y_mm


def needles_of(tip: Tip, count: int, *, seed: int) -> NeedleSet:
    """Return the needles of a tip: the same for the same tip number, drawn by the seed where it has none."""
    return NeedleSet(tip.needles, count, noise_source(tip.number or seed, "needles"))
