"""Writing the feed of a run: a line for whatever happens, as it happens, for whoever looks at the run.

A feed is a window and no evidence: nothing in it is durable, and nothing reads it back into the record. One
that cannot be written is switched off with a warning, and the run goes on.

====================  ==============================================================================
``kind`` of a line    what it says, besides ``at_s`` (on the station's clock, since the takt began; 0
                      before; on a twin, when the run last asked for it) and ``wall`` (UTC)
====================  ==============================================================================
``begins``            run_id, pid, plan, title, station, product, pen, tip_lot, lot, operator,
                      steps [{test, title}] by index, usual_takt_s or null
``step``              index (from 0), of, test, title
``judged``            name, title, setting, value, unit, U, lower, upper, verdict, accepted
``plot``              name, title, x, y: a new plot begins; x and y name its columns, with units
``points``            x [...], y [...]: they belong to the latest plot
``prompt``            number, key, text, picture, answer (confirm or scan), pattern
``answered``          number, by, answer
``fault``             text
``ended``             verdict, reasons, suspects
====================  ==============================================================================
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rig.live.reading import FOLDER, SUFFIX, feed_path
from rig.records.locks import is_held

ANSWER = ".answer-"  # between a run's id and a prompt's number, in the name of its answer
KEPT_S = 24 * 3600.0
"""A feed that nobody has written for so long is removed when the next run begins."""

logger = logging.getLogger("rig.live")


class Feed:
    """The feed of one run, as its writer has it; no method raises.

    Args:
        runs: folder of the records.
        run_id: which run; its feed is made new, or goes on where there is one.
        at_s: tells the time since the takt began, on the station's clock, at once.
    """

    def __init__(self, runs: Path, run_id: str, at_s: Callable[[], float] = lambda: 0.0) -> None:
        self._path, self._at_s = feed_path(runs, run_id), at_s
        self._file, self.is_on = -1, True
        try:
            self._path.parent.mkdir(exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            self._switch_off(error)

    def write(self, kind: str, **more: Any) -> None:
        """Add a line, in one write; numbers that are not finite become null."""
        if not self.is_on:
            return
        at_s, wall = round(self._at_s(), 6), datetime.now(UTC).isoformat()
        line = {"kind": kind, "at_s": at_s, "wall": wall, **more}
        try:
            _write_all(self._file, _encoded(line))
        except OSError as error:
            self._switch_off(error)

    def close(self) -> None:
        """Write no more; closing twice is harmless."""
        self.is_on = False
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _switch_off(self, error: OSError) -> None:
        self.close()
        logger.warning(
            "%s: what this run does cannot be shown while it goes on (%s)",
            self._path,
            error.strerror or error,
        )


def remove_old(runs: Path) -> None:
    """Remove the feeds, and the answers beside them, of runs that ended long ago; what cannot be, stays."""
    folder, now_s = runs / FOLDER, time.time()
    for path in folder.glob("*") if folder.is_dir() else ():
        try:
            is_old = now_s - path.stat().st_mtime > KEPT_S
            if is_old and not is_held(runs, _run_of(path)):
                path.unlink()
        except OSError as error:
            logger.info("%s stays: %s", path, error)


def _run_of(path: Path) -> str:
    """Return whose file lies in the folder: the feed itself, or an answer beside it."""
    return path.name.removesuffix(SUFFIX).rpartition(ANSWER)[0] or path.name.removesuffix(SUFFIX)


def _write_all(file: int, data: bytes) -> None:
    """Write a line at once; the rest of one that was cut short follows, where the disk has room again."""
    while data:
        data = data[os.write(file, data) :]


def _encoded(line: dict[str, Any]) -> bytes:
    try:
        text = _encoder.encode(line)
    except ValueError:
        text = _encoder.encode(_finite(line))
    return f"{text}\n".encode(errors="replace")


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)  # numpy, without importing it


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return value
