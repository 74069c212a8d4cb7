"""What a report says of a study: its question, its design, and every point as it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibration.rounding import with_uncertainty
from reports.evidence.blocks import Block, items, pairs, section, table
from reports.evidence.gauge_section import gauge_section
from reports.evidence.study_models import found_section, models_of
from reports.evidence.words import known, moment, unit_text

JsonTable = Mapping[str, Any]


def study_sections(results: JsonTable) -> list[Block]:
    """Return the sections on a study."""
    study = results["study"]
    factors = list(study["file"]["factors"])
    columns = [("run", "right", 0.5), *((name.replace("_", " "), "right", 1.0) for name in factors),
               ("response", "left", 1.6), ("value ± U", "right", 1.6), ("unit", "left", 0.8),
               ("measured", "left", 1.9)]  # fmt: skip
    measured = [row for row in study["results"] if not row["problem"]]
    problems = [f"point {row['point']}, run {row['run']}, {row['response']}: {row['problem']}"
                for row in study["results"] if row["problem"]]  # fmt: skip
    plain = [
        (key.replace("_", " "), _plain(value))
        for key, value in study["file"].items()
        if key != "factors" and value not in (None, "", {}, [])
    ]
    design = [(name, _plain(study["file"]["factors"][name])) for name in factors]
    sections = [
        section(
            "Question and design",
            pairs(*plain),
            table([("factor", "left", 1), ("levels", "left", 4)], design),
        ),
        gauge_section(study),
        found_section(*models_of(study)),
        section("Results", table(columns, [_row(row, factors) for row in measured])),
        section(
            "Deviations",
            items(problems, "Every point was measured."),
            items([] if study["ended"] else ["The study has not ended."], "The study ran to its end."),
        ),
    ]
    return [part for part in sections if part is not None]


def _row(row: JsonTable, factors: list[str]) -> list[str]:
    levels = [f"{row[name]:g}" if isinstance(row[name], float) else known(row[name]) for name in factors]
    U = row["U"] or 0.0
    number = with_uncertainty(row["value"], U)
    return [
        str(row["run"]), *levels, str(row["response"]).replace("_", " "), number,
        unit_text(str(row["unit"])), moment(row["at"]),
    ]  # fmt: skip


def _plain(value: object) -> str:
    match value:
        case dict():
            return ", ".join(
                f"{key.replace('_', ' ')} {_plain(item)}"
                for key, item in value.items()
                if item not in (None, "", {}, [])
            )
        case list() | tuple():
            return ", ".join(_plain(item) for item in value)
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return known(value)
