"""The words of the report: page one, then a section for everything a test report has to say.

The order is that of ISO/IEC 17025, 7.8, as far as a rig can fill it. The template only sets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reports.evidence.blocks import Block, figure, section
from reports.evidence.common_sections import (
    appendix_of_files,
    configurations,
    instruments,
    matrix,
    methods,
    statement,
)
from reports.evidence.front_page import TWIN, front_page
from reports.evidence.lot_sections import lot_sections
from reports.evidence.run_sections import run_sections
from reports.evidence.study_sections import study_sections
from reports.evidence.words import printable

SIMULATED = "SIMULATED"
PARTLY = "PARTLY SIMULATED"
UNTOLD = "BENCH NOT ON RECORD"
JsonTable = Mapping[str, Any]


def document_of(results: JsonTable, figures: Sequence[str], made_at: datetime) -> dict[str, Any]:
    """Return what the template sets, as texts.

    Args:
        results: as :func:`reports.evidence.results.results_of` makes them.
        figures: names of the figures, in order.
        made_at: when the report is made.
    """
    made = f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    kind, name = results["subject"]["kind"], results["subject"]["name"]
    return {
        "id": printable(f"{name} · {made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"),
        "made": made,
        "title": f"Test report: {kind} {printable(name)}",
        "mark": mark_of(results),
        "front": front_page(results),
        "sections": [part for part in _sections(results, figures) if part["blocks"]],
    }


def mark_of(results: JsonTable) -> str:
    """Return what every page says of the bench; empty for a real one."""
    benches = {run["bench"]["simulated"] for run in results["runs"]}
    if results["study"] is not None:
        benches.add(True if results["study"]["file"].get("station") == TWIN else None)
    if benches == {True}:
        return SIMULATED
    if True in benches:
        return PARTLY
    return UNTOLD if None in benches else ""


def _sections(results: JsonTable, figures: Sequence[str]) -> list[Block]:
    if results["subject"]["kind"] == "study":
        own = study_sections(results)
    elif len(results["runs"]) == 1:
        own = run_sections(results["runs"][0])
    else:
        own = lot_sections(results)
    return [
        *own,
        section("Figures", *(figure(name) for name in figures)),
        methods(results["runs"]),
        instruments(results["runs"]),
        matrix(results),
        configurations(results["runs"]),
        appendix_of_files(results),
        statement(results),
    ]
