"""A process that records a run until it is asked to stop.

``python -m tests.support.stoppable_run RUNS ID STATION`` says ``recording`` once it can be stopped, and
ends as a run does: with its verdict in its feed.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.support.panel_line import ShownRun


def main() -> None:
    """Record, and end as ABORTED when told to."""
    runs, run_id, station = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with ShownRun(Path(runs), run_id, station) as run:
        run.step(0)
        print("recording", flush=True)
        signal.sigwait({signal.SIGTERM})
        run.ends("ABORTED", "stopped by the operator")


if __name__ == "__main__":
    main()
