"""What a person sees of a traceability matrix: both ways, and what is missing last, where it is seen."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.matrix import NO_EVIDENCE, NOT_TESTED_HERE, Evidence, Matrix, Row
from rig.show import verdict_text

WIDTH = 120  # of a pipe
CONTROL = re.compile(r"special controls? ([0-9ivx()]+(?: and [0-9ivx()]+)*)")


def render_matrix(matrix: Matrix, console: Console) -> None:
    """Print requirement → tests → runs → results, then test → requirements, then every gap."""
    if not console.is_terminal:
        console = Console(file=console.file, width=WIDTH)
    console.print(_by_requirement(matrix, console))
    console.print()
    console.print(_by_test(matrix))
    console.print()
    for row in matrix.rows:
        if row.verdict == NOT_TESTED_HERE:
            _say(console, f"{row.requirement.id}, elsewhere: {row.requirement.where}", "dim")
    for cited in matrix.unknown:
        what = f"{cited.plan}: {cited.test or 'a result'} cites {', '.join(cited.unknown)}: unknown"
        _say(console, what, "bold red")
    for row in matrix.rows:
        if row.verdict == NO_EVIDENCE:
            _say(console, f"{row.requirement.id}: no evidence{_missing(row)}", "bold red")
    if not matrix.has_gaps:
        _say(console, "Every requirement that this rig tests has its evidence.", "bold green")


def _by_requirement(matrix: Matrix, console: Console) -> Table:
    """A requirement, and a line for each test that cites it."""
    table = _table("requirement", "control", "verdict", "plan", "test", "runs", "accepted")
    for row in matrix.rows:
        requirement = row.requirement
        control = CONTROL.search(requirement.source)
        first = (
            Text(requirement.id),
            Text(control[1] if control else "–"),
            verdict_text(row.verdict, console),
        )
        if not row.evidence:
            table.add_row(*first, Text("–"), Text("elsewhere" if requirement.where else "none", style="dim"))
        for part in row.evidence:
            table.add_row(*first, *_evidence(part))
            first = (Text(""), Text(""), Text(""))
    return table


def _evidence(part: Evidence) -> list[Text]:
    accepted = sum(result.accepted for result in part.results)
    told = f"{accepted}/{len(part.results)}" if part.results else "none"
    told += f", {len(part.missing)} lack" if part.missing else ""
    test = part.test.rpartition("::")[2] or "(not on record)"
    return [Text(part.plan), Text(test), Text(str(len(part.runs))), Text(told)]


def _by_test(matrix: Matrix) -> Table:
    table = _table("plan", "test", "cites")
    for cited in matrix.tests:
        names = ", ".join(
            f"{name} (unknown)" if name in cited.unknown else name for name in cited.requirements
        )
        test = cited.test.rpartition("::")[2] or "(not on record)"
        table.add_row(Text(cited.plan), Text(test), Text(names or "–"))
    return table


def _missing(row: Row) -> str:
    return f", missing in {_names(row.missing)}" if row.missing else ""


def _names(runs: list[str], most: int = 3) -> str:
    return ", ".join(runs[:most]) + (f" and {len(runs) - most} more" if len(runs) > most else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name != columns[-1])  # where it is narrow, the last one folds
    return table


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, highlight=False, markup=False)
