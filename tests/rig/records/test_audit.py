"""The audit trail: entries in the chain, a run that is hidden and stays, and one view over all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.errors import RefusedToStart
from rig.records import kinds
from rig.records.audit import AuditLog
from rig.records.audit_trail import Audited, audit_trail
from rig.records.frames import runs as runs_frame
from rig.records.run import RunRecorder
from rig.records.stations import StationLog
from rig.records.store import Store
from rig.records.verify import verify
from rig.records.view import fold, headlines
from tests.support.records import AT, RUN_ID, begin_run, complete_run

KELLER = {"by": "A. Keller", "reason": "wrong pen in the nest"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def log(store: Store) -> AuditLog:
    return AuditLog(store, lambda: AT)


def enter_user(log: AuditLog) -> None:
    after = {"full_name": "A. Keller", "roles": ["quality"]}
    log.entered(kinds.AUDIT_USER, what="keller", by="", before=None, after=after, reason="first", did="added")


def told(row: Audited) -> tuple[str, str, object, object, str]:
    return row.by, row.what, row.old, row.new, row.why


def test_the_trail_is_part_of_the_chain_and_no_run(store: Store, log: AuditLog) -> None:
    complete_run(store)
    enter_user(log)
    assert store.run_ids() == [RUN_ID]
    found = verify(store.runs)
    assert (found.whole, found.runs) == (True, 1)
    assert (store.runs / "heads.txt").read_text().splitlines()[-1] == "{} {}".format(*store.head())


def test_a_hidden_run_says_so_and_loses_nothing(store: Store, log: AuditLog) -> None:
    complete_run(store)
    before = fold(store.events(RUN_ID)).to_json()
    assert log.hide("last", **KELLER) == RUN_ID
    hidden = fold(store.events(RUN_ID))
    assert hidden.hidden == "by A. Keller: wrong pen in the nest"
    assert hidden.to_json() | {"hidden": ""} == before
    assert [view.hidden for view in headlines(store)] == [hidden.hidden]
    log.unhide(RUN_ID, by="B. Frei", reason="it was the right pen")
    assert fold(store.events(RUN_ID)).to_json() == before
    assert verify(store.runs).whole


def test_only_a_run_that_has_ended_is_hidden(store: Store, log: AuditLog) -> None:
    begin_run(store)
    with pytest.raises(RefusedToStart, match="has not ended"):
        log.hide(RUN_ID, **KELLER)


def test_nothing_is_hidden_or_shown_twice(store: Store, log: AuditLog) -> None:
    complete_run(store)
    with pytest.raises(RefusedToStart, match="is not hidden"):
        log.unhide(RUN_ID, **KELLER)
    log.hide(RUN_ID, **KELLER)
    with pytest.raises(RefusedToStart, match=r"hidden already, by A\. Keller"):
        log.hide(RUN_ID, **KELLER)


@pytest.mark.parametrize("missing", ["by", "reason"])
def test_hiding_needs_a_person_and_a_reason(store: Store, log: AuditLog, missing: str) -> None:
    complete_run(store)
    with pytest.raises(RefusedToStart, match="the name of a person, and a reason"):
        log.hide(RUN_ID, **(KELLER | {missing: " "}))
    assert not fold(store.events(RUN_ID)).hidden


def test_one_view_tells_everything_that_was_changed(store: Store, log: AuditLog) -> None:
    enter_user(log)
    complete_run(store)
    station = StationLog(store, "bench-1", lambda: AT)
    station.stopped("emergency stop pressed", run_id=RUN_ID)
    station.reset("A. Keller", "a cable was caught")
    station.overridden(RUN_ID, {"check overdue": "never checked"}, "B. Frei", "sample for the audit")
    station.check(RUN_ID, "PASS", [])
    log.hide(RUN_ID, **KELLER)
    user, table, stop, reset, override, check, hidden = audit_trail(store)
    assert told(user) == (
        "",
        "user keller: added",
        None,
        {"full_name": "A. Keller", "roles": ["quality"]},
        "first",
    )
    assert told(table)[2:4] == ("CRC 1234ABCD", "CRC DEADBEEF")
    assert table.why == f"calibrated by run {RUN_ID}"
    assert told(stop) == ("", "station bench-1", "may run", "stopped", "emergency stop pressed")
    assert told(reset) == ("A. Keller", "station bench-1", "stopped", "may run", "a cable was caught")
    assert told(override) == (
        "B. Frei", "station bench-1: check overdue", "never checked", "overridden", "sample for the audit",
    )  # fmt: skip
    assert (check.what, check.new, check.why) == ("station bench-1: check", "PASS", f"run {RUN_ID}")
    assert told(hidden) == ("A. Keller", f"run {RUN_ID}", "shown", "hidden", "wrong pen in the nest")
    json.dumps([row.to_json() for row in audit_trail(store)])


def test_a_table_is_told_with_the_pen_and_who_ran_the_plan(store: Store) -> None:
    recorder = begin_run(store)
    recorder.instrument("pen", {"maker": "m", "model": "NP-250", "serial": "NP000007", "firmware": "1"}, None)
    recorder.calibration(before_crc=1, after_crc=0x10, generation=2, nodes=[])
    [row] = audit_trail(store)
    assert told(row)[:4] == ("", "pen NP000007: calibration table", "CRC 00000001", "CRC 00000010")


def test_the_view_is_narrowed_by_day_and_by_what(store: Store) -> None:
    complete_run(store)
    for day in (21, 22, 23):
        AuditLog(store, lambda day=day: AT.replace(day=day)).entered(
            kinds.AUDIT_USER, what=f"user{day}", by="", before=None, after=None, reason=""
        )
    assert [row.at[:10] for row in audit_trail(store, since="2026-11-22", of="USER")] == [
        "2026-11-22",
        "2026-11-23",
    ]
    assert [row.kind for row in audit_trail(store, of="calibration table")] == [kinds.CALIBRATION]


# Records that were made before


def test_a_run_of_an_earlier_version_has_nothing_that_it_did_not_record(store: Store) -> None:
    body = {"run_id": RUN_ID, "plan": "eol", "pen_serial": "NP000001", "station": "twin-1", "seed": 7}
    body |= {"product": "office-pen", "software": {"version": "0.1.0", "commit": ""}, "options": {}}
    store.append(RUN_ID, kinds.STARTED, body, AT)
    ended = {"verdict": "FAIL", "takt_s": 1.0, "wall_s": 1.0, "reasons": ["nothing was measured"]}
    store.append(RUN_ID, kinds.ENDED, ended, AT)
    view = fold(store.events(RUN_ID))
    assert (view.lot, view.operator, view.environment, view.configurations, view.tests, view.hidden) == (
        "", None, {}, [], [], "",
    )  # fmt: skip
    [row] = runs_frame(store).to_dict("records")
    assert (row["lot"], row["operator"]) == ("", "")
    assert audit_trail(store) == []


def test_the_table_of_runs_has_lot_and_operator(store: Store) -> None:
    software = {"version": "0.1.0", "commit": ""}
    operator = {"name": "keller", "full_name": "A. Keller", "role": "operator"}
    RunRecorder(store, RUN_ID, lambda: AT).started(
        plan="eol", pen_serial="", station="s", product="p", software=software, lot="L-7", operator=operator
    )
    [row] = runs_frame(store).to_dict("records")
    assert (row["lot"], row["operator"]) == ("L-7", "keller")
