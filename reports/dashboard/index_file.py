"""The file of the index: made where it is missing, made again where it is of no use, one connection a thread.

Nobody's evidence is in it: whatever is wrong with it, it is thrown away. A file that was deleted or put there
anew while others had it open is found by what the file system calls it, and opened again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reports.dashboard.schema import FORMAT, create_tables
from rig.errors import StoreError
from rig.records.files import make_folder

FILE_NAME = ".index.sqlite"
LOCK_TIMEOUT_S = 60.0
BESIDE = ("-wal", "-shm", "-journal")  # SQLite's own files, which belong to the one they lie beside
USELESS = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")

Place = tuple[int, int]  # what the file system calls a file
Held = tuple[sqlite3.Connection, Place | None]


class _Useless(Exception):
    """The file is damaged, or of another format."""


class IndexFile:
    """The SQLite file ``.index.sqlite`` in a folder of runs.

    Args:
        runs: the folder; made where it is missing.

    Every method raises StoreError when the file can be neither used nor made again.
    """

    def __init__(self, runs: Path) -> None:
        self.path = runs / FILE_NAME
        self._of_thread = threading.local()
        self._opened: dict[threading.Thread, sqlite3.Connection] = {}
        self._guard = threading.Lock()

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection to a file that has its tables."""
        held: Held | None = getattr(self._of_thread, "held", None)
        if held is not None and held[1] == self._place():
            return held[0]
        with self._explained(), self._alone():
            self._let_go()
            connection = self._open_sound()
            self._of_thread.held = connection, self._place()
        with self._guard:
            self._close_those_of_ended_threads()
            self._opened[threading.current_thread()] = connection
        return connection

    def renew(self, connection: sqlite3.Connection) -> None:
        """Throw the file away, unless another process did it since ``connection`` was opened."""
        held: Held | None = getattr(self._of_thread, "held", None)
        if held is None or held[0] is not connection:
            return
        with self._explained(), self._alone():
            self._let_go()
            if held[1] == self._place():
                self._remove()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else writes in: kept at its end, forgotten when something is raised."""
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return self.connection().execute(query, parameters).fetchall()

    def close(self) -> None:
        """Close the connections of all threads; closing twice is harmless."""
        with self._guard:
            for connection in self._opened.values():
                connection.close()
            self._opened.clear()
        self._of_thread = threading.local()

    def _place(self) -> Place | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _open_sound(self) -> sqlite3.Connection:
        if not self.path.exists():
            self._remove()  # what an earlier file left beside it
        with contextlib.suppress(_Useless):
            return self._open()
        self._remove()
        with contextlib.closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN")
            create_tables(connection)
            connection.execute("COMMIT")
        return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
                raise _Useless
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -65536")
        except (sqlite3.Error, _Useless) as error:
            connection.close()
            if isinstance(error, sqlite3.Error) and is_useless(error):
                raise _Useless from error
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        # No isolation level: transactions begin where this class says BEGIN, and only there.
        return sqlite3.connect(
            self.path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )

    def _let_go(self) -> None:
        self._of_thread.held = None
        with self._guard:
            connection = self._opened.pop(threading.current_thread(), None)
        if connection is not None:
            connection.close()

    def _close_those_of_ended_threads(self) -> None:
        for thread in [thread for thread in self._opened if not thread.is_alive()]:
            self._opened.pop(thread).close()

    def _remove(self) -> None:
        for ending in ("", *BESIDE):
            self.path.with_name(f"{FILE_NAME}{ending}").unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process make or remove the file meanwhile."""
        from filelock import FileLock

        make_folder(self.path.parent)
        with FileLock(self.path.with_name(f"{FILE_NAME}.lock"), timeout=LOCK_TIMEOUT_S):
            yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                self._let_go()
            raise StoreError(
                f"{self.path}: the index over the runs cannot be made ({error})",
                do="Make the folder writable and free space on its disk, or look at a copy of it",
            ) from error


def is_useless(error: sqlite3.Error) -> bool:
    """Say whether an error means that the file is damaged, and not that it is busy or the disk is full."""
    return str(getattr(error, "sqlite_errorname", "")).startswith(USELESS)
