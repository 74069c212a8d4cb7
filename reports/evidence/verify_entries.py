"""Are the entries of a package those that were recorded? Chain, heads, station's signatures, named files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reports.evidence.entries import FILE_NAME, FOLDER, read_entries
from rig.records import heads, kinds
from rig.records.chain import Chain, Row
from rig.records.named_files import named_by
from rig.records.signed_heads import SignedHeads
from rig.records.verify import Finding

PLACE = f"{FOLDER}/{FILE_NAME}"


@dataclass
class Entries:
    """What was found.

    Args:
        rows: the entries that are told in full, as far as they can be relied upon.
        entries: how many lines there are.
        head: number and hash of the last one.
        signatures: how many of the station's fit.
        keys: fingerprints of the keys that the entries name.
    """

    rows: list[Row] = field(default_factory=list)
    entries: int = 0
    head: str = ""
    signatures: int = 0
    keys: set[str] = field(default_factory=set)
    altered: list[Finding] = field(default_factory=list)
    information: list[Finding] = field(default_factory=list)


def judge_entries(folder: Path, hashes: Mapping[str, str], trusted: Collection[str]) -> Entries:
    """Follow the entries of a package.

    Args:
        folder: of the package.
        hashes: SHA-256 of every file there, by path.
        trusted: fingerprints of the only keys that may have signed; empty: any that the entries name.

    Raises:
        OSError: a file cannot be read.
    """
    judging = _Judging(folder, trusted)
    broken = judging.follow()
    judging.judge_heads(broken)
    judging.judge_files(hashes)
    return judging.found


class _Judging:
    def __init__(self, folder: Path, trusted: Collection[str]) -> None:
        self.found = Entries()
        self._folder = folder
        self._signed = SignedHeads(folder / FOLDER, trusted)
        self._heads = heads.read_heads(folder / FOLDER)
        self._chain: Chain | None = None
        self._keys_only = True

    def follow(self) -> bool:
        """Follow the chain to its end, or to the first entry that breaks it; say whether one did."""
        for number, entry in read_entries(self._folder / PLACE):
            self.found.entries += 1
            if entry is None:
                self._altered(f"{PLACE}, line {number}", "it was altered: it is no entry as they are written")
                return True
            seq, previous, digest = (
                (entry.seq, entry.previous, entry.hash) if isinstance(entry, Row) else entry
            )
            wrong = self._follow(entry, seq, previous, digest)
            known = (self._heads.known or {}).get(seq, digest)
            if not wrong and known != digest:
                wrong = f"it is not the entry that {heads.FILE_NAME} knows under its number"
            if wrong:
                what = f"entry {seq}: {wrong}. Nothing from here on can be relied upon"
                self._altered(f"{PLACE}, line {number}", what)
                return True
            self.found.head = f"{seq} {digest}"
        return False

    def _follow(self, entry: Row | tuple[int, str, str], seq: int, previous: str, digest: str) -> str:
        """Go on to an entry; return what is wrong with it."""
        if self._chain is None or (self._keys_only and seq > self._chain.seq + 1):
            # The stretch begins here, or goes on behind a key that was entered long before.
            self._chain = Chain(seq - 1, previous)
        if not isinstance(entry, Row):
            self._keys_only = False
            self._signed.take_hash(seq, digest)
            return self._chain.link(seq, previous, digest)
        self._keys_only = self._keys_only and entry.kind == kinds.STATION_KEY
        if wrong := self._chain.follow(entry):
            return wrong
        self._signed.take(entry)
        self.found.rows.append(entry)
        if entry.kind == kinds.STATION_KEY:
            self.found.keys |= _fingerprint(entry)
        return ""

    def judge_heads(self, broken: bool) -> None:
        """Judge heads and signatures against the entries."""
        for number in (*self._heads.altered, *self._heads.torn):
            self._altered(f"{FOLDER}/{heads.FILE_NAME}", f"line {number} was altered")
        last = int(self.found.head.split()[0]) if self.found.head else 0
        if not broken and max(self._heads.known or {}, default=0) > last:
            self._altered(PLACE, f"entries are missing at its end: {heads.FILE_NAME} knows later ones")
        for judged in self._signed.judge(broken=broken):
            finding = Finding(judged.where, judged.what)
            (self.found.altered if judged.altered else self.found.information).append(finding)
        self.found.signatures = len(self._signed.good)

    def judge_files(self, hashes: Mapping[str, str]) -> None:
        """Hold every file that an entry names against it."""
        named = [file for row in self.found.rows for file in named_by(row)]
        whose = {file.sha256: file.path for file in named}
        for file in named:
            found = hashes.get(file.path)
            if found == file.sha256:
                continue
            if found is None:
                wrong = "it is missing"
            elif found in whose:
                wrong = f"it was swapped: this is the content of {whose[found]}"
            else:
                wrong = "it was altered: its SHA-256 is not the recorded one"
            self._altered(file.path, f"{wrong} (entry {file.by}, run {file.run_id}, {file.of})")

    def _altered(self, where: str, what: str) -> None:
        self.found.altered.append(Finding(where, what))


def _fingerprint(row: Row) -> set[str]:
    import json

    body = json.loads(row.body)
    return (
        {body["fingerprint"]}
        if isinstance(body, dict) and isinstance(body.get("fingerprint"), str)
        else set()
    )
