"""Stopping a run from outside: the same signal as from its terminal's, and only while it is alive."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from rig.records.locks import holder_of


def stop_run(runs: Path, run_id: str) -> bool:
    """Ask a run to stop and make its bench safe; say whether it was still going on.

    Args:
        runs: folder of the records.
        run_id: which run.
    """
    pid = holder_of(runs, run_id)
    return pid is not None and stop_process(pid)


def stop_process(pid: int) -> bool:
    """Send a process the polite request to stop; say whether there was one."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
