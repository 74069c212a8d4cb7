"""Interlocks: what keeps a run from beginning, what a named person may override, and what nobody may."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.config import check_model, read_toml
from rig.errors import ConfigError, RefusedToStart, StoreError
from rig.interlocks import (
    Override,
    latch_stop,
    record_check,
    refuse_complaints,
    refuse_stopped,
)
from rig.records.stations import StationLog
from rig.records.store import Store
from rig.station import STATIONS, Station, load_station
from tests.support.interlocks import GOOD, NONE, NOW, begins, checked, station
from tests.support.records import begin_run, measure

PERSON = {"by": "A. Keller", "reason": "audit sample"}


def test_a_good_check_within_the_interval_lets_runs_begin(tmp_path: Path) -> None:
    checked(tmp_path, hours_ago=23.9)
    assert begins(tmp_path) == {}


def test_a_station_without_interlock_needs_no_check(tmp_path: Path) -> None:
    assert begins(tmp_path, at=load_station("twin")) == {}


def test_a_check_needs_no_check_before_it(tmp_path: Path) -> None:
    checked(tmp_path, "FAIL")
    assert begins(tmp_path, is_check=True) == {}


@pytest.mark.parametrize(
    ("verdict", "hours_ago", "words", "name"),
    [
        ("PASS", 24.1, "more than 24 h ago", "check overdue"),
        ("FAIL", 1.0, "was FAIL", "check failed"),
        ("ERROR", 1.0, "was ERROR", "check failed"),
        ("ABORTED", 1.0, "was ABORTED", "check failed"),
    ],
)
def test_what_is_due_is_said_with_the_command(
    tmp_path: Path, verdict: str, hours_ago: float, words: str, name: str
) -> None:
    checked(tmp_path, verdict, hours_ago=hours_ago)
    with pytest.raises(RefusedToStart, match=words) as caught:
        begins(tmp_path)
    assert "rig run station" in str(caught.value)
    assert f'--override "{name}"' in str(caught.value)
    assert list(begins(tmp_path, Override((name,), **PERSON))) == [name]


def test_a_station_that_was_never_checked_is_overdue(tmp_path: Path) -> None:
    with pytest.raises(RefusedToStart, match="was never checked"):
        begins(tmp_path)
    with Store(tmp_path) as store:
        StationLog(store, "another").check("x", "PASS", GOOD)
    with pytest.raises(RefusedToStart, match="was never checked"):
        begins(tmp_path)


def test_a_check_that_never_ended_is_no_good_check(tmp_path: Path) -> None:
    checked(tmp_path, hours_ago=2.0)
    with Store(tmp_path) as store:
        store.append("killed", "run.started", {"plan": "station", "station": "twin-1"}, NOW)
    with pytest.raises(RefusedToStart, match="the check killed of station 'twin-1' never ended"):
        begins(tmp_path)


def test_a_check_in_the_future_is_a_wrong_clock_and_nobody_overrides_it(tmp_path: Path) -> None:
    checked(tmp_path, hours_ago=-0.5)
    for override in (NONE, Override(("check overdue",), **PERSON)):
        with pytest.raises(RefusedToStart, match=r"2026-11-23T12:30.*clock"):
            begins(tmp_path, override)


def test_a_stop_is_never_overridden_and_stops_checks_too(tmp_path: Path) -> None:
    checked(tmp_path)
    with Store(tmp_path) as store:
        StationLog(store, "twin-1").stopped("emergency stop pressed")
    for override, is_check in ((NONE, False), (NONE, True), (Override(("check overdue",), **PERSON), False)):
        with pytest.raises(RefusedToStart, match=r"emergency stop pressed.*rig reset --by NAME"):
            begins(tmp_path, override, is_check=is_check)


def test_a_certificate_that_is_overdue_is_overridden_by_name(tmp_path: Path) -> None:
    checked(tmp_path)
    late = station("artefact.certificate.due=2026-11-22", "instruments.counter.certificate.due=2026-11-01")
    with pytest.raises(RefusedToStart, match=r"counter: certificate .*2026-11-01.*; artefact: certificate"):
        begins(tmp_path, at=late)
    with pytest.raises(RefusedToStart, match="artefact"):
        late.check_certificates(NOW.date())
    late.check_certificates(NOW.date(), overdue=True)
    assert list(begins(tmp_path, Override(("certificate overdue",), **PERSON), at=late)) == [
        "certificate overdue"
    ]


def test_what_is_in_order_cannot_be_overridden(tmp_path: Path) -> None:
    checked(tmp_path)
    with pytest.raises(RefusedToStart, match="nothing to override: check failed"):
        begins(tmp_path, Override(("check failed",), **PERSON))


@pytest.mark.parametrize(
    ("names", "by", "reason", "words"),
    [
        (("identity",), "A. Keller", "sure of it", "expected one of: check overdue"),
        (("check overdue",), "", "no time", "--by"),
        (("check overdue",), "A. Keller", " ", "--reason"),
        (("check overdue", "check overdue"), "A. Keller", "no time", "each interlock once"),
        (("check overdue", "check failed"), "A. Keller", "no time", "one of the two"),
        ((), "A. Keller", "", "without --override"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(
    names: tuple[str, ...], by: str, reason: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Override(names, by, reason)


def test_complaints_of_instruments_refuse_the_run() -> None:
    refuse_complaints([])
    with pytest.raises(RefusedToStart, match="stage: overheated; counter: self-test failed"):
        refuse_complaints(["stage: overheated", "counter: self-test failed"])


def test_a_failed_check_throws_doubt_on_what_was_measured_since_the_last_good_one(tmp_path: Path) -> None:
    checked(tmp_path, hours_ago=9.0)
    with Store(tmp_path) as store:
        for run_id in ("a-1", "a-2"):
            measure(begin_run(store, run_id))
        begin_run(store, "nothing measured")
        names = {"plan": "station", "run_id": "check", "results": GOOD}
        assert record_check(store, "twin-1", verdict="PASS", **names) == []
        assert record_check(store, "twin-1", verdict="FAIL", **names) == [], "nothing since the good one"
        measure(begin_run(store, "b-1"))
        assert record_check(store, "another", verdict="FAIL", **names) == []
        assert record_check(store, "twin-1", verdict="ABORTED", **names) == [], "what it saw was good"
        assert record_check(store, "twin-1", verdict="ERROR", **names) == ["b-1"]
        bad = [{**GOOD[0], "verdict": "FAIL"}]
        assert record_check(store, "twin-1", verdict="ABORTED", **{**names, "results": bad}) == ["b-1"]


def test_an_interlock_without_a_step_is_refused() -> None:
    data = read_toml(STATIONS / "twin.toml") | {"interlock": {"check_every_h": 24}}
    del data["artefact"]
    with pytest.raises(ConfigError, match="the station can never be checked"):
        check_model(Station, data, source="station.toml")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("artefact.low_mm=33.0", "between nest.safe_mm and safety.highest_mm"),
        ("artefact.low_mm=40.0", "between nest.safe_mm and safety.highest_mm"),
        ("nest.targets={ datum = 0, film = 72, phantom = 144, anvil = 216 }", "step_high"),
        ("artefact.certificate.figures={ height_mm = 5.0 }", "stating height_u_mm, slope_n_per_mm"),
        ("interlock.check_every_h=0", "greater than 0"),
    ],
)
def test_a_station_file_that_cannot_be_checked_is_refused(override: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        station(override)


def test_where_nothing_was_ever_recorded_nothing_is_stopped_and_nothing_is_made(tmp_path: Path) -> None:
    refuse_stopped("twin-1", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_stop_outside_a_run_is_latched_once_for_its_station_and_until_it_is_reset(tmp_path: Path) -> None:
    for _ in range(2):
        latch_stop("twin-1", tmp_path, "the emergency stop is pressed")
    with pytest.raises(RefusedToStart, match=r"'twin-1' was stopped .*: the emergency stop is pressed"):
        refuse_stopped("twin-1", tmp_path)
    with pytest.raises(RefusedToStart, match="nobody has reset it"):
        begins(tmp_path)
    refuse_stopped("bench-2", tmp_path)
    with Store(tmp_path) as store:
        assert len(store.events(kinds=("station.stopped",))) == 1
        StationLog(store, "twin-1").reset(**PERSON)
    refuse_stopped("twin-1", tmp_path)


def test_a_stop_that_cannot_be_entered_is_told_with_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no folder", encoding="utf-8")
    with pytest.raises(StoreError, match=r"pressed.* and its log does not say so"):
        latch_stop("twin-1", tmp_path / "runs", "the emergency stop is pressed")
