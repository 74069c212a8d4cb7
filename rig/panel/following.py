"""Following the feeds of runs on the stations of a panel, and of no others."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rig.live.reading import feed_path, feeds, read_feed
from rig.panel.progress import Progress

FIRST_LINE = 1 << 20
"""The line that a feed begins with is shorter than this, however many steps a plan has."""


@dataclass
class Followed:
    """A run that is followed: how far it is, how far its feed was read, and how long that was last."""

    progress: Progress
    offset: int = 0
    size: int = 0

    def grew(self, runs: Path) -> bool:
        """Say whether the feed is longer than when this was asked last."""
        before = self.size
        with contextlib.suppress(OSError):
            self.size = feed_path(runs, self.progress.run_id).stat().st_size
        return self.size > before

    def read(self, runs: Path) -> tuple[bool, bool]:
        """Read on; say whether anything but the plot changed, and whether anything came at all."""
        lines, self.offset = read_feed(feed_path(runs, self.progress.run_id), self.offset)
        changed = [self.progress.take(line) for line in lines]
        return any(changed), bool(changed)


class Following:
    """Finds the latest run of each station.

    A feed is opened once to see whose it is. One that is not a later run of one of ``stations`` is never
    opened again, so that a day's runs cost nothing.

    Args:
        runs: folder of the records.
        stations: those of the panel.
    """

    def __init__(self, runs: Path, stations: Collection[str]) -> None:
        self._runs, self._stations = runs, stations
        self._passed_over: set[str] = set()
        self._latest: dict[str, Followed] = {}

    def latest(self) -> dict[str, Followed]:
        """Look for new feeds, and return the latest run of each station that has one, by its name."""
        there = feeds(self._runs)
        self._passed_over.intersection_update(there)
        known = {followed.progress.run_id for followed in self._latest.values()}
        for run_id in there:
            if run_id not in self._passed_over and run_id not in known:
                self._meet(run_id)
        return dict(self._latest)

    def _meet(self, run_id: str) -> None:
        progress = Progress(run_id)
        if not progress.take(_first_line(feed_path(self._runs, run_id))):
            return  # it has not said yet whose it is
        before = self._latest.get(progress.station)
        if progress.station not in self._stations or (
            before is not None and before.progress.order >= progress.order
        ):
            self._passed_over.add(run_id)
        else:
            self._latest[progress.station] = Followed(progress)
            if before is not None:
                self._passed_over.add(before.progress.run_id)


def _first_line(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            line = json.loads(file.readline(FIRST_LINE))
    except (OSError, ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) and line.get("kind") == "begins" else {}
