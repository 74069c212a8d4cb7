"""What insertions do to needles: each blunts and shortens at its own pace."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rig.twin.world import Wear
from rig.twin.world_pen import Needles

Floats = NDArray[np.float64]


class NeedleWear:
    """State of every needle after the insertions it has made.

    With w = x/(1 + x) and x = (insertions/half)^exponent a needle is 1 + (worst − 1)·w times as blunt as
    when it was made, and since the world began it has lost the growth of w times the whole loss in length.

    Args:
        wear, needles: the truth.
        count: number of needles.
        random: draws each needle's pace, once.
    """

    def __init__(self, wear: Wear, needles: Needles, count: int, random: np.random.Generator) -> None:
        self._wear, self._begun_with = wear, needles.bluntness
        self._half: Floats = wear.half * np.exp(wear.scatter * random.normal(size=count))
        self.insertions: float = needles.insertions
        self._worn_at_first = self._worn()

    def bluntness(self) -> Floats:
        """Return the force each needle punctures with, relative to a new one."""
        blunted: Floats = self._begun_with * (1.0 + (self._wear.worst - 1.0) * self._worn())
        return blunted

    def shortening_mm(self) -> Floats:
        """Return the length each needle has lost to its insertions since the world began."""
        lost: Floats = self._wear.shortening_mm * (self._worn() - self._worn_at_first)
        return lost

    def _worn(self) -> Floats:
        x = (self.insertions / self._half) ** self._wear.exponent
        worn: Floats = x / (1.0 + x)
        return worn
