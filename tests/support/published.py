"""Published tables kept in tests/data: CSV files whose first lines, after #, say where they come from."""

from __future__ import annotations

import csv
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table by column name."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def decimals(printed: str) -> float:
    """Return half a unit of the last digit of a printed number, and a hair: what rounding may hide."""
    _, _, fraction = printed.partition(".")
    return 0.5000001 * 10.0 ** -len(fraction)
