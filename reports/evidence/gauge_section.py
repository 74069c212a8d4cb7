"""What a report says of a gauge that was studied: whether it may be used, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.evidence.blocks import Block, items, pairs, section, table
from reports.evidence.words import unit_text
from reports.gauge_report import figure_text

JsonTable = Mapping[str, Any]

COMPONENTS = "components"


def gauge_sentences(study: JsonTable) -> list[str]:
    """Return the verdict on a gauge in a sentence; none where the study judged no gauge.

    Args:
        study: as :func:`reports.evidence.results.results_of` has it.
    """
    verdict = study["verdict"]
    if verdict is None:
        return []
    return [f"The gauge is {verdict['verdict']}: {'; '.join(verdict['why'])}."]


def gauge_section(study: JsonTable) -> Block | None:
    """Return the verdict on a gauge with its figures; None where the study judged no gauge."""
    verdict = study["verdict"]
    if verdict is None:
        return None
    unit = unit_text(verdict["unit"])
    sd = f"sd ({unit})" if unit else "sd"
    columns = [("source", "left", 1.6), (sd, "right", 1.0), ("95 %", "right", 1.6),
               ("% of tolerance", "right", 1.0), ("% of study", "right", 1.0)]  # fmt: skip
    figures = verdict["figures"]
    parts = [
        [part["name"], *(figure_text(part[key]) for key in ("sd", "interval", "tolerance", "study"))]
        for part in figures.get(COMPONENTS, [])
    ]
    plain = [(name, figure_text(value)) for name, value in figures.items() if name != COMPONENTS]
    return section(
        "Verdict on the gauge",
        pairs(("Verdict", verdict["verdict"]), ("Unit", verdict["unit"])),
        items(verdict["why"], ""),
        table(columns, parts),
        pairs(*plain),
    )
