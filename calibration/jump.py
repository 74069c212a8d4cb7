"""Sudden jumps in a record that should be smooth: something slipped, and no fit of it means anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-6
MAD_TO_SIGMA = 1.4826
DIFFERENCE_NOISE = math.sqrt(5.0)
"""Noise of :func:`largest_jump`'s difference, in that of a reading: √(½² + 1½² + 1½² + ½²)."""


@dataclass(frozen=True)
class Jump:
    """The largest jump of a record: behind which reading, how large, and whether chance may have made it."""

    behind: int
    size: float
    is_beyond_chance: bool


def largest_jump(values: Floats, *, noise: float) -> Jump | None:
    """Return the largest jump between two readings that follow each other.

    Each step is compared with the mean of the steps before and after it, so a record that bends smoothly has
    none. Chance is reckoned with the larger of ``noise`` and of what the record itself shows.

    Args:
        values: evenly spaced readings, shape (n,).
        noise: standard deviation of one of them, in their unit.

    Returns:
        None when there are fewer than four readings.
    """
    if len(values) < 4:
        return None
    steps = np.diff(values)
    differences = steps[1:-1] - 0.5 * (steps[:-2] + steps[2:])
    seen = MAD_TO_SIGMA * float(np.median(np.abs(differences)))
    sigma = max(seen, DIFFERENCE_NOISE * noise)
    largest = int(np.argmax(np.abs(differences)))
    limit = float(norm.isf(FALSE_ALARM / (2 * len(differences)))) * sigma
    size = float(differences[largest])
    return Jump(largest + 1, size, abs(size) > limit)
