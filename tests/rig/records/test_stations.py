"""The station's own entries: stops and resets, checks, overrides, runs in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.errors import RefusedToStart
from rig.records.stations import StationLog, suspect_runs
from rig.records.store import Store
from rig.records.view import headlines
from tests.support.records import RUN_ID, begin_run


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def test_a_stop_holds_until_a_named_person_resets_it(store: Store) -> None:
    log = StationLog(store, "bench-1")
    assert log.must_be_reset() is None
    log.stopped("emergency stop pressed", run_id=RUN_ID)
    log.stopped("emergency stop pressed again")
    assert StationLog(store, "bench-1").must_be_reset() == "emergency stop pressed again"
    log.reset("A. Keller", "hand was caught in a cable; nothing bent")
    assert log.must_be_reset() is None


def test_stations_do_not_share_their_stops(store: Store) -> None:
    StationLog(store, "bench-1").stopped("emergency stop pressed")
    assert StationLog(store, "bench-2").must_be_reset() is None


@pytest.mark.parametrize(("by", "reason"), [("", "all well"), ("A. Keller", "  ")])
def test_a_reset_without_a_person_or_a_reason_is_refused(store: Store, by: str, reason: str) -> None:
    log = StationLog(store, "bench-1")
    log.stopped("emergency stop pressed")
    with pytest.raises(RefusedToStart, match="the name of a person, and a reason"):
        log.reset(by, reason)
    assert log.must_be_reset() is not None


def test_what_is_not_stopped_cannot_be_reset(store: Store) -> None:
    with pytest.raises(RefusedToStart, match="is not stopped"):
        StationLog(store, "bench-1").reset("A. Keller", "to be sure")


def test_the_last_good_check_is_told_from_the_last(store: Store) -> None:
    log = StationLog(store, "bench-1")
    assert log.last_check() is None
    assert log.last_good_check() is None
    for run_id, verdict in (("a", "PASS"), ("b", "PASS"), ("c", "FAIL")):
        log.check(run_id, verdict, [{"name": "step.height", "value": 0.0, "unit": "mm", "U": 0.001}])
    last, good = log.last_check(), log.last_good_check()
    assert last is not None
    assert good is not None
    assert (last.body["run_id"], good.body["run_id"]) == ("c", "b")


def test_runs_in_doubt_stay_so_after_a_good_check(store: Store) -> None:
    log = StationLog(store, "bench-1")
    log.check("check-1", "FAIL", [], suspects=["run-1", "run-2"])
    log.check("check-2", "FAIL", [], suspects=["run-2"])
    log.check("check-3", "PASS", [])
    assert suspect_runs(store) == {"run-1": ["check-1"], "run-2": ["check-1", "check-2"]}


def test_a_station_s_entries_are_no_run(store: Store) -> None:
    begin_run(store)
    StationLog(store, "bench-1").stopped("emergency stop pressed")
    assert store.run_ids() == [RUN_ID]
    assert store.find_run("last") == RUN_ID
    assert [view.run_id for view in headlines(store)] == [RUN_ID]
    assert store.verify() is None
