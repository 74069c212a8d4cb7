"""Interlocks: what must be in order at a station before a run begins, and who may let it begin all the same.

A stop that nobody has reset, an identity, a safety limit can never be overridden. A check or a certificate
that is overdue, and a check that failed, can: by a named person with a reason, once, and every result of that
run says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rig.errors import ConfigError, RefusedToStart, StoreError
from rig.records import kinds
from rig.records.event import Event
from rig.records.run import wall_utc
from rig.records.stations import StationLog
from rig.records.store import FILE_NAME, Store
from rig.station import Station

CHECK_OVERDUE, CHECK_FAILED = "check overdue", "check failed"
CERTIFICATE_OVERDUE = "certificate overdue"
OVERRIDABLE = (CHECK_OVERDUE, CHECK_FAILED, CERTIFICATE_OVERDUE)

CHECK = "Check the station: rig run station"


@dataclass(frozen=True)
class Override:
    """Interlocks that a named person lets a run begin against, and why.

    Raises:
        ConfigError: an interlock that nobody may override, one named twice, two that cannot both stand, or
            a name or a reason missing.
    """

    names: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.names if name not in OVERRIDABLE]
        if unknown:
            raise ConfigError(f"--override {unknown[0]!r}", expected=f"one of: {', '.join(OVERRIDABLE)}")
        if len(set(self.names)) < len(self.names):
            raise ConfigError(f"--override: {', '.join(self.names)}", expected="each interlock once")
        if {CHECK_OVERDUE, CHECK_FAILED} <= set(self.names):
            raise ConfigError(
                f"--override {CHECK_OVERDUE!r} and {CHECK_FAILED!r}",
                expected="one of the two: the latest check either failed or was made too long ago",
            )
        if self.names and not (self.by.strip() and self.reason.strip()):
            raise ConfigError(
                f"--override {self.names[0]!r} by {self.by!r}, reason {self.reason!r}",
                expected="the name of a person with --by, and a reason with --reason",
            )
        if not self.names and (self.by or self.reason):
            raise ConfigError("--by or --reason without --override", expected="what is overridden")

    @property
    def remark(self) -> str:
        """What every result of such a run says; empty where nothing is overridden."""
        return f"overridden: {', '.join(self.names)}, by {self.by}: {self.reason}" if self.names else ""


NOTHING_OVERRIDDEN = Override()


def check_interlocks(
    station: Station, runs: Path, *, override: Override, is_check: bool, now: datetime | None = None
) -> dict[str, str]:
    """Refuse to begin where something is not in order and nobody overrides it.

    Args:
        station: whose run begins.
        runs: folder of the records; its station log says what was checked, stopped and reset.
        override: what a person overrides.
        is_check: the run is a check itself, which needs none before it.
        now: the moment, in UTC; the wall's when missing.

    Returns:
        What is overridden: each interlock by name, and what it said.

    Raises:
        RefusedToStart: it is not in order, with what to do; or an override of what is in order.
        StoreError: the records cannot be read.
    """
    now = now or wall_utc()
    standing = {}
    if overdue := station.overdue_certificates(now.date()):
        standing[CERTIFICATE_OVERDUE] = "; ".join(overdue)
    if (runs / FILE_NAME).exists():
        with Store(runs, create=False) as store:
            log = StationLog(store, station.name)
            _refuse_stopped(log)
            if station.interlock is not None and not is_check:
                standing |= _check_in_order(store, log, station.interlock.check_every_h, now)
    elif station.interlock is not None and not is_check:
        standing[CHECK_OVERDUE] = f"station {station.name!r} was never checked"
    needless = [name for name in override.names if name not in standing]
    if needless:
        raise RefusedToStart(
            f"nothing to override: {needless[0]}",
            expected=f"an interlock that stands: {', '.join(standing) or 'none does'}",
            do="Leave the override out",
        )
    for name, what in standing.items():
        if name not in override.names:
            do = "Have it calibrated and enter the new certificate" if name == CERTIFICATE_OVERDUE else CHECK
            raise RefusedToStart(
                what, do=f'{do}; or let a named person override it: --override "{name}" --by … --reason …'
            )
    return standing


def refuse_stopped(station: str, runs: Path) -> None:
    """Refuse to begin anything on a station that was stopped and that nobody has reset.

    Args:
        station: its name, as its file has it.
        runs: folder of the records; without any, nothing was ever stopped, and nothing is created.

    Raises:
        RefusedToStart: it was stopped.
        StoreError: the records cannot be read.
    """
    if (runs / FILE_NAME).exists():
        with Store(runs, create=False) as store:
            _refuse_stopped(StationLog(store, station))


def latch_stop(station: str, runs: Path, why: str) -> None:
    """Enter an emergency stop met outside a run into the station's log, unless one stands there already.

    Args:
        station, runs: as :func:`refuse_stopped`; the folder is made where it is missing.
        why: what told of the stop.

    Raises:
        StoreError: the entry could not be kept.
    """
    try:
        with Store(runs) as store:
            log = StationLog(store, station)
            if log.must_be_reset() is None:
                log.stopped(why)
    except StoreError as error:
        raise StoreError(
            f"station {station!r} was stopped ({why}), and its log does not say so: {error}",
            do="Let nothing run on it until a person has seen to it",
        ) from error


def refuse_complaints(complaints: Sequence[str]) -> None:
    """Refuse a run whose instruments find something wrong with themselves.

    Raises:
        RefusedToStart: all they say.
    """
    if complaints:
        raise RefusedToStart("; ".join(complaints), do="See to it, then check the station: rig run station")


def record_check(
    store: Store, station: str, *, plan: str, run_id: str, verdict: str, results: Sequence[dict[str, Any]]
) -> list[str]:
    """Enter a check of the station into its log; return the runs that it throws doubt on.

    A check that was stopped by hand throws doubt on none as long as nothing it measured was wrong.

    Args:
        plan: name of the check's plan, whose own runs are never suspect.
        run_id, verdict, results: as :meth:`~rig.records.stations.StationLog.check`.

    Raises:
        StoreError: the entry could not be kept.
    """
    log = StationLog(store, station)
    bad = verdict in (kinds.FAIL, kinds.ERROR) or any(result["verdict"] != kinds.PASS for result in results)
    since = log.last_good_check()
    suspects = _runs_since(store, station, plan, since) if bad else []
    log.check(run_id, verdict, results, suspects=suspects)
    return suspects


def _refuse_stopped(log: StationLog) -> None:
    why = log.must_be_reset()
    if why is not None:
        raise RefusedToStart(
            f"station {log.station!r} was stopped and nobody has reset it: {why}",
            do="See that the bench is safe, then: rig reset --by NAME --reason TEXT",
        )


def _check_in_order(store: Store, log: StationLog, every_h: float, now: datetime) -> dict[str, str]:
    """Return what is not in order with the station's checks; empty when all is."""
    last = log.last_check()
    if last is None:
        return {CHECK_OVERDUE: f"station {log.station!r} was never checked"}
    made = datetime.fromisoformat(last.at).astimezone(UTC)
    if made > now:
        raise RefusedToStart(
            f"the last check of station {log.station!r} was made at {last.at}, "
            f"and now it is {now:%Y-%m-%dT%H:%MZ}",
            expected="a check in the past",
            do="Set this computer's clock",
        )
    unfinished = _unfinished_check(store, log, last)
    if unfinished is not None:
        return {CHECK_FAILED: f"the check {unfinished} of station {log.station!r} never ended"}
    if last.body["verdict"] != kinds.PASS:
        said = f"{last.body['verdict']} (run {last.body['run_id']})"
        return {CHECK_FAILED: f"the last check of station {log.station!r} was {said}"}
    if now - made > timedelta(hours=every_h):
        return {
            CHECK_OVERDUE: f"the last check of station {log.station!r} was made at {last.at}, "
            f"more than {every_h:g} h ago"
        }
    return {}


def _unfinished_check(store: Store, log: StationLog, last: Event) -> str | None:
    """Return a check that began after ``last`` and left no entry itself; None when there is none."""
    plan = store.events(last.body["run_id"], kinds=(kinds.STARTED,))[0].body["plan"]
    later = [
        event.run_id
        for event in store.events(kinds=(kinds.STARTED,), after=last.seq)
        if event.body["station"] == log.station and event.body["plan"] == plan
    ]
    return later[-1] if later else None


def _runs_since(store: Store, station: str, plan: str, since: Event | None) -> list[str]:
    """Return the station's runs since a check, or since ever, that measured anything."""
    return [
        event.run_id
        for event in store.events(kinds=(kinds.STARTED,), after=0 if since is None else since.seq)
        if event.body["station"] == station
        and event.body["plan"] != plan
        and store.events(event.run_id, kinds=(kinds.MEASUREMENT,))
    ]
