"""How long a run takes, as the runs before it did."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rig.errors import RigError
from rig.records import kinds
from rig.records.store import FILE_NAME, Store

LAST = 20


def usual_takt_s(runs: Path, begun: Mapping[str, Any]) -> float | None:
    """Return the median takt of the last runs of a plan that came to a verdict; None where there are none.

    Args:
        runs: folder of the records.
        begun: ``plan`` of the run that shall be compared.
    """
    if not (runs / FILE_NAME).exists():
        return None
    try:
        with Store(runs, create=False) as store:
            latest = store.head()[0]
            ends = store.events(kinds=(kinds.STARTED, kinds.ENDED), after=max(latest - LAST * 200, 0))
    except RigError:
        return None
    plans = {event.run_id: event.body["plan"] for event in ends if event.kind == kinds.STARTED}
    takts = [
        event.body["takt_s"]
        for event in ends
        if event.kind == kinds.ENDED
        and event.body["verdict"] in (kinds.PASS, kinds.FAIL)
        and event.body["takt_s"] is not None
        and plans.get(event.run_id) == begun.get("plan")
    ]
    return statistics.median(takts[-LAST:]) if takts else None
