"""A sheet of one or two panels beside each other, as wide as a page's text; what the figures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.evidence.words import printable, short_power
from reports.trace_plot import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN, PANEL_HEIGHT_IN = 6.88, 2.15
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 0.70, 0.06, 0.30, 0.42

SMALL = 7.5
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
"""Of Okabe and Ito, apart for every eye; the markers are apart in grey."""


ACROSS = 2
"""So many panels fit beside each other."""


def _tick(value: float, _place: float) -> str:
    """Return a tick's number short enough for its neighbours: 25000 and 0.002, but 2.5e-5."""
    text = short_power(f"{abs(value):.10g}")
    return f"−{text}" if value < 0.0 else text


class Sheet:
    """Panels beside each other; :meth:`panel` gives the next."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(WIDTH_IN, PANEL_HEIGHT_IN), facecolor="none")
        FigureCanvasSVG(self.figure)
        self._drawn = 0

    def panel(self, title: str, x_label: str, y_label: str) -> Axes:
        """Return the next panel, dressed."""
        axes = self.figure.add_axes(self._next_place())
        plain: dict[str, Any] = {"color": INK, "parse_math": False}
        axes.set_title(printable(title), fontsize=8, loc="left", pad=5, **plain)
        axes.set_xlabel(x_label, fontsize=SMALL, labelpad=2, **plain)
        axes.set_ylabel(y_label, fontsize=SMALL, labelpad=2, **plain)
        axes.tick_params(color=FAINT, labelcolor=INK, labelsize=SMALL, length=2.5)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_tick)
        axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set(color=INK, linewidth=0.6)
        axes.locator_params(axis="x", nbins=6)
        axes.locator_params(axis="y", nbins=5)
        return axes

    def _next_place(self) -> tuple[float, float, float, float]:
        """Return the place of the next panel in shares of the sheet."""
        width_in = WIDTH_IN / ACROSS
        left_in = self._drawn * width_in + LEFT_IN
        self._drawn += 1
        return (
            left_in / WIDTH_IN,
            BOTTOM_IN / PANEL_HEIGHT_IN,
            (width_in - LEFT_IN - RIGHT_IN) / WIDTH_IN,
            (PANEL_HEIGHT_IN - TOP_IN - BOTTOM_IN) / PANEL_HEIGHT_IN,
        )


def legend(axes: Axes, title: str = "") -> None:
    """Put a small legend into the line of the title, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    labels = [f"{label} {title}".strip() if number == len(labels) else label
              for number, label in enumerate(labels, start=1)]  # fmt: skip
    axes.legend(handles, labels, fontsize=6, frameon=False, handlelength=1.0, handletextpad=0.3,
                borderpad=0.0, columnspacing=0.8, ncols=len(labels), loc="lower right",
                bbox_to_anchor=(1.0, 1.0))  # fmt: skip
