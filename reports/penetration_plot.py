"""Real penetration against set depth, from a study that struck films of several thicknesses.

Each film gives a point at each rate: at the set depth at which half the strokes get through, the needles go
as deep as the film is thick. On the 1:1 line they would be without shortfall; what is missing stands
beside it. Nothing is estimated here.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reports.trace_plot import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from rig.records.studies import StudyView

RESPONSE, LAYERS, RATE = "penetration_depth", "film.layers", "setting.rate_per_min"
DPI, SIZE_IN = 120, (8.4, 4.0)
LINES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"))
"""Colours of Okabe and Ito with a marker each, apart for every eye and in grey."""


def plot_penetration(view: StudyView) -> bytes | None:
    """Draw film thickness against the set depth at which it is pierced, a line for each rate, with U bars.

    The thickness of a layer is that of the study's product.

    Returns:
        A PNG; None for a study that measured no ``penetration_depth`` or did not vary ``film.layers``.

    Raises:
        ConfigError: the study's product cannot be loaded.
    """
    layers = _factor(view, LAYERS)
    found = view.frame[(view.frame["response"] == RESPONSE) & view.frame["value"].notna()]
    if layers is None or found.empty:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from rig.product import load_product

    layer_mm = load_product(view.study["product"]).film.layer_mm
    figure = Figure(figsize=SIZE_IN, dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    real, missing = figure.subplots(1, 2)
    for number, (label, points) in enumerate(_lines(found, _factor(view, RATE))):
        colour, marker = LINES[number % len(LINES)]
        looks: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5, "lw": 1.2, "capsize": 3}
        ordered = points.sort_values("value")
        set_mm, U_mm = ordered["value"].to_numpy(), ordered["U"].to_numpy()
        real_mm = ordered[layers].to_numpy(dtype=float) * layer_mm
        real.errorbar(set_mm, real_mm, xerr=U_mm, label=label or None, **looks)
        missing.errorbar(set_mm, set_mm - real_mm, yerr=U_mm, **looks)
    end = 1.08 * float(found["value"].max())
    real.plot([0.0, end], [0.0, end], color=INK, lw=1.0, ls="--", label="no shortfall")
    real.set(ylim=(0.0, end), ylabel="real penetration (mm)")
    real.legend(frameon=False, fontsize=8, loc="upper left")
    missing.set(ylim=(0.0, None), ylabel="set depth − real penetration (mm)")
    for axes in (real, missing):
        _dress(axes, end)
    figure.suptitle(view.study["title"], color=INK, fontsize=10, x=0.02, ha="left")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    return picture.getvalue()


def _factor(view: StudyView, sets: str) -> str | None:
    """Return the factor that sets something; None where none does."""
    return next((name for name, factor in view.study["factors"].items() if factor["sets"] == sets), None)


def _lines(found: DataFrame, rate: str | None) -> list[tuple[str, DataFrame]]:
    if rate is None:
        return [("", found)]
    rates = sorted(float(per_min) for per_min in found[rate].unique())
    return [(f"{per_min:g} /min", found[found[rate] == per_min]) for per_min in rates]


def _dress(axes: Axes, end_mm: float) -> None:
    axes.set(xlim=(0.0, end_mm), xlabel="set depth (mm)")
    axes.grid(visible=True, color=FAINT, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
