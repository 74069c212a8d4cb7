"""Watching the runs: reads their feeds as they grow, keeps the lanes up to date, and wakes the pages.

One thread does it, whoever looks. It reads files only, so the runs never wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from rig.errors import RigError
from rig.live.reading import feed_path, feeds, read_feed
from rig.panel.lane import Lane
from rig.panel.progress import Progress
from rig.panel.settings import PanelSettings
from rig.panel.takt import usual_takt_s

POLL_S = 0.1


@dataclass
class _Followed:
    progress: Progress
    offset: int = 0
    is_old: bool = field(default=False)


class Watcher:
    """Keeps lanes up to date until it is stopped.

    Args:
        settings: of the panel.
        lanes: what it keeps up to date.
    """

    def __init__(self, settings: PanelSettings, lanes: dict[str, Lane]) -> None:
        self._settings, self._lanes = settings, lanes
        self._followed: dict[str, _Followed] = {}
        self._listeners: set[Callable[[], None]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rig-panel-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when nothing is read any more."""
        self._stopping.set()
        self._thread.join()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` from the watching thread whenever anything changed."""
        self._listeners.add(wake)

    def ignore(self, wake: Callable[[], None]) -> None:
        """Call it no more."""
        self._listeners.discard(wake)

    def look(self) -> bool:
        """Look once; say whether anything changed."""
        before = self._state()
        for run_id in feeds(self._settings.runs):
            self._read(run_id)
        for lane in self._lanes.values():
            lane.looks()
        return self._state() != before

    def _read(self, run_id: str) -> None:
        followed = self._followed.setdefault(run_id, _Followed(Progress(run_id)))
        if followed.is_old:
            return
        lines, followed.offset = read_feed(feed_path(self._settings.runs, run_id), followed.offset)
        progress = followed.progress
        for line in lines:
            progress.take(line)
        lane = self._lanes.get(progress.station)
        if lane is None:
            followed.is_old = bool(progress.begun)  # a station that is none of ours
        elif lines:
            if lane.progress is None or lane.progress.run_id != run_id:
                lane.usual_takt_s = usual_takt_s(self._settings.runs, progress.begun)
            lane.sees(progress)
        if progress.verdict:
            followed.is_old = True

    def _state(self) -> dict[str, tuple[int, str]]:
        return {name: (lane.version, lane.state) for name, lane in self._lanes.items()}

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                changed = self.look()
            except (RigError, OSError):  # a folder that is gone for a moment; the next look tells
                changed = False
            if changed:
                for wake in tuple(self._listeners):
                    wake()
            self._stopping.wait(POLL_S)
