"""Who stopped a run from elsewhere: a signal has no name, so one is left beside the feed before it is sent.

It stands where the answer to a prompt of number 0 would; prompts count from 1.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from rig.live.prompts import NO, Answer, claim, given

STOP = 0


def say_who_stops(runs: Path, run_id: str, by: str) -> None:
    """Leave the name of who is about to stop a run; where it cannot be written, the stop goes on without.

    Args:
        runs: folder of the records.
        run_id: the run.
        by: who stops it; the first who says so is the one.
    """
    with contextlib.suppress(OSError):
        claim(runs, run_id, STOP, Answer(NO, by))


def who_stopped(runs: Path, run_id: str) -> str:
    """Return who stopped a run from elsewhere; empty where nobody said so."""
    answer = given(runs, run_id, STOP)
    return "" if answer is None else answer.by
