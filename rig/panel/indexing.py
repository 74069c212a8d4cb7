"""Keeping the index over all runs up to date in the background, so that no page waits for it.

A record that was never looked at may hold millions of entries: taking them in lasts minutes. Pages show then
what there is, and how far it is; what few entries came since the last look, a page takes in itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from reports.dashboard.index import Index
from rig.errors import RigError
from rig.panel.giving_way import give_way
from rig.records.store import FILE_NAME, Store

POLL_S = 10.0
"""Seldom, so that runs are left alone: what was recorded since, a page takes in before it is shown."""

AT_ONCE = 2000
"""Entries between two looks at whether to stop; as many as a page takes in itself before it is shown."""


@dataclass(frozen=True)
class HowFar:
    """How much of the record is in the index.

    Args:
        taken: entries taken in.
        of: entries of the record.
    """

    taken: int
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.taken >= self.of

    @property
    def percent(self) -> int:
        """Whole percent that are taken in; 100 only when nothing is missing."""
        return 100 if self.is_whole else min(99, 100 * self.taken // self.of)


class Indexer:
    """Takes in what is recorded until it is stopped.

    Args:
        runs: folder of the records; it need not hold any yet.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rig-panel-index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a batch; returns when nothing is written any more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        give_way()
        while not self._stopping.is_set():
            with contextlib.suppress(RigError, OSError, sqlite3.Error):  # pages say what is wrong
                self._catch_up()
            self._stopping.wait(POLL_S)

    def _catch_up(self) -> None:
        if not (self._runs / FILE_NAME).exists():
            return
        with Index(self._runs) as index:
            while not self._stopping.is_set() and index.catch_up(AT_ONCE) == AT_ONCE:
                pass


def look(index: Index) -> HowFar:
    """Return how far an index is, having taken in what little was missing.

    Raises:
        StoreError: the record cannot be read.
    """
    found = how_far(index)
    if found.of - found.taken <= AT_ONCE:
        index.catch_up(AT_ONCE)
        found = how_far(index)
    return found


def how_far(index: Index) -> HowFar:
    """Return how far an index is.

    Raises:
        StoreError: the record cannot be read.
    """
    if not (index.runs / FILE_NAME).exists():
        return HowFar(0, 0)
    with Store(index.runs, create=False) as store:
        return HowFar(int(index.rows("SELECT seq FROM place")[0][0]), store.head()[0])
