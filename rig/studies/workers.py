"""Processes that measure on twins, several at a time, and never outlive the one that asked them to."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection

from rig.fixtures.stopping import SIGNALS


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that end with this one, and at once when it leaves: a twin needs no making safe."""
    # Spawned and not forked: a fork would carry threads' locks and the record's file along.
    context = get_context("spawn")
    reader, lifeline = context.Pipe(duplex=False)
    with reader, ProcessPoolExecutor(jobs, context, _follow, (reader,)) as pool:
        try:
            yield pool
        finally:
            lifeline.close()


def _follow(lifeline: Connection) -> None:
    # A stop is meant for the process that keeps the record; this one ends when that one lets go.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with contextlib.suppress(OSError):
        lifeline.poll(None)  # nothing is ever sent: it returns when the other end is closed
    os._exit(1)
