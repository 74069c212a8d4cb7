"""What a person sees of a lot: pen by pen while it runs, then what the pens show together."""

from __future__ import annotations

import math

from rich.console import Console
from rich.table import Table
from rich.text import Text

from calibration.sample_size import reliability_shown
from reports.lot import Lot, LotCharacteristic
from reports.lot_words import percent
from rig.lot_runner import PenRun
from rig.lots import LotState
from rig.records.kinds import PASS
from rig.show import limits_text, verdict_text

WIDTH = 120  # of a pipe


def render_beginning(state: LotState, console: Console) -> None:
    """Say what lies ahead, and what the lot can show at best."""
    order, done = state.order, len(state.done)
    shown = percent(reliability_shown(order.pens))
    _say(console, f"{state.plan_title}", "bold")
    _say(
        console,
        f"lot {order.lot}: {order.pens} pens"
        + (f", {done} of them tested before" if done else "")
        + f"; without a failure they show with 95 % confidence that at least {shown} of pens conform",
    )


def render_pen(ended: PenRun, console: Console) -> None:
    """Say how a pen's run ended, and the end of what it said where it broke."""
    console.print(Text.assemble(verdict_text(ended.verdict.value, console), f"  {ended.serial}"))
    if ended.said:
        _say(console, ended.said, "dim")


def render_lot(lot: Lot, console: Console) -> None:
    """Print what a lot shows: by characteristic and setting, by requirement, and why so many pens."""
    if not console.is_terminal:
        console = Console(file=console.file, width=WIDTH)
    title = f"Lot {lot.name}: {', '.join(lot.plans)}, {', '.join(lot.products)}, {', '.join(lot.stations)}"
    _say(console, title, "bold")
    console.print(_characteristics(lot, console))
    _say(console, "")
    console.print(_requirements(lot, console))
    _say(console, "")
    for label, text in [*_counted(lot), ("size", lot.size.statement), *_pens(lot)]:
        console.print(Text.assemble((f"{label:<11}", "dim"), text))
    share, confidence = percent(lot.coverage), percent(lot.confidence)
    what = f"with {confidence} confidence at least {share} of pens conform"
    tested = f"{len(lot.pens)} pens"
    conclusion = (
        f"{tested} show: {what}, in each of {len(lot.characteristics)} results by itself"
        if lot.verdict == PASS
        else f"{tested} do not show that {what}"
    )
    console.print(Text.assemble("\n", verdict_text(lot.verdict, console), f"  {conclusion}"))


def _characteristics(lot: Lot, console: Console) -> Table:
    """A line a result; those of a characteristic at several settings stand under its name."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("characteristic", no_wrap=True)
    for name in ("n", "mean", "s", "k", "interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("limits", "unit", "shown by", "verdict"):
        table.add_column(name, no_wrap=True)
    heading = ""
    for line in lot.characteristics:
        name = line.name
        if line.setting is not None:
            name = " " + line.name.removeprefix(line.characteristic).strip(" []")
            if line.characteristic != heading:
                heading = line.characteristic
                table.add_row(Text(heading))
        table.add_row(*_cells(line, name), verdict_text(line.verdict, console))
    return table


def _cells(line: LotCharacteristic, name: str) -> list[Text]:
    found = line.statistics
    interval = found.interval
    cells = [
        name,
        f"{found.units - found.failures}/{found.units}" if found.failures else str(found.units),
        _figure(found.mean, found.sd),
        "" if not found.sd else f"{found.sd:.2g}",
        "" if interval is None else f"{interval.k:.3f}",
        ""
        if interval is None
        else limits_text(_ends(interval.lower, found.sd), _ends(interval.upper, found.sd)),
        limits_text(line.lower, line.upper),
        "" if line.unit == "1" else line.unit,
        found.by if interval is not None else "count" if found.guard == 0 else "count ¹",
    ]
    return [Text(cell) for cell in cells]


def _figure(value: float | None, sd: float | None) -> str:
    """Return a figure to a tenth of the scatter, where there is any."""
    if value is None:
        return ""
    if not sd or abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:.{max(0, 1 - math.floor(math.log10(sd)))}f}"


def _ends(limit: float, sd: float | None) -> float | None:
    return None if math.isinf(limit) else float(_figure(limit, sd))


def _counted(lot: Lot) -> list[tuple[str, str]]:
    """Say why what was measured was judged by counting all the same, each reason once."""
    by_why: dict[str, list[LotCharacteristic]] = {}
    for line in lot.characteristics:
        if line.statistics.interval is None and line.statistics.guard > 0:
            by_why.setdefault(line.statistics.why.partition(":")[0], []).append(line)
    return [("¹ count", f"{why}: {_named(lines)}") for why, lines in by_why.items()]


def _named(lines: list[LotCharacteristic], most: int = 12) -> str:
    names = [line.name for line in lines]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _pens(lot: Lot) -> list[tuple[str, str]]:
    told = {
        "failed": lot.failed_pens,
        "repeated": lot.repeated,
        "broken": lot.broken,
        "untested": lot.unfinished,
    }
    return [(label, ", ".join(names)) for label, names in told.items() if names]


def _requirements(lot: Lot, console: Console) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in ("requirement", "verdict", "results", "pens accepted", "conform at least"):
        table.add_column(
            name, justify="left" if name in ("requirement", "verdict") else "right", no_wrap=True
        )
    for found in lot.requirements:
        table.add_row(
            Text(found.id),
            verdict_text(found.verdict, console),
            Text(str(found.results)),
            Text(f"{found.pens - found.failures} of {found.pens}"),
            Text(percent(found.reliability)),
        )
    return table


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, highlight=False, markup=False)
