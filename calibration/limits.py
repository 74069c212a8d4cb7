"""Tolerance limits: between what a value must lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.errors import EstimateError


@dataclass(frozen=True)
class Limits:
    """Tolerance limits in the result's unit; None where there is none.

    Raises:
        EstimateError: no limit, one that is not finite, or crossed ones.
    """

    lower: float | None
    upper: float | None

    def __post_init__(self) -> None:
        given = [limit for limit in (self.lower, self.upper) if limit is not None]
        if not given:
            raise EstimateError("no limit, expected a lower or an upper one")
        if not all(math.isfinite(limit) for limit in given) or given != sorted(given):
            raise EstimateError(f"limits {self.lower} to {self.upper}, expected finite and in order")

    def contain(self, value: float, *, margin: float = 0.0) -> bool:
        """Say whether ``value`` lies inside by at least ``margin`` (outside by at most −margin)."""
        above = self.lower is None or value >= self.lower + margin
        below = self.upper is None or value <= self.upper - margin
        return above and below
