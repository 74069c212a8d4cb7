"""Traces of one run: the curves its results were computed from, characteristic by characteristic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.evidence.results_figure import by_characteristic
from reports.evidence.sheet import COLOURS, Sheet, legend
from reports.trace_plot import RESULT
from reports.trace_view import View, view_of
from rig.records.trace import read_trace

if TYPE_CHECKING:
    from rig.records.trace import Trace

Body = Mapping[str, Any]
Draw = Callable[[Sheet], None]
NAME = "Traces"
STAMPS = ["time_s"]
"""The only column of a trace of time stamps: many of those show nothing that the rates do not."""


def draw_traces(measurements: Sequence[Body], folder: Path) -> dict[str, dict[str, Draw]]:
    """Return how to draw the traces: a panel a characteristic, its traces over one another.

    Args:
        measurements: of the run.
        folder: which the traces' paths start from.

    Raises:
        StoreError: a trace is missing, or is not the one that was recorded.
    """
    draws: dict[str, Draw] = {}
    for name, bodies in by_characteristic(measurements).items():
        named = {b["trace"]["path"]: b["trace"]["sha256"] for b in bodies if b.get("trace")}
        traces = [read_trace(folder / path, sha256=sha256) for path, sha256 in named.items()]
        views = [(trace, view) for trace in traces if (view := _view(trace, alone=len(traces) == 1))]
        if views:
            draws[name] = partial(_draw, name=name, drawn=views)
    return {NAME: draws}


def _view(trace: Trace, *, alone: bool) -> View | None:
    if list(trace.columns) == STAMPS:
        return view_of(trace) if alone else None
    try:
        return view_of(trace)
    except KeyError:  # it does not say what of it is drawn
        return None


def _draw(sheet: Sheet, name: str, drawn: Sequence[tuple[Trace, View]]) -> None:
    first = drawn[0][1]
    axes = sheet.panel(name, first.x_label, first.y_label)
    rates = sorted({rate for trace, _ in drawn if (rate := trace.about.get("rate_per_min")) is not None})
    for trace, view in drawn:
        rate = trace.about.get("rate_per_min")
        colour = COLOURS[rates.index(rate) % 6] if rate is not None else COLOURS[0]
        if view.curve and len(drawn) == 1:
            axes.plot(view.x, view.y, color=colour, lw=1.0)
        else:
            axes.plot(view.x, view.y, "o", color=colour, ms=2.0, mew=0, alpha=0.7)
        if view.band is not None:
            axes.plot(view.x, view.band[0], color=RESULT, lw=1.0)
            axes.fill_between(view.x, *view.band[1:], color=RESULT, alpha=0.2, linewidth=0)
        if view.moment is not None:
            axes.axvline(view.moment, color=RESULT, lw=0.8, ls=":")
    if len(rates) > 1:
        for number, rate in enumerate(rates):
            axes.plot([], [], "o", color=COLOURS[number % 6], ms=2.5, mew=0, label=f"{rate:g}")
        legend(axes, "1/min")
