"""A lot in pictures: every pen's results between the limits, and each characteristic pen by pen.

A tolerance interval is drawn from five pens on; below that it says little more than its own width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.evidence.conclusion import used_share
from reports.evidence.results_figure import by_characteristic, limit_marks, middle, y_label
from reports.evidence.sheet import COLOURS, Sheet, legend
from reports.trace_plot import DATA, INK, RESULT, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rig.records.view import RunView

Body = Mapping[str, Any]
Draw = Callable[[Sheet], None]
LEAST_PENS = 5
INTERVAL = "95 % of pens, 95 % confidence, if normal"
COVERAGE = CONFIDENCE = 0.95


def draw_lot(runs: Sequence[RunView]) -> dict[str, dict[str, Draw]]:
    """Return how to draw each characteristic: over its settings, and the tightest of them pen by pen."""
    bodies = [body for run in runs for body in run.measurements]
    charts: dict[str, dict[str, Draw]] = {}
    for name, own in by_characteristic(bodies).items():
        by_name: dict[str, list[Body]] = {}
        for body in own:
            by_name.setdefault(str(body["name"]), []).append(body)
        limited = {key: group for key, group in by_name.items() if _has_limits(group) and _has_spread(group)}
        if not limited:
            continue
        tightest = max(limited, key=lambda key: max(used_share(body) or 0.0 for body in limited[key]))
        charts[name] = {
            "pen by pen": partial(_draw_pens, name=tightest, bodies=limited[tightest]),
            "all pens": partial(_draw_settings, name="every setting", groups=limited)
            if len(limited) > 1
            else partial(_draw_histogram, name="all pens", bodies=limited[tightest]),
        }
    return charts


def _has_limits(bodies: Sequence[Body]) -> bool:
    return bodies[0]["lower"] is not None or bodies[0]["upper"] is not None


def _has_spread(bodies: Sequence[Body]) -> bool:
    return len(bodies) > 1 and any(body["U"] > 0.0 for body in bodies)


def _draw_pens(sheet: Sheet, name: str, bodies: Sequence[Body]) -> None:
    """Draw one measurement pen by pen, with the control limits of single values."""
    from calibration.control_chart import individuals

    values = [body["value"] - middle(body) for body in bodies]
    numbers = range(1, len(values) + 1)
    title = name.partition(" [")[2].rstrip("]") or name  # the caption has the characteristic
    axes = sheet.panel(title, "pen, in the order tested", y_label(bodies))
    axes.locator_params(axis="x", integer=True)
    if len(values) >= LEAST_PENS:
        chart = individuals(values).location
        axes.axhspan(chart.lower, chart.upper, color=TOLERANCE, lw=0, zorder=0, label="control limits")
        axes.axhline(chart.centre, color=INK, lw=0.6)
    axes.errorbar(numbers, values, [body["U"] for body in bodies], color=DATA, marker="o", ms=2.5, mew=0,
                  lw=0.5, elinewidth=0.8, capsize=1.2)  # fmt: skip
    _limit_lines(axes, bodies)
    legend(axes)


def _draw_histogram(sheet: Sheet, name: str, bodies: Sequence[Body]) -> None:
    values = [body["value"] - middle(body) for body in bodies]
    axes = sheet.panel(name, y_label(bodies), "pens")
    axes.hist(values, bins="auto", color=DATA, alpha=0.7)
    axes.locator_params(axis="y", integer=True)
    for side in ("lower", "upper"):
        if bodies[0][side] is not None:
            axes.axvline(bodies[0][side] - middle(bodies[0]), color=INK, lw=1.0)
    if (interval := _tolerance(values)) is not None:
        axes.axvspan(*interval, color=RESULT, alpha=0.2, lw=0, label=INTERVAL)
        legend(axes)


def _draw_settings(sheet: Sheet, name: str, groups: Mapping[str, Sequence[Body]]) -> None:
    axes = sheet.panel(name, "setting, in the order of the table", y_label(next(iter(groups.values()))))
    axes.locator_params(axis="x", integer=True)
    drawn_tolerance = False
    for place, bodies in enumerate(groups.values(), start=1):
        values = [body["value"] - middle(body) for body in bodies]
        limit_marks(axes, [place], bodies[:1])
        axes.plot([place] * len(values), values, "o", color=COLOURS[0], ms=2.2, mew=0, alpha=0.5)
        if (interval := _tolerance(values)) is not None:
            label = None if drawn_tolerance else INTERVAL
            axes.plot([place + 0.25] * 2, interval, color=RESULT, lw=1.6, label=label)
            drawn_tolerance = True
    if drawn_tolerance:
        legend(axes)


def _tolerance(values: Sequence[float]) -> tuple[float, float] | None:
    from calibration.tolerance import tolerance_limits

    if len(values) < LEAST_PENS or len(set(values)) == 1:
        return None
    limits = tolerance_limits(values, coverage=COVERAGE, confidence=CONFIDENCE)
    return limits.lower, limits.upper


def _limit_lines(axes: Axes, bodies: Sequence[Body]) -> None:
    for side in ("lower", "upper"):
        if bodies[0][side] is not None:
            label = "limit" if side == "upper" or bodies[0]["upper"] is None else None
            axes.axhline(bodies[0][side] - middle(bodies[0]), color=INK, lw=1.0, ls="--", label=label)
