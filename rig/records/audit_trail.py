"""One view over all changes in the record: who changed what, when, from what to what, and why.

It reads the audit trail's own entries, the stations' logs, and the tables that runs wrote into pens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rig.records import kinds

if TYPE_CHECKING:
    from rig.records.event import Event
    from rig.records.store import Store

TOLD = (
    kinds.AUDIT_CONFIGURATION, kinds.AUDIT_USER, kinds.AUDIT_HIDDEN, kinds.AUDIT_SHOWN, kinds.AUDIT_SIGNATURE,
    kinds.STATION_STOPPED, kinds.STATION_RESET, kinds.STATION_OVERRIDE, kinds.STATION_CHECK,
    kinds.CALIBRATION,
)  # fmt: skip


@dataclass(frozen=True)
class Audited:
    """One thing that was changed.

    Args:
        at: when, UTC text.
        by: who; empty where nobody was named.
        what: was changed.
        old, new: its values, as the record has them; None where there was or is none.
        why: as the person said; empty where nobody did.
        entry: number of the entry in the record.
        kind: of the entry.
    """

    at: str
    by: str
    what: str
    old: Any
    new: Any
    why: str
    entry: int
    kind: str

    def to_json(self) -> dict[str, Any]:
        """Return what ``rig audit --json`` prints."""
        return asdict(self)


def audit_trail(store: Store, *, since: str = "", of: str = "") -> list[Audited]:
    """Return what was changed, oldest first.

    Args:
        store: the record.
        since: the beginning of a UTC text, such as 2026-11-22; nothing before it is told.
        of: what is asked about, any part of what was changed; everything when empty.

    Raises:
        StoreError: the record cannot be read.
    """
    events = store.events(kinds=(*TOLD, kinds.STARTED, kinds.INSTRUMENT))
    people, pens = _operators(events), _pens(events)
    rows: list[Audited] = []
    for event in events:
        if event.kind == kinds.CALIBRATION:
            rows.append(_written(event, people.get(event.run_id, ""), pens.get(event.run_id, "")))
        else:
            rows += told_by(event)
    return [row for row in rows if row.at >= since and of.casefold() in row.what.casefold()]


def told_by(event: Event) -> list[Audited]:
    """Return what an entry of the audit trail or of a station's log says was changed; nothing of others."""
    return list(_TELL[event.kind](event)) if event.kind in _TELL else []


def _operators(events: Iterable[Event]) -> dict[str, str]:
    started = [event for event in events if event.kind == kinds.STARTED]
    return {event.run_id: (event.body.get("operator") or {}).get("name", "") for event in started}


def _pens(events: Iterable[Event]) -> dict[str, str]:
    asked = [event for event in events if event.kind == kinds.INSTRUMENT and event.body["role"] == "pen"]
    return {event.run_id: event.body["identity"]["serial"] for event in asked}


def _row(event: Event, what: str, old: Any, new: Any, *, by: str = "", why: str = "") -> Audited:
    return Audited(event.at, by, what, old, new, why, event.seq, event.kind)


def _written(event: Event, by: str, pen: str) -> Audited:
    before, after = (f"CRC {event.body[key]:08X}" for key in ("before_crc", "after_crc"))
    what = f"pen {pen}: calibration table"
    return _row(event, what, before, after, by=by, why=f"calibrated by run {event.run_id}")


def _configuration(event: Event) -> Iterator[Audited]:
    body = event.body
    name, person = f"{body['what']} {body['name']}", {"by": body["by"], "why": body["reason"]}
    if not body["changes"]:
        yield _row(event, name, body["before"], body["after"], **person)
    for change in body["changes"]:
        yield _row(event, f"{name}: {change['key']}", change["old"], change["new"], **person)


def _user(event: Event) -> Iterator[Audited]:
    body, did = event.body, event.body.get("did", "")
    who = "client" if did.startswith("client ") else "user"
    what = ": ".join(text for text in (f"{who} {body['what']}", did.removeprefix("client ")) if text)
    yield _row(event, what, body["before"], body["after"], by=body["by"], why=body["reason"])


def _as_entered(event: Event) -> Iterator[Audited]:
    body = event.body
    yield _row(event, body["what"], body["before"], body["after"], by=body["by"], why=body["reason"])


def _stopped(event: Event) -> Iterator[Audited]:
    yield _row(event, _station(event), "may run", "stopped", why=event.body["why"])


def _reset(event: Event) -> Iterator[Audited]:
    yield _row(event, _station(event), "stopped", "may run", by=event.body["by"], why=event.body["reason"])


def _override(event: Event) -> Iterator[Audited]:
    for name, said in event.body["interlocks"].items():
        what = f"{_station(event)}: {name}"
        yield _row(event, what, said, "overridden", by=event.body["by"], why=event.body["reason"])


def _check(event: Event) -> Iterator[Audited]:
    why = f"run {event.body['run_id']}"
    yield _row(event, f"{_station(event)}: check", None, event.body["verdict"], why=why)


def _station(event: Event) -> str:
    return f"station {event.run_id.removeprefix(kinds.STATION_PREFIX)}"


_TELL: dict[str, Callable[[Event], Iterator[Audited]]] = {
    kinds.AUDIT_CONFIGURATION: _configuration,
    kinds.AUDIT_USER: _user,
    kinds.AUDIT_HIDDEN: _as_entered,
    kinds.AUDIT_SHOWN: _as_entered,
    kinds.AUDIT_SIGNATURE: _as_entered,
    kinds.STATION_STOPPED: _stopped,
    kinds.STATION_RESET: _reset,
    kinds.STATION_OVERRIDE: _override,
    kinds.STATION_CHECK: _check,
}
