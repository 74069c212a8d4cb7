"""One entry of the record, and the hash that chains it to the entry before.

The hash covers the text that is stored, byte for byte. Changing, removing, inserting or reordering
entries breaks the chain at that place. Cutting entries off the end does not: whoever needs that too
writes down the last hash elsewhere (:meth:`rig.records.store.Store.head`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rig.errors import StoreError

FIRST_PREVIOUS = "0" * 64  # what the first entry of all has for a previous hash


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: its place in the store, its run, what it is, when (UTC, ISO 8601) and what it says."""

    seq: int
    run_id: str
    kind: str
    at: str
    body: dict[str, Any]
    previous: str
    hash: str


def canonical_json(value: Any) -> str:
    """Return the one JSON text for ``value``: sorted keys, no spaces, floats that read back exactly.

    Numpy scalars and arrays become numbers and lists.

    Raises:
        StoreError: something in it is not a finite number, text, truth value, list or table; says where.
    """
    try:
        text = _encoder.encode(value)
        text.encode("utf-8")
    except (ValueError, TypeError) as error:
        places = ", ".join(_not_finite(value, "")) or str(error)
        raise StoreError(
            f"this cannot be recorded: {places}",
            expected="finite numbers, text, truth values, null, lists and tables",
            do="A value that is not a number is a failed measurement; record it as a fault",
        ) from error
    return text


def chain_hash(previous: str, seq: int, run_id: str, kind: str, at: str, body_json: str) -> str:
    """Return SHA-256 (hex) over ``previous`` and the canonical JSON of ``[seq, run_id, kind, at, body]``."""
    opening = canonical_json([seq, run_id, kind, at])[:-1]
    return hashlib.sha256(f"{previous}{opening},{body_json}]".encode()).hexdigest()


def utc_text(at: datetime) -> str:
    """Return ``at`` as UTC text that sorts by time, such as ``2026-11-22T10:30:00.000000Z``.

    Raises:
        StoreError: ``at`` does not say its time zone.
    """
    if at.tzinfo is None:
        raise StoreError(f"the time {at} has no time zone", expected="a time in UTC, as rig.clock gives")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy, without importing it
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not JSON")


_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_plain
)


def _not_finite(value: Any, place: str) -> Iterator[str]:
    match value:
        case float() if not math.isfinite(value):
            yield f"{place or 'the value'} is {value}"
        case Mapping():
            for key, item in value.items():
                yield from _not_finite(item, f"{place}.{key}" if place else str(key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _not_finite(item, f"{place}[{index}]")
