"""Draws what a study's factors do to a response: main effects, and interactions of two factors."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import combinations, cycle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.trace_plot import DATA, FAINT, INK, RESULT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import Series

    from reports.response_model import ResponseModel

DPI = 120
SMALL: dict[str, Any] = {"fontsize": 8, "color": INK, "loc": "right"}
BESIDE: dict[str, Any] = {
    "loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "fontsize": 7, "title_fontsize": 7.5,
    "frameon": False, "handlelength": 1.2,
}  # fmt: skip
LEAST_DIGITS, ALL_DIGITS, MOST_DIGITS = 2, 6, 10
MOST_LETTERS = 30
"""Longer labels of an axis would run into each other and are set at a slant."""

NO_UNITS: Mapping[str, str] = MappingProxyType({})
PANEL_IN, PANEL_WITH_LEGEND_IN = (3.2, 2.7), (3.7, 2.7)
HEAD_IN = 0.5
ACROSS = 3
MOST_LEVELS, MOST_LINES = 10, 6
"""A factor with more values is shown in groups: along an axis, and as lines."""

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Colours of Okabe and Ito, apart for every eye."""

BINS = 3
"""So many groups of equal size."""


def plot_main_effects(model: ResponseModel, units: Mapping[str, str] = NO_UNITS) -> bytes:
    """Draw each factor's levels against the response, all other factors averaged out by the model.

    Every point is shown, and the mean of each level with its 95 % interval. Each panel has a scale of its
    own, or a strong factor would flatten all others; what a factor moves the response by stands above it.

    Args:
        model: the fitted response.
        units: of factors, by name.

    Returns:
        A PNG.
    """
    title = f"{_words(model.response)}: main effects"
    figure, panels = _sheet(title, len(model.factors), PANEL_IN)
    for axes, factor in zip(panels, model.factors, strict=True):
        draw_main_effect(axes, model, factor, units)
    return _png(figure)


def draw_main_effect(
    axes: Axes, model: ResponseModel, factor: str, units: Mapping[str, str] = NO_UNITS
) -> None:
    """Draw one factor's levels against the response, as :func:`plot_main_effects` says.

    Args:
        axes: to draw into.
        model: the fitted response.
        factor: one of the model's.
        units: of factors, by name.
    """
    column, adjusted = model.rows[factor], model.adjusted(factor)
    groups, names = _groups(column, MOST_LEVELS)
    places = _places(column, groups, names)
    of_groups = [adjusted[groups == group] for group in range(len(names))]
    for x, values in zip(places, of_groups, strict=True):
        axes.plot(np.full(len(values), x), values.to_numpy(), "o", color=DATA, alpha=0.35, ms=4, mew=0)
    means = [_mean(values) for values in of_groups]
    ys, us = [y for y, _ in means], [u for _, u in means]
    axes.errorbar(places, ys, us, color=RESULT, marker="o", ms=5, lw=1.4, capsize=3)
    axes.set_title(f"moves it by {2.0 * model.half_range(factor):.2g} {_unit(model)}", **SMALL)
    _dress(axes, factor, places, names, model, units)


def plot_interactions(model: ResponseModel, units: Mapping[str, str] = NO_UNITS) -> bytes | None:
    """Draw, for each pair of factors, means against one of them, a line for each level of the other.

    Args:
        model: the fitted response.
        units: of factors, by name.

    Returns:
        A PNG; None where fewer than two factors were varied.
    """
    pairs = list(combinations(model.factors, 2))
    if not pairs:
        return None
    title = f"{_words(model.response)}: interactions"
    figure, panels = _sheet(title, len(pairs), PANEL_WITH_LEGEND_IN)
    for axes, (across, beside) in zip(panels, pairs, strict=True):
        groups, names = _groups(model.rows[across], MOST_LEVELS)
        lines, titles = _groups(model.rows[beside], MOST_LINES)
        places, adjusted = _places(model.rows[across], groups, names), model.adjusted(across, beside)
        for line, (colour, title) in enumerate(zip(cycle(LINES), titles, strict=False)):
            own = [adjusted[(groups == group) & (lines == line)] for group in range(len(names))]
            means = [_mean(values)[0] for values in own]
            axes.plot(places, means, marker="o", ms=4.5, lw=1.4, color=colour, label=title)
        axes.legend(title=_with_unit(beside, units), **BESIDE)
        _dress(axes, across, places, names, model, units)
    return _png(figure)


def _sheet(title: str, panels: int, panel_in: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(ACROSS, max(1, panels))
    down = -(-panels // across)
    size = (panel_in[0] * across + 0.3, panel_in[1] * down + HEAD_IN)
    figure = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{title}\nother factors averaged out", color=INK, fontsize=10, x=0.02, ha="left")
    grid = figure.subplots(down, across, squeeze=False)
    axes = list(grid.ravel())
    for empty in axes[panels:]:
        empty.set_visible(False)
    return figure, axes[:panels]


def _groups(column: Series[Any], most: int) -> tuple[Series[int], list[str]]:
    """Return each point's group by number, and the groups' names.

    A group is a level; where a number has more levels than ``most``, a third of the points in its order.
    """
    from pandas.api.types import is_float_dtype

    if column.nunique() <= most or not is_float_dtype(column):
        levels = sorted(column.unique())
        return column.map({level: number for number, level in enumerate(levels)}), _names(levels, ALL_DIGITS)
    numbers = ((column.rank(method="first") - 1) * BINS // len(column)).astype(int)
    return numbers, [f"≈ {name}" for name in _names(column.groupby(numbers).mean().tolist(), LEAST_DIGITS)]


def _names(levels: list[Any], least_digits: int) -> list[str]:
    """Return how levels are written: in so many digits, or as many more as tell them apart."""
    if not isinstance(levels[0], float):
        return [{"True": "yes", "False": "no"}.get(str(level), str(level)) for level in levels]
    for digits in range(least_digits, MOST_DIGITS):
        names = [f"{level:.{digits}g}" for level in levels]
        if len(set(names)) == len(names) and not any("e+" in name for name in names):
            return names
    return [repr(level) for level in levels]


def _places(column: Series[Any], groups: Series[int], names: list[str]) -> list[float]:
    """Return where each group stands on the x axis: at its mean where it is a number, else in order."""
    from pandas.api.types import is_float_dtype

    numeric = is_float_dtype(column)
    return [float(column[groups == group].mean()) if numeric else float(group) for group in range(len(names))]


def _mean(values: Series[Any]) -> tuple[float, float]:
    """Return the mean and half its 95 % interval (Student's law; 0 for a single value)."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return float(values.mean()), 0.0
    return float(values.mean()), float(stdtrit(len(values) - 1, 0.975) * values.std() / np.sqrt(len(values)))


def _dress(
    axes: Axes,
    factor: str,
    places: list[float],
    names: list[str],
    model: ResponseModel,
    units: Mapping[str, str],
) -> None:
    axes.set_xticks(places, names)
    axes.set_xlabel(_with_unit(factor, units), color=INK, fontsize=9)
    axes.set_ylabel(_with_unit(model.response, {model.response: _unit(model)}), color=INK, fontsize=9)
    crowded = sum(len(name) for name in names) > MOST_LETTERS
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=8)
    axes.tick_params(axis="x", labelrotation=30 if crowded else 0)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)


def _unit(model: ResponseModel) -> str:
    return "" if model.unit == "1" else model.unit


def _with_unit(name: str, units: Mapping[str, str]) -> str:
    unit = units.get(name, "")
    return f"{_words(name)} ({unit})" if unit else _words(name)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    return picture.getvalue()
