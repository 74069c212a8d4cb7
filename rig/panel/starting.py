"""Starting a run: a command in a process of its own, which outlives this one."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.errors import RefusedToStart
from rig.panel.settings import LaneSettings, PanelSettings
from rig.people.sign_in import SignedIn
from rig.people.tickets import issue_ticket

FOLDER = Path(".live") / "starts"
KEPT_S = 86_400.0
LAST_WORDS = 4000
REFUSED = 3

# A run that has its verdict may still draw: its process is waited for by whoever starts the next one.
_going_on: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Order:
    """What shall be run: a pen with its tip, of a product, through a plan."""

    pen: str
    tip_lot: str
    product: str
    plan: str
    lot: str = ""


class Start:
    """A run that was started from here: what was ordered, its process, and what that said."""

    def __init__(self, order: Order, process: subprocess.Popen[bytes], words: Path) -> None:
        self.order, self._process, self._words = order, process, words

    @property
    def pid(self) -> int:
        """The process that will record the run."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    @property
    def was_refused(self) -> bool:
        """Whether it ended without beginning."""
        return self._process.poll() == REFUSED

    def why(self) -> str:
        """Return why it did not begin, in the command's own words."""
        try:
            said = self._words.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:]
        except OSError:
            said = ""
        lines = [line for line in said.splitlines() if line.strip()]
        return re.sub(r"(?i)^refused: ", "", "\n".join(lines[-6:])) or "the run did not begin"


def start(settings: PanelSettings, lane: LaneSettings, order: Order, person: SignedIn) -> Start:
    """Start a run of an order on a lane as a person, without ever holding a password.

    Raises:
        RefusedToStart: no process could be started.
        StoreError: no ticket could be issued.
    """
    ticket = issue_ticket(settings.runs, person, f"running plan {order.plan}")
    _going_on[:] = [one for one in _going_on if one.poll() is None]
    try:
        words = _words(settings.runs, lane.name)
        with words.open("wb") as out:
            process = subprocess.Popen(
                command(settings, lane, order),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the panel's terminal is none of the run's business
            )
            _going_on.append(process)
            assert process.stdin is not None
            process.stdin.write(f"{ticket}\n".encode())
            process.stdin.close()
    except OSError as error:
        raise RefusedToStart(f"no run could be started ({error})", do="Try again") from error
    return Start(order, process, words)


def command(settings: PanelSettings, lane: LaneSettings, order: Order) -> Sequence[str]:
    """Return the command line of a run; nothing in it is secret."""
    options = [
        f"--station={lane.station}",
        f"--product={order.product}",
        f"--pen={order.pen}",
        f"--runs={settings.runs}",
        *([f"--tip-lot={order.tip_lot}"] if order.tip_lot else []),
        *([f"--lot={order.lot}"] if order.lot else []),
        "--ticket-stdin",
        *settings.options,
    ]
    return [sys.executable, "-m", "rig", "run", order.plan, *options]


def _words(runs: Path, lane: str) -> Path:
    """Return a new file for what a command says; files of earlier days are removed."""
    folder = runs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.txt"):
        if time.time() - old.stat().st_mtime > KEPT_S:
            old.unlink(missing_ok=True)
    safe = re.sub(r"[^A-Za-z0-9-]", "_", lane)
    return folder / f"{time.time_ns()}-{safe}.txt"
