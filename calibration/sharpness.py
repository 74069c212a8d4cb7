"""How much force a needle needs to puncture the phantom, from a slow insertion.

Before puncture each needle presses the surface with F = a·d + b·d²; at puncture it loses part of its
force and slides on. Needles puncture one after the other within a short way, so the force of the whole
tip rises, peaks and falls; the peak shared by the needles is what a worn tip raises.

The true peak falls between readings, and the gauge averages over a while: what it hides is at most what the
force grew from one reading to the next just before. Half of that is added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

MINIMUM_POINTS = 20
RISE_READINGS = 6
CONTACT_SIGMAS = 8.0
FALL_SHARE = 0.15
"""A peak counts as puncture when the force falls below it by this share before the insertion ends."""


@dataclass(frozen=True)
class Insertion:
    """Force per needle at the peak (N), where it was (mm), and whether the force fell after it."""

    force_per_needle: Measured
    peak_position_mm: float
    punctured: bool


def insertion_force(
    position_mm: Floats, force_n: Floats, *, needles: int, resolution_n: float, noise_n: float, gauge_u: float
) -> Insertion:
    """Estimate the force per needle at which a tip punctures.

    Args:
        position_mm, force_n: the record of the insertion, shape (n,), force free of the gauge's zero.
        needles: how many share the force.
        resolution_n, noise_n: least step and noise of one reading.
        gauge_u: relative standard uncertainty of the gauge.

    Returns:
        The peak per needle; ``punctured`` is False when the force still grew at the end, so that the
        needles need at least that much.

    Raises:
        EstimateError: too few points, not finite, or no contact.
    """
    z, f = np.asarray(position_mm, dtype=float), np.asarray(force_n, dtype=float)
    if z.ndim != 1 or z.shape != f.shape or len(z) < MINIMUM_POINTS:
        raise EstimateError(
            f"a record of shape {z.shape}, expected {MINIMUM_POINTS} points or more, of one shape"
        )
    if not (np.isfinite(z).all() and np.isfinite(f).all()) or needles < 1:
        raise EstimateError("a record that is not finite, or a tip without needles")
    figures = (resolution_n, noise_n, gauge_u)
    if not all(math.isfinite(figure) and figure >= 0 for figure in figures):
        raise EstimateError(f"resolution, noise and gauge u {figures}, expected finite, not negative")
    peak = int(np.argmax(f))
    if f[peak] < CONTACT_SIGMAS * noise_n + resolution_n:
        raise EstimateError(f"the needles never met the phantom: at most {f[peak]:.3g} N")
    punctured = bool(f[peak:].min() < (1.0 - FALL_SHARE) * f[peak])
    hidden = _rise_per_reading(f[: peak + 1]) / needles
    as_read = float(f[peak]) / needles
    share = as_read + hidden / 2
    budget = [
        Contribution("gauge", share * gauge_u),
        Contribution("resolution", resolution_n / math.sqrt(12) / needles),
        Contribution("noise", noise_n / needles),
        Contribution("peak between readings", hidden / math.sqrt(12)),
    ]
    return Insertion(combine(share, "N", budget, as_read=as_read), float(z[peak]), punctured)


def _rise_per_reading(rising_n: Floats) -> float:
    """Return by how much the force grew from reading to reading on the way to its peak, N."""
    last = rising_n[-RISE_READINGS:]
    return max(0.0, float(last[-1] - last[0]) / max(1, len(last) - 1))
