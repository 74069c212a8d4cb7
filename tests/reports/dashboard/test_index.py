"""The index is a projection of the record: whatever becomes of its file, it says what the record says."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reports.dashboard import figures
from reports.dashboard.filters import ALL, Filter
from reports.dashboard.index import Index
from reports.dashboard.index_file import FILE_NAME
from reports.evidence.package import make_package
from reports.evidence.subject import run_subject
from rig.errors import StoreError
from rig.records import kinds
from rig.records.audit import AuditLog
from rig.records.store import FILE_NAME as RECORD
from rig.records.store import Store
from rig.records.verify import verify
from tests.support.bulk_records import BulkRecord
from tests.support.evidence import MADE_AT, record_lot
from tests.support.made_runs import MadeResult, MadeRun, begin, end, make

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def good(number: int, **more: Any) -> MadeRun:
    value = 0.5 + number / 100
    known = {"pen": f"NP{number}", "results": [MadeResult("x", value)], **more}
    return MadeRun(AT + timedelta(minutes=number), **known)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with BulkRecord(tmp_path) as record:
        make(record, [good(number) for number in range(5)])
    return tmp_path


@pytest.fixture
def index(runs: Path) -> Iterator[Index]:
    with Index(runs) as index:
        yield index


def content(index: Index) -> dict[str, list[Any]]:
    """Return what the index says."""
    return {
        "runs": list(figures.list_runs(index, Filter(hidden=True)).runs),
        "capability": list(figures.capability(index, Filter(hidden=True))),
        "pareto": [figures.pareto(index, Filter(hidden=True))],
        "overview": [figures.overview(index, Filter(hidden=True))],
        "certificates": index.rows("SELECT * FROM certificate"),
    }


def total(index: Index, asked: Filter = ALL) -> int:
    return figures.list_runs(index, asked).total


def mean(index: Index, asked: Filter = ALL) -> float | None:
    (line,) = figures.capability(index, asked)
    return line.mean


def test_it_takes_each_entry_once(index: Index, runs: Path) -> None:
    with Store(runs, create=False) as store:
        entries = store.head()[0]
    assert index.catch_up(limit=3) == 3
    assert index.catch_up() == entries - 3
    assert index.catch_up() == 0
    assert total(index) == 5


def test_a_run_that_goes_on_is_there_with_what_it_has(index: Index, runs: Path) -> None:
    index.catch_up()
    run = good(7, verdict="FAIL", results=[MadeResult("x", 0.9), MadeResult("y", 2.0, accepted=False)])
    with BulkRecord(runs) as record:
        run_id = begin(record, run, 7)
    index.catch_up()
    (line,) = figures.list_runs(index, Filter(verdict=kinds.UNFINISHED)).runs
    assert (line.run_id, line.n_measured, line.n_failed, line.ended, line.first_pass) == (
        run_id,
        2,
        1,
        None,
        False,
    )
    assert figures.capability(index, ALL)[0].n == 6
    with BulkRecord(runs) as record:
        end(record, run, run_id)
    index.catch_up()
    (line,) = figures.list_runs(index, Filter(verdict="FAIL")).runs
    assert (line.run_id, line.first_pass, line.reasons) == (run_id, True, ("y: FAIL",))
    assert figures.capability(index, ALL)[0].n == 6
    assert total(index, Filter(verdict=kinds.UNFINISHED)) == 0


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_the_size_of_the_batches_does_not_matter(runs: Path, batch: int) -> None:
    with Index(runs) as index:
        index.catch_up()
        wanted = content(index)
    (runs / FILE_NAME).unlink()
    with Index(runs) as index:
        while index.catch_up(batch):
            pass
        assert content(index) == wanted


def test_a_hidden_run_counts_no_more_until_it_is_shown_again(index: Index, runs: Path) -> None:
    index.catch_up()
    before, last = mean(index), figures.list_runs(index, ALL).runs[0].run_id
    with Store(runs) as store:
        AuditLog(store).hide(last, by="keller", reason="a trial")
    index.catch_up()
    assert (total(index), total(index, Filter(hidden=True))) == (4, 5)
    assert mean(index) == pytest.approx(0.515)
    assert mean(index, Filter(hidden=True)) == pytest.approx(before)
    with Store(runs) as store:
        AuditLog(store).unhide(last, by="keller", reason="it was none")
    index.catch_up()
    assert (total(index), mean(index)) == (5, pytest.approx(before))


def test_the_last_end_of_a_run_holds(index: Index, runs: Path) -> None:
    index.catch_up()
    run_id = figures.list_runs(index, ALL).runs[0].run_id
    with BulkRecord(runs) as record:
        again = {"verdict": "ERROR", "takt_s": None, "wall_s": 1.0, "reasons": ["the disk is full"]}
        record.append(run_id, kinds.ENDED, again, AT)
    index.catch_up()
    counts = figures.overview(index, ALL).counts
    assert counts.verdicts == {"ERROR": 1, "PASS": 4}
    assert counts.first_passed.of == 4
    assert figures.capability(index, Filter(verdict="ERROR"))[0].n == 1
    assert figures.capability(index, Filter(verdict="PASS"))[0].n == 4


def test_the_first_pass_is_the_first_run_that_was_judged(index: Index, runs: Path) -> None:
    again = [good(9, verdict="ERROR", pen="NP9"), good(10, verdict="FAIL", pen="NP9"), good(11, pen="NP9")]
    with BulkRecord(runs) as record:
        make(record, again, first=20)
    index.catch_up()
    marked = [(run.verdict, run.first_pass) for run in figures.list_runs(index, Filter(pen="NP9")).runs]
    assert marked == [("PASS", False), ("FAIL", True), ("ERROR", False)]


def test_one_that_was_deleted_is_made_again(index: Index, runs: Path) -> None:
    index.catch_up()
    wanted = content(index)
    (runs / FILE_NAME).unlink()
    assert total(index) == 0
    assert index.catch_up() > 0
    assert content(index) == wanted


@pytest.mark.parametrize("still_open", [True, False])
def test_a_damaged_one_is_made_again(runs: Path, still_open: bool) -> None:
    with Index(runs) as index:
        index.catch_up()
        wanted = content(index)
        index.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        if not still_open:
            index.close()
        with (runs / FILE_NAME).open("r+b") as file:
            file.write(b"this is no database at all")
        if still_open:
            index.close()
    with Index(runs) as index:
        index.catch_up()
        assert content(index) == wanted


def test_damage_met_by_a_question_is_mended_before_the_answer(runs: Path) -> None:
    with Index(runs) as index:
        index.catch_up()
        wanted = content(index)
        index.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((runs / FILE_NAME).read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)  # every page but the first, which the opening looks at
    (runs / FILE_NAME).write_bytes(data)
    with Index(runs) as index:
        assert content(index) == wanted


def test_an_older_format_is_made_again(runs: Path) -> None:
    with Index(runs) as index:
        index.catch_up()
        wanted = content(index)
    with closing(sqlite3.connect(runs / FILE_NAME)) as raw:
        raw.execute("PRAGMA user_version = 0")
        raw.execute("DROP TABLE summary")
        raw.commit()
    with Index(runs) as index:
        assert total(index) == 0
        index.catch_up()
        assert content(index) == wanted


def test_another_record_in_its_place_is_taken_from_the_start(runs: Path, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    with BulkRecord(other) as record:
        make(record, [good(number, station="line-2") for number in range(9)])
    with Index(runs) as index:
        index.catch_up()
        for path in runs.glob(f"{RECORD}*"):
            path.unlink()
        (other / RECORD).rename(runs / RECORD)
        index.catch_up()
        assert total(index) == total(index, Filter(station="line-2")) == 9


def test_a_record_with_its_end_cut_off_is_taken_from_the_start(index: Index, runs: Path) -> None:
    index.catch_up()
    (run_no,) = index.rows("SELECT MAX(run_no) FROM run")[0]
    with closing(sqlite3.connect(runs / RECORD)) as raw:
        raw.execute("DROP TRIGGER no_delete")
        raw.execute("DELETE FROM event WHERE seq >= ?", (run_no,))
        raw.commit()
    index.catch_up()
    assert total(index) == 4


def test_a_record_that_went_away_leaves_nothing(index: Index, runs: Path) -> None:
    index.catch_up()
    for path in runs.glob(f"{RECORD}*"):
        path.unlink()
    assert index.catch_up() == 0
    assert total(index) == 0


def test_a_folder_without_a_record_has_no_runs_yet(tmp_path: Path) -> None:
    with Index(tmp_path / "new") as index:
        assert index.catch_up() == 0
        assert total(index) == 0
        with BulkRecord(tmp_path / "new") as record:
            make(record, [good(1)])
        index.catch_up()
        assert total(index) == 1


CATCH_UP = """
import sys
from pathlib import Path
from reports.dashboard.index import Index
with Index(Path(sys.argv[1])) as index:
    taken = 0
    while count := index.catch_up(40):
        taken += count
    print(taken)
