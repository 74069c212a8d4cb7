"""What is drawn of many runs, column by column: yields, failures, capability, control charts, takt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calibration.capability import Index as CapabilityIndex
from reports.dashboard.capability_table import CapabilityLine
from reports.dashboard.charts import ControlChart
from reports.dashboard.overview import Overview
from reports.dashboard.pareto import Bar
from reports.dashboard.run_list import RunLine
from reports.dashboard.takt import TaktDay
from rig.panel.exports import Drawn
from rig.panel.numbers import capability_word

INDICES = ("cp", "cpk", "pp", "ppk")


def drawn_yield(overview: Overview) -> Drawn:
    """Return yield and first-pass yield by day, with their intervals."""
    counts = [day.counts for day in overview.days]
    columns: dict[str, list[object]] = {
        "day": [day.day for day in overview.days],
        "runs": [one.runs for one in counts],
    }
    for name, shares in (
        ("yield", [one.passed for one in counts]),
        ("first_pass_yield", [one.first_passed for one in counts]),
    ):
        columns |= {
            name: [one.share for one in shares],
            f"{name}_low": [one.low for one in shares],
            f"{name}_high": [one.high for one in shares],
            f"{name}_of": [one.of for one in shares],
        }
    return Drawn("yield", columns)


def drawn_pareto(name: str, bars: Sequence[Bar]) -> Drawn:
    """Return causes with their counts and cumulative shares, the most frequent first."""
    fields = ("name", "runs", "share", "cumulative")
    return Drawn(name, {field: [getattr(bar, field) for bar in bars] for field in fields})


def worst_first(lines: Iterable[CapabilityLine]) -> list[CapabilityLine]:
    """Return the lines by Cpk (Ppk where there is none), the lowest first; those without any at the end."""

    def key(line: CapabilityLine) -> tuple[bool, float]:
        index = line.cpk or line.ppk
        return index is None, index.value if index else 0.0

    return sorted(lines, key=key)


def drawn_capability(lines: Sequence[CapabilityLine]) -> Drawn:
    """Return the indices of each characteristic and setting, in the order given."""
    plain = (
        "characteristic",
        "depth_mm",
        "rate_per_min",
        "unit",
        "n",
        "n_failed",
        "mean",
        "s",
        "lower",
        "upper",
    )
    columns: dict[str, list[object]] = {name: [getattr(line, name) for line in lines] for name in plain}
    for name in INDICES:
        found: list[CapabilityIndex | None] = [getattr(line, name) for line in lines]
        columns[name] = [one and one.value for one in found]
        columns[f"{name}_low"] = [one and one.low for one in found]
        columns[f"{name}_high"] = [one and one.high for one in found]
    columns["against_1.33"] = [capability_word(line) for line in lines]
    columns["why"] = [line.why for line in lines]
    return Drawn("capability", columns)


def drawn_control(chart: ControlChart) -> Drawn:
    """Return single values and moving ranges, with the rules that fired, and all lines."""
    points = chart.points
    setting = [] if chart.depth_mm is None else [f"{chart.depth_mm:g} mm", f"{chart.rate_per_min:g}"]
    fields = ("run_id", "started", "value", "U", "moving_range", "accepted", "rules")
    lines = {}
    for name, of_chart in (("value", chart.location), ("moving_range", chart.spread)):
        for end in ("centre", "lower", "upper"):
            lines[f"{name}_{end}"] = getattr(of_chart, end) if of_chart else None
    return Drawn(
        "-".join(["control", chart.characteristic, *setting]),
        {"number": list(range(1, len(points) + 1))}
        | {field: [getattr(point, field) for point in points] for field in fields},
        lines={**lines, "limit_lower": chart.lower, "limit_upper": chart.upper},
    )


def drawn_takt(days: Sequence[TaktDay]) -> Drawn:
    """Return median, 95th percentile and longest takt by day."""
    fields = ("day", "runs", "median_s", "p95_s", "longest_s")
    return Drawn("takt", {field: [getattr(day, field) for day in days] for field in fields})


def drawn_list(runs: Sequence[RunLine]) -> Drawn:
    """Return the list of runs."""
    fields = (
        "run_id", "plan", "pen_serial", "station", "product", "lot", "tip_lot", "operator", "verdict",
        "started", "ended", "takt_s", "first_pass", "n_measured", "n_failed", "reasons", "overridden",
        "hidden",
    )  # fmt: skip
    return Drawn("runs", {field: [getattr(run, field) for run in runs] for field in fields})
