"""What the record says of a run whose feed was cut off: it may have been closed since, by ``rig recover``."""

from __future__ import annotations

from pathlib import Path

from rig.errors import RigError
from rig.records import kinds
from rig.records.store import FILE_NAME, Store


def end_in_record(runs: Path, run_id: str) -> tuple[str, list[str], str] | None:
    """Return verdict, reasons and time (UTC text) of a run's end; None where it has none.

    Args:
        runs: folder of the records.
        run_id: which run.
    """
    if not (runs / FILE_NAME).exists():
        return None
    try:
        with Store(runs, create=False) as store:
            ends = store.events(run_id, kinds=(kinds.ENDED,))
    except RigError:  # asked again at the next look
        return None
    if not ends:
        return None
    end = ends[-1]
    return str(end.body["verdict"]), list(end.body["reasons"]), end.at