"""


def test_processes_and_threads_that_catch_up_at_once_take_each_entry_once(runs: Path) -> None:
    with BulkRecord(runs) as record:
        make(record, [good(number) for number in range(10, 210)], first=10)
        entries = record.seq
    command = [sys.executable, "-c", CATCH_UP, str(runs)]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    taken: list[int] = []
    with Index(runs) as index:
        threads = [threading.Thread(target=lambda: taken.append(index.catch_up())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [int(other.communicate(timeout=60)[0]) for other in others]
        index.catch_up()
        assert sum(taken) + sum(told) == entries
        assert total(index) == 205
        assert figures.capability(index, ALL)[0].n == 205


def test_what_stations_and_the_audit_trail_say_is_no_run(index: Index, runs: Path) -> None:
    with BulkRecord(runs) as record:
        body = {"what": "user x", "by": "", "before": None, "after": None, "reason": ""}
        record.append(kinds.AUDIT_SUBJECT, kinds.AUDIT_USER, body, AT)
        record.append("station:twin-1", kinds.STATION_STOPPED, {"why": "pressed", "run_id": ""}, AT)
        record.append("reprocess:1", kinds.REPROCESS_STARTED, {"run_id": "x"}, AT)
        record.append("never-began", kinds.NOTE, {"text": "x"}, AT)
        record.append("never-began", kinds.FAULT, {"where": "x", "message": "y"}, AT)
    index.catch_up()
    assert total(index) == 5


def test_it_is_no_part_of_the_record(index: Index, runs: Path) -> None:
    before = verify(runs)
    index.catch_up()
    after = verify(runs)
    assert (runs / FILE_NAME).exists()
    assert (before.altered, before.information) == (after.altered, after.information)
    assert not [finding for finding in after.information if "index" in finding.where]


@pytest.mark.skipif("os.name == 'nt' or os.geteuid() == 0", reason="this user may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(runs: Path) -> None:
    runs.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="the index over the runs cannot be made"):
            Index(runs)
    finally:
        runs.chmod(0o700)


def test_a_place_that_cannot_hold_it_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match="the index over the runs cannot be made"):
        Index(tmp_path)


def test_threads_that_ended_leave_no_connection_open(index: Index) -> None:
    index.catch_up()
    for _ in range(5):
        thread = threading.Thread(target=lambda: total(index))
        thread.start()
        thread.join()
    total(index)
    assert len(index._file._opened) <= 2


def test_a_package_of_evidence_leaves_it_out(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    record_lot(runs, 1)
    with Index(runs) as index:
        index.catch_up()
    package = make_package(run_subject(runs, ["last"]), tmp_path / "out", made_at=MADE_AT)
    assert package.is_dir()
    assert not list(package.rglob(f"{FILE_NAME}*"))
