"""Fewer rows of a trace for a picture, without losing a peak."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[float64]]


def thin(columns: Columns, points: int) -> dict[str, list[float | None]]:
    """Return columns with about ``points`` rows, as JSON has them; what is not finite becomes None.

    The rows are cut into stretches of equal length, and of each the rows are kept in which any column has its
    smallest or its largest value: each row shown is a row that was measured.

    Args:
        columns: shape (n,) each, of one length.
        points: rows wanted, at least 2; as few as two rows a column and stretch are kept.
    """
    import numpy as np

    rows = len(next(iter(columns.values())))
    kept = np.arange(rows)
    if rows > max(points, 2):
        stretches = max(1, points // (2 * len(columns)))
        starts = np.linspace(0, rows, stretches, endpoint=False).astype(int)
        ends = [np.array([0, rows - 1])]
        for values in columns.values():
            ends += [_places(values, starts, sign) for sign in (1.0, -1.0)]
        kept = np.unique(np.concatenate(ends))
    return {
        name: [float(value) if np.isfinite(value) else None for value in values[kept]]
        for name, values in columns.items()
    }


def _places(values: NDArray[float64], starts: NDArray[int64], sign: float) -> NDArray[int64]:
    """Return where in each stretch the largest of ``sign`` · value is."""
    import numpy as np

    ranked = np.where(np.isfinite(values), sign * values, -np.inf)
    bounds = [*starts.tolist(), len(values)]
    return np.array([low + int(ranked[low:high].argmax()) for low, high in pairwise(bounds)])
