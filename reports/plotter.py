"""Draws in a process of its own, beside the run, which must not wait for pictures."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path

from reports.trace_plot import draw_to_file, prepare
from reports.trace_view import View


class Plotter:
    """Writes PNG files while the caller goes on.

    The process starts with :meth:`prepare`, or else with the first plot, and imports matplotlib there and
    not here. A plot that fails costs nothing but itself: :meth:`finish` says why.
    """

    def __init__(self) -> None:
        # Spawned and not forked: a fork would carry the run's sockets and locks along.
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_follow_the_run)
        self._drawing: dict[str, Future[None]] = {}
        self._problems: list[str] = []

    def prepare(self) -> None:
        """Begin to load what drawing needs; returns at once."""
        self._begin("matplotlib", prepare)

    def draw(self, view: View, path: Path) -> None:
        """Begin to draw ``view`` to the file ``path``; returns at once."""
        self._begin(path.name, draw_to_file, view, path)

    def finish(self) -> list[str]:
        """Wait for all plots and end the process; return what went wrong, a line each."""
        for name, drawing in self._drawing.items():
            if error := drawing.exception():
                self._problems.append(f"{name}: {type(error).__name__}: {error}")
        self._drawing.clear()
        self._pool.shutdown()
        return self._problems

    def _begin(self, name: str, work: Callable[..., None], *arguments: object) -> None:
        try:
            self._drawing[name] = self._pool.submit(work, *arguments)
        except (RuntimeError, OSError) as error:  # the process died, or cannot be started
            self._problems.append(f"{name}: {error}")


def _follow_the_run() -> None:
    # Ctrl-C is meant for the run, which makes the bench safe and then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    """Wait until the run's process ends, however it ends; a pool would outlive one that is killed."""
    run = parent_process()
    if run is not None:
        run.join()
        os._exit(1)
