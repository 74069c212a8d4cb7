"""The index over all runs of a folder: a projection of the record that questions are quick to ask of.

It is made from the record, kept beside it in ``.index.sqlite``, and never evidence: whoever deletes it loses
some minutes. Runs are folded by :mod:`rig.records.view`, as everywhere else.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reports.dashboard.index_file import IndexFile, is_useless
from reports.dashboard.run_rows import MEASURED, run_row
from reports.dashboard.writer import Writer
from rig.records import kinds
from rig.records.event import Event
from rig.records.store import FILE_NAME, Store
from rig.records.view import HEADLINES

BATCH = 10_000
"""Entries taken at once: others may write in between, and no more than these are in memory."""

OF_STATIONS = (kinds.STATION_CHECK, kinds.STATION_STOPPED, kinds.STATION_RESET, kinds.STATION_OVERRIDE)


class Index:
    """What is known of all runs in a folder; threads and processes may share it.

    Args:
        runs: the folder; it need not hold a record yet.

    Raises:
        StoreError: the index can be neither read nor made.
    """

    def __init__(self, runs: Path) -> None:
        self.runs = Path(runs)
        self._file = IndexFile(self.runs)
        self._file.connection()

    def catch_up(self, limit: int | None = None) -> int:
        """Take in what was recorded since; return how many entries that were.

        An index of another record than the one that is there, or of none, begins anew. A run that has not
        ended is there with what it has. Two processes may do this at once: one takes each entry.

        Args:
            limit: the most entries to take; all when missing.

        Raises:
            StoreError: the record cannot be read, or the index not written.
        """
        taken = 0
        while limit is None or taken < limit:
            size = BATCH if limit is None else min(BATCH, limit - taken)
            count = self._take_or_renew(size)
            taken += count
            if count < size:
                break
        return taken

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what an SQL query on the tables of :mod:`~reports.dashboard.schema` finds.

        Raises:
            StoreError: the index was damaged and cannot be made again.
        """
        connection = self._file.connection()
        try:
            return connection.execute(query, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            if not is_useless(error):
                raise
        self._file.renew(connection)
        self.catch_up()
        return self._file.connection().execute(query, parameters).fetchall()

    def close(self) -> None:
        """Close it; closing twice is harmless."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_or_renew(self, size: int) -> int:
        """Take a batch; where the index is damaged or of another record, begin anew first."""
        connection = self._file.connection()
        try:
            taken = self._take(connection, size)
        except sqlite3.DatabaseError as error:
            if not is_useless(error):
                raise
            taken = None
        if taken is None:
            self._file.renew(connection)
            taken = self._take(self._file.connection(), size)
        return taken or 0

    def _take(self, connection: sqlite3.Connection, size: int) -> int | None:
        """Take a batch; None where the index is not of this record."""
        if not (self.runs / FILE_NAME).is_file():
            return None if _place(connection)[1] else 0
        with Store(self.runs, create=False) as store:
            if not _is_of(store, _place(connection)):
                return None
            if store.head()[0] == _place(connection)[1]:
                return 0
            with self._file.writing() as connection:
                return _take_batch(connection, store, size)


def _take_batch(connection: sqlite3.Connection, store: Store, size: int) -> int:
    first, last, _ = _place(connection)
    up_to = min(last + size, store.head()[0])
    if up_to <= last:
        return 0
    writer, of_runs = Writer(connection), _by_run(_told(store, last, up_to))
    for run_id, events in of_runs.items():
        row = run_row(events if events[0].kind == kinds.STARTED else _told(store, 0, up_to, run_id))
        if row is not None:
            writer.put_run(row)
    for event in store.events(kinds=OF_STATIONS, after=last, up_to=up_to):
        writer.put_station_entry(event)
    writer.finish()
    place = (first or _hash(store, 1), up_to, _hash(store, up_to))
    connection.execute("UPDATE place SET first = ?, seq = ?, hash = ?", place)
    return up_to - last


def _told(store: Store, after: int, up_to: int, run_id: str | None = None) -> list[Event]:
    """Return the entries that rows of runs are made from, in order."""
    headlines = store.events(run_id, kinds=HEADLINES, after=after, up_to=up_to)
    measured = store.parts(kinds.MEASUREMENT, MEASURED, run_id, after=after, up_to=up_to)
    return list(merge(headlines, measured, key=lambda event: event.seq))


def _by_run(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if kinds.is_run(event.run_id):
            found[event.run_id].append(event)
    return found


def _place(connection: sqlite3.Connection) -> tuple[str, int, str]:
    """Return the hash of the record's first entry, and number and hash of the last one taken."""
    first, seq, digest = connection.execute("SELECT first, seq, hash FROM place").fetchone()
    return first, seq, digest


def _is_of(store: Store, place: tuple[str, int, str]) -> bool:
    first, seq, digest = place
    return seq == 0 or (_hash(store, 1) == first and _hash(store, seq) == digest)


def _hash(store: Store, seq: int) -> str:
    """Return the hash of an entry; empty where there is none."""
    found = store.events(after=seq - 1, up_to=seq)
    return found[0].hash if found else ""
