"""What a truth check found, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from rig.studies.coverage import Case, Risks, Row


def to_json(cases: Sequence[Case], rows: Sequence[Row], risks: Risks) -> dict[str, Any]:
    """Return the study as plain data."""
    problems = [{"pen": case.pen, "problem": case.problem} for case in cases if case.problem]
    return {
        "pens": len(cases),
        "measurands": [asdict(row) for row in rows],
        "risks": asdict(risks),
        "problems": problems,
    }


def render(cases: Sequence[Case], rows: Sequence[Row], risks: Risks, console: Console) -> None:
    """Print the study as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("measurand")
    for title in ("n", "bias", "rms error", "mean U95", "coverage", "its 95 % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        interval = f"{row.coverage_low:.1%} … {row.coverage_high:.1%}"
        figures = (f"{value:.2g}" for value in (row.bias, row.rms, row.mean_half_width))
        table.add_row(row.measurand, str(row.count), *figures, f"{row.coverage:.1%}", interval)
    console.print(table)
    console.print(
        f"\nextension judged {risks.judged} times, {risks.truly_out} truly out of limits: "
        f"{risks.accepted_though_out} accepted though out, {risks.rejected_though_in} not accepted though in",
        highlight=False,
    )
    for case in cases:
        if case.problem:
            console.print(f"pen {case.pen}: {case.problem}", highlight=False)
