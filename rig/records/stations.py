"""What happened to a station between its runs: checks, stops, resets, overrides.

A station's entries stand in the same chain as the runs', under ``station:NAME`` in place of a run's id.
It decides nothing: whether a run may begin is :mod:`rig.interlocks`' affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rig.errors import RefusedToStart
from rig.records import kinds
from rig.records.event import Event
from rig.records.run import wall_utc
from rig.records.signatures import keep_signed_head

if TYPE_CHECKING:
    from rig.records.store import Store


class StationLog:
    """The entries of one station.

    Args:
        store: where they are; opened for reading only, it can still be asked.
        station: the station's name, as its file has it.
        utc_now: tells the time of new entries.

    Every method that writes raises StoreError when the entry could not be kept.
    """

    def __init__(self, store: Store, station: str, utc_now: Callable[[], datetime] = wall_utc) -> None:
        self._store, self._id, self._utc_now = store, f"{kinds.STATION_PREFIX}{station}", utc_now
        self.station = station

    def stopped(self, why: str, *, run_id: str = "") -> Event:
        """Record an emergency stop: no run begins until a person resets it."""
        return self._append(kinds.STATION_STOPPED, why=why, run_id=run_id)

    def reset(self, by: str, reason: str) -> Event:
        """Record that a named person has seen to a stop.

        Raises:
            RefusedToStart: nothing is stopped, or the name or the reason is missing.
        """
        check_person(by, reason)
        if self.must_be_reset() is None:
            raise RefusedToStart(f"station {self.station!r} is not stopped", expected="a stop to reset")
        return self._append(kinds.STATION_RESET, by=by, reason=reason)

    def must_be_reset(self) -> str | None:
        """Return why the station was stopped, when nobody has reset it since; None when it may run."""
        last = self._last(kinds.STATION_STOPPED, kinds.STATION_RESET)
        return None if last is None or last.kind == kinds.STATION_RESET else str(last.body["why"])

    def check(
        self,
        run_id: str,
        verdict: str,
        results: Sequence[Mapping[str, Any]],
        *,
        suspects: Sequence[str] = (),
    ) -> Event:
        """Record how a check of the station ended.

        Args:
            run_id: of the check's own run, which holds all that was measured.
            verdict: that run's.
            results: {name, value, unit, U, verdict} of each.
            suspects: ids of the runs that a failed check throws doubt on.
        """
        return self._append(
            kinds.STATION_CHECK,
            run_id=run_id,
            verdict=verdict,
            results=[dict(result) for result in results],
            suspects=list(suspects),
        )

    def overridden(self, run_id: str, interlocks: Mapping[str, str], by: str, reason: str) -> Event:
        """Record that a named person let a run begin against interlocks: each by name, and what it said."""
        check_person(by, reason)
        return self._append(
            kinds.STATION_OVERRIDE, run_id=run_id, interlocks=dict(interlocks), by=by, reason=reason
        )

    def checks(self) -> list[Event]:
        """Return every check, oldest first."""
        return self._store.events(self._id, kinds=(kinds.STATION_CHECK,))

    def last_check(self) -> Event | None:
        """Return the latest check, however it ended."""
        return self._last(kinds.STATION_CHECK)

    def last_good_check(self) -> Event | None:
        """Return the latest check that passed."""
        good = [event for event in self.checks() if event.body["verdict"] == kinds.PASS]
        return good[-1] if good else None

    def _last(self, *wanted: str) -> Event | None:
        events = self._store.events(self._id, kinds=wanted)
        return events[-1] if events else None

    def _append(self, kind: str, **body: Any) -> Event:
        event = self._store.append(self._id, kind, body, self._utc_now())
        keep_signed_head(self._store, event)
        return event


def check_person(by: str, reason: str) -> None:
    """Refuse what nobody stands for.

    Raises:
        RefusedToStart: the name or the reason is missing.
    """
    if not by.strip() or not reason.strip():
        raise RefusedToStart(
            f"by {by!r}, reason {reason!r}", expected="the name of a person, and a reason", do="Say both"
        )


def suspect_runs(store: Store) -> dict[str, list[str]]:
    """Return every run that a failed check of a station throws doubt on, with the runs of those checks."""
    found: dict[str, list[str]] = {}
    for event in store.events(kinds=(kinds.STATION_CHECK,)):
        for run_id in event.body["suspects"]:
            found.setdefault(run_id, []).append(event.body["run_id"])
    return found
