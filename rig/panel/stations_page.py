"""The stations: what their daily checks found over time, which certificates run out, what was overridden."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from reports.dashboard.drift import DriftLine
from reports.dashboard.figures import certificates_due, choices, drift, station_events
from reports.dashboard.index import Index
from reports.dashboard.stations import CertificateDue
from rig.panel import numbers
from rig.panel.asked import today
from rig.panel.exports import Drawn, Format, export
from rig.panel.guard import Reviewer, Settings
from rig.panel.indexing import look
from rig.panel.pages import pages_of

router = APIRouter(include_in_schema=False)

SOON_DAYS = 30
MOST_EVENTS = 100

Name = Annotated[str, Query(max_length=200)]
Form = Annotated[Format, Path()]


@router.get("/stations")
def stations_page(request: Request, person: Reviewer, settings: Settings, station: Name = "") -> Response:
    """Show a station, the first of those that ran anything unless another is asked for."""
    with Index(settings.runs) as index:
        far = look(index)
        known = choices(index).stations
        if station and station not in known:
            raise HTTPException(404, f"there is no station {station!r}")
        shown = station or next(iter(known), "")
        certificates = [one for one in certificates_due(index, today()) if one.station == shown]
        lines = drift(index, shown)
        events = station_events(index, shown, limit=MOST_EVENTS) if shown else ()
    return pages_of(request).show(
        request,
        "stations.html",
        n=numbers,
        far=far,
        stations=known,
        station=shown,
        certificates=[(one, due_word(one)) for one in certificates],
        drifts=[(line, drawn_drift(line)) for line in lines],
        events=events,
    )


@router.get("/data/drift.{form}")
def drift_data(
    person: Reviewer, settings: Settings, form: Form, station: Name = "", name: Name = ""
) -> Response:
    """Return what daily checks of a station found of one thing."""
    with Index(settings.runs) as index:
        look(index)
        found = [line for line in drift(index, station) if line.name == name]
    if not found:
        raise HTTPException(404, f"no check of station {station!r} has measured {name!r}")
    return export(drawn_drift(found[0]), form)


@router.get("/data/certificates.{form}")
def certificates_data(person: Reviewer, settings: Settings, form: Form, station: Name = "") -> Response:
    """Return the certificates of a station, or of all."""
    with Index(settings.runs) as index:
        look(index)
        found = [one for one in certificates_due(index, today()) if station in ("", one.station)]
    fields = (
        "station",
        "role",
        "instrument",
        "number",
        "issuer",
        "date",
        "due",
        "days_left",
        "overdue",
        "seen",
    )
    return export(
        Drawn("certificates", {name: [getattr(one, name) for one in found] for name in fields}), form
    )


@router.get("/data/station-events.{form}")
def events_data(person: Reviewer, settings: Settings, form: Form, station: Name = "") -> Response:
    """Return stops, resets and overrides of a station, or of all."""
    with Index(settings.runs) as index:
        look(index)
        found = station_events(index, station, limit=MOST_EVENTS)
    fields = ("station", "at", "kind", "run_id", "by", "why")
    columns = {name: [getattr(one, name) for one in found] for name in fields}
    return export(Drawn("station-events", columns), form)


def drawn_drift(line: DriftLine) -> Drawn:
    """Return the results of a station's checks, with their intervals and limits."""
    points = line.points
    whole = [0.0 if point.U is None else point.U for point in points]
    return Drawn(
        f"drift-{line.name}",
        {
            "number": list(range(1, len(points) + 1)),
            "at": [point.at for point in points],
            "run_id": [point.run_id for point in points],
            "value": [point.value for point in points],
            "U": [point.U for point in points],
            "low": [point.value - U for point, U in zip(points, whole, strict=True)],
            "high": [point.value + U for point, U in zip(points, whole, strict=True)],
            "verdict": [point.verdict for point in points],
        },
        lines={"lower": line.lower, "upper": line.upper},
    )


def due_word(certificate: CertificateDue) -> str:
    """Return ``overdue``, ``soon`` (within thirty days) or ``good``."""
    if certificate.overdue:
        return "overdue"
    return "soon" if certificate.days_left <= SOON_DAYS else "good"
