"""The append-only store: one SQLite table of entries, each hashed over the one before.

One :meth:`Store.append` is one durable commit (write-ahead log, ``synchronous=FULL``). The database
itself refuses to change or delete an entry, or to insert one anywhere but at the end; what is done
behind its back is found by :meth:`Store.verify`. Several processes may append at once. It knows
nothing of what the entries mean: that is :mod:`rig.records.kinds`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from rig.errors import StoreError
from rig.records.chain import Chain, Row
from rig.records.event import FIRST_PREVIOUS, Event, canonical_json, chain_hash, utc_text
from rig.records.files import make_folder, sync_folder
from rig.records.kinds import AUDIT_SUBJECT, REPROCESS_PREFIX, STATION_PREFIX
from rig.records.locks import hold_making

FILE_NAME = "records.sqlite"
FORMAT = 1  # of the table below; kept in SQLite's user_version
LOCK_TIMEOUT_S = 10.0

_event = sa.Table(
    "event",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("event_of_run", "run_id", "seq"),
)

_GUARDS = (
    "CREATE TRIGGER no_update BEFORE UPDATE ON event "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    "CREATE TRIGGER no_delete BEFORE DELETE ON event "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    # Without this, INSERT OR REPLACE would change an entry and fire neither of the others.
    "CREATE TRIGGER only_at_the_end BEFORE INSERT ON event "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM event) "
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
)

_HEAD = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
_INSERT = "INSERT INTO event (seq, run_id, kind, at, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"

# What a person can do, by the beginning of SQLite's own name for the error.
_REMEDIES = {
    "SQLITE_FULL": "The disk is full: free space on it, or choose another folder with --runs",
    "SQLITE_READONLY": "It is read-only: make folder and file writable, or choose another folder with --runs",
    "SQLITE_CANTOPEN": "Make the folder and its files readable and writable, or choose another with --runs",
    "SQLITE_BUSY": "Another program holds it locked: close that program and start again",
    "SQLITE_LOCKED": "Another program holds it locked: close that program and start again",
    "SQLITE_IOERR": "The disk reports errors or is full: check it, or choose another folder with --runs",
    "SQLITE_CORRUPT": "The file is damaged: keep it, and restore a backup",
    "SQLITE_NOTADB": "The file is not a database: move it away, or choose another folder with --runs",
}


class Store:
    """The record of all runs in a folder, kept in ``records.sqlite``.

    Args:
        runs: the folder.
        create: make folder and store where there is none, and open for appending; otherwise open
            an existing one for reading only.

    Raises:
        StoreError: it cannot be made, opened or read; says the path and what to do.
    """

    def __init__(self, runs: Path, *, create: bool = True) -> None:
        self.runs, self.path = Path(runs), Path(runs) / FILE_NAME
        self._lock = threading.Lock()
        if not create and not self.path.is_file():
            raise StoreError(
                f"{self.path}: no runs are recorded there",
                do="Give the folder of the runs with --runs, or run a plan first",
            )
        with self._explained("opened"):
            self._connection = self._connect() if create else self._connect_for_reading()
            self._check_format()

    def append(self, run_id: str, kind: str, body: Mapping[str, Any], at: datetime) -> Event:
        """Add one entry; when this returns, it is on the disk.

        Args:
            run_id: the run it belongs to.
            kind: one of the kinds in :mod:`rig.records.kinds`.
            body: what it says, as JSON has it; finite numbers only.
            at: when, with its time zone.

        Raises:
            StoreError: it was not kept (full, read-only or locked disk; not JSON).
        """
        stamp, text = utc_text(at), canonical_json(body)
        with self._explained("written"), self._lock, self._connection.begin():
            # Asked of the driver itself: SQLAlchemy's care for these two would take longer than SQLite does.
            driver: Any = self._connection.connection.driver_connection
            driver.execute("BEGIN IMMEDIATE")
            head = driver.execute(_HEAD).fetchone()
            seq, previous = (head[0] + 1, head[1]) if head else (1, FIRST_PREVIOUS)
            digest = chain_hash(previous, seq, run_id, kind, stamp, text)
            self._connection.exec_driver_sql(_INSERT, (seq, run_id, kind, stamp, text, previous, digest))
        return Event(seq, run_id, kind, stamp, json.loads(text), previous, digest)

    def events(
        self,
        run_id: str | None = None,
        *,
        kinds: Collection[str] = (),
        after: int = 0,
        up_to: int | None = None,
    ) -> list[Event]:
        """Return the entries of one run, or of all, in order; of ``kinds`` only, where given.

        Those up to number ``after`` are left out, and those after number ``up_to``, where given.

        Raises:
            StoreError: the store cannot be read, or an entry in it is damaged.
        """
        query = _some(sa.select(_event), run_id, kinds, after, up_to)
        return [self._to_event(row) for row in self._read(query)]

    def parts(
        self,
        kind: str,
        keys: Sequence[str],
        run_id: str | None = None,
        *,
        after: int = 0,
        up_to: int | None = None,
    ) -> list[Event]:
        """Return entries of a kind as :meth:`events` does, but no more of what they say than ``keys``.

        Where entries are long and many, this is several times as quick. A key that an entry does not have, or
        that is null there, is missing.

        Raises:
            StoreError: the store cannot be read, or an entry in it is damaged.
        """
        said = sa.func.json_extract(_event.c.body, "$.kind", *(f'$."{key}"' for key in keys)).label("body")
        columns = [said if column.name == "body" else column for column in _event.c]
        rows = self._read(_some(sa.select(*columns), run_id, (kind,), after, up_to))
        return [_to_part(row, keys) for row in rows]

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, in the order in which they started."""
        others = [_event.c.run_id.startswith(prefix) for prefix in (STATION_PREFIX, REPROCESS_PREFIX)]
        is_run = sa.not_(sa.or_(_event.c.run_id == AUDIT_SUBJECT, *others))
        ids = sa.select(_event.c.run_id).where(is_run).group_by(_event.c.run_id)
        query = ids.order_by(sa.func.min(_event.c.seq))
        return [row[0] for row in self._read(query)]

    def find_run(self, name: str) -> str:
        """Return the id of the run called ``name``: ``last``, an id, or the beginning of one.

        Raises:
            StoreError: no run, or more than one, is called that.
        """
        known = self.run_ids()
        if name in known:
            return name
        found = known[-1:] if name == "last" else [run_id for run_id in known if run_id.startswith(name)]
        if len(found) == 1:
            return found[0]
        shown = ", ".join((found or known)[-5:]) or "none"
        if found:
            raise StoreError(f"{len(found)} runs begin with {name!r}", expected=f"one of: {shown}")
        raise StoreError(
            f"{self.path}: no run {name!r}", expected=f"last, or one of the runs; latest: {shown}"
        )

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry: written down elsewhere, they prove none was cut off."""
        rows = self._read(sa.text(_HEAD))
        return (rows[0][0], rows[0][1]) if rows else (0, FIRST_PREVIOUS)

    def verify(self) -> int | None:
        """Follow the chain from the first entry; return the number of the first broken one, or None.

        What else can be wrong with a record, :func:`rig.records.verify.verify` looks for.
        """
        chain = Chain()
        query = sa.select(_event).order_by(_event.c.seq)
        with (
            self._explained("read"),
            self._lock,
            self._connection.begin(),
            self._connection.execute(query) as rows,
        ):
            for row in rows.yield_per(1000):
                if chain.follow(Row(*row)):
                    return int(row.seq)
        return None

    def close(self) -> None:
        """Close the store; closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self) -> sa.Connection:
        make_folder(self.runs)
        if not self.path.exists():
            self._make()
        return self._open_for_appending(self.path)

    def _make(self) -> None:
        """Make the database under another name: whoever sees its own name finds it whole."""
        part, log = self.path.with_name(f".{FILE_NAME}.part"), self.path.with_name(f"{FILE_NAME}-wal")
        with hold_making(self.runs):
            if self.path.exists():
                return  # another process was quicker
            self._open_for_appending(part).close()
            if log.exists():  # of a database that was taken away; it would be read as this one's
                log.rename(log.with_name(f"{log.name}.{time.time_ns()}"))
            part.rename(self.path)
            sync_folder(self.runs)

    def _open_for_appending(self, path: Path) -> sa.Connection:
        connection = self._open(f"{path.resolve().as_uri()}?mode=rwc")
        try:
            _use_write_ahead_log(connection)
            with connection.begin():
                connection.exec_driver_sql("PRAGMA synchronous = FULL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                if not sa.inspect(connection).has_table("event"):
                    create_table(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_for_reading(self) -> sa.Connection:
        uri = self.path.resolve().as_uri()
        connection = self._open(f"{uri}?mode=ro")
        try:
            with connection.begin():
                connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        except SQLAlchemyError:
            # A read-only medium has no room for the log's index; without a log there is nothing to index.
            connection.close()
            if self.path.with_name(f"{FILE_NAME}-wal").exists():
                raise
            return self._open(f"{uri}?immutable=1")
        return connection

    def _open(self, uri: str) -> sa.Connection:
        def connect() -> sqlite3.Connection:
            # No isolation level: transactions begin where this class says BEGIN, and only there.
            return sqlite3.connect(
                uri, uri=True, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )

        return sa.create_engine("sqlite://", creator=connect, poolclass=NullPool).connect()

    def _check_format(self) -> None:
        found = self._read(sa.text("PRAGMA user_version"))[0][0]
        if found != FORMAT:
            self.close()
            raise StoreError(
                f"{self.path}: records of format {found}",
                expected=f"format {FORMAT}",
                do="Read it with the version of this software that wrote it",
            )

    def _read(self, query: sa.Executable) -> list[Any]:
        with self._explained("read"), self._lock, self._connection.begin():
            return list(self._connection.execute(query).all())

    def _to_event(self, row: sa.Row[Any]) -> Event:
        try:
            body = json.loads(row.body)
        except ValueError as error:
            raise StoreError(
                f"{self.path}: entry {row.seq} is damaged ({error})", do="Restore a backup"
            ) from error
        return Event(row.seq, row.run_id, row.kind, row.at, body, row.previous, row.hash)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, UnicodeError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"{self.path}: the record cannot be {what} ({cause})", do=_remedy(cause)
            ) from error


def create_table(connection: sa.Connection) -> None:
    """Make the table of the entries with its index and its guards."""
    _event.create(connection)
    for guard in _GUARDS:
        connection.exec_driver_sql(guard)
    connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT}")


