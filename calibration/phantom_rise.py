"""The rise of the force from contact to the first puncture: F = F₀ + a·d + b·d², d beyond the contact.

It refuses a record that begins in contact, or has too few readings before it or in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.gauge_figures import GaugeFigures

Floats = NDArray[np.float64]

CONTACT_SIGMAS = 8.0
RISING_SIGMAS = 4.0
BASELINE_POINTS = 25
LOADED_POINTS = 15


@dataclass(frozen=True)
class Rise:
    """The parabola from contact to the first puncture."""

    offset_n: float
    offset_u: float
    contact_mm: float
    contact_u: float
    linear: float
    square: float

    @staticmethod
    def fit(z: Floats, f: Floats, gauge: GaugeFigures) -> Rise:
        """Fit F = F₀ + a·d + b·d² with d = z − z₀ beyond contact, a and b not negative."""
        from scipy.optimize import least_squares

        start_n = float(np.median(f[:BASELINE_POINTS]))
        touched = np.flatnonzero(f - start_n > CONTACT_SIGMAS * gauge.reading_u)
        if not len(touched) or touched[0] < BASELINE_POINTS or len(f) - touched[0] < LOADED_POINTS:
            raise EstimateError(
                f"{touched[0] if len(touched) else len(f)} readings before contact and {len(touched)} "
                f"from there to the first puncture, expected {BASELINE_POINTS} and {LOADED_POINTS} or more"
            )
        z1, way = float(z[-1]), max(float(z[-1] - z[touched[0]]), 1e-6)
        slope = (float(f[-1]) - start_n) / way

        def misfit(p: Floats) -> Floats:
            d = np.clip(z - (z1 - p[1] * way), 0.0, None)
            residual: Floats = (p[0] + slope * (p[2] * d + p[3] * d**2 / way) - f) / gauge.reading_u
            return residual

        found = least_squares(
            misfit, [start_n, 1.1, 0.5, 0.5],
            bounds=([-np.inf, 0.2, 0.0, 0.0], [np.inf, 3.0, 10.0, 10.0]), x_scale=[1e-3, 0.1, 0.1, 0.1],
        )  # fmt: skip
        p = found.x
        covariance = np.linalg.pinv(found.jac.T @ found.jac)
        # A parabola is not all there is: what it misses counts as noise, were it larger.
        scale = max(1.0, math.sqrt(2.0 * found.cost / max(1, len(f) - 4)))
        u = scale * np.sqrt(np.diag(covariance))
        before = z < z1 - float(p[1]) * way
        if int(before.sum()) < BASELINE_POINTS or _rises(z[before], f[before], gauge):
            raise EstimateError(
                f"the force rises from the first readings on, expected {BASELINE_POINTS} or more readings "
                "before contact: begin further away"
            )
        return Rise(
            float(p[0]), float(u[0]), z1 - float(p[1]) * way, float(u[1]) * way,
            slope * float(p[2]), slope * float(p[3]) / way,
        )  # fmt: skip

    def force_at(self, z_mm: Floats) -> Floats:
        """Return the force above its zero, N."""
        d = np.clip(z_mm - self.contact_mm, 0.0, None)
        force_n: Floats = self.linear * d + self.square * d**2
        return force_n

    def slope_at(self, z_mm: float) -> float:
        """Return dF/dz, N/mm."""
        return self.linear + 2.0 * self.square * (z_mm - self.contact_mm)


def _rises(z: Floats, f: Floats, gauge: GaugeFigures) -> bool:
    """Say whether the force grows before what was taken for the contact: then it is none."""
    spread = float(((z - z.mean()) ** 2).sum())
    if spread == 0.0:
        return False
    length = float(z[-1] - z[0])
    growth = float((z - z.mean()) @ f) / spread * length
    u = gauge.reading_u / math.sqrt(spread) * length
    return growth > max(RISING_SIGMAS * u, 1.5 * gauge.reading_u)
