"""Random sets of runs and filters, and the same runs as pandas has them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from reports.dashboard.filters import Filter
from reports.dashboard.index import Index
from rig.records import frames
from rig.records.store import Store
from rig.records.view import headlines
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import SETTING, MadeResult, MadeRun, begin, end

START = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
VERDICTS = ("PASS", "FAIL", "ERROR", "ABORTED", "REFUSED", "UNFINISHED")
FAULTS = ("stage: it stalled", "force_gauge: no answer", "the rim moved. Check it", "stagehand: not a role")
PENS, LOTS, PLANS = ("NP1", "NP2", "NP3", ""), ("L-1", "L-2", ""), ("eol", "station")

results = st.builds(
    MadeResult,
    characteristic=st.sampled_from(["extension.as_found", "rate.as_found", "seal.leak"]),
    value=st.floats(-5, 5).map(lambda value: round(value, 3) + 40.0),
    lower=st.sampled_from([39.0, 39.0, 39.0, None]),
    upper=st.sampled_from([41.0, 41.0, None]),
    setting=st.sampled_from([None, SETTING]),
    unit=st.sampled_from(["mm", "mm", "mm", "N"]),
    accepted=st.booleans(),
)


@st.composite
def _runs(draw: st.DrawFn) -> MadeRun:
    verdict = draw(st.sampled_from(VERDICTS))
    broke = verdict == "ERROR"
    return MadeRun(
        at=START + timedelta(hours=draw(st.integers(0, 70))),
        verdict=verdict,
        results=draw(
            st.lists(results, max_size=5, unique_by=lambda one: (one.characteristic, str(one.setting)))
        ),
        pen=draw(st.sampled_from(PENS)),
        plan=draw(st.sampled_from(PLANS)),
        station=draw(st.sampled_from(["twin-1", "line-2"])),
        product=draw(st.sampled_from(["office-pen", "compact-pen"])),
        lot=draw(st.sampled_from(LOTS)),
        takt_s=draw(st.none() | st.floats(40, 60)),
        faults=draw(st.lists(st.sampled_from(FAULTS), max_size=2)) if broke else (),
        hidden=draw(st.booleans()),
    )


runs = st.lists(_runs(), max_size=14)

filters = st.builds(
    Filter,
    pen=st.sampled_from(["", "", "", "NP1"]),
    lot=st.sampled_from(["", "", "L-1"]),
    plan=st.sampled_from(["", "eol"]),
    verdict=st.sampled_from(["", "", *VERDICTS]),
    station=st.sampled_from(["", "twin-1"]),
    product=st.sampled_from(["", "office-pen"]),
    since=st.none() | st.dates(date(2026, 11, 20), date(2026, 11, 23)),
    until=st.none() | st.dates(date(2026, 11, 20), date(2026, 11, 23)),
    hidden=st.booleans(),
)


@contextmanager
def recorded(made: list[MadeRun], batch: int | None = None, overlap: int = 2) -> Iterator[tuple[Path, Index]]:
    """Record runs, ``overlap`` of them going on at a time, and index them ``batch`` entries at a time."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with BulkRecord(folder) as record:
            for first in range(0, len(made), overlap):
                together = list(enumerate(made[first : first + overlap], first))
                begun = [(run, begin(record, run, number)) for number, run in together]
                for run, run_id in begun:
                    end(record, run, run_id)
        with Index(folder) as index:
            while index.catch_up(batch):
                pass
            yield folder, index


@dataclass(frozen=True)
class Known:
    """All runs and all results of a record, as pandas has them."""

    every_run: pd.DataFrame
    every_result: pd.DataFrame

    def runs(self, asked: Filter) -> pd.DataFrame:
        """Return the runs that a filter lets through."""
        return self.every_run[_mask(self.every_run, asked)]

    def results(self, asked: Filter) -> pd.DataFrame:
        """Return the results of those runs."""
        return self.every_result.merge(self.runs(asked)[["run_id", "day"]], on="run_id")


def known(folder: Path) -> Known:
    """Return a record as pandas has it, with what the frames do not tell."""
    frame = frames.runs(folder)
    with Store(folder, create=False) as store:
        views = {view.run_id: view for view in headlines(store)}
    frame["hidden"] = [views[run_id].hidden for run_id in frame["run_id"]]
    frame["first_fault"] = [
        views[run_id].faults[0]["message"] if views[run_id].faults else "" for run_id in frame["run_id"]
    ]
    frame["day"] = [at.date() for at in frame["started"]]
    judged = frame[frame["verdict"].isin(["PASS", "FAIL"]) & (frame["pen_serial"] != "")]
    first = judged.drop_duplicates(["pen_serial", "plan"])
    frame["first_pass"] = frame["run_id"].isin(first["run_id"])
    return Known(frame, frames.measurements(folder))


def same(found: float | None, wanted: Any) -> bool:
    """Say whether two numbers are equal but for rounding; None is what pandas has no number for."""
    if found is None:
        return bool(pd.isna(wanted))
    return math.isclose(found, float(wanted), rel_tol=1e-9, abs_tol=1e-12)


def _mask(frame: pd.DataFrame, asked: Filter) -> pd.Series[bool]:
    mask = pd.Series(True, index=frame.index)
    wanted = {
        "pen_serial": asked.pen, "lot": asked.lot, "plan": asked.plan, "verdict": asked.verdict,
        "station": asked.station, "product": asked.product,
    }  # fmt: skip
    for column, value in wanted.items():
        if value:
            mask &= frame[column] == value
    if asked.since:
        mask &= frame["day"] >= asked.since
    if asked.until:
        mask &= frame["day"] <= asked.until
    return mask if asked.hidden else mask & (frame["hidden"] == "")
