"""Giving way to runs: what only looks at them waits for a processor when there are too few."""

from __future__ import annotations

import os
import sys
import threading

NICE = 10


def give_way() -> None:
    """Let this thread, and none but it, come after others; on Linux only.

    Runs are started by other threads, and keep the priority of the panel.
    """
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
