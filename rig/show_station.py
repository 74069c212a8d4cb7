"""What a person sees of a station's checks, and of the runs in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from rig.records.event import Event
from rig.records.kinds import PASS
from rig.records.view import RunView
from rig.show import PIPED_WIDTH, verdict_text

LEAST_FOR_A_CHART = 10
"""Limits learned from fewer checks than this would be guesses."""


def render_checks(checks: Sequence[Event], console: Console) -> None:
    """Print one line a check with its results, then what control charts of the good ones say."""
    if not checks:
        console.print("No checks of this station are recorded there.")
        return
    units = {result["name"]: result["unit"] for event in checks for result in event.body["results"]}
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("made (UTC)", "verdict"):
        table.add_column(title, no_wrap=True)
    for name, unit in units.items():
        # A name takes two lines, so that a narrow window shows every column.
        title = "\n".join(name.split(".", 1))
        table.add_column(title if unit == "1" else f"{title}, {unit}", justify="right")
    for event in checks:
        told = {result["name"]: f"{result['value']:.3g}" for result in event.body["results"]}
        made = f"{event.at[:10]} {event.at[11:16]}"
        table.add_row(
            made, verdict_text(event.body["verdict"], console), *(told.get(name, "–") for name in units)
        )
    _print(table, console)
    for line in chart_lines(checks):
        console.print(line, highlight=False, soft_wrap=True)


def chart_lines(checks: Sequence[Event]) -> list[str]:
    """Return what control charts (individuals, Western Electric rules) say of what good checks measured."""
    good = [event for event in checks if event.body["verdict"] == PASS]
    if len(good) < LEAST_FOR_A_CHART:
        return [f"control charts begin with {LEAST_FOR_A_CHART} good checks; there are {len(good)}"]
    values: dict[str, list[float]] = {}
    for event in good:
        for result in event.body["results"]:
            values.setdefault(result["name"], []).append(float(result["value"]))
    return [_chart_line(name, found) for name, found in values.items() if len(set(found)) > 1]


def render_suspects(
    in_doubt: Mapping[str, Sequence[str]], views: Mapping[str, RunView], console: Console
) -> None:
    """Print one line a run in doubt: which pen, what was said of it, and the checks that failed after it."""
    if not in_doubt:
        console.print("No run is in doubt.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("run", "pen", "station", "verdict", "failed check"):
        table.add_column(title, no_wrap=True)
    for run_id, checks in in_doubt.items():
        view = views[run_id]
        table.add_row(
            run_id, view.pen_serial, view.station, verdict_text(view.verdict, console), ", ".join(checks)
        )
    _print(table, console)


def _print(table: Table, console: Console) -> None:
    if not console.is_terminal:  # a file has no width of its own
        console.width = max(console.width, PIPED_WIDTH)
    console.print(table)


def _chart_line(name: str, values: Sequence[float]) -> str:
    from calibration.control_chart import individuals
    from calibration.control_rules import signals

    chart = individuals(values).location
    fired = {rule: places for rule, places in signals(chart).items() if places}
    if not fired:
        return f"{name}: in control, {chart.lower:.3g} to {chart.upper:.3g}"
    told = "; ".join(f"{rule} at good check {places[0] + 1}" for rule, places in fired.items())
    return f"{name}: not in control ({told}), limits {chart.lower:.3g} to {chart.upper:.3g}"
