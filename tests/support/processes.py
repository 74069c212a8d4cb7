"""Which processes a command has started, and whether they are gone: on Linux only."""

from __future__ import annotations

import contextlib
import os
import select
from pathlib import Path

from tests.support.command import ENVIRONMENT, PATIENCE_S

LINUX = hasattr(os, "pidfd_open")
NAME = "STARTED_BY"


def marked(mark: str) -> dict[str, str]:
    """Return the environment for a command whose processes are to be found by ``mark``."""
    return {**ENVIRONMENT, NAME: mark}


def started_by(mark: str, *, but: int = 0) -> list[int]:
    """Return a descriptor for each process with ``mark`` in its environment; give them to :func:`ends`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if int(folder.name) != but and f"{NAME}={mark}\0".encode() in (folder / "environ").read_bytes():
                found.append(os.pidfd_open(int(folder.name)))
    return found


def ends(process: int) -> bool:
    """Wait until a process has ended; False when it does not."""
    ended, _, _ = select.select([process], [], [], PATIENCE_S)
    os.close(process)
    return bool(ended)
