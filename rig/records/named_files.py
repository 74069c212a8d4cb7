"""The files that entries name, traces and wire logs: are they there, and are they what was recorded?"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rig.records.chain import Row

MADE_FROM_THE_RECORD = {"allure-results"}  # folders in a run's own that can be made again
TORN_SUFFIX = ".part"


@dataclass(frozen=True)
class Named:
    """A file as an entry names it.

    Args:
        by: number of the entry; ``run_id`` and ``of`` say which run, and what was made from the file.
        path: relative to the folder of the runs, with forward slashes.
        sha256: what it must be.
    """

    by: int
    run_id: str
    of: str
    path: str
    sha256: str


@dataclass
class NamedFiles:
    """Every file that the entries of a folder name; each is read once.

    Args:
        runs: the folder.
    """

    runs: Path
    named: list[Named] = field(default_factory=list)
    bytes: int = 0
    _hashes: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take in what an entry names."""
        if isinstance(row.body, str) and '"sha256"' in row.body:
            self.named += named_by(row)

    def paths(self) -> set[str]:
        """Return the path of each file, relative to the folder."""
        return {named.path for named in self.named}

    def problems(self) -> Iterator[tuple[Named, str]]:
        """Yield each entry's file that is missing or another, and what is wrong with it."""
        whose = {named.sha256: named.path for named in self.named}
        for named in self.named:
            found = self._hash(named.path)
            if found == named.sha256:
                continue
            if len(found) != 64:
                yield named, found
            elif found in whose:
                yield named, f"it was swapped: this is the content of {whose[found]}"
            else:
                yield named, "it was altered: its SHA-256 is not the recorded one"

    def _hash(self, path: str) -> str:
        """Return the SHA-256 of a file, or why there is none."""
        if path not in self._hashes:
            self._hashes[path] = self._read(path)
        return self._hashes[path]

    def _read(self, path: str) -> str:
        inside = PurePosixPath(path)
        if inside.is_absolute() or ".." in inside.parts:
            return "it is said to lie outside the folder of the runs"
        file = self.runs / inside
        try:
            if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for without end
                return "it is no file any more"
            with file.open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
                self.bytes += opened.tell()
                return found
        except FileNotFoundError:
            return "it is missing"
        except (OSError, ValueError) as error:
            return f"it cannot be read ({error})"


def named_by(row: Row) -> list[Named]:
    """Return the files that an entry names, wherever in it they stand."""
    try:
        body = json.loads(row.body)
    except (ValueError, RecursionError):
        return []
    of = str(body.get("name") or body.get("text") or row.kind) if isinstance(body, dict) else row.kind
    return [Named(row.seq, row.run_id, of, path, sha256) for path, sha256 in references(body)]


def unnamed(runs: Path, named: set[str]) -> Iterator[str]:
    """Yield the files in the runs' folders that no entry names, but for those made from the record."""
    for folder in sorted(path for path in runs.iterdir() if path.is_dir() and path.name[:1] != "."):
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(runs)
            made_again = not MADE_FROM_THE_RECORD.isdisjoint(relative.parts)
            if path.is_file() and not made_again and relative.as_posix() not in named:
                yield relative.as_posix()


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield path and SHA-256 of each file that an entry's body names, wherever in it they stand."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str) and isinstance(value.get("sha256"), str):
            yield value["path"], value["sha256"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
