"""Do the station's signatures fit the chain? They do not fit a record that was rewritten from its start."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.records import kinds, signatures
from rig.records.chain import Row
from rig.records.signatures import Signed

if TYPE_CHECKING:
    from rig.records.station_key import PublicKey


@dataclass(frozen=True)
class Judged:
    """Something about signatures: where, what, and whether it means that the record was altered."""

    altered: bool
    where: str
    what: str


@dataclass
class SignedHeads:
    """Takes the entries in as the chain is followed, and then judges the signatures.

    Args:
        folder: where ``station-signatures.txt`` lies.
        trusted: fingerprints of the only keys that may have signed; empty: those that the record names.

    Raises:
        OSError: the file is there and cannot be read.
    """

    folder: Path
    trusted: Collection[str] = ()
    good: dict[int, str] = field(default_factory=dict)
    """Fingerprint of who signed, by the number of the entry; filled in by :meth:`judge`."""
    _entered: list[tuple[Row, Any]] = field(default_factory=list)
    _hashes: dict[int, str] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._found = signatures.read_signatures(self.folder)
        self._wanted = {signed.seq for signed in self._found.signed}

    def take(self, row: Row) -> None:
        """Take in an entry that follows the one before."""
        self.take_hash(row.seq, row.hash)
        if row.kind == kinds.STATION_KEY and row.run_id == kinds.STATION_KEYS:
            self._entered.append((row, json.loads(row.body)))
        elif row.kind == kinds.STARTED and self._entered:
            self._started.add(row.run_id)
        elif row.kind == kinds.ENDED:
            self._ended[row.run_id] = row.seq

    def take_hash(self, seq: int, digest: str) -> None:
        """Take in an entry of which only number and hash are known."""
        if seq in self._wanted:
            self._hashes[seq] = digest

    def judge(self, *, broken: bool) -> Iterator[Judged]:
        """Yield what is wrong, or worth knowing; ``broken``: entries were not taken in to the end."""
        name = signatures.FILE_NAME
        for number in self._found.altered:
            yield Judged(True, name, f"line {number} was altered")
        for number in self._found.torn:
            yield Judged(False, name, f"line {number} was cut off while it was written")
        keys: dict[str, tuple[int, PublicKey]] = {}
        for row, body in self._entered:
            key = _read_key(body)
            if key is None:
                yield Judged(True, f"entry {row.seq}, {row.kind}", "its key and its fingerprint do not agree")
            else:
                keys.setdefault(key.fingerprint, (row.seq, key))
        for signed in self._found.signed:
            if broken and signed.seq not in self._hashes:
                continue
            if wrong := self._wrong(signed, keys):
                yield Judged(True, f"{name}, line {signed.line}", wrong)
            else:
                self.good[signed.seq] = signed.fingerprint
        if not broken:
            yield from self._uncovered()
        yield from self._of_whom()

    def _wrong(self, signed: Signed, keys: dict[str, tuple[int, PublicKey]]) -> str:
        """Say what is wrong with a signature; empty when nothing."""
        found = self._hashes.get(signed.seq)
        if found is None:
            return f"it signs entry {signed.seq}, which is missing"
        if found != signed.hash:
            return f"it signs another entry {signed.seq}: the record was rewritten after it was signed"
        entered, key = keys.get(signed.fingerprint, (0, None))
        if key is None or entered > signed.seq:
            return f"it was made with a key that no entry before names, {signed.fingerprint}"
        if not key.fits(signed.signature, signed.message):
            return f"the signature is not the key's over entry {signed.seq}"
        return ""

    def _uncovered(self) -> Iterator[Judged]:
        """Find ended runs that nobody signed; with trusted keys, those that nobody trusted signed."""
        if not self._entered and not self.trusted:
            if self._ended:
                yield Judged(
                    False, signatures.FILE_NAME, "the record is not signed: no station entered a key"
                )
            return
        good = [seq for seq, signer in self.good.items() if not self.trusted or signer in self.trusted]
        covered = max(good, default=0)
        by = " with a key that was given" if self.trusted else ""
        for run_id, seq in self._ended.items():
            if seq > covered and (self.trusted or run_id in self._started):
                what = f"its end, entry {seq}, is not signed{by}, and nothing after it"
                yield Judged(True, f"run {run_id}", what)
            elif run_id in self._started and seq not in self.good:
                what = f"the signature of its end, entry {seq}, is missing; a later one holds it too"
                yield Judged(False, f"run {run_id}", what)

    def _of_whom(self) -> Iterator[Judged]:
        signers = dict.fromkeys(self.good.values())
        if not signers:
            return
        if self.trusted:
            for signer in signers:
                if signer not in self.trusted:
                    what = f"it is signed with another key than the one given, {signer}"
                    yield Judged(True, signatures.FILE_NAME, what)
            return
        from rig.records.station_key import known_keys

        known = known_keys()
        for signer in signers:
            if signer not in known:
                what = f"signed by a key this machine does not know, {signer}; compare it with the station's"
                yield Judged(False, signatures.FILE_NAME, what)


def _read_key(body: Any) -> PublicKey | None:
    from rig.records.station_key import read_public

    try:
        key = read_public(body["public"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return key if key.fingerprint == body.get("fingerprint") else None
