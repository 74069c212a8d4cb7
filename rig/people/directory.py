"""The users of a folder of runs: ``people.sqlite`` beside the record, readable by its owner only.

It is not part of the record, so that no hash of a password ever gets into a package. A change and the entry
owed for it are kept in one commit; the entry goes into the record next, and where that was cut off, it goes
in before anything else is done with users. So no change is without its entry in the audit trail.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rig.config import check_model
from rig.errors import RefusedToStart, StoreError
from rig.people.tokens import CLIENT, Tokens
from rig.people.told import last_told
from rig.people.user import User
from rig.records import kinds
from rig.records.audit import AuditLog
from rig.records.files import make_folder, sync_folder
from rig.records.store import Store

FILE_NAME = "people.sqlite"
LOCK_TIMEOUT_S = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS user (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS owed (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock (latest TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON user
BEGIN SELECT RAISE(ABORT, 'users are never deleted'); END;
"""
_PUT = "INSERT INTO user VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body"


class Named(Protocol):
    """A user or a client, as the record tells of one."""

    @property
    def name(self) -> str:
        """The name, which is one's for good."""

    def told(self) -> dict[str, Any]:
        """Return what the record says."""


class Directory:
    """The users of a folder of runs, and the tokens that stand for them.

    Args:
        runs: the folder.
        create: make folder and file where there are none.

    Raises:
        StoreError: the file cannot be made, opened, read or written; says which.
        RefusedToStart: there is no file, or what it says of a user cannot be.
    """

    def __init__(self, runs: Path, *, create: bool = False) -> None:
        self.runs, self.path = runs, runs / FILE_NAME
        if create:
            self._make()
        elif not self.path.is_file():
            raise RefusedToStart(f"no users are known in {runs}", do="Add the first one: rig users add")
        with self._explained("opened"):
            self._connection = sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
            if create:
                self._connection.executescript(_TABLES)
        self.tokens = Tokens(self._connection, self._explained)

    def users(self) -> list[User]:
        """Return every user there ever was, by name."""
        with self._explained("read"):
            rows = self._connection.execute("SELECT body FROM user ORDER BY name").fetchall()
        return [self._user(body) for (body,) in rows]

    def find(self, name: str) -> User | None:
        """Return a user; None when there is none of that name."""
        with self._explained("read"):
            row = self._connection.execute("SELECT body FROM user WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._user(row[0])

    @contextmanager
    def changing(self, now: datetime) -> Iterator[datetime]:
        """Change users in one durable commit, which no other process comes between.

        Yields the latest time that was ever seen here: a clock that was put back does not put it back. What
        raises undoes all of it. Tokens that are over by ``now`` are gone with it.
        """
        self._enter_owed(now)
        with self._explained("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                latest = max(now, self._latest() or now)
                self._connection.execute("DELETE FROM clock")
                self._connection.execute("INSERT INTO clock VALUES (?)", (latest.isoformat(),))
                self.tokens.make()
                # By the clock as it is: once it was a day ahead, `latest` would end whatever began since.
                self.tokens.sweep(now)
                yield latest
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        self._enter_owed(now)

    def put(self, user: User, *, by: str = "", reason: str = "", did: str = "") -> None:
        """Keep a user as it is from now on; a change that is to be told says what was done."""
        before = self.find(user.name)
        with self._explained("written"):
            self._connection.execute(_PUT, (user.name, user.model_dump_json()))
        if did:
            told = None if before is None else before.told()
            self.owe(user.name, did=did, by=by, before=told, after=user.told(), reason=reason)

    def owe(self, what: str, **entry: Any) -> None:
        """Keep an entry about ``what`` that goes into the audit trail once this change is made."""
        body = json.dumps({"what": what, "change": secrets.token_hex(8), **entry})
        with self._explained("written"):
            self._connection.execute("INSERT INTO owed (body) VALUES (?)", (body,))

    def refuse_given(self, name: str) -> None:
        """Refuse a name for a newcomer that a user or a client has or had, here or in the record.

        Raises:
            RefusedToStart: it was given before.
            StoreError: the record cannot be read.
        """
        is_here = self.find(name) is not None or self.tokens.named(name, CLIENT) is not None
        if is_here or name in last_told(self.runs):
            raise RefusedToStart(f"the name {name} was given before", expected="one that nobody ever had")

    def owes(self) -> bool:
        """Say whether a change was made whose entry is not in the record yet."""
        with self._explained("read"):
            return self._connection.execute("SELECT 1 FROM owed").fetchone() is not None

    def is_as_recorded(self, one: Named) -> bool:
        """Say whether the last entry about a user or a client says what this file does."""
        return last_told(self.runs).get(one.name) == one.told()

    def check_against_record(self, one: Named) -> None:
        """Refuse whom the record knows otherwise, and with that a file that was edited or put back.

        Raises:
            RefusedToStart: the last entry about the user or client says other things.
        """
        if not self.is_as_recorded(one):
            raise RefusedToStart(
                f"{self.path} says of {one.name} what the record does not",
                expected="the file as this software wrote it",
                do="Keep both as they are and tell the person responsible for quality",
            )

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _user(self, body: str) -> User:
        with self._explained("read"):
            return check_model(User, json.loads(body), source=str(self.path))

    def _make(self) -> None:
        try:
            make_folder(self.runs)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            sync_folder(self.runs)
        except OSError as error:
            raise StoreError(
                f"{self.path}: it cannot be made ({error.strerror or error})", do="Make the folder writable"
            ) from error

    def _latest(self) -> datetime | None:
        row = self._connection.execute("SELECT latest FROM clock").fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def _enter_owed(self, now: datetime) -> None:
        """Write into the audit trail what earlier changes owe it, each once; one process at a time."""
        with self._explained("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                owed = self._connection.execute("SELECT number, body FROM owed ORDER BY number").fetchall()
                if owed:
                    _enter([json.loads(body) for _, body in owed], self.runs, now)
                    self._connection.execute("DELETE FROM owed")
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(
                f"{self.path}: the users cannot be {what} ({error})",
                do="Make the file readable and writable for who runs the rig, or restore a backup",
            ) from error


def _enter(owed: list[dict[str, Any]], runs: Path, now: datetime) -> None:
    with Store(runs) as store:
        log = AuditLog(store, lambda: now)
        # A cut may have come between the record and this file.
        entries = store.events(kinds.AUDIT_SUBJECT, kinds=(kinds.AUDIT_USER,))
        there = {entry.body.get("change") for entry in entries}
        for entry in owed:
            if entry["change"] not in there:
                log.entered(kinds.AUDIT_USER, **entry)
