"""What came of evaluating runs again, whole: by which software, and what moved in each run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from rig.reprocess.moved import Movement, counts, movement
from rig.reprocess.software import CalibrationVersion
from rig.reprocess.worker import Evaluated, RunAgain

SCHEMA = "needle-rig/reprocess/1"


@dataclass(frozen=True)
class RunOutcome:
    """What moved in a run; see :class:`~rig.reprocess.worker.RunAgain` for the rest."""

    run_id: str
    verdict: str
    software: dict[str, str | None]
    configuration: str
    movements: tuple[Movement, ...]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many results there are of each status."""
        return counts(self.movements)

    @property
    def has_moved(self) -> bool:
        """Whether the record and today disagree in anything."""
        return any(m.status.has_moved for m in self.movements)


@dataclass(frozen=True)
class Outcome:
    """Runs evaluated again, by which calibration, and when (UTC)."""

    calibration: CalibrationVersion
    at: str
    runs: tuple[RunOutcome, ...]

    @property
    def has_moved(self) -> bool:
        """Whether anything moved in any run."""
        return any(run.has_moved for run in self.runs)

    def to_json(self) -> dict[str, Any]:
        """Return what ``rig reprocess --json`` prints."""
        return {
            "schema": SCHEMA,
            "at": self.at,
            "calibration": asdict(self.calibration),
            "moved": self.has_moved,
            "runs": [
                {
                    "run_id": run.run_id,
                    "verdict": run.verdict,
                    "software": run.software,
                    "configuration": run.configuration,
                    "counts": run.counts,
                    "results": [m.to_json() for m in run.movements],
                }
                for run in self.runs
            ],
        }


def outcome_of(evaluated: Evaluated) -> Outcome:
    """Compare everything that was evaluated again with its record."""
    runs = tuple(_compared(run) for run in evaluated.runs)
    return Outcome(evaluated.calibration, evaluated.at, runs)


def _compared(run: RunAgain) -> RunOutcome:
    movements = tuple(movement(again) for again in run.results)
    return RunOutcome(run.run_id, run.verdict, run.software, run.configuration, movements)
