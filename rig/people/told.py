"""What the record last says of each user and client: read once, and followed from there.

Every request asks for it, so a process remembers what it read and the entry up to which it read. Where that
entry is not there any more, the record is another one, and is read anew.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.records import kinds
from rig.records.store import FILE_NAME, Store

_FROM = "SELECT seq, hash, body FROM event WHERE run_id = ? AND kind = ? AND seq >= ? ORDER BY seq"
_LOCK_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class _Read:
    """What a record says, with number and hash of the last entry that tells of somebody."""

    seq: int = 0
    hash: str = ""
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_remembered: dict[Path, _Read] = {}
_lock = threading.Lock()


def last_told(runs: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return what the record last says of each user and client; nothing where nothing is recorded.

    Raises:
        StoreError: the record cannot be read.
    """
    path = (runs / FILE_NAME).absolute()
    if not path.exists():
        return {}
    with _lock:
        before = _remembered.get(path, _Read())
    try:
        now = _followed(path, before)
    except (sqlite3.Error, ValueError):
        return _as_the_store_reads(runs)  # on a medium that cannot be written; or it says what is wrong
    with _lock:
        _remembered[path] = now
    return now.told


def _followed(path: Path, before: _Read) -> _Read:
    # Opened as SQLite does it: what the store offers besides takes longer than all that is asked here.
    uri = f"{path.as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_LOCK_TIMEOUT_S, isolation_level=None)) as connection:
        rows = _from(connection, before.seq)
        if before.seq and (not rows or rows[0][:2] != (before.seq, before.hash)):
            before, rows = _Read(), _from(connection, 0)
    if not rows:
        return before
    seq, digest, _ = rows[-1]
    if (seq, digest) == (before.seq, before.hash):
        return before
    return _Read(seq, digest, {**before.told, **_told(json.loads(body) for _, _, body in rows)})


def _from(connection: sqlite3.Connection, seq: int) -> list[tuple[int, str, str]]:
    return connection.execute(_FROM, (kinds.AUDIT_SUBJECT, kinds.AUDIT_USER, seq)).fetchall()


def _as_the_store_reads(runs: Path) -> Mapping[str, Mapping[str, Any]]:
    with Store(runs, create=False) as store:
        return _told(entry.body for entry in store.events(kinds.AUDIT_SUBJECT, kinds=(kinds.AUDIT_USER,)))


def _told(bodies: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {body["what"]: body["after"] for body in bodies if "roles" in (body["after"] or ())}
