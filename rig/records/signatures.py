"""Signed heads of the chain: ``station-signatures.txt`` beside the record, a line
``NUMBER HASH FINGERPRINT SIGNATURE`` (base64) each time a run begins or ends.

The text that is signed is ``NUMBER HASH``, as it stands in ``heads.txt``. An entry's hash holds all entries
before it, so a signature says of all of them that the holder of the key recorded them. The public half of the
key is in the record itself (``station.key``), entered before its first signature.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rig.errors import StoreError
from rig.records import kinds
from rig.records.event import Event
from rig.records.files import append_line
from rig.records.heads import keep_head

if TYPE_CHECKING:
    from rig.records.station_key import StationKey
    from rig.records.store import Store

FILE_NAME = "station-signatures.txt"
_LINE = re.compile(rb"([1-9]\d{0,18}) ([0-9a-f]{64}) ([0-9a-f]{64}) ([A-Za-z0-9+/]{86}==)")
_TORN = re.compile(rb"[1-9]\d{0,18}( [0-9a-f]{0,63}| [0-9a-f]{64} [0-9a-f]{0,63}| [0-9a-f]{64} [0-9a-f]{64}"
                   rb" [A-Za-z0-9+/]{0,86}=?)?")  # fmt: skip


@dataclass(frozen=True)
class Signed:
    """A line of the file: who signed which entry as the last."""

    line: int
    seq: int
    hash: str
    fingerprint: str
    signature: bytes

    @property
    def message(self) -> bytes:
        """What was signed."""
        return f"{self.seq} {self.hash}".encode()


@dataclass(frozen=True)
class Signatures:
    """What the file says; ``altered`` and ``torn`` are numbers of lines, as for :mod:`rig.records.heads`."""

    signed: list[Signed]
    altered: list[int]
    torn: list[int]


def begin_signing(store: Store) -> None:
    """Enter this machine's key into the record, unless it stands there; from here on heads are signed.

    Raises:
        StoreError: the key cannot be made or read, or the entry cannot be kept.
    """
    from rig.records.station_key import station_key

    key = station_key()
    if key.fingerprint not in _entered(store):
        _enter(store, key)


def keep_signed_head(store: Store, event: Event) -> None:
    """Write down that ``event`` is the last entry, and sign that, where the record was ever signed.

    Raises:
        StoreError: it could not be written, or this machine's key cannot be read.
    """
    keep_head(store.runs, event.seq, event.hash)
    entered = _entered(store)
    if not entered:
        return
    from rig.records.station_key import station_key

    key = station_key()
    if key.fingerprint in entered:
        _add(store.runs, event, key)
    else:
        _enter(store, key)


def read_signatures(folder: Path) -> Signatures:
    """Read the file; where there is none, nothing was signed. Raises OSError where it cannot be read."""
    path = folder / FILE_NAME
    signed: list[Signed] = []
    altered, torn = [], []
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        signature = base64.b64decode(found[4]) if found else b""
        if found and base64.b64encode(signature) == found[4]:  # one signature has one text
            signed.append(Signed(number, int(found[1]), found[2].decode(), found[3].decode(), signature))
        elif _TORN.fullmatch(line):
            torn.append(number)
        elif line:
            altered.append(number)
    return Signatures(signed, altered, torn)


def _entered(store: Store) -> set[str]:
    return {event.body["fingerprint"] for event in store.events(kinds.STATION_KEYS)}


def _enter(store: Store, key: StationKey) -> None:
    body = {"public": key.public, "fingerprint": key.fingerprint}
    event = store.append(kinds.STATION_KEYS, kinds.STATION_KEY, body, datetime.now(UTC))
    keep_head(store.runs, event.seq, event.hash)
    _add(store.runs, event, key)


def _add(runs: Path, event: Event, key: StationKey) -> None:
    message = f"{event.seq} {event.hash}"
    line = f"{message} {key.fingerprint} {base64.b64encode(key.sign(message.encode())).decode()}"
    path = runs / FILE_NAME
    try:
        append_line(path, line.encode())
    except OSError as error:
        raise StoreError(
            f"{path}: the station's signature could not be written ({error.strerror or error})",
            do="Free space on that disk and make the folder writable, or choose another with --runs",
        ) from error
