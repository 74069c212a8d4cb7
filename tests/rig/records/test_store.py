"""The store keeps what it was given, in order, and finds what was done behind its back."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

import rig.records.store as store_module
from rig.errors import StoreError
from rig.records.event import FIRST_PREVIOUS
from rig.records.store import FILE_NAME, Store
from tests.support.records import AT


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "runs") as store:
        yield store


def fill(store: Store, entries: int = 5, run_id: str = "run-1") -> None:
    for number in range(entries):
        store.append(run_id, "note", {"text": f"entry {number}", "number": number / 3}, AT)


def tamper(runs: Path, *statements: str) -> None:
    with closing(sqlite3.connect(runs / FILE_NAME)) as raw, raw:
        for guard in ("no_update", "no_delete", "only_at_the_end"):
            raw.execute(f"DROP TRIGGER {guard}")
        for statement in statements:
            raw.execute(statement)


def test_entries_come_back_as_they_were_appended(store: Store) -> None:
    appended = [
        store.append("run-1", "note", {"n": 0.1, "list": (1, 2)}, AT),
        store.append("run-1", "x", {}, AT),
    ]
    assert store.events("run-1") == appended
    assert appended[0].body == {"n": 0.1, "list": [1, 2]}
    assert appended[0].previous == FIRST_PREVIOUS
    assert appended[1].previous == appended[0].hash
    assert store.head() == (2, appended[1].hash)
    assert store.verify() is None


def test_it_goes_on_where_it_was_closed(tmp_path: Path) -> None:
    for _ in range(2):
        with Store(tmp_path) as store:
            fill(store, 3)
    with Store(tmp_path, create=False) as store:
        assert [event.seq for event in store.events("run-1")] == [1, 2, 3, 4, 5, 6]
        assert store.verify() is None


def test_every_commit_is_flushed_to_the_disk(store: Store) -> None:
    with store._connection.begin():
        assert store._connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert store._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_kinds_can_be_asked_for(store: Store) -> None:
    store.append("a", "note", {}, AT)
    store.append("a", "fault", {}, AT)
    store.append("b", "fault", {}, AT)
    assert [(event.run_id, event.kind) for event in store.events(kinds=["fault"])] == [
        ("a", "fault"),
        ("b", "fault"),
    ]


def test_a_stretch_of_the_record_can_be_asked_for(store: Store) -> None:
    fill(store, 6)
    assert [event.seq for event in store.events(after=2, up_to=4)] == [3, 4]
    assert [event.seq for event in store.events(up_to=0)] == []
    assert [event.seq for event in store.events("run-1", after=5)] == [6]


def test_parts_of_entries_are_what_the_whole_ones_say(store: Store) -> None:
    said = {"n": 0.1 + 0.2, "tiny": 5e-324, "on": True, "at": {"x": [1, None]}, "no": None, "long": "é" * 900}
    store.append("a", "note", said, AT)
    store.append("a", "fault", {"n": 1}, AT)
    store.append("b", "note", {'a "quoted" key': 1, "n": 7}, AT)
    whole, part = store.events("a")[0], store.parts("note", ["n", "tiny", "on", "at", "no", "gone"], "a")
    assert [(event.seq, event.at, event.hash) for event in part] == [(1, whole.at, whole.hash)]
    assert part[0].body == {key: said[key] for key in ("n", "tiny", "on", "at")}
    assert [event.body for event in store.parts("note", ["n"])] == [{"n": 0.1 + 0.2}, {"n": 7}]
    assert [event.seq for event in store.parts("note", ["n"], after=1, up_to=3)] == [3]


def test_parts_of_a_damaged_entry_are_an_error(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store, 2)
    tamper(tmp_path, "UPDATE event SET body = '{\"text\": ' WHERE seq = 2")
    with Store(tmp_path, create=False) as store, pytest.raises(StoreError, match="cannot be read"):
        store.parts("note", ["text"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = '{}' WHERE seq = 2",
        "DELETE FROM event WHERE seq = 5",
        "REPLACE INTO event SELECT seq, run_id, kind, at, '{}', previous, hash FROM event WHERE seq = 2",
        "INSERT INTO event SELECT 99, run_id, kind, at, body, previous, hash FROM event WHERE seq = 2",
    ],
)
def test_the_database_itself_refuses_changes(store: Store, statement: str) -> None:
    fill(store)
    with (
        closing(sqlite3.connect(store.path)) as raw,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        raw.execute(statement)
    assert store.verify() is None


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE event SET body = replace(body, 'entry 2', 'entry X') WHERE seq = 3", 3),
        ("UPDATE event SET body = replace(body, ':', ': ') WHERE seq = 3", 3),
        ("UPDATE event SET body = 'not json' WHERE seq = 3", 3),
        ("UPDATE event SET body = x'00ff' WHERE seq = 3", 3),
        ("UPDATE event SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 1", 1),
        ("UPDATE event SET kind = 'fault' WHERE seq = 4", 4),
        ("UPDATE event SET run_id = 'run-2' WHERE seq = 4", 4),
        ("UPDATE event SET hash = previous WHERE seq = 5", 5),
        ("DELETE FROM event WHERE seq = 1", 2),
        ("DELETE FROM event WHERE seq = 3", 4),
    ],
)
def test_tampering_is_found_where_it_was_done(store: Store, statement: str, broken: int) -> None:
    fill(store)
    tamper(store.runs, statement)
    assert store.verify() == broken


def test_a_forged_entry_with_a_hash_of_its_own_breaks_the_next(store: Store) -> None:
    from rig.records.event import chain_hash

    fill(store)
    victim = store.events()[2]
    forged = chain_hash(victim.previous, 3, "run-1", "note", victim.at, "{}")
    tamper(store.runs, f"UPDATE event SET body = '{{}}', hash = '{forged}' WHERE seq = 3")
    assert store.verify() == 4


def test_a_damaged_entry_is_named_when_read(store: Store) -> None:
    fill(store)
    tamper(store.runs, "UPDATE event SET body = '{' WHERE seq = 3")
    with pytest.raises(StoreError, match="entry 3 is damaged"):
        store.events("run-1")


def test_runs_are_found_by_id_prefix_and_last(store: Store) -> None:
    for run_id in ("20261122T103000Z-NP000001-aaaa", "20261122T104000Z-NP000002-bbbb"):
        fill(store, 1, run_id)
    fill(store, 1, "20261122T103000Z-NP000001-aaaa")
    assert store.run_ids() == ["20261122T103000Z-NP000001-aaaa", "20261122T104000Z-NP000002-bbbb"]
    assert store.find_run("last") == "20261122T104000Z-NP000002-bbbb"
    assert store.find_run("20261122T1030") == "20261122T103000Z-NP000001-aaaa"
    with pytest.raises(StoreError, match="2 runs begin with '2026'"):
        store.find_run("2026")
    with pytest.raises(StoreError, match=r"no run 'xyz'.*bbbb"):
        store.find_run("xyz")


def test_the_last_of_no_runs_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="no run 'last'"):
        store.find_run("last")


def test_a_refused_entry_leaves_no_trace(store: Store) -> None:
    with pytest.raises(StoreError, match="value is nan"):
        store.append("run-1", "measurement", {"value": float("nan")}, AT)
    assert store.head() == (0, FIRST_PREVIOUS)


def test_reading_needs_a_store_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no runs are recorded there.*--runs"):
        Store(tmp_path / "runs", create=False)
    assert not (tmp_path / "runs").exists()


def test_whoever_sees_a_store_finds_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, seen = store_module.create_table, list[bool]()

    def make_slowly(connection: sa.Connection) -> None:
        seen.append((tmp_path / FILE_NAME).exists())
        make(connection)
        seen.append((tmp_path / FILE_NAME).exists())

    monkeypatch.setattr(store_module, "create_table", make_slowly)
    with Store(tmp_path), Store(tmp_path, create=False) as reader:
        assert (seen, reader.events()) == ([False, False], [])


def test_a_making_that_was_cut_off_is_ended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(PermissionError("cut")))
        with pytest.raises(StoreError, match="cut"):
            Store(tmp_path)
    assert not (tmp_path / FILE_NAME).exists()
    with Store(tmp_path) as store:
        fill(store)
        assert store.verify() is None
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_log_without_its_database_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store)
        log = (tmp_path / f"{FILE_NAME}-wal").read_bytes()
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(log)
    with Store(tmp_path) as store:
        assert store.events() == []
    (set_aside,) = tmp_path.glob(f"{FILE_NAME}-wal.*")
    assert set_aside.read_bytes() == log, "what was committed stays for who looks into it"


def test_a_reader_cannot_write(store: Store) -> None:
    with Store(store.runs, create=False) as reader, pytest.raises(StoreError, match=r"read-only.*--runs"):
        fill(reader)


def test_a_reader_sees_what_a_writer_appends(store: Store) -> None:
    with Store(store.runs, create=False) as reader:
        fill(store, 2)
        assert len(reader.events("run-1")) == 2


def test_a_full_disk_keeps_the_chain_whole(store: Store) -> None:
    with store._connection.begin():
        store._connection.exec_driver_sql("PRAGMA max_page_count = 8")
    with pytest.raises(StoreError, match=r"records\.sqlite.*is full.*free space"):
        fill(store, 500)
    kept = store.head()[0]
    with store._connection.begin():
        store._connection.exec_driver_sql("PRAGMA max_page_count = 10000")
    fill(store)
    assert store.head()[0] == kept + 5
    assert store.verify() is None


def test_a_locked_store_says_so(store: Store) -> None:
    with store._connection.begin():
        store._connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked.*close that program"):
            fill(store)
    fill(store)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be opened.*--runs"):
        Store(tmp_path / "file" / "runs")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused_for_writing_but_can_be_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        fill(store)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(StoreError, match=r"cannot be opened.*--runs"):
            Store(tmp_path)
        with Store(tmp_path, create=False) as reader:
            assert reader.verify() is None
    finally:
        tmp_path.chmod(0o755)


def test_what_is_not_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database, not by a long way" * 100)
    for create in (True, False):
        with pytest.raises(StoreError, match="not a database"):
            Store(tmp_path, create=create)


def test_records_of_another_format_are_refused(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as raw:
        raw.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"format 2.*expected format 1"):
        Store(store.runs)


def test_a_closed_store_refuses_politely(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="cannot be written"):
        fill(store)
