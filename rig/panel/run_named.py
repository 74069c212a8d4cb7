"""The run that an address names, and what becomes of an address that names none."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import HTTPException, Path

from reports.dashboard.figures import run_detail
from rig.records.kinds import STARTED, is_run
from rig.records.store import FILE_NAME, Store

PATTERN = r"^[A-Za-z0-9._-]+$"
LONGEST = 100

RunId = Annotated[str, Path(max_length=LONGEST, pattern=PATTERN)]


def detail(runs: FilePath, run_id: str) -> dict[str, Any]:
    """Return all that is known of a run; raises HTTPException 404 where there is none of that id."""
    check_known(runs, run_id)
    return run_detail(runs, run_id)


def check_known(runs: FilePath, run_id: str) -> None:
    """Refuse what is no run; raises HTTPException 404."""
    if (runs / FILE_NAME).exists() and is_run(run_id):
        with Store(runs, create=False) as store:
            if store.events(run_id, kinds=(STARTED,)):
                return
    raise HTTPException(404, f"there is no run {run_id!r}")
