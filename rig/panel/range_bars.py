"""A result against its limits as a small drawing: where the limits, the value and its uncertainty lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH = 100.0
MARGIN = 0.2
"""What is shown beyond each limit, in widths of what lies between them."""


@dataclass(frozen=True)
class RangeBar:
    """Places on a bar from 0 to 100; what lies beyond its ends is put at the end.

    Args:
        left, right: ends of what is allowed.
        lower, upper: limits; None where there is none.
        value: the result.
        low, high: value ± U.
        beyond: -1 or 1 where the value itself lies beyond an end, else 0.
    """

    left: float
    right: float
    lower: float | None
    upper: float | None
    value: float
    low: float
    high: float
    beyond: int


def range_bar(
    value: float | None, U: float | None, lower: float | None, upper: float | None
) -> RangeBar | None:
    """Return where things lie; None where there is no limit, or no value to draw.

    Args:
        value, U: result and expanded uncertainty, in one unit with the limits.
        lower, upper: limits; None where there is none.
    """
    half = 0.0 if U is None else U
    numbers = [number for number in (value, half, lower, upper) if number is not None]
    if value is None or (lower is None and upper is None) or not all(map(math.isfinite, numbers)):
        return None
    first, last = _shown(value, half, lower, upper)

    def place(number: float) -> float:
        return round(min(max((number - first) / (last - first), 0.0), 1.0) * WIDTH, 2)

    return RangeBar(
        left=0.0 if lower is None else place(lower),
        right=WIDTH if upper is None else place(upper),
        lower=None if lower is None else place(lower),
        upper=None if upper is None else place(upper),
        value=place(value),
        low=place(value - half),
        high=place(value + half),
        beyond=-1 if value < first else 1 if value > last else 0,
    )


def _shown(value: float, U: float, lower: float | None, upper: float | None) -> tuple[float, float]:
    """Return the ends of the bar: always the same for the same limits, where there are two."""
    if lower is not None and upper is not None:
        span = (upper - lower) or max(abs(upper), U, 1.0)
        return lower - MARGIN * span, upper + MARGIN * span
    if upper is not None:
        first = min(0.0, value - U) if upper > 0 else min(value - U, upper - max(abs(upper), 1.0))
        return first, upper + MARGIN * (upper - first)
    assert lower is not None
    last = max(value + U, lower + max(abs(lower) / 2, U, 1e-12))
    return lower - MARGIN * (last - lower), last + 0.05 * (last - lower)
