"""After a run that ended without a word: what was in flight, a safe bench, a closed record, a known pen.

A run is cut off when it began, has no end, and no living process holds its lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rig.errors import ConfigError, RigError
from rig.parking import Parked, parked
from rig.procedures.table_recovery import NOTE_PREFIX, Journalled, last_write_back, restore_table, table_after
from rig.procedures.table_state import OnTable, TableState
from rig.product import load_product
from rig.records import kinds
from rig.records.event import Event
from rig.records.files import make_folder, safe_name
from rig.records.locks import hold_run, hold_station, is_held, left_behind
from rig.records.named_files import TORN_SUFFIX
from rig.records.run import RunRecorder
from rig.records.store import FILE_NAME, Store
from rig.records.view import fold
from rig.station import Station

TORN_FOLDER = "torn"
SIMULATED = "the pen was a simulated one, and is gone with its twin"


@dataclass
class Recovered:
    """What was done about one run.

    Args:
        run_id: which.
        words: sentences for the person at the rig, as they stand in the record.
        problems: those among them that somebody must see to.
        closed: whether its record was closed, as ABORTED; it had been before where not.
    """

    run_id: str
    closed: bool = False
    words: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        done = "was cut off; its record is closed as ABORTED" if self.closed else "was looked at again"
        return f"run {self.run_id} {done}: {'; '.join(self.words)}"


def recover_before(station: Station, runs: Path) -> list[Recovered]:
    """Close the records of the runs at ``station`` that were cut off, as far as the record alone tells.

    Called before a run begins there; it touches no instrument.

    Raises:
        StoreError: the record cannot be read or written.
    """
    if not left_behind(runs) or not (runs / FILE_NAME).is_file():
        return []
    done = []
    with Store(runs) as store:
        for run_id in left_behind(runs):
            with _cut_off(store, run_id, station) as events:
                if events:
                    done.append(_close(store, events, None))
    return done


def recover(station: Station, runs: Path, *, by: str, restore: bool = False) -> list[Recovered]:
    """Make a station's bench safe, ask its pen, and close the records of the runs that were cut off there.

    Runs whose record was closed while the state of their pen was still open are looked at again.

    Args:
        station: where they were.
        runs: folder of the records.
        by: name of the person who sees to it.
        restore: write the old table back where the pen is not on it.

    Returns:
        What was done about each run; empty when none was cut off, and then nothing was touched.

    Raises:
        ConfigError: no name.
        RefusedToStart: a run is under way at the station.
        StoreError: there is no record, or it cannot be written.
    """
    if not by.strip():
        raise ConfigError("--by is empty", expected="the name of the person who recovers")
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store(runs, create=False))
        found = _open_questions(store, station)
        if not found:
            return []
        store = stack.enter_context(Store(runs))
        bench = None
        if station.twin is None:
            stack.enter_context(hold_station(runs, station.name, f"rig recover by {by}"))
            product = load_product(fold(store.events(found[-1])).product)
            bench = stack.enter_context(parked(station, product))
        return [_settle(store, run_id, station, bench, by, restore) for run_id in found]


def cut_off_elsewhere(station: Station, runs: Path) -> dict[str, str]:
    """Return the runs without an end at other stations than ``station``, and where they were.

    Raises:
        StoreError: there is no record, or it cannot be read.
    """
    with Store(runs, create=False) as store:
        by_run = _decisive(store)
    return {
        run_id: str(events[0].body.get("station"))
        for run_id, events in by_run.items()
        if events[0].kind == kinds.STARTED and not _was_at(events, station) and not _has_ended(events)
    }


def _open_questions(store: Store, station: Station) -> list[str]:
    """Return the runs at a station that were cut off, or whose pen is on a table that nobody knows."""
    return [
        run_id
        for run_id, events in _decisive(store).items()
        if _was_at(events, station)
        and not is_held(store.runs, run_id)
        and (not _has_ended(events) or _asks_for_the_pen(events, station))
    ]


def _decisive(store: Store) -> dict[str, list[Event]]:
    """Return the entries that tell whether a run was cut off, by run."""
    by_run: dict[str, list[Event]] = {}
    for event in store.events(kinds=(kinds.STARTED, kinds.NOTE, kinds.ENDED)):
        by_run.setdefault(event.run_id, []).append(event)
    return by_run


def _settle(
    store: Store, run_id: str, station: Station, bench: Parked | None, by: str, restore: bool
) -> Recovered:
    recorder = RunRecorder(store, run_id)
    with _cut_off(store, run_id, station) as events:
        recorder.note(f"recovered by {by.strip()}")
        if events:
            done = _close(store, events, bench)
        else:
            done = Recovered(run_id)
            _tell_table(done, _table(recorder, store.events(run_id), bench))
    journalled = last_write_back(_notes(store.events(run_id)))
    if restore and bench is not None and journalled is not None:
        _restore(done, recorder, journalled, bench)
    return done


@contextlib.contextmanager
def _cut_off(store: Store, run_id: str, station: Station) -> Iterator[list[Event]]:
    """Hold the lock of a run and yield its entries; none when it is no broken run of this station's.

    It is read only after its lock is held: a moment before, its process may still have written the end.
    """
    began = store.events(run_id)
    held = hold_run(store.runs, run_id) if _was_at(began, station) or not began else None
    if held is None:
        yield []
        return
    with held:
        events = store.events(run_id)
        yield [] if _has_ended(events) else events


def _close(store: Store, events: list[Event], bench: Parked | None) -> Recovered:
    """Write into a broken run what is known of its end, and close it as ABORTED."""
    run_id, last = events[0].run_id, events[-1]
    recorder, done = RunRecorder(store, run_id), Recovered(run_id, closed=True)
    done.words.append(f"the rig's process ended without a word after {last.at}: {_in_words(last)}")
    if torn := set_torn_aside(store.runs, run_id):
        done.words.append(f"writes that were cut off were set aside: {', '.join(torn)}")
    if bench is not None:
        done.words += bench.problems or ["the bench is parked: stage and needles retracted, pen stopped"]
        done.problems += bench.problems
    _tell_table(done, _table(recorder, events, bench))
    for text in done.words:
        recorder.note(text)
    recorder.ended(kinds.ABORTED, takt_s=None, wall_s=None, reasons=done.words)
    return done


def _table(recorder: RunRecorder, events: list[Event], bench: Parked | None) -> TableState | None:
    """Find out which table the run's pen is on; where that is known, close its write-back's journal."""
    journalled = last_write_back(_notes(events))
    if journalled is None or journalled.is_closed:
        return None if journalled is None else journalled.state
    pen = None if bench is None else bench.pen
    state = table_after(_notes(events), pen)
    assert state is not None
    if _is_simulated(events):
        return TableState(state.on, f"{state.sentence}; {SIMULATED}")
    if pen is not None and state.on is not OnTable.UNKNOWN:
        with contextlib.suppress(
            RigError
        ):  # it reads its table all the same; its lock closes when it restarts
            pen.lock_service()
        recorder.note(
            f"{NOTE_PREFIX}failed",
            step="end",
            cause="the rig's process ended without a word",
            pen=state.sentence,
            on=str(state.on),
        )
        return state
    return TableState(state.on, f"{state.sentence}. Run rig recover with the pen in the nest")


def _tell_table(done: Recovered, state: TableState | None) -> None:
    if state is not None:
        done.words.append(state.sentence)
        if not state.is_known_and_whole:
            done.problems.append(state.sentence)


def _restore(done: Recovered, recorder: RunRecorder, journalled: Journalled, bench: Parked) -> None:
    """Write the old table back where the pen is not on it, with a journal of its own in the same run."""
    if journalled.is_as_found:
        return
    try:
        if bench.pen is None or bench.pen.identify().serial != journalled.serial:
            raise RigError("the pen of this run is not in the nest", do="Put it there and recover again")
        table = restore_table(
            bench.pen,
            journalled.as_found_words,
            lambda step, more: _ignore(recorder.note(f"{NOTE_PREFIX}{step}", **more)),
        )
    except RigError as error:
        done.problems.append(f"the old table was not written back: {error}")
        done.words.append(done.problems[-1])
    else:
        done.problems = [text for text in done.problems if not text.startswith("The pen")]
        done.words.append(
            f"the old table was written back, as generation {table.generation} (CRC {table.crc:08X})"
        )
    recorder.note(done.words[-1])


def set_torn_aside(runs: Path, run_id: str) -> list[str]:
    """Move the files of a run whose writing was cut off into its folder ``torn``; return their names.

    Raises:
        OSError: they cannot be moved.
    """
    folder = runs / safe_name(run_id)
    torn = sorted(path for path in folder.rglob(f"*{TORN_SUFFIX}") if path.parent.name != TORN_FOLDER)
    for path in torn:
        make_folder(folder / TORN_FOLDER)
        path.rename(folder / TORN_FOLDER / path.name)
    return [path.name for path in torn]


def _in_words(event: Event) -> str:
    """Say what an entry was about."""
    what = event.body.get("name") or event.body.get("text") or event.body.get("role") or ""
    return f"{event.kind} {what}".strip()


def _was_at(events: list[Event], station: Station) -> bool:
    started = [event.body for event in events if event.kind == kinds.STARTED]
    return bool(started) and started[0]["station"] == station.name


def _has_ended(events: list[Event]) -> bool:
    return any(event.kind == kinds.ENDED for event in events)


def _asks_for_the_pen(events: list[Event], station: Station) -> bool:
    journalled = last_write_back(_notes(events))
    open_yet = journalled is not None and not journalled.is_closed
    return open_yet and station.twin is None and not _is_simulated(events)


def _is_simulated(events: list[Event]) -> bool:
    """Say whether a run had a twin of its own: only then its noise had a seed."""
    return any(event.kind == kinds.STARTED and event.body.get("seed") is not None for event in events)


def _notes(events: list[Event]) -> list[dict[str, object]]:
    return [event.body for event in events if event.kind == kinds.NOTE]


def _ignore(value: object) -> None:
    pass
