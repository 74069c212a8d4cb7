"""Runs that were never measured, as data, and their entries: for tests of what counts many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rig.records import kinds
from tests.support.bulk_records import BulkRecord

MEASURED: dict[str, Any] = {
    "u": 0.001, "dof": None, "k": 2.0, "rule": "simple acceptance", "requirements": [], "trace": None,
    "p_conform": 1.0, "as_read": None, "equation": "", "method": "", "tur": None, "remark": "",
    "recipe": None, "test": "test_it", "budget": [{"name": "fit", "u": 0.001, "dof": 5.0}],
}  # fmt: skip
STAGE = {"maker": "Zaber", "model": "X-LSM", "serial": "12345", "firmware": "7.38"}
CERTIFICATE = {"number": "CAL-1", "issuer": "a laboratory", "date": "2026-01-05", "due": "2027-01-05"}
SETTING = {"depth_mm": 0.25, "rate_per_min": 5000.0}


@dataclass(frozen=True)
class MadeResult:
    """A result and its limits, in ``unit``."""

    characteristic: str
    value: float
    lower: float | None = None
    upper: float | None = 1.0
    setting: dict[str, float] | None = None
    unit: str = "mm"
    U: float = 0.002
    accepted: bool = True

    def body(self) -> dict[str, Any]:
        """Return the entry of the measurement."""
        at = "" if self.setting is None else f" [{self.setting['depth_mm']:.2f} mm]"
        told = {**MEASURED, **vars(self), "name": f"{self.characteristic}{at}"}
        return {**told, "verdict": kinds.PASS if self.accepted else kinds.FAIL}


@dataclass(frozen=True)
class MadeRun:
    """A run; ``verdict`` UNFINISHED for one that never ends, ``hidden`` for one that somebody hides then."""

    at: datetime
    verdict: str = kinds.PASS
    results: Sequence[MadeResult] = ()
    pen: str = "NP000001"
    plan: str = "eol"
    station: str = "twin-1"
    product: str = "office-pen"
    lot: str = ""
    takt_s: float | None = 45.0
    faults: Sequence[str] = ()
    hidden: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def run_id_of(run: MadeRun, number: int) -> str:
    """Return an id that no other run has."""
    return f"{run.at:%Y%m%dT%H%M%SZ}-{run.pen or 'none'}-{number:04x}"


def begin(record: BulkRecord, run: MadeRun, number: int) -> str:
    """Write all of a run but its end; return its id."""
    run_id = run_id_of(run, number)
    started = {
        "run_id": run_id, "plan": run.plan, "pen_serial": run.pen, "station": run.station,
        "product": run.product, "software": {"version": "0.1.0", "commit": "abc1234"}, "seed": 7,
        "options": {}, "lot": run.lot, "operator": {"name": "keller", "full_name": "A. Keller"},
        "environment": {}, **run.more,
    }  # fmt: skip
    record.append(run_id, kinds.STARTED, started, run.at)
    stage = {"role": "stage", "identity": STAGE, "certificate": CERTIFICATE}
    record.append(run_id, kinds.INSTRUMENT, stage, run.at)
    for result in run.results:
        record.append(run_id, kinds.MEASUREMENT, result.body(), run.at)
    for message in run.faults:
        record.append(run_id, kinds.FAULT, {"where": "test_it", "message": message}, run.at)
    return run_id


def end(record: BulkRecord, run: MadeRun, run_id: str) -> None:
    """Write the end of a run, and that it was hidden."""
    later = run.at + timedelta(seconds=60)
    if run.verdict != kinds.UNFINISHED:
        failed = [f"{one.characteristic}: FAIL" for one in run.results if not one.accepted]
        reasons = [*run.faults, *failed]
        ended = {"verdict": run.verdict, "takt_s": run.takt_s, "wall_s": 5.0, "reasons": reasons}
        record.append(run_id, kinds.ENDED, ended, later)
        if run.hidden:
            hidden = {
                "what": run_id,
                "by": "keller",
                "reason": "a trial",
                "before": "shown",
                "after": "hidden",
            }
            record.append(run_id, kinds.AUDIT_HIDDEN, hidden, later)


def make(record: BulkRecord, runs: Sequence[MadeRun], first: int = 1) -> list[str]:
    """Write runs one after the other; return their ids."""
    made = []
    for number, run in enumerate(runs, first):
        made.append(begin(record, run, number))
        end(record, run, made[-1])
    return made
