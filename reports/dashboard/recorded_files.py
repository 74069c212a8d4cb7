"""Files that a run's entries name: found again within the folder of the runs, and only there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rig.errors import StoreError
from rig.records.event import Event
from rig.records.named_files import references
from rig.records.trace import SUFFIX, Trace, read_trace

LONGEST_LOG = 64 * 1024
"""Bytes of a wire log that are shown: its end, where it broke."""


@dataclass
class NamedTrace:
    """A trace of a run.

    Args:
        name: of its file, without its ending.
        path: relative to the folder of the runs.
        sha256: of the file, as recorded.
        of: the results and notes that cite it.
    """

    name: str
    path: str
    sha256: str
    of: list[str] = field(default_factory=list)


def named_traces(events: Iterable[Event]) -> list[NamedTrace]:
    """Return the traces that a run's entries name, in the order in which they were first named."""
    found: dict[str, NamedTrace] = {}
    for event in events:
        cites = str(event.body.get("name") or event.body.get("text") or "")
        for path, sha256 in references(event.body):
            if path.endswith(SUFFIX):
                trace = found.setdefault(path, NamedTrace(PurePosixPath(path).stem, path, sha256))
                if cites and cites not in trace.of:
                    trace.of.append(cites)
    return list(found.values())


def read_named(runs: Path, named: NamedTrace) -> Trace:
    """Read a trace back.

    Raises:
        StoreError: it is missing, it is not the file that was recorded, or it lies elsewhere.
    """
    return read_trace(_within(runs, named.path), sha256=named.sha256)


def wire_log(runs: Path, told: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the end of a wire log as text; None where none was kept.

    It is {path, sha256, text, bytes, cut, problem}: ``cut`` says that its beginning is left out, ``problem``
    why it cannot be relied upon, empty where it can.
    """
    if told is None:
        return None
    known = {"path": told["path"], "sha256": told["sha256"]}
    try:
        data = _within(runs, told["path"]).read_bytes()
    except (OSError, StoreError) as error:
        return {**known, "text": "", "bytes": 0, "cut": False, "problem": f"it cannot be read ({error})"}
    same = hashlib.sha256(data).hexdigest() == told["sha256"]
    text = data[-LONGEST_LOG:].decode(errors="replace")
    cut = len(data) > LONGEST_LOG
    return {
        **known,
        "text": text.partition("\n")[2] if cut else text,
        "bytes": len(data),
        "cut": cut,
        "problem": "" if same else "it is not the file that was recorded",
    }


def _within(runs: Path, path: str) -> Path:
    found = (runs / path).resolve()
    if not found.is_relative_to(runs.resolve()):
        raise StoreError(f"{path}: it lies outside the folder of the runs", do="Look at it by hand")
    return found
