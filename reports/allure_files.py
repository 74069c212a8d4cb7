"""The files that stand beside Allure's results: what was run on what, how to sort failures, raw numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.records.trace import Trace

# The rig fails a test by pytest.fail when a result did not pass; any other failure is the rig's own.
CATEGORIES = [
    {
        "name": "Product defect: a result did not pass",
        "matchedStatuses": ["failed"],
        "messageRegex": r"Failed: [\s\S]*",
    },
    {
        "name": "The rig broke: says nothing about the pen",
        "matchedStatuses": ["failed", "broken"],
        "messageRegex": r"(?!Failed: )[\s\S]*",
    },
    {"name": "Not measured: the pen gave no chance to", "matchedStatuses": ["skipped"]},
]


def write_categories(folder: Path) -> None:
    """Write ``categories.json``.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(CATEGORIES, indent=2)
    (folder / "categories.json").write_text(text + "\n", encoding="utf-8")


def write_environment(folder: Path, facts: Mapping[str, object]) -> None:
    """Write ``environment.properties``, one ``key = value`` a line.

    Raises:
        OSError: it cannot be written.
    """
    lines = [f"{key} = {_escaped(str(value))}\n" for key, value in facts.items()]
    (folder / "environment.properties").write_text("".join(lines), encoding="ascii")


def csv_of(trace: Trace) -> str:
    """Return a trace as CSV: a header, then numbers that read back to the very same bits; NaN as ``nan``."""
    rows = zip(*(values.tolist() for values in trace.columns.values()), strict=True)
    lines = [",".join(trace.columns), *(",".join(map(repr, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Escape for Java properties, which know only ASCII and take a backslash for themselves."""
    text = text.replace("\\", "\\\\").replace("\n", " ")
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text)
