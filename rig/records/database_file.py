"""Reading a store that may be damaged: as SQLite finds it, and beneath what SQLite says about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rig.records.chain import Row
from rig.records.store import FORMAT, create_table
from rig.records.write_ahead_log import WAL_MODE, LogState, check_log

OUT_OF_REACH = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_BUSY", "SQLITE_LOCKED")
MOST_WORDS = 5  # lines of SQLite's own about a damaged file
ENTRIES = "SELECT seq, run_id, kind, at, body, previous, hash FROM event NOT INDEXED ORDER BY seq"
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only, and let nothing in it have an effect. Raises sqlite3.Error."""
    log = path.with_name(f"{path.name}-wal")
    # Without a log nothing needs to be written to read it, neither on a read-only medium nor beside evidence.
    how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    connection = _connect(f"{path.resolve().as_uri()}?{how}")
    with closing(connection):
        yield connection


def is_out_of_reach(error: Exception) -> bool:
    """Say whether a database could not be read, which tells nothing about what is in it."""
    return getattr(error, "sqlite_errorname", "").startswith(OUT_OF_REACH)


def is_empty(connection: sqlite3.Connection) -> bool:
    """Say whether the store was being made when its maker was stopped. Raises sqlite3.Error."""
    return not _schema(connection)


def rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Yield every entry, in order, past the index. Raises sqlite3.Error."""
    for values in connection.execute(ENTRIES):
        yield Row(*values)


def structure_damage(connection: sqlite3.Connection) -> list[str]:
    """Return what is wrong around the entries: tables, guards, index, pages. Raises sqlite3.Error."""
    expected, found = _expected_schema(), _schema(connection)
    damage = [f"{name} is missing" for name in expected if name not in found]
    damage += [f"{name} was added" for name in found if name not in expected]
    damage += [
        f"{name} was altered" for name in expected if found.get(name, expected[name]) != expected[name]
    ]
    if _format(connection) != FORMAT:
        damage.append("the number of its format was altered")
    words = connection.execute(f"PRAGMA integrity_check({MOST_WORDS})").fetchall()
    return damage + [f"SQLite says: {_one_line(text)}" for (text,) in words if text != "ok"]


def other_format(connection: sqlite3.Connection) -> int | None:
    """Return the number of the store's format when another version made it. Raises sqlite3.Error."""
    number = _format(connection)
    return None if number == FORMAT or _schema(connection) == _expected_schema() else number


def log_state(path: Path) -> LogState:
    """Judge the write-ahead log beside a database. Raises OSError."""
    log = path.with_name(f"{path.name}-wal")
    data = log.read_bytes() if log.exists() else b""
    with path.open("rb") as file:
        mode = file.read(20)[18:]
    if mode != WAL_MODE and path.stat().st_size > 0:
        return LogState("the database's header was altered: it no longer says that there is a log")
    return check_log(data)


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        # Text that is no longer UTF-8 is still to be hashed and told.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _format(connection: sqlite3.Connection) -> int:
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    return _definitions(connection.execute(SCHEMA).fetchall())


def _expected_schema() -> dict[str, str]:
    with sa.create_engine("sqlite://").connect() as connection, connection.begin():
        create_table(connection)
        return _definitions(connection.exec_driver_sql(SCHEMA).all())


def _definitions(found: Iterable[Any]) -> dict[str, str]:
    """Return kind and name of everything in a database → how it is defined."""
    return {f"{kind} {name} of {table}": _one_line(sql) for kind, name, table, sql in found}


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
