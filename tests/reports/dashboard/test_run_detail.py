"""One run in full: its traces thinned, its wire log cut, what concerns it; and runs side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.dashboard import figures
from reports.dashboard.recorded_files import LONGEST_LOG
from reports.dashboard.thinning import thin
from rig.errors import StoreError
from rig.records import kinds
from rig.records.audit import AuditLog
from rig.records.store import Store
from rig.records.trace import Trace
from tests.support.bulk_records import BulkRecord
from tests.support.evidence import AT, begin, measure_all, record, run_id_of
from tests.support.made_runs import MadeResult, MadeRun, make


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that passed, one that broke, and one without an end."""
    folder = tmp_path_factory.mktemp("runs")
    with Store(folder) as store:
        whole = begin(store, 1, lot="L-1")
        measure_all(whole)
        whole.ended("PASS", takt_s=45.0, wall_s=5.0)
        broken = begin(store, 2)
        long = Trace("long", {"time_s": np.arange(9000.0), "force_n": np.sin(np.arange(9000.0))})
        broken.note("a long one", trace=broken.trace(long))
        broken.fault("test_as_found", "stage: it stalled")
        broken.wire_log(f"{number:06d} stage <- 2F 31" for number in range(9000))
        broken.ended("ERROR", takt_s=None, wall_s=5.0, reasons=["stage: it stalled"])
        record(begin(store, 3), "seal.leak", 1e-6, unit="Pa·m³/s", upper=2e-4)
        AuditLog(store).hide(run_id_of(1), by="keller", reason="a trial")
        check = {"run_id": "the-check", "verdict": "FAIL", "results": [], "suspects": [run_id_of(1)]}
        store.append("station:twin-1", kinds.STATION_CHECK, check, AT)
        override = {"run_id": run_id_of(2), "interlocks": {"check overdue": "said"}, "by": "x", "reason": "y"}
        store.append("station:twin-1", kinds.STATION_OVERRIDE, override, AT)
    return folder


def test_a_run_in_full(runs: Path) -> None:
    found = figures.run_detail(runs, run_id_of(1))
    json.dumps(found, allow_nan=False)
    assert (found["verdict"], found["pen_serial"], found["lot"]) == ("PASS", "NP000001", "L-1")
    assert len(found["measurements"]) == 33
    as_found = next(one for one in found["measurements"] if one["characteristic"] == "extension.as_found")
    assert {"lower", "upper", "U", "budget", "accepted", "trace"} <= set(as_found)
    assert found["calibration"]["before_crc"] == 0x1234ABCD
    assert found["wire_log"] is None
    assert [(line["by"], line["new"]) for line in found["audit"]] == [("keller", "hidden"), ("", "FAIL")]
    assert found["suspected_by"] == ["the-check"]
    names = {trace["name"] for trace in found["traces"]}
    assert {"squeeze", "insertion", "strokes-0.25-mm-5000-min"} <= names


def test_a_run_that_broke_shows_its_faults_and_the_end_of_its_wire_log(runs: Path) -> None:
    found = figures.run_detail(runs, run_id_of(2))
    assert found["faults"] == [{"where": "test_as_found", "message": "stage: it stalled"}]
    log = found["wire_log"]
    assert (log["bytes"], log["cut"], log["problem"]) == (22 * 9000, True, "")
    assert log["text"].endswith("008999 stage <- 2F 31\n")
    assert log["text"][6:7] == " "  # it begins with a whole line
    assert len(log["text"]) <= LONGEST_LOG
    assert [(line["what"], line["new"]) for line in found["audit"]] == [
        ("station twin-1: check overdue", "overridden")
    ]


def test_a_run_without_an_end(runs: Path) -> None:
    found = figures.run_detail(runs, run_id_of(3))
    json.dumps(found, allow_nan=False)
    assert (found["verdict"], found["ended"], found["traces"]) == ("UNFINISHED", None, [])


