"""The data of a chart or table: one thing that is drawn from, and that can be had as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import Response

Format = Literal["csv", "json"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell instead of showing it."""


@dataclass(frozen=True)
class Drawn:
    """What a chart or a table shows.

    Args:
        name: of the file it is had as, without its ending.
        columns: by name, with the unit in the name; all of one length. None and NaN are empty.
        lines: constants that are drawn too, such as limits; each becomes a column of the CSV.
        about: what else the picture needs, such as the titles of its axes; only in the JSON.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    lines: Mapping[str, float | None] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def told(self) -> dict[str, Any]:
        """Return it as JSON has it: numbers that are none are null."""
        return {
            "name": self.name,
            "columns": {name: [_finite(value) for value in column] for name, column in self.columns.items()},
            "lines": {name: _finite(value) for name, value in self.lines.items()},
            "about": dict(self.about),
        }

    def to_csv(self) -> str:
        """Return it as CSV (RFC 4180), with a line of headings."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([cell(name) for name in (*self.columns, *self.lines)])
        constants = [cell(value) for value in self.lines.values()]
        for row in zip(*self.columns.values(), strict=True):
            writer.writerow([*(cell(value) for value in row), *constants])
        return text.getvalue()


def cell(value: Any) -> str:
    """Return a value as a cell of CSV: what a spreadsheet would compute is text behind an apostrophe."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return repr(value)
    text = "; ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def export(drawn: Drawn, form: Format) -> Response:
    """Return the data of a chart as a file to be kept."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", drawn.name).strip("-.") or "data"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    if form == "csv":
        return Response(drawn.to_csv(), media_type="text/csv; charset=utf-8; header=present", headers=headers)
    text = json.dumps(drawn.told(), ensure_ascii=False, allow_nan=False)
    return Response(text, media_type="application/json", headers=headers)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
