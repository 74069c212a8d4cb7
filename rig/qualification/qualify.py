"""The whole qualification, in its order, and what is written of it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import rig
from rig.git_commit import git_commit
from rig.qualification.check import Check, CheckVerdict
from rig.qualification.installation import installation
from rig.qualification.operation import operation
from rig.qualification.performance import performance
from rig.records.run import wall_utc
from rig.reprocess.software import calibration_in_use
from rig.station import Station

SCHEMA = "needle-rig/qualification/1"
JSON_NAME, PDF_NAME = "qualification.json", "qualification.pdf"


@dataclass(frozen=True)
class Asked:
    """What is qualified.

    Args:
        station: the station.
        runs: folder of its records.
        folder: for what is recorded meanwhile.
        quick: leave out most whole runs.
        by: who qualifies; empty where nobody is named.
    """

    station: Station
    runs: Path
    folder: Path
    quick: bool = False
    by: str = ""


@dataclass(frozen=True)
class Qualification:
    """What came of it; a quick one qualifies nothing for release, and says so."""

    about: dict[str, Any]
    at: datetime
    checks: tuple[Check, ...]

    @property
    def qualified(self) -> bool:
        """Whether no check failed, and some passed."""
        verdicts = [check.verdict for check in self.checks]
        return CheckVerdict.FAIL not in verdicts and CheckVerdict.PASS in verdicts

    def to_json(self) -> dict[str, Any]:
        """Return what ``qualification.json`` says."""
        return {
            "schema": SCHEMA,
            **self.about,
            "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "qualified": self.qualified,
            "counts": {
                verdict.value: sum(check.verdict is verdict for check in self.checks)
                for verdict in CheckVerdict
            },
            "checks": [check.to_json() for check in self.checks],
        }


def qualify_rig(asked: Asked, made: Callable[[Check], object]) -> Qualification:
    """Make every check.

    Args:
        asked: what to qualify.
        made: learns each check as it is made.
    """
    at, checks = wall_utc().replace(microsecond=0), []
    every = chain(
        installation(asked.station, asked.runs),
        operation(asked.folder / "operation", quick=asked.quick),
        performance(asked.folder / "performance", quick=asked.quick),
    )
    for check in every:
        made(check)
        checks.append(check)
    return Qualification(_about(asked), at, tuple(checks))


def write_outcome(outcome: Qualification, folder: Path) -> list[Path]:
    """Write ``qualification.json``, and ``qualification.pdf`` where typesetting is installed.

    Raises:
        OSError: a file could not be written.
    """
    from importlib.util import find_spec

    folder.mkdir(parents=True, exist_ok=True)
    told, path = outcome.to_json(), folder / JSON_NAME
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if find_spec("typst") is None:
        return [path]
    from reports.qualification import write_pdf

    write_pdf(told, folder / PDF_NAME, made_at=outcome.at)
    return [path, folder / PDF_NAME]


def _about(asked: Asked) -> dict[str, Any]:
    return {
        "station": asked.station.name,
        "by": asked.by,
        "quick": asked.quick,
        "computer": platform.node(),
        "software": {"version": rig.__version__, "commit": git_commit()},
        "calibration": asdict(calibration_in_use()),
    }
