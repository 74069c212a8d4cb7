"""A run of the end-of-line plan on the twin, as a person starts it: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rig.errors import RigError
from rig.records.store import FILE_NAME, Store
from rig.records.view import RunView, fold

PASSED, FAILED, BROKE, REFUSED = 0, 1, 2, 3
NO_PICTURES = ("--", "-p", "no:reports.allure_listener")


@dataclass(frozen=True)
class Trial:
    """How a run ended: exit status of the command, and the last run on record."""

    status: int
    view: RunView

    @property
    def verdict(self) -> str:
        """Of the run."""
        return self.view.verdict

    def failed(self) -> set[str]:
        """Return the characteristics that were not accepted."""
        return {str(m["characteristic"]) for m in self.view.measurements if not m["accepted"]}


def run_eol(runs: Path, *arguments: str) -> Trial:
    """Run the end-of-line plan on the twin, recorded in ``runs``.

    Raises:
        RigError: nothing was recorded.
    """
    command = [sys.executable, "-m", "rig", "run", "eol", "--runs", str(runs), *arguments, *NO_PICTURES]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if not (runs / FILE_NAME).is_file():
        raise RigError(f"nothing was recorded: {(done.stderr or done.stdout).strip()}")
    with Store(runs, create=False) as store:
        return Trial(done.returncode, fold(store.events(store.find_run("last"))))
