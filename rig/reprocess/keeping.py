"""Entering an evaluation into the record: entries under an id of its own. The run's stay as they are."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import rig
from rig.errors import RefusedToStart
from rig.records import kinds
from rig.records.run import wall_utc
from rig.records.signatures import keep_signed_head
from rig.records.store import Store
from rig.reprocess.outcome import Outcome, RunOutcome
from rig.reprocess.software import CalibrationVersion


def keep_outcome(
    outcome: Outcome, runs: Path, *, by: str, commit: str, utc_now: Callable[[], datetime] = wall_utc
) -> list[str]:
    """Enter an outcome; return the ids it stands under, one a run.

    Args:
        outcome: to keep.
        runs: folder of the records.
        by: who evaluated.
        commit: of this software.
        utc_now: tells the time of the entries.

    Raises:
        RefusedToStart: nobody is named.
        StoreError: an entry could not be kept.
    """
    if not by.strip():
        raise RefusedToStart(
            "nobody is named", do="Give --by NAME with --keep: the record says who evaluated"
        )
    software = {"version": rig.__version__, "commit": commit}
    with Store(runs) as store:
        return [
            _keep(run, outcome.calibration, store, by=by, software=software, utc_now=utc_now)
            for run in outcome.runs
        ]


def _keep(
    run: RunOutcome,
    calibration: CalibrationVersion,
    store: Store,
    *,
    by: str,
    software: dict[str, str],
    utc_now: Callable[[], datetime],
) -> str:
    at = utc_now().astimezone(UTC)
    reprocess_id = f"{kinds.REPROCESS_PREFIX}{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"

    def enter(kind: str, **body: object) -> None:
        event = store.append(reprocess_id, kind, body, utc_now())
        if kind != kinds.REPROCESS_RESULT:
            keep_signed_head(store, event)

    enter(
        kinds.REPROCESS_STARTED,
        run_id=run.run_id,
        by=by,
        verdict=run.verdict,
        software=software,
        calibration=asdict(calibration),
        configuration=run.configuration,
    )
    for movement in run.movements:
        enter(kinds.REPROCESS_RESULT, **movement.to_json())
    enter(kinds.REPROCESS_ENDED, **run.counts)
    return reprocess_id