def test_a_wire_log_that_was_changed_or_lies_elsewhere_says_so(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not for anyone", encoding="utf-8")
    runs = tmp_path / "runs"
    with Store(runs) as store:
        changed = begin(store, 1)
        changed.wire_log(["one", "two"])
        outside = begin(store, 2)
        store.append(run_id_of(2), kinds.WIRE_LOG, {"path": "../secret.txt", "sha256": "0" * 64}, AT)
        store.append(
            run_id_of(2), kinds.NOTE, {"text": "x", "trace": {"path": "../x.parquet", "sha256": ""}}, AT
        )
        gone = begin(store, 3)
        store.append(gone.run_id, kinds.WIRE_LOG, {"path": "gone.log", "sha256": "0" * 64}, AT)
    next(runs.glob("*/wire*.log")).write_text("three\n", encoding="utf-8")
    found = [figures.run_detail(runs, one.run_id)["wire_log"] for one in (changed, outside, gone)]
    assert found[0]["problem"] == "it is not the file that was recorded"
    assert "outside the folder" in found[1]["problem"]
    assert "cannot be read" in found[2]["problem"]
    assert [log["text"] for log in found[1:]] == ["", ""]
    with pytest.raises(StoreError, match="outside the folder"):
        figures.trace_columns(runs, run_id_of(2), "x")


@pytest.mark.parametrize("name", ["no-such-run", "station:twin-1", "audit", "", "last"])
def test_no_such_run(runs: Path, name: str) -> None:
    with pytest.raises(StoreError, match="no run"):
        figures.run_detail(runs, name)
    with pytest.raises(StoreError, match="no run"):
        figures.compare(runs, [run_id_of(1), name])


def test_a_short_trace_is_shown_whole_and_by_either_name(runs: Path) -> None:
    found = figures.trace_columns(runs, run_id_of(1), "squeeze")
    assert (found["rows"], found["shown"], list(found["columns"])) == (170, 170, ["time_s", "force_n"])
    assert figures.trace_columns(runs, run_id_of(1), "seal.leak") == found
    with pytest.raises(StoreError, match="has no trace 'x', expected one of its traces: squeeze"):
        figures.trace_columns(runs, run_id_of(1), "x")


def test_a_long_trace_is_thinned_and_keeps_its_peaks(runs: Path) -> None:
    found = figures.trace_columns(runs, run_id_of(2), "long", points=200)
    force = found["columns"]["force_n"]
    assert found["rows"] == 9000
    assert found["shown"] == len(force) <= 202
    whole = np.sin(np.arange(9000.0))
    assert (min(force), max(force)) == (whole.min(), whole.max())


numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=300)


@given(numbers, st.integers(0, 40))
def test_thinned_rows_are_rows_that_were_measured(values: list[float], points: int) -> None:
    columns = {"x": np.arange(len(values), dtype=float), "y": np.array(values)}
    found = thin(columns, points)
    json.dumps(found, allow_nan=False)
    places = [int(x) for x in found["x"] if x is not None]
    assert places == sorted(set(places))
    assert {0, len(values) - 1} <= set(places)
    assert len(places) <= max(points, 4) + 2 or len(places) == len(values)
    finite = [value for value in values if np.isfinite(value)]
    shown = [value for value in found["y"] if value is not None]
    if finite:
        assert (min(shown), max(shown)) == (min(finite), max(finite))


def test_runs_side_by_side(tmp_path: Path) -> None:
    def run(number: int, *results: MadeResult) -> MadeRun:
        return MadeRun(AT + timedelta(minutes=number), results=results)

    with BulkRecord(tmp_path) as out:
        ids = make(out, [
            run(0, MadeResult("a", 0.500, U=0.003), MadeResult("b", 1.0)),
            run(1, MadeResult("a", 0.504, U=0.004), MadeResult("c", 2.0)),
            run(2, MadeResult("a", 0.506, U=0.004), MadeResult("b", 1.0, unit="N")),
        ])  # fmt: skip
    found = figures.compare(tmp_path, [*ids, ids[0]])
    json.dumps(asdict(found), allow_nan=False)
    assert [one.run_id for one in found.runs] == ids
    rows = {(row.name, row.unit): row for row in found.rows}
    first, near, far = rows["a", "mm"].results
    assert first is not None
    assert near is not None
    assert far is not None
    assert (first.difference, first.differs) == (None, False)
    assert (near.difference, near.U_difference, near.differs) == (
        pytest.approx(0.004),
        pytest.approx(0.005),
        False,
    )
    assert far.differs
    assert rows["a", "mm"].differs
    assert [result is None for result in rows["c", "mm"].results] == [True, False, True]
    assert [result is None for result in rows["b", "N"].results] == [True, True, False]
    assert not rows["b", "mm"].differs


def test_nothing_to_compare(tmp_path: Path) -> None:
    with BulkRecord(tmp_path) as out:
        ids = make(out, [MadeRun(AT)])
    assert figures.compare(tmp_path, ids).rows == ()
    assert figures.compare(tmp_path, []).runs == ()
