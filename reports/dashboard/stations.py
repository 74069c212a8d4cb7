"""Stations: which certificates run out, and what was overridden, stopped and reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reports.dashboard.index import Index


@dataclass(frozen=True)
class CertificateDue:
    """A certificate, as the latest run of its station that judged a pen recorded it.

    Args:
        station, role, instrument: whose.
        number, issuer, date, due: of the certificate; dates as ISO text.
        days_left: until it is due; negative when it is overdue.
        overdue: whether it is: it is good on the day on which it is due, as for a run.
        seen: when the run that recorded it began, in UTC.
    """

    station: str
    role: str
    instrument: str
    number: str
    issuer: str
    date: str
    due: str
    days_left: int
    overdue: bool
    seen: str


@dataclass(frozen=True)
class StationEvent:
    """What happened to a station between runs: ``station.stopped``, ``station.reset``, ``station.override``.

    ``by`` is empty for a stop; ``run_id`` for what belongs to no run.
    """

    key: int
    station: str
    at: str
    kind: str
    run_id: str
    by: str
    why: str


def certificates_due(index: Index, today: date) -> tuple[CertificateDue, ...]:
    """Return the certificates of every station, the one that runs out first at the front.

    They are those that runs recorded: a certificate entered into a station file since then is not known yet.
    """
    rows = index.rows(
        "SELECT certificate.station, role, instrument, number, issuer, date, due, started "
        "FROM certificate JOIN run USING (run_no) ORDER BY due, certificate.station, role"
    )
    return tuple(_certificate(row, today) for row in rows)


def station_events(index: Index, station: str = "", *, limit: int = 100) -> tuple[StationEvent, ...]:
    """Return the latest stops, resets and overrides of a station, or of all, newest first."""
    rows = index.rows(
        "SELECT seq, station, at, kind, run_id, by, why FROM station_event "
        "WHERE ? IN ('', station) ORDER BY seq DESC LIMIT ?",
        (station, max(limit, 1)),
    )
    return tuple(StationEvent(*row) for row in rows)


def _certificate(row: tuple[str, ...], today: date) -> CertificateDue:
    station, role, instrument, number, issuer, issued, due, seen = row
    left = (date.fromisoformat(due) - today).days
    return CertificateDue(station, role, instrument, number, issuer, issued, due, left, left < 0, seen)
