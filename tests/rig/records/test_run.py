"""A run reads back as it was recorded, whole or cut off, and cannot claim a pass it did not earn."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rig.errors import StoreError
from rig.records.event import Event
from rig.records.run import RunRecorder, new_run_id
from rig.records.store import Store
from rig.records.view import JSON_KEYS, fold, headlines, is_accepted
from tests.support.records import AT, RUN_ID, begin_run, complete_run, measure, record_presence


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def test_run_ids_sort_by_time_and_differ() -> None:
    later = datetime(2026, 11, 22, 10, 30, 1, tzinfo=UTC)
    first, second = new_run_id("NP000001", AT), new_run_id("NP000001", later)
    assert first.startswith("20261122T103000Z-NP000001-")
    assert len(first) == len(RUN_ID)
    assert first < second
    assert len({new_run_id("NP000001", AT) for _ in range(20)}) > 15
    assert "/" not in new_run_id("../x", AT)


def test_a_whole_run_reads_back(store: Store) -> None:
    complete_run(store)
    view = fold(store.events(RUN_ID))
    told = view.to_json()
    assert tuple(told) == JSON_KEYS
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["run_id"], told["plan"], told["pen_serial"]) == (RUN_ID, "eol", "NP000001")
    assert (told["verdict"], told["takt_s"], told["wall_s"]) == ("PASS", 43.2, 4.5)
    assert told["started"] == told["ended"] == "2026-11-22T10:30:00.000000Z"
    assert told["software"] == {"version": "0.1.0", "commit": "abc1234"}
    assert told["calibration"]["after_crc"] == 0xDEADBEEF
    assert told["instruments"][0]["certificate"]["number"] == "CAL-1"
    assert view.seed == 7


def test_a_measurement_says_everything(store: Store) -> None:
    complete_run(store)
    said = fold(store.events(RUN_ID)).measurements[1]
    keys = (
        "name characteristic value unit u dof k U lower upper rule verdict requirements budget trace setting"
    )
    more = "p_conform as_read equation method tur accepted remark recipe test"
    assert set(said) == {*keys.split(), *more.split()}
    assert (said["value"], said["u"], said["dof"]) == (0.25137, 0.0021, None)
    assert (said["tur"], said["accepted"], said["p_conform"]) == (35.7, True, 0.9999)
    assert said["budget"][0] == {"name": "fit", "u": 0.002, "dof": 5.0}
    trace = store.runs / said["trace"]["path"]
    assert said["trace"]["path"].startswith(f"{RUN_ID}/traces/")
    assert hashlib.sha256(trace.read_bytes()).hexdigest() == said["trace"]["sha256"]


def test_a_run_cut_off_anywhere_is_unfinished(store: Store) -> None:
    complete_run(store)
    events = store.events(RUN_ID)
    for length in range(len(events)):
        view = fold(events[:length])
        assert view.verdict == "UNFINISHED"
        assert view.ended is None
        assert tuple(view.to_json()) == JSON_KEYS


def test_kinds_of_a_newer_version_are_passed_over(store: Store) -> None:
    complete_run(store)
    strange = Event(99, RUN_ID, "camera.frame", "", {"x": 1}, "", "")
    assert fold([*store.events(RUN_ID), strange]) == fold(store.events(RUN_ID))


def test_a_broken_run_tells_what_broke(store: Store) -> None:
    recorder = begin_run(store)
    recorder.note("the turret was warm")
    recorder.fault("pen", "no answer within 0.5 s")
    recorder.wire_log(["> 0d", "< 0a"])
    recorder.ended("ERROR", takt_s=None, wall_s=1.5, reasons=["pen: no answer"])
    view = fold(store.events(RUN_ID))
    assert view.faults == [{"where": "pen", "message": "no answer within 0.5 s"}]
    assert (view.verdict, view.reasons) == ("ERROR", ["pen: no answer"])
    assert view.notes[0]["text"] == "the turret was warm"
    assert view.wire_log is not None
    assert (store.runs / view.wire_log["path"]).read_text() == "> 0d\n< 0a\n"


@pytest.mark.parametrize("spoil", ["failed", "fault", "empty"])
def test_a_pass_that_the_record_denies_is_refused(store: Store, spoil: str) -> None:
    recorder = begin_run(store)
    if spoil != "empty":
        record_presence(recorder)
    if spoil == "failed":
        measure(recorder, verdict="FAIL")
    if spoil == "fault":
        recorder.fault("stage", "stalled")
    with pytest.raises(StoreError, match="cannot be recorded as PASS"):
        recorder.ended("PASS", takt_s=1.0, wall_s=1.0)
    assert fold(store.events(RUN_ID)).verdict == "UNFINISHED"


def test_what_the_plan_accepts_may_pass_and_what_failed_may_not_be_accepted(store: Store) -> None:
    recorder = begin_run(store)
    measure(recorder, verdict="INDETERMINATE", accepted=True)
    with pytest.raises(StoreError, match="cannot be recorded as accepted"):
        measure(recorder, verdict="FAIL", accepted=True)
    recorder.ended("PASS", takt_s=1.0, wall_s=1.0)
    view = fold(store.events(RUN_ID))
    assert view.verdict == "PASS"
    assert [is_accepted(body) for body in view.measurements] == [True]


def test_a_record_of_an_earlier_version_is_accepted_by_its_verdict() -> None:
    assert is_accepted({"verdict": "PASS"})
    assert not is_accepted({"verdict": "INDETERMINATE"})


def test_a_measurement_that_is_not_a_number_is_not_kept(store: Store) -> None:
    recorder = begin_run(store)
    with pytest.raises(StoreError, match="value is nan"):
        measure(recorder, value=float("nan"))
    assert fold(store.events(RUN_ID)).measurements == []


def test_headlines_tell_every_run_without_its_numbers(store: Store) -> None:
    complete_run(store)
    begin_run(store, "20261122T104000Z-NP000002-0001")
    views = headlines(store)
    assert [(view.run_id, view.verdict) for view in views] == [
        (RUN_ID, "PASS"),
        ("20261122T104000Z-NP000002-0001", "UNFINISHED"),
    ]
    assert views[0].measurements == []


def test_entries_carry_the_clock_they_were_given(store: Store) -> None:
    times = iter([datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)])
    recorder = RunRecorder(store, "run-1", lambda: next(times))
    assert recorder.note("one").at == "2030-01-01T00:00:00.000000Z"
    assert recorder.note("two").at == "2031-01-01T00:00:00.000000Z"
