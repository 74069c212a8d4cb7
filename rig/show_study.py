"""What a person sees of a study: how far it is, and what its factors do to each response."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from reports.agreement import agreements
from reports.gauge_report import GaugeVerdict, figure_text
from reports.response_model import ResponseModel
from rig.records.studies import StudyView
from rig.studies.feasible import in_words
from rig.studies.journal import PointResult
from rig.studies.measurands import MEASURANDS
from rig.studies.run_study import Outlook

PIPED_WIDTH = 100
SIGNIFICANT = 0.05
SMALL_P, LARGE_F, LARGE_SIZE = 1e-4, 1e5, 10.0
USES = {
    "acceptable": ("✔", "bold green"),
    "conditional": ("⚠", "bold yellow"),
    "not acceptable": ("✘", "bold red"),
}


class StudyProgress:
    """A bar with the time left; problems are told as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("measuring"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("points", total=None)

    def begins(self, outlook: Outlook) -> None:
        """Show what lies ahead."""
        gone_on = f", {outlook.done} of them measured before" if outlook.done else ""
        self._console.print(
            f"{outlook.points} points{gone_on}; about {in_words(outlook.bench_s)} on the bench for all",
            highlight=False,
        )
        self._bar.update(self._task, total=outlook.points, completed=outlook.done)
        self._bar.start()

    def point(self, result: PointResult) -> None:
        """Count a point."""
        self._bar.advance(self._task)
        by_reason: dict[str, list[str]] = {}
        for response, why in result.problems.items():
            by_reason.setdefault(why, []).append(response)
        for why, responses in by_reason.items():
            self._console.print(Text(f"point {result.point.number}: {', '.join(responses)}: {why}"))

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def render_study(
    view: StudyView, models: list[ResponseModel], problems: list[str], console: Console, *, folder: Path
) -> None:
    """Print what a study found: a table of effects for each response."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PIPED_WIDTH)
    frame = view.frame
    points, bench_s = frame["point"].nunique(), frame.groupby("point")["bench_s"].first().sum()
    console.print(Text(str(view.study["title"]), style="bold"))
    if view.study["question"]:
        console.print(Text(str(view.study["question"])))
    console.print(f"{points} points, {in_words(float(bench_s))} on the bench", highlight=False)
    for model in models:
        console.print()
        console.print(
            Text(MEASURANDS[model.response].title, style="bold"), f"({model.response})", highlight=False
        )
        console.print(
            f"{model.points} results, scatter about the model {model.residual_sd:.2g} {model.unit}, "
            f"R² adjusted {model.r_squared_adjusted:.3f}",
            highlight=False,
        )
        console.print(_anova(model))
        if model.left_out:
            console.print(f"too few points for {' and '.join(model.left_out)}", style="dim", highlight=False)
    for problem in problems:
        console.print(Text(f"\nno model of {problem}"))
    for sentence in agreements(view):
        console.print(Text(f"\n{sentence}"))
    failed = int((frame["problem"] != "").sum())
    if failed:
        what = "1 result is" if failed == 1 else f"{failed} results are"
        console.print(f"\n{what} missing; results.csv says why", highlight=False)
    console.print(Text(f"\nresults    {folder / 'results.csv'}, {folder / 'results.parquet'}"))
    console.print(Text(f"models     {folder / 'models.json'}, plots beside it"))


def render_gauge(view: StudyView, verdict: GaugeVerdict, console: Console, *, folder: Path) -> None:
    """Print a gauge study: what was found, the verdict, and why."""
    console.print(Text(str(view.study["title"]), style="bold"))
    components = verdict.figures.get("components")
    if components:
        console.print(_components(components, verdict.unit))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for name, value in verdict.figures.items():
        if name != "components":
            table.add_row(Text(name), figure_text(value))
    console.print(table)
    symbol, style = USES[verdict.use.value]
    console.print(Text(f"\n{symbol} {verdict.use.value}", style=style))
    for reason in verdict.why:
        console.print(Text(f"  {reason}"))
    console.print(Text(f"\nrecord     {folder}: results.csv, verdict.json, verdict.png"))


def _components(components: list[dict[str, Any]], unit: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("source", no_wrap=True)
    for title in (f"sd ({unit})", "95 %", "% of tolerance", "% of study"):
        table.add_column(title, justify="right", no_wrap=True)
    for part in components:
        figures = (part["sd"], part["interval"], part["tolerance"], part["study"])
        table.add_row(Text(part["name"]), *(figure_text(value) for value in figures))
    return table


def _anova(model: ResponseModel) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("term", no_wrap=True)
    for title in ("effect, half range", "F", "p"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(f"p < {SIGNIFICANT:g}", justify="center", no_wrap=True)
    sizes = dict(zip(model.coefficients["name"], model.coefficients["estimate"], strict=True))
    for row in model.to_json()["anova"]:
        term, p = row["term"], row["p"]
        if p is None:  # the residual
            continue
        size = ""
        if term in sizes:
            size = f"{_size(sizes[term], '+')} {model.unit}"
        elif term in model.factors:  # words have no direction
            size = f"±{_size(model.half_range(term))} {model.unit}"
        table.add_row(Text(term), size, _f(row["F"]), _p(p), "●" if p < SIGNIFICANT else "")
    return table


def _size(size: float, sign: str = "") -> str:
    return f"{size:{sign}.0f}" if abs(size) >= LARGE_SIZE else f"{size:{sign}.2g}"


def _f(f: float) -> str:
    return f"{f:.1f}" if f < LARGE_F else f"{f:.0e}"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= SMALL_P else f"< {SMALL_P:.4f}"
