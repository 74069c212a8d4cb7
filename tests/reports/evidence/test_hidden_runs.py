"""A hidden run is left out of the report on its lot, and the report says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.evidence.front_page import front_page
from reports.evidence.results import results_of
from reports.evidence.subject import lot_subject, run_subject
from rig.records.audit import AuditLog
from rig.records.run import RunRecorder
from rig.records.store import Store
from tests.support.records import AT, measure, record_presence

SEEN, HIDDEN = "20261122T103000Z-NP000001-aaaa", "20261122T104000Z-NP000002-bbbb"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with Store(tmp_path) as store:
        for run_id in (SEEN, HIDDEN):
            recorder = RunRecorder(store, run_id, lambda: AT)
            software = {"version": "0.1.0", "commit": "abc1234"}
            serial = run_id.split("-")[1]
            recorder.started(
                plan="eol", pen_serial=serial, station="s", product="p", software=software, lot="L-7"
            )
            record_presence(recorder)
            measure(recorder)
            recorder.ended("PASS", takt_s=1.0, wall_s=1.0)
        AuditLog(store).hide(HIDDEN, by="A. Keller", reason="wrong pen in the nest")
    return tmp_path


def test_a_lot_goes_without_its_hidden_runs_and_says_so(runs: Path) -> None:
    results = results_of(lot_subject(runs, "L-7"))
    assert [run["id"] for run in results["runs"]] == [SEEN]
    [deviation] = front_page(results)["deviations"]
    for told in (HIDDEN[:20], "A. Keller", "wrong pen in the nest"):
        assert told in deviation


def test_a_hidden_run_that_is_asked_for_says_that_it_is_hidden(runs: Path) -> None:
    [deviation] = front_page(results_of(run_subject(runs, [HIDDEN])))["deviations"]
    assert "wrong pen in the nest" in deviation
    assert front_page(results_of(run_subject(runs, [SEEN])))["deviations"] == []
