"""The record as pandas tables."""

import math
from pathlib import Path

import pytest

from rig.errors import StoreError
from rig.records import frames
from rig.records.store import Store
from tests.support.records import RUN_ID, begin_run, complete_run, extension_trace

SECOND = "20261122T104000Z-NP000002-0001"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with Store(tmp_path) as store:
        complete_run(store)
        begin_run(store, SECOND).note("datum", trace=None)
    return tmp_path


def test_runs_has_a_row_a_run(runs: Path) -> None:
    frame = frames.runs(runs)
    assert list(frame["run_id"]) == [RUN_ID, SECOND]
    assert list(frame["verdict"]) == ["PASS", "UNFINISHED"]
    assert frame["takt_s"][0] == 43.2
    assert math.isnan(frame["takt_s"][1])
    assert frame["started"][0].isoformat() == "2026-11-22T10:30:00+00:00"
    assert frame["ended"].isna().tolist() == [False, True]
    assert list(frame["version"]) == ["0.1.0", "0.1.0"]


def test_measurements_is_tidy(runs: Path) -> None:
    frame = frames.measurements(runs)
    assert list(frame["characteristic"]) == ["tip.present", "extension.as_found"]
    present, extension = frame.iloc[0], frame.iloc[1]
    assert (extension["depth_mm"], extension["rate_per_min"]) == (0.25, 5000.0)
    assert (extension["value"], extension["U"], extension["dof"]) == (0.25137, 0.0042, math.inf)
    assert (extension["run_id"], extension["verdict"], extension["run_verdict"]) == (RUN_ID, "PASS", "PASS")
    assert extension["trace_path"].endswith(".parquet")
    assert math.isnan(present["depth_mm"])
    assert (extension["p_conform"], extension["tur"], present["tur"]) == (0.9999, 35.7, math.inf)
    assert (bool(extension["accepted"]), extension["remark"]) == (True, "")
    assert frame[frames.NUMBERS].dtypes.eq("float64").all()


def test_runs_are_chosen_by_name_or_list_and_none_keeps_the_columns(runs: Path) -> None:
    assert len(frames.measurements(runs, RUN_ID[:14])) == 2
    assert len(frames.measurements(runs, [RUN_ID, SECOND])) == 2
    empty = frames.measurements(runs, "last")
    assert empty.empty
    assert list(empty.columns) == frames.MEASUREMENT_COLUMNS
    with pytest.raises(StoreError, match="no run 'zzz'"):
        frames.measurements(runs, "zzz")


def test_an_open_store_serves_as_well_and_stays_open(runs: Path) -> None:
    with Store(runs, create=False) as store:
        assert len(frames.runs(store)) == len(frames.runs(store)) == 2


def test_events_has_a_row_an_entry(runs: Path) -> None:
    frame = frames.events(runs, RUN_ID)
    assert list(frame["seq"]) == [1, 2, 3, 4, 5, 6]
    assert frame["kind"][0] == "run.started"
    assert frame["body"][0]["pen_serial"] == "NP000001"
    assert len(frames.events(runs)) == 9


@pytest.mark.parametrize("name", [None, extension_trace().name, "extension.as_found 0.25 mm @ 5000 /min"])
def test_traces_come_by_their_name_or_their_measurement_s(runs: Path, name: str | None) -> None:
    frame = frames.traces(runs, RUN_ID, name)
    assert list(frame.columns) == ["trace", "gap_mm", "duty"]
    assert frame["gap_mm"].tolist() == [0.3, 0.2, 0.1]
    assert frame["duty"].isna().tolist() == [False, True, False]


def test_a_trace_of_a_note_is_found_too(runs: Path) -> None:
    with Store(runs) as store:
        recorder = begin_run(store, "20261122T105000Z-NP000003-0001")
        recorder.note("rim datum", trace=recorder.trace(extension_trace("rim datum")))
    assert set(frames.traces(runs, "last")["trace"]) == {"rim datum"}


def test_a_trace_that_was_changed_is_refused(runs: Path) -> None:
    path = runs / frames.measurements(runs, RUN_ID)["trace_path"][1]
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StoreError, match="not the one that was recorded"):
        frames.traces(runs, RUN_ID)


def test_no_such_trace_is_an_error(runs: Path) -> None:
    with pytest.raises(StoreError, match="has no trace 'x'"):
        frames.traces(runs, RUN_ID, "x")
    with pytest.raises(StoreError, match="has no trace"):
        frames.traces(runs, SECOND)


def test_no_store_is_an_error(tmp_path: Path) -> None:
    for read in (frames.runs, frames.measurements, frames.events):
        with pytest.raises(StoreError, match="no runs are recorded"):
            read(tmp_path)
