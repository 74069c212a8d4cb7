"""What of a trace is drawn: two columns, their labels, and where its result lies among them.

A trace says itself what it shows: ``about["x"]`` and ``about["y"]`` name two of its columns, and a
column's name carries its unit. Two things are put as people think of them: plate positions become gaps
below the rim, and time stamps the period of each stroke. A trace whose result is another quantity than its
x axis may mark a place there itself: ``about["marked"]`` ± ``about["marked_U"]``. Nothing is estimated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from calibration.limits import Limits
    from calibration.measured import Measured
    from rig.records.trace import Trace

    Floats = NDArray[float64]

UNITS = {"mm": "mm", "n": "N", "s": "s", "v": "V", "a": "A", "pa": "Pa"}
CURVE_FROM = 40
"""As many places on the x axis are joined to a curve; fewer points are shown one by one."""


@dataclass(frozen=True)
class View:
    """A picture in numbers.

    Args:
        title, caption: what it is, and what was found in it.
        x, y: the points, shape (n,); NaN is not drawn.
        x_label, y_label: with units.
        curve: whether the points are joined.
        across: a result on the x axis, value and expanded uncertainty.
        limits: of that result.
        level: a result on the y axis.
        moment: where on the x axis something begins.
        band: a fitted line at the points of x, and the lower and upper end of its confidence band.
    """

    title: str
    caption: str
    x: Floats
    y: Floats
    x_label: str
    y_label: str
    curve: bool = False
    across: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    level: float | None = None
    moment: float | None = None
    band: tuple[Floats, Floats, Floats] | None = None


def view_of(
    trace: Trace, result: Measured | None = None, limits: Limits | None = None, caption: str = ""
) -> View:
    """Return what of ``trace`` is drawn.

    Args:
        trace: with ``x`` and ``y`` in its ``about``, or with ``time_s`` as its only column.
        result: what was made from it; marked where an axis shows the same quantity.
        limits: of that result.
        caption: what was found, in words.

    Raises:
        KeyError: the trace does not say what to draw, or names a column that it does not have.
    """
    if list(trace.columns) == ["time_s"]:
        return _periods(trace, result, caption)
    x_name, y_name = str(trace.about["x"]), str(trace.about["y"])
    x, x_label = trace.columns[x_name], label_of(x_name)
    if x_name == "plate_mm" and "rim_mm" in trace.about:
        x, x_label = float(trace.about["rim_mm"]) - x, "gap between rim and plate (mm)"
    places = len(set(x.tolist()))
    alike = result is not None and result.unit == "mm" and x_name.endswith("_mm")
    mark = result if alike and "marked" not in trace.about else None
    return View(
        trace.name,
        caption,
        x,
        trace.columns[y_name],
        x_label,
        label_of(y_name),
        curve=places >= CURVE_FROM,
        across=_marked(trace) or (None if mark is None else (mark.value, mark.U)),
        limits=None if mark is None else _both(limits),
        moment=float(trace.about["hold_s"]) if x_name == "time_s" and "hold_s" in trace.about else None,
        band=_band(trace),
    )


def _marked(trace: Trace) -> tuple[float, float] | None:
    """Return the place on the x axis, and its U, that a trace itself marks."""
    if "marked" not in trace.about:
        return None
    return float(trace.about["marked"]), float(trace.about["marked_U"])


def _band(trace: Trace) -> tuple[Floats, Floats, Floats] | None:
    """Return the fitted line and its band, where the trace names their columns."""
    if "fitted" not in trace.about:
        return None
    fitted, low, high = (trace.columns[str(trace.about[key])] for key in ("fitted", "low", "high"))
    return fitted, low, high


def label_of(column: str) -> str:
    """Return a column's name as people write it.

    >>> label_of("position_mm"), label_of("duty")
    ('position (mm)', 'duty')
    """
    name, _, suffix = column.rpartition("_")
    return f"{name.replace('_', ' ')} ({UNITS[suffix]})" if suffix in UNITS else column.replace("_", " ")


def _periods(trace: Trace, result: Measured | None, caption: str) -> View:
    import numpy as np

    periods_ms = np.diff(trace.columns["time_s"]) * 1e3
    numbers = np.arange(1.0, len(periods_ms) + 1.0)
    rate = result.value if result is not None and result.unit == "1/min" else None
    level = 60e3 / rate if rate else None
    return View(trace.name, caption, numbers, periods_ms, "stroke", "period (ms)", level=level)


def _both(limits: Limits | None) -> tuple[float, float] | None:
    if limits is None or limits.lower is None or limits.upper is None:
        return None
    return limits.lower, limits.upper
