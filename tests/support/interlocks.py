"""A station that must be checked each day: what was checked when, and whether a run may begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rig.interlocks import Override, check_interlocks
from rig.records.stations import StationLog
from rig.records.store import Store
from rig.station import Station, load_station

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = [{"name": "step.height", "value": 0.0001, "unit": "mm", "U": 0.001, "verdict": "PASS"}]
NONE = Override()


def station(*overrides: str) -> Station:
    """Return a station that wants a check a day."""
    return load_station("twin", ("interlock.check_every_h=24", *overrides))


def begins(
    runs: Path, override: Override = NONE, *, at: Station | None = None, is_check: bool = False
) -> dict[str, str]:
    """Begin a run at noon, as far as interlocks go; return what was overridden."""
    return check_interlocks(at or station(), runs, override=override, is_check=is_check, now=NOW)


def checked(runs: Path, verdict: str = "PASS", *, hours_ago: float = 1.0) -> None:
    """Record a check as a run makes it."""
    made = NOW - timedelta(hours=hours_ago)
    with Store(runs) as store:
        run_id = f"check-{hours_ago:g}"
        store.append(run_id, "run.started", {"plan": "station", "station": "twin-1"}, made)
        StationLog(store, "twin-1", lambda: made).check(run_id, verdict, GOOD)
