"""Is a record whole? What was altered, what is missing, and what else a reader should know.

A finding is an *alteration* when what was recorded is no longer what is read, and *information* otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rig.errors import RefusedToStart
from rig.records import database_file, heads, kinds
from rig.records.chain import Chain, Row
from rig.records.locks import is_held
from rig.records.named_files import TORN_SUFFIX, NamedFiles, unnamed
from rig.records.signed_heads import SignedHeads
from rig.records.store import FILE_NAME
from rig.records.write_ahead_log import LogState

# What SQLite says of a damaged file may itself be no text.
DAMAGE = (sqlite3.Error, UnicodeError)

MOST_NAMED = 20
"""How many of a kind are told one by one where a thing is information only."""


@dataclass(frozen=True)
class Finding:
    """Something that was found.

    Args:
        where: the entry, with its run and its kind, or the file.
        what: what is wrong there.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Verification:
    """What came of it: counts of what was read, the last entry, alterations and information in order."""

    path: str
    entries: int = 0
    runs: int = 0
    files: int = 0
    bytes: int = 0
    head: str = ""
    signatures: int = 0
    altered: list[Finding] = field(default_factory=list)
    information: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was altered."""
        return not self.altered

    def to_json(self) -> dict[str, Any]:
        """Return what ``rig verify --json`` prints."""
        return {"whole": self.whole, **asdict(self)}


def verify(path: Path, trusted: Collection[str] = ()) -> Verification:
    """Verify what lies at ``path``: a folder of runs, or the ``records.sqlite`` in one.

    Args:
        path: which.
        trusted: fingerprints of the only keys that may have signed it; empty: those that it names itself.

    Raises:
        RefusedToStart: there is nothing to verify, it cannot be read, or another version made it.
    """
    folder = path.parent if path.name == FILE_NAME else path
    try:
        if (folder / FILE_NAME).is_file() or (folder / heads.FILE_NAME).is_file():
            return _Folder(folder, trusted).verify()
    except OSError as error:
        raise RefusedToStart(
            f"{folder} cannot be read ({error.strerror or error})", do="Make folder and files readable"
        ) from error
    raise RefusedToStart(f"{path}: nothing to verify", expected="a folder of runs", do="Give its path")


class _Folder:
    """The verification of one folder of runs."""

    def __init__(self, folder: Path, trusted: Collection[str]) -> None:
        self._folder = folder
        self._found = Verification(str(folder))
        self._heads = heads.read_heads(folder)
        self._files = NamedFiles(folder)
        self._signed = SignedHeads(folder, trusted)
        self._chain, self._broken, self._holds_runs = Chain(), False, False
        self._unended: dict[str, None] = {}
        self._last_at: dict[str, str] = {}

    def verify(self) -> Verification:
        """Look at everything; raises OSError where that cannot be read, and RefusedToStart."""
        database = self._folder / FILE_NAME
        if not database.is_file():
            self._altered(FILE_NAME, f"it is missing, and {heads.FILE_NAME} tells of entries in it")
            return self._found
        log = database_file.log_state(database)
        try:
            with database_file.opened(database) as connection:
                self._refuse_other_format(connection)
                self._read(connection)
        except DAMAGE as error:
            if database_file.is_out_of_reach(error):
                raise RefusedToStart(
                    f"{database} cannot be read ({error})",
                    do="Close what holds it locked, or copy the folder to where SQLite can write its index",
                ) from error
            self._altered(FILE_NAME, f"the file is damaged: {error}")
        self._judge_log(log)
        self._judge_heads()
        self._judge_signatures()
        self._judge_files()
        return self._found

    def _refuse_other_format(self, connection: sqlite3.Connection) -> None:
        number = database_file.other_format(connection)
        if number and not self._heads.known:
            raise RefusedToStart(
                f"{self._folder / FILE_NAME}: records of format {number}",
                do="Verify it with the version of this software that wrote it",
            )

    def _read(self, connection: sqlite3.Connection) -> None:
        if database_file.is_empty(connection):
            if self._heads.known:
                self._altered(FILE_NAME, f"it is empty, and {heads.FILE_NAME} tells of entries in it")
            return
        try:
            for row in database_file.rows(connection):
                self._take(row)
        finally:
            found = self._found
            found.head = f"{self._chain.seq} {self._chain.hash}"
            found.runs = len(self._last_at)
        for damage in database_file.structure_damage(connection):
            self._altered(FILE_NAME, damage)

    def _take(self, row: Row) -> None:
        """Follow the chain to an entry; after the first that breaks it, the rest is read and not judged."""
        self._found.entries += 1
        self._files.add(row)
        if self._broken:
            return
        wrong = self._chain.follow(row)
        if not wrong and (self._heads.known or {}).get(row.seq, row.hash) != row.hash:
            wrong = f"it is not the entry that {heads.FILE_NAME} knows under its number"
        if wrong:
            self._broken = True
            self._altered(_place(row), f"{wrong}. Nothing from here on can be relied upon")
            return
        self._signed.take(row)
        if kinds.is_run(row.run_id):
            self._take_of_run(row)

    def _take_of_run(self, row: Row) -> None:
        if row.kind == kinds.STARTED:
            self._holds_runs, self._unended[row.run_id] = True, None
        elif row.kind == kinds.ENDED:
            self._unended.pop(row.run_id, None)
        before = self._last_at.get(row.run_id, "")
        if row.at < before:
            self._tell(_place(row), f"the clock had been put back: it says {row.at} after {before}")
        self._last_at[row.run_id] = row.at

    def _judge_log(self, log: LogState) -> None:
        at_work = [run_id for run_id in self._unended if is_held(self._folder, run_id)]
        for run_id in self._unended:
            what = (
                "it is being recorded now" if run_id in at_work else "it never ended; rig recover closes it"
            )
            self._tell(f"run {run_id}", what)
        if at_work:
            return  # the log grows while it is looked at
        if log.damage:
            self._altered(f"{FILE_NAME}-wal", log.damage)
        elif log.unfinished:
            self._tell(f"{FILE_NAME}-wal", "its last write was cut off; it had not been confirmed")

    def _judge_heads(self) -> None:
        known, last = self._heads.known, self._chain.seq
        if known is None:
            if self._holds_runs:
                self._altered(heads.FILE_NAME, "it is missing: entries may have been cut off the end")
            return
        for number in self._heads.altered:
            self._altered(heads.FILE_NAME, f"line {number} was altered")
        for number in self._heads.torn:
            self._tell(heads.FILE_NAME, f"line {number} was cut off while it was written")
        if not self._broken and max(known, default=0) > last:
            missing = f"{last + 1}" if max(known) == last + 1 else f"{last + 1} to {max(known)}"
            self._altered(FILE_NAME, f"entries are missing at its end: number {missing}")

    def _judge_signatures(self) -> None:
        for judged in self._signed.judge(broken=self._broken):
            (self._altered if judged.altered else self._tell)(judged.where, judged.what)
        self._found.signatures = len(self._signed.good)

    def _judge_files(self) -> None:
        for named, wrong in self._files.problems():
            self._altered(named.path, f"{wrong} (entry {named.by}, run {named.run_id}, {named.of})")
        self._found.files, self._found.bytes = len(self._files.paths()), self._files.bytes
        others = list(unnamed(self._folder, self._files.paths()))
        for path in others[:MOST_NAMED]:
            torn = path.endswith(TORN_SUFFIX)
            self._tell(path, "a write that was cut off" if torn else "no entry names this file")
        if len(others) > MOST_NAMED:
            self._tell(str(self._folder), f"{len(others) - MOST_NAMED} more files that no entry names")

    def _altered(self, where: str, what: str) -> None:
        self._found.altered.append(Finding(where, what))

    def _tell(self, where: str, what: str) -> None:
        self._found.information.append(Finding(where, what))


def _place(row: Row) -> str:
    return f"entry {row.seq}, run {row.run_id}, {row.kind}"
