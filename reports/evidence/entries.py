"""The entries of a package: a stretch of the record's chain, from the first to the last entry of its subject.

Entries of others in between are there by number and hashes only, so that the chain can be followed across
them and nothing of theirs is told. A line is a JSON object; the order of its keys and its spacing never vary,
so that an entry's hash can be computed from its line with text tools (the package's README.txt says how).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.errors import StoreError
from rig.records import heads, kinds, signatures
from rig.records.chain import Chain, Row
from rig.records.event import Event, canonical_json
from rig.records.store import Store

if TYPE_CHECKING:
    from reports.evidence.subject import Subject

FOLDER = "records"
FILE_NAME = "entries.jsonl"
ABOUT_A_RUN = (kinds.STATION_OVERRIDE, kinds.STATION_CHECK, kinds.AUDIT_CONFIGURATION)  # and name it


@dataclass(frozen=True)
class Stretch:
    """A stretch of the chain.

    Args:
        events: all of its entries, in order; those before it that name keys stand first.
        own: numbers of the entries that are told in full.
    """

    events: Sequence[Event]
    own: frozenset[int]

    @property
    def told(self) -> list[Event]:
        """The entries that are told in full."""
        return [event for event in self.events if event.seq in self.own]

    def numbers(self) -> set[int]:
        """Return the numbers of all entries."""
        return {event.seq for event in self.events}


def stretch_of(subject: Subject) -> Stretch:
    """Read the entries of a subject from its record.

    Raises:
        StoreError: the record cannot be read, or its chain is broken there.
    """
    with Store(subject.folder, create=False) as store:
        keys = store.events(kinds.STATION_KEYS)
        own = [event.seq for run_id in _names(subject) for event in store.events(run_id)]
        first = min(own)
        last = _signed_end(subject.folder, max(own))
        events = [event for event in store.events(after=first - 1) if event.seq <= last]
    runs = {view.run_id for view in subject.runs}
    about = [e.seq for e in events if e.kind in ABOUT_A_RUN and e.body.get("run_id") in runs]
    entered = [event for event in keys if event.seq <= last]
    before = [event for event in entered if event.seq < first]
    stretch = Stretch([*before, *events], frozenset([*own, *about, *(event.seq for event in entered)]))
    _refuse_broken(stretch, subject.folder)
    return stretch


def write_entries(stretch: Stretch, folder: Path) -> None:
    """Write the entries into ``records/`` of a package. Raises OSError."""
    text = "".join(_line(event, full=event.seq in stretch.own) for event in stretch.events)
    (folder / FOLDER / FILE_NAME).write_bytes(text.encode())


def copy_heads(stretch: Stretch, runs: Path, folder: Path) -> None:
    """Write the lines of heads and signatures that are about these entries. Raises OSError."""
    numbers = stretch.numbers()
    for name in (heads.FILE_NAME, signatures.FILE_NAME):
        path = runs / name
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines if _number(line) in numbers]
        (folder / FOLDER / name).write_bytes(b"".join(kept))


def read_entries(path: Path) -> Iterator[tuple[int, Row | tuple[int, str, str] | None]]:
    """Yield the number of each line, and its entry: whole, as (seq, previous, hash), or None for neither.

    Raises:
        OSError: the file cannot be read.
    """
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line:
            yield number, _entry(line)


def _names(subject: Subject) -> list[str]:
    names = [view.run_id for view in subject.runs]
    return [*names, subject.name] if subject.kind == "study" else names


def _signed_end(runs: Path, last: int) -> int:
    """Go on to the next entry that was signed, so that a signature covers the subject's last entry."""
    after = [signed.seq for signed in signatures.read_signatures(runs).signed if signed.seq >= last]
    return min(after, default=last)


def _refuse_broken(stretch: Stretch, runs: Path) -> None:
    chain = None
    for event in stretch.events:
        row = Row(
            event.seq,
            event.run_id,
            event.kind,
            event.at,
            canonical_json(event.body),
            event.previous,
            event.hash,
        )
        if chain is None or event.kind == kinds.STATION_KEY or event.seq != chain.seq + 1:
            chain = Chain(event.seq - 1, event.previous)
        if wrong := chain.follow(row):
            raise StoreError(
                f"{runs}: entry {event.seq}: {wrong}", do="Make no evidence of it; look at it with rig verify"
            )


def _line(event: Event, *, full: bool) -> str:
    told: dict[str, Any] = {"seq": event.seq}
    if full:
        told |= {"run_id": event.run_id, "kind": event.kind, "at": event.at, "body": event.body}
    told |= {"previous": event.previous, "hash": event.hash}
    return "{" + ",".join(f'"{key}":{canonical_json(value)}' for key, value in told.items()) + "}\n"


def _entry(line: bytes) -> Row | tuple[int, str, str] | None:
    try:
        told = json.loads(line)
        match told:
            case {
                "seq": int(seq),
                "run_id": run_id,
                "kind": kind,
                "at": at,
                "body": body,
                "previous": p,
                "hash": h,
            }:
                row = Row(seq, run_id, kind, at, canonical_json(body), p, h)
                event = Event(seq, run_id, kind, at, body, p, h)
                return row if _line(event, full=True).encode() == line + b"\n" else None
            case {"seq": int(seq), "previous": str(p), "hash": str(h)} if len(told) == 3:
                event = Event(seq, "", "", "", {}, p, h)
                return (seq, p, h) if _line(event, full=False).encode() == line + b"\n" else None
    except (ValueError, RecursionError, StoreError):
        pass
    return None


def _number(line: bytes) -> int:
    word = line.split(b" ", 1)[0]
    return int(word) if word.isdigit() else 0
