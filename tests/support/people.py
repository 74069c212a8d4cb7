"""Users of a folder of runs, for tests: hashed cheaply, at times that a test sets."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rig.people.changes import Newcomer, add_user, change_password
from rig.people.directory import FILE_NAME
from rig.people.policy import FILE_NAME as POLICY
from rig.people.sign_in import SignedIn, sign_in
from rig.records import kinds
from rig.records.run import wall_utc
from rig.records.store import Store

CHEAP = "[hashing]\npasses = 1\nmemory_kib = 8\nlanes = 1\n"
ADA, ADAS = "ada", "four words and a key"
BEN, BENS = "ben", "the second man's own"
GIVEN = "for the beginning only"
BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass
class Wall:
    """A clock on the wall that tests put forward and back."""

    at: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.at

    def goes(self, **by: float) -> None:
        self.at += timedelta(**by)


def with_policy(runs: Path, more: str = "") -> Path:
    """Make a folder of runs whose passwords are hashed cheaply."""
    runs.mkdir(exist_ok=True)
    (runs / POLICY).write_text(more + CHEAP)
    return runs


def with_ada(runs: Path, now: Callable[[], datetime] = wall_utc) -> SignedIn:
    """Add the first user, of role quality, and sign her in."""
    ada = Newcomer(ADA, "Ada Berg", ["quality"])
    add_user(runs, ada, ADAS, by=None, reason="the rig was set up", now=now)
    return sign_in(runs, ADA, ADAS, now=now)


def with_ben(runs: Path, ada: SignedIn, *roles: str, now: Callable[[], datetime] = wall_utc) -> SignedIn:
    """Add a second user, an operator unless said otherwise, have him choose a password, and sign him in."""
    ben = Newcomer(BEN, "Ben Cole", roles or ["operator"])
    add_user(runs, ben, GIVEN, by=ada, reason="new at the line", now=now)
    change_password(runs, BEN, GIVEN, BENS, reason="chosen by himself", now=now)
    return sign_in(runs, BEN, BENS, now=now)


def entries(runs: Path) -> list[dict[str, Any]]:
    """Return what the audit trail says of users, oldest first."""
    with Store(runs, create=False) as store:
        return [event.body for event in store.events(kinds=(kinds.AUDIT_USER,))]


def behind_its_back(runs: Path, statement: str, *values: str) -> None:
    """Change the file of the users as no command does."""
    with closing(sqlite3.connect(runs / FILE_NAME)) as connection, connection:
        connection.execute(statement, values)
