"""How far a run is, from its live feed, for who looks only once."""

from __future__ import annotations

from pathlib import Path

from rig.live.reading import feed_path, read_feed
from rig.panel.progress import Progress


def progress_of(runs: Path, run_id: str) -> Progress:
    """Return how far a run is; without any steps where it has no feed.

    Args:
        runs: folder of the records.
        run_id: which.
    """
    progress, offset = Progress(run_id), 0
    path = feed_path(runs, run_id)
    while True:
        lines, after = read_feed(path, offset)
        for line in lines:
            progress.take(line)
        if after == offset:
            return progress
        offset = after
