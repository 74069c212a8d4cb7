"""Secrets that stand for somebody: random, told once, and kept as their SHA-256 only.

Sessions, tickets and clients all have this shape. What has an end is deleted by the first change in the file
that comes after it, so that a clock which is put back later revives nothing; and what was seen later than it
is now goes too, since the clock was put back meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rig.records.event import utc_text

SESSION, TICKET, CLIENT = "session", "ticket", "client"
SEEN_EVERY = timedelta(minutes=1)  # a request that only reads costs no commit
PUT_BACK = timedelta(minutes=1)  # less is a clock that was set right, or two threads that looked at it

_TABLES = (
    "CREATE TABLE IF NOT EXISTS token (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, "
    "made_at TEXT NOT NULL, seen_at TEXT, expires_at TEXT, body TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS one_client ON token (name) WHERE kind = 'client'",
    "CREATE TRIGGER IF NOT EXISTS no_delete_of_clients BEFORE DELETE ON token WHEN OLD.kind = 'client' "
    "BEGIN SELECT RAISE(ABORT, 'clients are never deleted'); END",
)
_COLUMNS = "hash, kind, name, made_at, seen_at, expires_at, body"
_PUT = f"INSERT INTO token ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SWEEP = "DELETE FROM token WHERE expires_at <= ? OR (expires_at IS NOT NULL AND seen_at > ?)"


@dataclass(frozen=True)
class Token:
    """What is kept of a secret.

    Args:
        hash: SHA-256 of the secret, hex.
        kind: ``session``, ``ticket`` or ``client``.
        name: of the user or client that it stands for.
        made_at: when, in UTC.
        seen_at: when it was last used, to the minute; None for never.
        expires_at: when it ends unless that is moved on; None for what has no end.
        body: what else belongs to it, as JSON has it.
    """

    hash: str
    kind: str
    name: str
    made_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None
    body: Mapping[str, Any]

    def is_over(self, now: datetime) -> bool:
        """Say whether it ended, or the clock was put back since it was seen."""
        if self.expires_at is None:
            return False
        return self.expires_at <= now or (self.seen_at is not None and self.seen_at > now + PUT_BACK)

    def must_be_seen(self, now: datetime) -> bool:
        """Say whether it is time to write down that it was used."""
        return self.seen_at is None or abs(now - self.seen_at) >= SEEN_EVERY


def new_secret() -> str:
    """Return a secret of 256 random bits, as text that goes into cookies, headers and lines."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret. Nobody tries 2²⁵⁶ of them, so it costs no more than SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """The tokens of a folder of runs, in the file of its users.

    Args:
        connection: to the file, without an isolation level.
        explained: tells what went wrong with the file; takes "read" or "written".

    Every method raises StoreError when the file cannot be read or written. Those that write, but for
    :meth:`end`, belong into a commit of the directory.
    """

    def __init__(
        self, connection: sqlite3.Connection, explained: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        self._connection, self._explained = connection, explained

    def make(self) -> None:
        """Make the table where an earlier version of this software did not."""
        for statement in _TABLES:
            self._write(statement)

    def sweep(self, now: datetime) -> None:
        """Delete whatever is over."""
        self._write(_SWEEP, utc_text(now), utc_text(now + PUT_BACK))

    def put(self, token: Token) -> None:
        """Keep a new one."""
        seen_at, expires_at = (
            None if at is None else utc_text(at) for at in (token.seen_at, token.expires_at)
        )
        body = json.dumps(token.body)
        self._write(
            _PUT, token.hash, token.kind, token.name, utc_text(token.made_at), seen_at, expires_at, body
        )

    def find(self, secret: str, kind: str) -> Token | None:
        """Return the token of a secret; None where nothing of that kind was issued with it."""
        return next(iter(self._read("hash = ? AND kind = ?", hash_of(secret), kind)), None)

    def named(self, name: str, kind: str) -> Token | None:
        """Return a token by the name that it stands for; None where there is none."""
        return next(iter(self._read("name = ? AND kind = ?", name, kind)), None)

    def all(self, kind: str) -> list[Token]:
        """Return every token of a kind, by name."""
        return self._read("kind = ?", kind)

    def take(self, token: Token) -> bool:
        """Delete one; say whether it was there still, which one taker only is told."""
        return self._write("DELETE FROM token WHERE hash = ?", token.hash) == 1

    def seen(self, token: Token, now: datetime, expires_at: datetime | None) -> None:
        """Write down that one was used, and when it ends from now on."""
        until = None if expires_at is None else utc_text(expires_at)
        statement = "UPDATE token SET seen_at = ?, expires_at = ? WHERE hash = ?"
        self._write(statement, utc_text(now), until, token.hash)

    def change(self, token: Token, body: Mapping[str, Any]) -> None:
        """Keep another body for one."""
        self._write("UPDATE token SET body = ? WHERE hash = ?", json.dumps(body), token.hash)

    def end(self, secret: str, kind: str) -> None:
        """Delete the token of a secret, in a commit of its own; nothing happens where there is none."""
        if self._is_made():
            self._write("DELETE FROM token WHERE hash = ? AND kind = ?", hash_of(secret), kind)

    def end_all_of(self, name: str) -> None:
        """Delete every session and ticket of a user or client."""
        self._write("DELETE FROM token WHERE name = ? AND kind IN (?, ?)", name, SESSION, TICKET)

    def _is_made(self) -> bool:
        with self._explained("read"):
            asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'token'"
            return self._connection.execute(asked).fetchone() is not None

    def _read(self, where: str, *values: str) -> list[Token]:
        if not self._is_made():
            return []
        with self._explained("read"):
            query = f"SELECT {_COLUMNS} FROM token WHERE {where} ORDER BY name"
            return [_token(*row) for row in self._connection.execute(query, values).fetchall()]

    def _write(self, statement: str, *values: str | None) -> int:
        with self._explained("written"):
            return self._connection.execute(statement, values).rowcount


def _token(
    digest: str, kind: str, name: str, made_at: str, seen_at: str | None, expires_at: str | None, body: str
) -> Token:
    made, seen, expires = (
        None if at is None else datetime.fromisoformat(at) for at in (made_at, seen_at, expires_at)
    )
    assert made is not None
    return Token(digest, kind, name, made, seen, expires, json.loads(body))
