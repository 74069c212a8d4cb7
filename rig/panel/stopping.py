"""Stopping a run from outside: the same signal as from its terminal's, and only while it is alive."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from rig.live.stops import say_who_stops
from rig.records.locks import holder_of


def stop_run(runs: Path, run_id: str, *, by: str) -> bool:
    """Ask a run to stop and make its bench safe; say whether it was still going on.

    Args:
        runs: folder of the records.
        run_id: which run.
        by: who stops it, for its record.
    """
    pid = holder_of(runs, run_id)
    if pid is None:
        return False
    say_who_stops(runs, run_id, by)
    return stop_process(pid)


def stop_process(pid: int) -> bool:
    """Send a process the polite request to stop; say whether there was one."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
