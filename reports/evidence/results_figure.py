"""Results of one run between their limits: every characteristic that was measured at several settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.evidence.sheet import COLOURS, MARKERS, Sheet, legend
from reports.trace_plot import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Body = Mapping[str, Any]
Draw = Callable[[Sheet], None]
NAME = "Results between their limits"
APART = 0.18
"""Results of several rates at one depth stand beside each other, this share of a step apart."""


def draw_results(measurements: Sequence[Body]) -> dict[str, dict[str, Draw]]:
    """Return how to draw each characteristic that has settings and limits; nothing where there is none."""
    groups = {
        name: own for name, own in by_characteristic(measurements).items() if len(own) > 1 and _is_drawn(own)
    }
    return {NAME: {name: partial(_draw, name=name, bodies=own) for name, own in groups.items()}}


def by_characteristic(measurements: Sequence[Body]) -> dict[str, list[Body]]:
    """Return measurements by the characteristic they are of, in order of appearance."""
    groups: dict[str, list[Body]] = {}
    for body in measurements:
        groups.setdefault(str(body["characteristic"]), []).append(body)
    return groups


def middle(body: Body) -> float:
    """Return the middle of two limits, from which a result is drawn; 0 where there are not two."""
    return 0.0 if body["lower"] is None or body["upper"] is None else (body["lower"] + body["upper"]) / 2.0


def limit_marks(axes: Axes, places: Sequence[float], bodies: Sequence[Body]) -> None:
    """Mark each result's own limits, drawn from the middle as the results are."""
    for side in ("lower", "upper"):
        given = [(x, b[side] - middle(b)) for x, b in zip(places, bodies, strict=True) if b[side] is not None]
        if given:
            xs, ys = zip(*given, strict=True)
            axes.plot(xs, ys, linestyle="", marker="_", color=INK, ms=7, mew=1.0, zorder=1)


def y_label(bodies: Sequence[Body]) -> str:
    """Return what is drawn upwards, with its unit."""
    unit = "" if bodies[0]["unit"] == "1" else f" ({bodies[0]['unit']})"
    two_sided = bodies[0]["lower"] is not None and bodies[0]["upper"] is not None
    return f"from the middle{unit}" if two_sided else f"result{unit}"


def _is_drawn(bodies: Sequence[Body]) -> bool:
    limited = all(body["lower"] is not None or body["upper"] is not None for body in bodies)
    return limited and all(_setting(body) is not None for body in bodies)


def _setting(body: Body) -> tuple[float, float] | None:
    match body.get("setting"):
        case {"depth_mm": depth_mm, "rate_per_min": rate_per_min}:
            return float(depth_mm), float(rate_per_min)
        case _:
            return None


def _draw(sheet: Sheet, name: str, bodies: Sequence[Body]) -> None:
    settings = [setting for body in bodies if (setting := _setting(body)) is not None]
    depths, rates = (sorted({setting[i] for setting in settings}) for i in (0, 1))
    along, beside = (0, 1) if len(depths) > 1 else (1, 0)
    steps, series = (depths, rates) if along == 0 else (rates, depths)
    axes = sheet.panel(name, "set depth (mm)" if along == 0 else "set rate (1/min)", y_label(bodies))
    for number, level in enumerate(series):
        own = [(s, b) for s, b in zip(settings, bodies, strict=True) if s[beside] == level]
        shift = APART * (number - (len(series) - 1) / 2.0)
        places = [steps.index(setting[along]) + shift for setting, _ in own]
        values = [body["value"] - middle(body) for _, body in own]
        limit_marks(axes, places, [body for _, body in own])
        style: dict[str, Any] = {"color": COLOURS[number % 6], "marker": MARKERS[number % 6]}
        axes.errorbar(places, values, [body["U"] for _, body in own], linestyle="", ms=3.2, mew=0, lw=1.0,
                      capsize=1.8, label=f"{level:g}", **style)  # fmt: skip
    axes.set_xticks(range(len(steps)), [f"{step:g}" for step in steps])
    if len(series) > 1:
        legend(axes, "1/min" if beside == 1 else "mm")
