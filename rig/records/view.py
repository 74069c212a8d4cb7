"""Reading a run back: its entries, folded into one view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rig.records import kinds
from rig.records.event import Event

if TYPE_CHECKING:
    from rig.records.store import Store

JSON_KEYS = (
    "run_id", "plan", "pen_serial", "station", "product", "verdict", "started", "ended", "takt_s", "wall_s",
    "software", "instruments", "measurements", "calibration", "faults", "notes", "reasons", "overridden",
    "lot", "tip_lot", "operator", "environment", "configurations", "tests", "hidden",
)  # fmt: skip
HEADLINES = (
    kinds.STARTED, kinds.INSTRUMENT, kinds.FAULT, kinds.ENDED, kinds.AUDIT_HIDDEN, kinds.AUDIT_SHOWN,
)  # fmt: skip


@dataclass
class RunView:
    """A run as its entries tell it. Times are UTC text; ``takt_s`` and ``wall_s`` are in seconds.

    What a run of an earlier version did not record is empty: nothing is guessed.
    """

    run_id: str = ""
    plan: str = ""
    pen_serial: str = ""
    station: str = ""
    product: str = ""
    verdict: str = kinds.UNFINISHED
    started: str | None = None
    ended: str | None = None
    takt_s: float | None = None
    wall_s: float | None = None
    software: dict[str, Any] = field(default_factory=lambda: {"version": None, "commit": None})
    instruments: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    calibration: dict[str, Any] | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    wire_log: dict[str, Any] | None = None
    lot: str = ""
    tip_lot: str = ""
    """As scanned before the run; empty where it was not."""
    operator: dict[str, Any] | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    configurations: list[dict[str, Any]] = field(default_factory=list)
    tests: list[dict[str, Any]] = field(default_factory=list)
    hidden: str = ""
    """Who hid it and why; empty where nobody did, or where it is shown again."""

    @property
    def overridden(self) -> str:
        """What was overridden when it began, by whom and why; empty where nothing was."""
        return str(self.options.get("overridden", ""))

    def to_json(self) -> dict[str, Any]:
        """Return what ``rig show --json`` prints; each value is as the record has it."""
        return {key: getattr(self, key) for key in JSON_KEYS}


def fold(events: Iterable[Event]) -> RunView:
    """Return the run that ``events`` tell of. A run that was cut off is a view with less in it.

    Kinds that this version does not know are passed over, so that it reads newer records too.
    """
    view = RunView()
    for event in events:
        view.run_id = event.run_id
        _TELL.get(event.kind, _ignore)(view, event)
    return view


def is_accepted(measurement: Mapping[str, Any]) -> bool:
    """Say whether the run may pass with a measurement; records of earlier versions know its verdict only."""
    return bool(measurement.get("accepted", measurement["verdict"] == kinds.PASS))


def headlines(store: Store) -> list[RunView]:
    """Return every run of a store, oldest first, without its measurements: who, when, what came of it.

    Raises:
        StoreError: the store cannot be read.
    """
    runs: dict[str, list[Event]] = {}
    for event in store.events(kinds=HEADLINES):
        runs.setdefault(event.run_id, []).append(event)
    return [fold(events) for events in runs.values()]


_OF_THE_START = (
    "plan", "pen_serial", "station", "product", "software", "seed", "options",
    "lot", "tip_lot", "operator", "environment",
)  # fmt: skip


def _started(view: RunView, event: Event) -> None:
    view.started = event.at
    for name in _OF_THE_START:
        if name in event.body:
            setattr(view, name, event.body[name])


def _instrument(view: RunView, event: Event) -> None:
    view.instruments.append(event.body)
    if event.body.get("role") == "pen":  # what the pen answered stands above what was scanned
        view.pen_serial = event.body["identity"]["serial"]


def _ended(view: RunView, event: Event) -> None:
    view.ended = event.at
    for name in ("verdict", "takt_s", "wall_s", "reasons"):
        setattr(view, name, event.body[name])


def _calibration(view: RunView, event: Event) -> None:
    view.calibration = event.body


def _configuration(view: RunView, event: Event) -> None:
    view.configurations = event.body["files"]


def _tests(view: RunView, event: Event) -> None:
    view.tests = event.body["tests"]


def _hidden(view: RunView, event: Event) -> None:
    view.hidden = f"by {event.body['by']}: {event.body['reason']}"


def _shown(view: RunView, event: Event) -> None:
    view.hidden = ""


def _wire_log(view: RunView, event: Event) -> None:
    view.wire_log = event.body


def _ignore(view: RunView, event: Event) -> None:
    pass


_TELL: dict[str, Callable[[RunView, Event], None]] = {
    kinds.STARTED: _started,
    kinds.INSTRUMENT: _instrument,
    kinds.MEASUREMENT: lambda view, event: view.measurements.append(event.body),
    kinds.CALIBRATION: _calibration,
    kinds.NOTE: lambda view, event: view.notes.append(event.body),
    kinds.FAULT: lambda view, event: view.faults.append(event.body),
    kinds.CONFIGURATION: _configuration,
    kinds.TESTS: _tests,
    kinds.WIRE_LOG: _wire_log,
    kinds.ENDED: _ended,
    kinds.AUDIT_HIDDEN: _hidden,
    kinds.AUDIT_SHOWN: _shown,
}
