"""What a force gauge's certificate says of its readings, and what that makes of one reading or of many."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.errors import EstimateError


@dataclass(frozen=True)
class GaugeFigures:
    """What is known of the force gauge: step, noise of a reading (N), relative u of its gain, drift (N/s).

    ``drift_n_per_s`` is the most its zero may drift.

    Raises:
        EstimateError: a figure is negative or not finite, or there is neither noise nor resolution.
    """

    resolution_n: float
    noise_n: float
    gain_u: float
    drift_n_per_s: float

    def __post_init__(self) -> None:
        for name in ("resolution_n", "noise_n", "gain_u", "drift_n_per_s"):
            size = getattr(self, name)
            if not (math.isfinite(size) and size >= 0):
                raise EstimateError(f"gauge {name} = {size}, expected a finite number, not negative")
        if self.resolution_n == self.noise_n == 0:
            raise EstimateError("a gauge without noise and resolution, expected one of them more than 0")

    @property
    def reading_u(self) -> float:
        """Standard uncertainty of one reading, N."""
        return math.hypot(self.noise_n, self.resolution_n / math.sqrt(12.0))

    def mean_u(self, readings: int) -> float:
        """Return the standard uncertainty of the mean of so many readings at rest, N."""
        return math.hypot(self.reading_u / math.sqrt(readings), self.rounding_u)

    @property
    def rounding_u(self) -> float:
        """What rounding leaves in the mean of many readings, N.

        Noise makes rounded readings right on average: of the step's q/√12 a share exp(−2π²·(σ/q)²) stays,
        the first term of the series in Widrow and Kollár, Quantization Noise (2008), ch. 9.
        """
        q = self.resolution_n
        stays = math.exp(-2.0 * (math.pi * self.noise_n / q) ** 2) if q else 0.0
        return q / math.sqrt(12.0) * stays
