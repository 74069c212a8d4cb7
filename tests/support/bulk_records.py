"""Writing a record of many runs quickly: a valid chain, straight into the table, thousands at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rig.records.event import canonical_json, chain_hash, utc_text
from rig.records.store import FILE_NAME, Store

INSERT = "INSERT INTO event (seq, run_id, kind, at, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
AT_ONCE = 5000


class BulkRecord:
    """Appends entries as :class:`~rig.records.store.Store` would; all are kept when it is closed.

    Args:
        runs: folder of the runs; the store in it is made, or gone on with.
    """

    def __init__(self, runs: Path) -> None:
        with Store(runs) as store:
            self.seq, self._previous = store.head()
        self._connection = sqlite3.connect(runs / FILE_NAME, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._waiting: list[tuple[Any, ...]] = []

    def append(self, run_id: str, kind: str, body: Mapping[str, Any], at: datetime) -> int:
        """Add an entry; return its number."""
        return self.append_text(run_id, kind, canonical_json(body), utc_text(at))

    def append_text(self, run_id: str, kind: str, text: str, stamp: str) -> int:
        """Add an entry by its canonical JSON and its UTC text; return its number."""
        self.seq += 1
        digest = chain_hash(self._previous, self.seq, run_id, kind, stamp, text)
        self._waiting.append((self.seq, run_id, kind, stamp, text, self._previous, digest))
        self._previous = digest
        if len(self._waiting) >= AT_ONCE:
            self._write()
        return self.seq

    def _write(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(INSERT, self._waiting)
        self._connection.execute("COMMIT")
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self._connection):
            if kind is None:
                self._write()
