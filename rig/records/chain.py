"""Following the chain, entry by entry, to the first that was altered, removed, put in or moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rig.errors import StoreError
from rig.records.event import FIRST_PREVIOUS, chain_hash


class Row(NamedTuple):
    """An entry as the table holds it; nothing in it may be believed yet."""

    seq: int
    run_id: str
    kind: str
    at: str
    body: str
    previous: str
    hash: str


@dataclass
class Chain:
    """Where the chain has got to: number and hash of the last entry that was followed."""

    seq: int = 0
    hash: str = FIRST_PREVIOUS

    def follow(self, row: Row) -> str:
        """Go on to the next entry; return what is wrong with it, empty when nothing."""
        wrong = self.link(row.seq, row.previous, row.hash)
        return wrong if own_hash_fits(row) else _why_not(row)

    def link(self, seq: int, previous: str, digest: str) -> str:
        """Go on to an entry by its number and hashes alone; return what is wrong with its place."""
        expected, before = self.seq + 1, self.hash
        self.seq, self.hash = seq, digest
        if seq != expected:
            last = seq - 1
            missing = f"entry {expected} is" if expected == last else f"entries {expected} to {last} are"
            return f"{missing} missing before it"
        if previous != before:
            return f"it does not follow entry {expected - 1}: that one was rewritten, or this one put in"
        return ""


def own_hash_fits(row: Row) -> bool:
    """Say whether an entry's text is the one its hash was made from."""
    return all(isinstance(text, str) for text in row[1:]) and _hash(row, row.seq) == row.hash


def _why_not(row: Row) -> str:
    """Say why an entry's text does not fit its hash: moved from another place, or another text."""
    if all(isinstance(text, str) for text in row[1:]):
        for number in range(1, row.seq + MOST_MOVED):
            if _hash(row, number) == row.hash:
                return f"it was moved: it was recorded as entry {number}"
    return "it was altered: its text does not fit its SHA-256"


def _hash(row: Row, seq: int) -> str | None:
    try:
        return chain_hash(row.previous, seq, row.run_id, row.kind, row.at, row.body)
    except (StoreError, UnicodeError):  # text that this store never writes
        return None


MOST_MOVED = 1000
"""How far behind its own place a moved entry is looked for."""
