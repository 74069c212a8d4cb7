"""Reading the feeds of runs: what has been added since one looked last, however torn it is.

:mod:`rig.live.feed` tells what the lines say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rig.records.files import safe_name

FOLDER, SUFFIX = ".live", ".jsonl"
MOST_BYTES = 4 * 1024 * 1024
"""What one call reads at most, so that a long feed is read in pieces."""


def feed_path(runs: Path, run_id: str) -> Path:
    """Return where the feed of a run lies, whether or not there is one."""
    return runs / FOLDER / f"{safe_name(run_id)}{SUFFIX}"


def read_feed(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the lines that were added to a feed, and where to go on.

    A last line that is not whole yet is left for the next call. What is no line of a feed is passed over.

    Args:
        path: of the feed; one that is not there has no lines.
        offset: where the last call ended, in bytes; 0 for the first.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(MOST_BYTES)
    except OSError:
        return [], offset
    whole = data.rfind(b"\n") + 1
    if not whole and len(data) == MOST_BYTES:  # no line is as long as this: there is nothing to wait for
        return [], offset + len(data)
    lines = (_line(text) for text in data[:whole].splitlines())
    return [line for line in lines if line is not None], offset + whole


def feeds(runs: Path) -> list[str]:
    """Return the ids of the runs that have a feed, oldest first."""
    return sorted(path.name.removesuffix(SUFFIX) for path in (runs / FOLDER).glob(f"*{SUFFIX}"))


def _line(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and isinstance(line.get("kind"), str) else None
