"""Where two bodies begin to touch: a straight baseline, then a force that grows with position.

Model of the rim's datum scan: F = F₀ before contact, F = F₀ + k·(z − z₀) after. The stiffness k is
fitted, so what gauge, nest and plate give way drops out. The first micrometres of contact are soft
(tilt, roughness) and are left out of the loaded line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

MINIMUM_BASELINE_POINTS = 4
MINIMUM_LOADED_POINTS = 4
TOUCHED_SIGMAS = 6.0
RESOLUTION_SHARE = 1 / math.sqrt(12.0)


@dataclass(frozen=True)
class ContactPoint:
    """A contact found in a scan: position (mm), stiffness (N/mm), force without contact (N)."""

    position: Measured
    stiffness_n_per_mm: float
    baseline_n: float
    noise_n: float


def contact_point(
    position_mm: Floats, force_n: Floats, *, resolution_n: float, soft_n: float
) -> ContactPoint:
    """Find the contact in a scan towards it.

    Args:
        position_mm: positions of the steps, increasing, mm, shape (n,).
        force_n: force after each step, N, shape (n,).
        resolution_n: least step of the gauge, N.
        soft_n: forces below this (above the baseline) belong to the soft beginning and are not fitted.

    Returns:
        The extrapolated position of zero force, with the uncertainty of both lines.

    Raises:
        EstimateError: wrong shape, not finite, no contact, contact from the first point, too few points.
    """
    z, f = _checked(position_mm, force_n)
    floor_n = max(resolution_n * RESOLUTION_SHARE, 1e-9)
    baseline, noise = _baseline(f, floor_n)
    touched = f > baseline + max(TOUCHED_SIGMAS * noise, 2 * resolution_n)
    if not touched.any():
        raise EstimateError(f"no contact in the scan: the force stays within {np.ptp(f):.3g} N")
    first = int(np.argmax(touched))
    if first < MINIMUM_BASELINE_POINTS:
        raise EstimateError(
            f"contact from point {first} on, expected at least {MINIMUM_BASELINE_POINTS} before it"
        )
    free = f[: first - 1]
    baseline, noise = float(free.mean()), max(float(free.std(ddof=1)), floor_n)
    loaded = (np.arange(len(z)) >= first) & (f > baseline + soft_n)
    if int(loaded.sum()) < MINIMUM_LOADED_POINTS:
        raise EstimateError(
            f"{int(loaded.sum())} points under more than {soft_n:g} N, expected at least {MINIMUM_LOADED_POINTS}"
        )
    return _intersect(z[loaded], f[loaded], baseline, noise, len(free))


def _checked(position_mm: Floats, force_n: Floats) -> tuple[Floats, Floats]:
    z, f = np.asarray(position_mm, dtype=float), np.asarray(force_n, dtype=float)
    if z.ndim != 1 or z.shape != f.shape:
        raise EstimateError(f"positions {z.shape} and forces {f.shape}, expected one shape (n,)")
    if len(z) < MINIMUM_BASELINE_POINTS + MINIMUM_LOADED_POINTS:
        raise EstimateError(
            f"{len(z)} points, expected {MINIMUM_BASELINE_POINTS + MINIMUM_LOADED_POINTS} or more"
        )
    if not (np.isfinite(z).all() and np.isfinite(f).all()):
        raise EstimateError("positions or forces are not all finite")
    if not (np.diff(z) > 0).all():
        raise EstimateError("positions do not increase from step to step")
    return z, f


def _baseline(f: Floats, floor_n: float) -> tuple[float, float]:
    """Level and noise of the force without contact, from the scan's first points."""
    early = f[:MINIMUM_BASELINE_POINTS]
    return float(np.median(early)), max(float(early.std(ddof=1)), floor_n)


def _intersect(z: Floats, f: Floats, baseline: float, noise: float, free_points: int) -> ContactPoint:
    centre = z.mean()
    spread = float(((z - centre) ** 2).sum())
    slope = float(((z - centre) * (f - f.mean())).sum()) / spread
    if slope <= 0:
        raise EstimateError("the force does not grow after contact")
    residual = f - f.mean() - slope * (z - centre)
    dof = len(z) - 2
    scatter = max(math.sqrt(float(residual @ residual) / dof), noise)
    lever = float(f.mean()) - baseline
    position = centre - lever / slope
    # z₀ = z̄ − (F̄ − F₀)/k: the mean load, its lever on the slope, and the baseline, independently.
    fit = math.sqrt(scatter**2 / len(z) + (lever / slope * scatter) ** 2 / spread) / slope
    budget = [
        Contribution("fit of the loaded line", fit, dof),
        Contribution(
            "force without contact", noise / math.sqrt(free_points) / slope, max(1, free_points - 1)
        ),
    ]
    return ContactPoint(combine(float(position), "mm", budget), slope, baseline, noise)
