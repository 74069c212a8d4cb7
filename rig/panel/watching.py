"""Watching the runs: reads their feeds as they grow, keeps the lanes up to date, and wakes the pages.

One thread does it, whoever looks. It reads files only, so the runs never wait for it. What goes wrong with
one lane is told to nobody but its log, and keeps no other lane from being shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from rig.errors import RigError
from rig.panel.following import Followed, Following
from rig.panel.giving_way import give_way
from rig.panel.lane import Lane
from rig.panel.settings import PanelSettings
from rig.panel.takt import usual_takt_s

POLL_S = 0.5  # often enough for people, and seldom enough for a run on the same computer

logger = logging.getLogger("rig.panel")


class Watcher:
    """Keeps lanes up to date until it is stopped.

    Args:
        settings: of the panel.
        lanes: what it keeps up to date, by the name of the station.
    """

    def __init__(self, settings: PanelSettings, lanes: dict[str, Lane]) -> None:
        self._settings, self._lanes = settings, lanes
        self._following = Following(settings.runs, lanes.keys())
        self._listeners: set[Callable[[], None]] = set()
        self._seen: dict[str, Any] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rig-panel-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when nothing is read any more. Who listens is woken once more; twice is harmless."""
        self._stopping.set()
        self._thread.join()
        self._wake()

    @property
    def is_over(self) -> bool:
        """Whether it was stopped: nothing will change any more."""
        return self._stopping.is_set()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` from the watching thread whenever anything changed."""
        self._listeners.add(wake)

    def ignore(self, wake: Callable[[], None]) -> None:
        """Call it no more."""
        self._listeners.discard(wake)

    def look(self) -> bool:
        """Look once; say whether anything changed since the last look, by this or by anything else."""
        latest = self._following.latest()
        # Asked before the feeds are read: a run that says its end and lets go meanwhile was not cut off.
        alive = {name: self._is_recorded(lane, latest.get(name)) for name, lane in self._lanes.items()}
        for station, followed in latest.items():
            self._read(self._lanes[station], followed)
        for name, lane in self._lanes.items():
            lane.looks(alive[name])
        seen = {name: (lane.version, lane.points) for name, lane in self._lanes.items()}
        changed, self._seen = seen != self._seen, seen
        return changed

    def _is_recorded(self, lane: Lane, followed: Followed | None) -> bool | None:
        # A feed that grows is proof enough, and cheaper than to try the run's lock.
        grows = followed is not None and followed.grew(self._settings.runs)
        return True if grows else lane.is_recorded()

    def _read(self, lane: Lane, followed: Followed) -> None:
        progress = followed.progress
        is_new = lane.progress is not progress
        told, any_came = followed.read(self._settings.runs)
        if is_new:
            lane.usual_takt_s = self._usual_takt_s(lane, followed)
        if is_new or told:
            lane.sees(progress)
        elif any_came:
            lane.points += 1

    def _usual_takt_s(self, lane: Lane, followed: Followed) -> float | None:
        try:
            return usual_takt_s(self._settings.runs, followed.progress.begun)
        except (RigError, KeyError, TypeError) as error:
            logger.warning("lane %s: how long its runs take is not known (%s)", lane.name, error)
            return None

    def _run(self) -> None:
        give_way()
        while not self._stopping.is_set():
            try:
                changed = self.look()
            except (RigError, OSError) as error:  # a folder that is gone for a moment; the next look tells
                logger.warning("the runs cannot be looked at now (%s)", error)
                changed = False
            if changed:
                self._wake()
            self._stopping.wait(POLL_S)

    def _wake(self) -> None:
        for wake in tuple(self._listeners):
            wake()
