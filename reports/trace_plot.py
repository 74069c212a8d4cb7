"""Draws a trace as a small PNG, to be looked at beside the number that was made from it.

One figure is made and redrawn for every trace; a plot then costs the time of its text and little else.
Points far out (Tukey's outer fence), such as bounced strokes, would flatten all others: they are shown
as triangles at the edge that they lie beyond.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.trace_view import View, view_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

    from calibration.limits import Limits
    from calibration.measured import Measured
    from reports.trace_view import Floats
    from rig.records.trace import Trace

SIZE_PX = (640, 400)
DPI = 100
FAR_OUT = 3.0
ROOM = 0.06
COLOURS = 64

# Blue and vermillion of Okabe and Ito are apart for every eye, and in grey.
DATA, RESULT, INK, FAINT, TOLERANCE = "#0072B2", "#D55E00", "#333333", "#DDDDDD", "#EFEFEF"


def plot_trace(
    trace: Trace, result: Measured | None = None, limits: Limits | None = None, caption: str = ""
) -> bytes:
    """Draw a trace; arguments and errors are those of :func:`~reports.trace_view.view_of`.

    Returns:
        A PNG of :data:`SIZE_PX`.
    """
    return draw(view_of(trace, result, limits, caption))


def draw(view: View) -> bytes:
    """Return a view as a PNG."""
    return _sheet().draw(view)


def prepare() -> None:
    """Load matplotlib and its fonts, which the first plot would otherwise wait for."""
    import numpy as np

    draw(View("", "", np.empty(0), np.empty(0), "", ""))


def draw_to_file(view: View, path: Path) -> None:
    """Write a view as a PNG.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(draw(view))


class _Sheet:
    """The one figure, with everything that a view may have in it."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(SIZE_PX[0] / DPI, SIZE_PX[1] / DPI), dpi=DPI, facecolor="white")
        self._canvas: Any = FigureCanvasAgg(figure)  # matplotlib gives it no types
        self._axes = axes = figure.add_axes((0.13, 0.13, 0.84, 0.70))
        _dress(axes)
        text: dict[str, Any] = {"horizontalalignment": "left", "parse_math": False}
        self._title = figure.text(0.025, 0.935, "", color=INK, fontsize=11, **text)
        self._caption = figure.text(0.025, 0.875, "", color=RESULT, fontsize=9.5, **text)
        dots: dict[str, Any] = {"color": DATA, "markeredgewidth": 0, "alpha": 0.6, "linestyle": ""}
        (self._points,) = axes.plot([], [], marker="o", markersize=5, **dots)
        (self._above,) = axes.plot([], [], marker="^", markersize=6, clip_on=False, **dots)
        (self._below,) = axes.plot([], [], marker="v", markersize=6, clip_on=False, **dots)
        (self._curve,) = axes.plot([], [], color=DATA, linewidth=1.4)
        (self._fitted,) = axes.plot([], [], color=RESULT, linewidth=1.4)
        self._band: Any = None
        self._tolerance = axes.axvspan(0, 1, color=TOLERANCE, zorder=0, linewidth=0)
        self._doubt = axes.axvspan(0, 1, color=RESULT, alpha=0.25, zorder=1, linewidth=0)
        self._across = axes.axvline(0, color=RESULT, linewidth=1.4)
        self._level = axes.axhline(0, color=RESULT, linewidth=1.4)
        self._moment = axes.axvline(0, color=INK, linewidth=1.0, linestyle=":")

    def draw(self, view: View) -> bytes:
        """Return the view as a PNG."""
        self._title.set_text(view.title)
        self._caption.set_text(view.caption)
        self._axes.set(xlabel=view.x_label, ylabel=view.y_label)
        self._show_data(view)
        self._show_results(view)
        self._show_band(view)
        self._canvas.draw()
        return self._png()

    def _show_data(self, view: View) -> None:
        x, y = view.x, view.y
        low, high = _range(y, view.level) if view.curve else _range(_without_far_out(y), view.level)
        above, below = y > high, y < low
        near = ~(above | below)
        self._curve.set_data((x, y) if view.curve else ([], []))
        self._points.set_data(([], []) if view.curve else (x[near], y[near]))
        self._above.set_data(x[above], [high] * int(above.sum()))
        self._below.set_data(x[below], [low] * int(below.sum()))
        self._axes.set(xlim=_range(x, view.across[0] if view.across else None), ylim=(low, high))

    def _show_results(self, view: View) -> None:
        value, U = view.across or (None, 0.0)
        _show_span(self._doubt, None if value is None else (value - U, value + U))
        _show_span(self._tolerance, view.limits)
        for line, place in ((self._across, value), (self._moment, view.moment)):
            line.set_visible(place is not None)
            line.set_xdata([place or 0.0] * 2)
        self._level.set_visible(view.level is not None)
        self._level.set_ydata([view.level or 0.0] * 2)

    def _show_band(self, view: View) -> None:
        if self._band is not None:
            self._band.remove()
            self._band = None
        self._fitted.set_data(([], []) if view.band is None else (view.x, view.band[0]))
        if view.band is not None:
            _, low, high = view.band
            self._band = self._axes.fill_between(view.x, low, high, color=RESULT, alpha=0.2, linewidth=0)
            self._axes.set(ylim=_range(_joined(view.y, low, high), None))

    def _png(self) -> bytes:
        from PIL import Image

        # A palette makes the file four times smaller and costs no more time than a deeper compression.
        picture = Image.frombytes("RGB", SIZE_PX, self._canvas.buffer_rgba(), "raw", "RGBX")
        png = io.BytesIO()
        picture.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(png, "png")
        return png.getvalue()


@cache
def _sheet() -> _Sheet:
    return _Sheet()


def _dress(axes: Axes) -> None:
    """Few ticks, no box, and axis labels at fixed places, so that nothing is measured to lay them out."""
    from matplotlib.ticker import MaxNLocator

    for axis, place in ((axes.xaxis, (0.5, -0.105)), (axes.yaxis, (-0.115, 0.5))):
        axis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=3))
        axis.set_label_coords(*place)
        axis.label.set_color(INK)
    axes.ticklabel_format(useOffset=False)
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=9)
    axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)


def _show_span(span: Rectangle, ends: tuple[float, float] | None) -> None:
    span.set_visible(ends is not None)
    if ends is not None:
        span.set(x=ends[0], width=ends[1] - ends[0])


def _range(values: Floats, also: float | None) -> tuple[float, float]:
    """Return where an axis begins and ends so that it shows all finite values and ``also``."""
    import numpy as np

    finite = [*values[np.isfinite(values)], *(() if also is None else (also,))] or [0.0, 1.0]
    low, high = float(min(finite)), float(max(finite))
    room = ROOM * (high - low) or 0.5
    return low - room, high + room


def _joined(*parts: Floats) -> Floats:
    import numpy as np

    return np.concatenate(parts)


def _without_far_out(values: Floats) -> Floats:
    import numpy as np

    finite: Floats = values[np.isfinite(values)]
    if len(finite) == 0:
        return finite
    lower, upper = np.quantile(finite, (0.25, 0.75))
    fence = FAR_OUT * (upper - lower)
    near: Floats = finite[(finite >= lower - fence) & (finite <= upper + fence)]
    return near
