"""The ``rig`` command as a person runs it: a process of its own, its words and its exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from rig.cli import app
from rig.records.store import FILE_NAME, Store
from rig.records.view import fold, headlines

PASS, FAIL, BROKE, REFUSED = 0, 1, 2, 3
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 300.0  # for a machine that is busy with other things; nothing waits this long when all is well
TRACEBACK = re.compile(r"^ *Traceback|INTERNALERROR", re.MULTILINE)

RIG = [sys.executable, "-m", "rig"]
ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All words in one line, as a person reads them past the line breaks."""
        return " ".join(f"{self.out} {self.err}".split())


def rig(*arguments: str | Path, command: list[str] | None = None, **options: Any) -> Said:
    """Run ``rig`` with arguments to its end; no traceback may ever show."""
    done = subprocess.run(
        [*(command or RIG), *(str(argument) for argument in arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        **{"cwd": ROOT, "env": ENVIRONMENT, "timeout": PATIENCE_S, **options},
    )
    said = Said(done.returncode, done.stdout, done.stderr)
    assert not TRACEBACK.search(said.out + said.err), said
    return said


def within(*arguments: str | Path) -> Said:
    """Run ``rig`` within this process, which is quicker; what it raises, the test raises."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return Said(done.exit_code, done.stdout, done.stderr)


def run_eol(runs: Path, *arguments: str | Path) -> Said:
    """Run the end-of-line plan, recorded in ``runs``."""
    return rig("run", "eol", "--runs", runs, *arguments)


def shown(runs: Path, run: str = "last") -> dict[str, Any]:
    """Return a run as ``rig show --json`` prints it, without the price of a process."""
    with Store(runs, create=False) as store:
        return fold(store.events(store.find_run(run))).to_json()


def verdicts(runs: Path) -> list[str]:
    """Return how the runs of a folder ended; nothing where nothing was recorded."""
    if not (runs / FILE_NAME).exists():
        return []
    with Store(runs, create=False) as store:
        return [view.verdict for view in headlines(store)]


def truth(*arguments: str | Path) -> dict[str, Any]:
    """Return what ``rig truth --json`` tells. Takes over sys.stdout meanwhile, so not for a thread."""
    done = CliRunner().invoke(app, ["truth", "--json", *(str(argument) for argument in arguments)])
    assert done.exit_code == PASS, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told
