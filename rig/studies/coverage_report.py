"""What a truth check found, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from rig.studies.coverage import AIM, AIM_HALF_WIDTH, Case, Row
from rig.studies.coverage_risk import Promise, Risks, Share


def to_json(cases: Sequence[Case], rows: Sequence[Row], risks: Sequence[Risks]) -> dict[str, Any]:
    """Return the study as plain data."""
    problems = [{"pen": case.pen, "problem": case.problem} for case in cases if case.problem]
    return {
        "pens": len(cases),
        "aim": {"coverage": AIM, "half_width": AIM_HALF_WIDTH},
        "measurands": [asdict(row) for row in rows],
        "risks": [asdict(risk) | {"kept": risk.kept} for risk in risks],
        "problems": problems,
    }


def render(cases: Sequence[Case], rows: Sequence[Row], risks: Sequence[Risks], console: Console) -> None:
    """Print the study: coverage, then risks, then what went wrong."""
    console.print(_coverage(rows))
    aim = f"{100 * AIM:.0f} % ± {100 * AIM_HALF_WIDTH:.1f} %"
    off = [row.measurand for row in rows if row.off_aim]
    said = f"✘ {', '.join(off)}" if off else "✔ no interval excludes it"
    console.print(f"coverage aimed at: {aim}: {said}", highlight=False, soft_wrap=True)
    if risks:
        console.print()
        console.print(_risks(risks))
        for line in _verdicts(risks):
            console.print(line, highlight=False, soft_wrap=True)
    for case in cases:
        if case.problem:
            console.print(f"pen {case.pen}: {case.problem}", highlight=False, markup=False, soft_wrap=True)


def _coverage(rows: Sequence[Row]) -> Table:
    table = _table("measurand", "unit", "n", "bias", "rms", "U95", "coverage", "95 % interval")
    for row in rows:
        interval = f"{100 * row.coverage_low:.1f} … {100 * row.coverage_high:.1f} %"
        figures = (f"{value:.2g}" for value in (row.bias, row.rms, row.mean_half_width))
        mark = " ✘" if row.off_aim else ""
        table.add_row(
            row.measurand, row.unit, str(row.count), *figures, f"{100 * row.coverage:.1f} %", interval + mark
        )
    return table


def _risks(risks: Sequence[Risks]) -> Table:
    table = _table("judged as", "n", "out", "stated risk", "specific", "global", "producer's")
    for risk in risks:
        specific = f"{risk.specific.count}/{risk.specific.of} {_at_most(risk.specific)}"
        of_all = (f"{share.count} {_at_most(share)}" for share in (risk.consumer, risk.producer))
        table.add_row(
            risk.characteristic,
            str(risk.judged),
            str(risk.truly_out),
            _promise(risk.promise),
            specific,
            *of_all,
        )
    return table


def _verdicts(risks: Sequence[Risks]) -> list[str]:
    """Return what an auditor asks: was a stated risk exceeded, and was anything accepted that is far out?"""
    beyond, judged = sum(risk.beyond_guard.count for risk in risks), sum(risk.judged for risk in risks)
    far = f"accepted though out by more than the guard band: {beyond} of {judged}"
    if beyond:
        found = (
            f"{risk.characteristic} {risk.beyond_guard.count}" for risk in risks if risk.beyond_guard.count
        )
        far += f" ({', '.join(found)})"
    exceeded = [risk.characteristic for risk in risks if not risk.kept]
    said = f"✘ exceeded: {', '.join(exceeded)}" if exceeded else "✔ none exceeded"
    return [f"{'✘' if beyond else '✔'} {far}", f"stated risks: {said}"]


def _promise(promise: Promise) -> str:
    """Return a stated risk, of one accepted result unless it says otherwise."""
    return (
        _percent(promise.greatest)
        if promise.kind == "specific"
        else f"{promise.kind} {_percent(promise.greatest)}"
    )


def _at_most(share: Share) -> str:
    """Return the upper end of a share's interval, which is what a risk is held against."""
    return f"≤ {_percent(share.high)}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %" if share < 0.995 else "100 %"


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, overflow="fold")
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table
