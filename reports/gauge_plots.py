"""Draws a gauge study: by part, by operator, as a run chart, against references, on control charts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from reports.study_plots import LINES
from reports.trace_plot import DATA, FAINT, INK, RESULT, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike
    from pandas import DataFrame

    from calibration.control_chart import Chart
    from calibration.gauge_bias import Linearity, Stability
    from reports.gauge_report import GaugeVerdict

DPI = 120
BOUNDS_PERCENT = (10.0, 30.0)
"""Good up to the first, bad beyond the second: AIAG, Measurement Systems Analysis, 4th ed., ch. II D."""
TITLES = {"grr": "Gauge R&R", "bias": "Bias", "linearity": "Linearity", "stability": "Stability"}
SHOWN = ("gauge", "repeatability", "appraiser", "interaction", "part")


def plot_gauge(verdict: GaugeVerdict, frame: DataFrame) -> bytes:
    """Draw a gauge study, as suits its kind.

    Args:
        verdict: as :mod:`reports.gauge_report` reaches it.
        frame: what it was reached from.

    Returns:
        A PNG.
    """
    match verdict.kind:
        case "grr":
            figure = _grr(verdict, frame)
        case "bias":
            figure = _bias(verdict)
        case "linearity":
            figure = _linearity(verdict, frame)
        case _:
            figure = _stability(verdict)
    response = str(frame["response"].iloc[0]).replace("_", " ")
    title = f"{TITLES[verdict.kind]} of {response}: {verdict.use.value}"
    figure.suptitle(title, color=INK, fontsize=11, x=0.02, ha="left")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    return picture.getvalue()


def _grr(verdict: GaugeVerdict, frame: DataFrame) -> Figure:
    figure, (shares, run, by_part, by_operator) = _sheet(2, 2)
    study = verdict.analysis
    names = [name for name in SHOWN if name in study.components]
    toleranced = study["gauge"].tolerance is not None
    percent = [study[name].tolerance if toleranced else study[name].study for name in names]
    shares.barh(names[::-1], percent[::-1], color=DATA, height=0.6)
    for bound in BOUNDS_PERCENT:
        shares.axvline(bound, color=RESULT, lw=1.0, ls=":")
    _dress(shares, "% of tolerance" if toleranced else "% of study variation", "")
    centred = frame["value"] - frame.groupby("part")["value"].transform("mean")
    _run_chart(run, centred, f"reading less part's mean ({verdict.unit})")
    operators = list(dict.fromkeys(frame["operator"]))
    colours = dict(zip(sorted(operators), LINES * 2, strict=False))
    for operator in sorted(operators):
        own = frame[frame["operator"] == operator]
        means = own.groupby("part")["value"].mean()
        by_part.plot([str(p) for p in means.index], means, marker="o", ms=4, lw=1.2, color=colours[operator],
                     label=str(operator))  # fmt: skip
    by_part.legend(title="operator", fontsize=7, title_fontsize=7.5, frameon=False)
    _dress(by_part, "part", f"mean ({verdict.unit})")
    for place, operator in enumerate(sorted(operators)):
        values = centred[frame["operator"] == operator].to_numpy()
        by_operator.plot(
            np.full(len(values), place), values, "o", color=colours[operator], ms=4, alpha=0.5, mew=0
        )
        by_operator.plot([place - 0.2, place + 0.2], [values.mean()] * 2, color=INK, lw=1.6)
    by_operator.set_xticks(range(len(operators)), sorted(str(o) for o in operators))
    _dress(by_operator, "operator", f"reading less part's mean ({verdict.unit})")
    return figure


def _bias(verdict: GaugeVerdict) -> Figure:
    figure, (run, spread) = _sheet(1, 2)
    errors, words = verdict.errors, f"reading less reference ({verdict.unit})"
    assert errors is not None
    _run_chart(run, errors, words)
    run.axhline(0.0, color=INK, lw=1.0, ls=":")
    run.axhspan(*verdict.figures["bias, 95 %"], color=RESULT, alpha=0.25, lw=0)
    spread.hist(errors, bins="auto", color=DATA, alpha=0.7)
    spread.axvline(0.0, color=INK, lw=1.0, ls=":")
    spread.axvspan(*verdict.figures["bias, 95 %"], color=RESULT, alpha=0.25, lw=0, label="bias, 95 %")
    spread.legend(fontsize=7, frameon=False)
    _dress(spread, words, "readings")
    return figure


def _linearity(verdict: GaugeVerdict, frame: DataFrame) -> Figure:
    figure, (biases, run) = _sheet(1, 2)
    found: Linearity = verdict.analysis
    references = frame["depth"].map(dict(verdict.figures["references"])).to_numpy(dtype=float)
    errors, words = verdict.errors, f"reading less reference ({verdict.unit})"
    assert errors is not None
    at = np.linspace(found.references.min(), found.references.max(), 60)
    low, high = found.band(at)
    biases.fill_between(at, low, high, color=RESULT, alpha=0.25, lw=0)
    biases.plot(at, found.intercept.value + found.slope.value * at, color=RESULT, lw=1.4)
    biases.plot(references, errors, "o", color=DATA, ms=4, alpha=0.5, mew=0)
    biases.axhline(0.0, color=INK, lw=1.0, ls=":")
    _dress(biases, f"reference ({verdict.unit})", words)
    _run_chart(run, errors, words)
    run.axhline(0.0, color=INK, lw=1.0, ls=":")
    return figure


def _stability(verdict: GaugeVerdict) -> Figure:
    figure, (means, ranges) = _sheet(2, 1)
    found: Stability = verdict.analysis
    fired = {place for places in found.signals.values() for place in places}
    _control_chart(means, found.charts.location, fired, verdict.unit)
    _control_chart(ranges, found.charts.spread, set(found.charts.spread.outside), verdict.unit)
    return figure


def _control_chart(axes: Axes, chart: Chart, fired: set[int], unit: str) -> None:
    numbers = np.arange(1, len(chart.points) + 1)
    axes.axhspan(chart.lower, chart.upper, color=TOLERANCE, lw=0, zorder=0)
    axes.axhline(chart.centre, color=INK, lw=1.0)
    axes.plot(numbers, chart.points, "o-", color=DATA, ms=4, lw=1.0)
    marked = sorted(fired)
    axes.plot(numbers[marked], chart.points[marked], "s", color=RESULT, ms=7, mfc="none", mew=1.5)
    _dress(axes, "occasion", f"{chart.name} ({unit})")


def _run_chart(axes: Axes, values: ArrayLike, y_label: str) -> None:
    """Draw readings in the order in which they were taken, which is the frame's."""
    axes.plot(np.arange(1, np.size(values) + 1), values, "o-", color=DATA, ms=3.5, lw=0.8)
    _dress(axes, "reading, in order", y_label)


def _sheet(down: int, across: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(4.2 * across, 2.9 * down + 0.4), dpi=DPI, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(down, across, squeeze=False).ravel())


def _dress(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label, color=INK, fontsize=9)
    axes.set_ylabel(y_label, color=INK, fontsize=9)
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=8)
    if y_label:
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
