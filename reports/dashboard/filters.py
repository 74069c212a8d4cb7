"""Which runs a figure is about, and the same as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True)
class Filter:
    """Which runs are looked at; what is empty or None lets all through.

    Args:
        pen: serial number of the pen.
        lot: name of the pens' lot.
        plan: name of the plan.
        verdict: of the whole run; ``UNFINISHED`` for those that never ended.
        station, product: names, as the runs recorded them.
        since, until: first and last day on which a run began, in UTC; both are in.
        hidden: whether runs that somebody hid are looked at too.
    """

    pen: str = ""
    lot: str = ""
    plan: str = ""
    verdict: str = ""
    station: str = ""
    product: str = ""
    since: date | None = None
    until: date | None = None
    hidden: bool = False


ALL = Filter()


class Where(NamedTuple):
    """A condition in SQL on ``run JOIN bucket``, and the values of its marks."""

    text: str
    values: tuple[str, ...]


def where(filter: Filter, *more: str) -> Where:
    """Return the condition that a filter puts on runs and their buckets; ``more`` are further ones."""
    asked = {
        "pen_serial = ?": filter.pen,
        "lot = ?": filter.lot,
        "plan = ?": filter.plan,
        "verdict = ?": filter.verdict,
        "station = ?": filter.station,
        "product = ?": filter.product,
        "day >= ?": filter.since.isoformat() if filter.since else "",
        "day <= ?": filter.until.isoformat() if filter.until else "",
    }
    given = {text: value for text, value in asked.items() if value}
    texts = [*given, *([] if filter.hidden else ["bucket.hidden = 0"]), *more]
    return Where(" AND ".join(texts) or "1", tuple(given.values()))


def runs_of(filter: Filter) -> str:
    """Return ``run JOIN bucket`` in the order in which a filter narrows them down soonest.

    SQLite joins what is CROSS JOINed in the order of its text.
    """
    if names_pens(filter):
        return "run CROSS JOIN bucket USING (bucket_id)"
    return "bucket CROSS JOIN run USING (bucket_id)"


def names_pens(filter: Filter) -> bool:
    """Say whether a filter asks for single pens or lots, by which nothing is summed up."""
    return bool(filter.pen or filter.lot)
