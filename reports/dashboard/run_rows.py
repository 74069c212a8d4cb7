"""A run as the index keeps it, folded from its entries by the record's own vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rig.records import kinds
from rig.records.event import Event
from rig.records.view import RunView, fold, is_accepted
from rig.station import CERTIFICATE_FIGURES, OPTIONAL_CERTIFICATE_FIGURES

MEASURED = ("characteristic", "setting", "unit", "lower", "upper", "value", "U", "verdict", "accepted")
"""What of a measurement is looked at; budgets and recipes are most of its text, and left alone."""

ROLES = ("pen", *CERTIFICATE_FIGURES, *OPTIONAL_CERTIFICATE_FIGURES)


class Bucket(NamedTuple):
    """What runs are counted by; ``day`` is the UTC date on which they began, ``hidden`` 0 or 1."""

    day: str
    plan: str
    station: str
    product: str
    verdict: str
    hidden: int


class Series(NamedTuple):
    """What results are compared by; limits in ``unit``, None where there is none."""

    characteristic: str
    depth_mm: float | None
    rate_per_min: float | None
    unit: str
    lower: float | None
    upper: float | None


class Result(NamedTuple):
    """A result; ``value`` and ``U`` in the unit of its series."""

    series: Series
    value: float | None
    U: float | None
    accepted: bool


class Certified(NamedTuple):
    """An instrument that answered, with the certificate it was used under."""

    role: str
    instrument: str
    number: str
    issuer: str
    date: str
    due: str


@dataclass(frozen=True)
class RunRow:
    """A run.

    Args:
        run_id: which.
        run_no: number of its first entry, by which runs are in order.
        bucket: what it is counted by.
        view: all else, as the record tells it; ``tip_lot`` is told by newer records only.
        cause: role of the instrument that the first fault names; empty where it names none, or nothing broke.
        results: in the order in which they were measured.
        instruments: those with a certificate.
    """

    run_id: str
    run_no: int
    bucket: Bucket
    view: RunView
    tip_lot: str
    cause: str
    results: list[Result]
    instruments: list[Certified]

    @property
    def ended(self) -> bool:
        """Whether it said how it ended."""
        return self.bucket.verdict != kinds.UNFINISHED

    @property
    def operator(self) -> str:
        """The user's name; empty where none was known."""
        return str((self.view.operator or {}).get("name", ""))


def run_row(events: Sequence[Event]) -> RunRow | None:
    """Return the run that its headlines and measurements tell of, in order; None where it never began."""
    begun = next((event for event in events if event.kind == kinds.STARTED), None)
    if begun is None:
        return None
    view = fold(events)
    bucket = Bucket(
        begun.at[:10], view.plan, view.station, view.product, view.verdict, 1 if view.hidden else 0
    )
    return RunRow(
        run_id=view.run_id,
        run_no=begun.seq,
        bucket=bucket,
        view=view,
        tip_lot=str(begun.body.get("tip_lot", "")),
        cause=cause_of(view),
        results=[_result(measurement) for measurement in view.measurements],
        instruments=[_certified(body) for body in view.instruments if body.get("certificate")],
    )


def cause_of(view: RunView) -> str:
    """Return the role of the instrument that a run's first fault names; empty where it names none."""
    said = view.faults[0]["message"] if view.faults else ""
    return next((role for role in ROLES if said.startswith(f"{role}: ")), "")


def _result(body: dict[str, Any]) -> Result:
    setting = body.get("setting") or {}
    series = Series(
        body["characteristic"],
        setting.get("depth_mm"),
        setting.get("rate_per_min"),
        body["unit"],
        body.get("lower"),
        body.get("upper"),
    )
    return Result(series, _number(body.get("value")), _number(body.get("U")), is_accepted(body))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _certified(body: dict[str, Any]) -> Certified:
    who, issued = body["identity"], body["certificate"]
    named = " ".join(str(who[key]) for key in ("maker", "model", "serial") if who.get(key))
    return Certified(body["role"], named, *(str(issued[key]) for key in ("number", "issuer", "date", "due")))
