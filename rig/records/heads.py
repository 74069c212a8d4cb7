"""The heads of the chain, kept beside the database: ``heads.txt``, a line ``NUMBER HASH`` each time a run
begins or ends.

The chain itself cannot tell that its last entries were cut off, or that the whole file was put back to an
earlier state; these lines can. The file only ever grows. Whoever can write the folder can write this file
too: who must prove the record against that keeps a head elsewhere (``rig verify`` prints it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rig.errors import StoreError
from rig.records.files import append_line

FILE_NAME = "heads.txt"
_LINE = re.compile(rb"([1-9]\d{0,18}) ([0-9a-f]{64})")
_TORN = re.compile(rb"[1-9]\d{0,18}( [0-9a-f]{0,63})?")


@dataclass(frozen=True)
class Heads:
    """What the file says.

    Args:
        known: hash of the entry of each number that once was the last; None when there is no file.
        altered: lines that were never written like this.
        torn: lines that were cut off while they were written.
    """

    known: dict[int, str] | None
    altered: list[int]
    torn: list[int]


def keep_head(runs: Path, seq: int, digest: str) -> None:
    """Add a line, durably.

    Raises:
        StoreError: it could not be written.
    """
    path = runs / FILE_NAME
    try:
        append_line(path, f"{seq} {digest}".encode())
    except OSError as error:
        raise StoreError(
            f"{path}: the head of the record could not be written ({error.strerror or error})",
            do="Free space on that disk and make the folder writable, or choose another with --runs",
        ) from error


def read_heads(runs: Path) -> Heads:
    """Read the file. Raises OSError where it is there and cannot be read."""
    path = runs / FILE_NAME
    if not path.exists():
        return Heads(None, [], [])
    known: dict[int, str] = {}
    altered, torn = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if found := _LINE.fullmatch(line):
            seq, digest = int(found[1]), found[2].decode()
            if known.setdefault(seq, digest) != digest:
                altered.append(number)
        elif _TORN.fullmatch(line):
            torn.append(number)
        elif line:
            altered.append(number)
    return Heads(known, altered, torn)
