"""How much force a needle needs to puncture the phantom, from a slow insertion.

Before puncture each needle presses the surface with F = a·d + b·d²; at puncture it loses part of its
force and slides on. Needles puncture one after the other within a short way, so the force of the whole
tip rises, peaks and falls; the peak shared by the needles is what a worn tip raises.

The true peak F_max falls somewhere between two readings, and each reading is a mean over up to the time since
the one before. With the force growing by r from reading to reading, the last reading before the peak is
low by r·(s + a/2), s and a anywhere between 0 and 1. And it is the larger of the two or so that see the
peak, so its noise is that of the larger of two: high by σ/√π, with a standard deviation of σ·√(1 − 1/π).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured

Floats = NDArray[np.float64]

MINIMUM_POINTS = 20
RISE_READINGS = 12
RISE_LAG = 3
"""The growth from reading to reading: the median over so many of a third of what the force grew in three."""

MAD_TO_SIGMA = 1.4826
CONTACT_SIGMAS = 8.0
FALL_SHARE = 0.15
"""A peak counts as puncture when the force falls below it by this share before the insertion ends."""

EQUATION = "P = g·(F − e − z + r·(s + a/2))/N"


@dataclass(frozen=True)
class Insertion:
    """Force per needle at the peak (N), where it was (mm), and whether the force fell after it."""

    force_per_needle: Measured
    peak_position_mm: float
    punctured: bool


def insertion_force(
    position_mm: Floats,
    force_n: Floats,
    *,
    needles: int,
    resolution_n: float,
    noise_n: float,
    gauge_u: float,
    zero_u_n: float,
) -> Insertion:
    """Estimate the force per needle at which a tip punctures.

    Args:
        position_mm, force_n: the record of the insertion, shape (n,), force free of the gauge's zero.
        needles: how many share the force.
        resolution_n, noise_n: least step and noise of one reading.
        gauge_u: relative standard uncertainty of the gauge.
        zero_u_n: standard uncertainty of the gauge's zero that was taken off.

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
    figures = (resolution_n, noise_n, gauge_u, zero_u_n)
    if not all(math.isfinite(figure) and figure >= 0 for figure in figures):
        raise EstimateError(f"resolution, noise, gauge u and zero u {figures}, expected finite, not negative")
    peak = int(np.argmax(f))
    if f[peak] < CONTACT_SIGMAS * noise_n + resolution_n:
        raise EstimateError(f"the needles never met the phantom: at most {f[peak]:.3g} N")
    punctured = bool(f[peak:].min() < (1.0 - FALL_SHARE) * f[peak])
    sigma_n = math.hypot(noise_n, resolution_n / math.sqrt(12.0))
    rise_n, rise_u_n = _rise_per_reading(f[: peak + 1])
    inputs = {
        "e": Input(sigma_n / math.sqrt(math.pi), sigma_n * math.sqrt(1.0 - 1.0 / math.pi), name="noise"),
        "z": Input(0.0, zero_u_n, name="zero of the gauge"),
        "g": Input(1.0, gauge_u, name="gauge"),
        "r": Input(rise_n, rise_u_n, name="growth of the force"),
        "s": _between_nothing_and_one("peak between readings"),
        "a": _between_nothing_and_one("averaging of the gauge"),
    }

    def model(e: Floats, z: Floats, g: Floats, r: Floats, s: Floats, a: Floats) -> Floats:
        return g * (float(f[peak]) - e - z + r * (s + a / 2.0)) / needles

    force = result(EQUATION, model, inputs, "N", as_read=float(f[peak]) / needles)
    return Insertion(force, float(z[peak]), punctured)


def _between_nothing_and_one(name: str) -> Input:
    return Input(0.5, 1.0 / math.sqrt(12.0), distribution=Distribution.RECTANGULAR, name=name)


def _rise_per_reading(rising_n: Floats) -> tuple[float, float]:
    """Return by how much the force grew from reading to reading on the way to its peak, and its u, N.

    The median passes over the steps down where single needles puncture before the peak.
    """
    last = rising_n[-(RISE_READINGS + RISE_LAG) :]
    if len(last) <= RISE_LAG:
        return 0.0, 0.0
    grown = (last[RISE_LAG:] - last[:-RISE_LAG]) / RISE_LAG
    median = float(np.median(grown))
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(grown - median)))
    # Neighbours share readings: only every third of them tells something new.
    return max(0.0, median), scatter / math.sqrt(max(1.0, len(grown) / RISE_LAG))