def _some(
    query: sa.Select[Any], run_id: str | None, kinds: Collection[str], after: int, up_to: int | None
) -> sa.Select[Any]:
    """Return a query for some entries only, in order."""
    if run_id is not None:
        query = query.where(_event.c.run_id == run_id)
    if kinds:
        query = query.where(_event.c.kind.in_(kinds))
    if after:
        query = query.where(_event.c.seq > after)
    if up_to is not None:
        query = query.where(_event.c.seq <= up_to)
    return query.order_by(_event.c.seq)


def _to_part(row: sa.Row[Any], keys: Sequence[str]) -> Event:
    # SQLite gives several parts as one JSON list, with each number as it was written. The first is for
    # the case of one key: alone, a number would come as SQLite reads it.
    _, *said = json.loads(row.body)
    body = {key: value for key, value in zip(keys, said, strict=True) if value is not None}
    return Event(row.seq, row.run_id, row.kind, row.at, body, row.previous, row.hash)


def _use_write_ahead_log(connection: sa.Connection) -> None:
    # SQLite does not wait for its lock here, so two first openings at once would fail without a retry.
    deadline_s = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            with connection.begin():
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except SQLAlchemyError as error:
            name = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
            if not name.startswith("SQLITE_BUSY") or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)


def _remedy(cause: BaseException) -> str:
    if isinstance(cause, OSError):
        return _REMEDIES["SQLITE_CANTOPEN"]
    name = getattr(cause, "sqlite_errorname", "")
    return next((text for start, text in _REMEDIES.items() if name.startswith(start)), "")
