"""Whatever was done to a record behind its back is found, and named."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import RefusedToStart
from rig.records import heads
from rig.records.event import chain_hash
from rig.records.locks import hold_run
from rig.records.store import FILE_NAME, Store
from rig.records.verify import Verification, verify
from tests.support.records import AT, RUN_ID, begin_run, complete_run, measure

OTHER_RUN = "20261122T104000Z-NP000002-bbbb"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one with a wire log; as it lies there while the store is still open, in its log."""
    folder = tmp_path_factory.mktemp("kept")
    with Store(folder / "open") as store:
        record(store)
        shutil.copytree(folder / "open", folder / "in the log")
    (folder / "open").rename(folder / "closed")
    return folder


def record(store: Store) -> None:
    complete_run(store)
    recorder = begin_run(store, OTHER_RUN)
    measure(recorder, verdict="FAIL")
    recorder.fault("counter", "counter: no reply")
    recorder.wire_log(["> *IDN?", "< Keysight"])
    recorder.ended("ERROR", takt_s=None, wall_s=1.0)


@pytest.fixture
def runs(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept / "closed", tmp_path / "runs"))


def rewrite(runs: Path, *statements: str) -> None:
    """Change the database as somebody with a tool would, and put its guards back."""
    with closing(sqlite3.connect(runs / FILE_NAME)) as raw, raw:
        guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        for _, sql in guards:
            raw.execute(sql)


def altered(runs: Path) -> list[str]:
    return [str(finding) for finding in verify(runs).altered]


NOT_SIGNED = "station-signatures.txt: the record is not signed: no station entered a key"


def information(runs: Path) -> list[str]:
    """Return what is told of a whole record, but for that no station signed it."""
    found = verify(runs)
    assert found.whole, found.altered
    told = [str(finding) for finding in found.information]
    assert NOT_SIGNED in told
    return [finding for finding in told if finding != NOT_SIGNED]


def everything(runs: Path) -> Any:
    """Return all that a reader of the record gets to see."""
    with Store(runs, create=False) as store:
        return store.events(), [(name, store.events(name)) for name in store.run_ids()]


@pytest.mark.parametrize("state", ["closed", "in the log"])
def test_an_untouched_record_is_whole(kept: Path, state: str) -> None:
    found = verify(kept / state)
    assert [str(finding) for finding in found.information] == [NOT_SIGNED]
    assert found == Verification(
        str(kept / state),
        entries=12,
        runs=2,
        files=3,
        bytes=found.bytes,
        head=found.head,
        information=found.information,
    )
    with Store(kept / "closed", create=False) as store:
        assert found.head == "{} {}".format(*store.head())
    assert verify(kept / state / FILE_NAME).whole


@pytest.mark.parametrize(
    ("statement", "first", "what"),
    [
        ("UPDATE event SET body = replace(body, '0.25137', '0.26137') WHERE seq = 4", 4, "text does not fit"),
        ("UPDATE event SET body = x'00ff' WHERE seq = 4", 4, "text does not fit"),
        ("UPDATE event SET body = CAST(body AS BLOB) WHERE seq = 4", 4, "text does not fit"),
        ("UPDATE event SET hash = previous WHERE seq = 12", 12, "text does not fit"),
        ("DELETE FROM event WHERE seq = 1", 2, "entry 1 is missing before it"),
        ("DELETE FROM event WHERE seq BETWEEN 4 AND 6", 7, "entries 4 to 6 are missing before it"),
        ("DELETE FROM event WHERE run_id LIKE '%3f9a'", 7, "entries 1 to 6 are missing"),
    ],
)
def test_the_first_altered_entry_is_named(runs: Path, statement: str, first: int, what: str) -> None:
    rewrite(runs, statement)
    (found,) = altered(runs)
    assert found.startswith(f"entry {first}, run 2026")
    assert what in found


def test_entries_that_changed_places_are_named(runs: Path) -> None:
    rewrite(
        runs, *(f"UPDATE event SET seq = {to} WHERE seq = {seq}" for seq, to in ((3, 99), (4, 3), (99, 4)))
    )
    (found,) = altered(runs)
    assert found.startswith(f"entry 3, run {RUN_ID}, measurement: it was moved: it was recorded as entry 4")


def test_a_forged_entry_breaks_the_link_of_the_next(runs: Path) -> None:
    with Store(runs, create=False) as store:
        victim = store.events()[3]
    forged = chain_hash(victim.previous, 4, victim.run_id, victim.kind, victim.at, "{}")
    rewrite(runs, f"UPDATE event SET body = '{{}}', hash = '{forged}' WHERE seq = 4")
    assert "entry 5" in altered(runs)[0]
    assert "does not follow entry 4" in altered(runs)[0]


def test_a_chain_forged_to_its_end_is_not_the_one_whose_heads_were_kept(runs: Path) -> None:
    with Store(runs, create=False) as store:
        events = store.events()
    statements, previous = [], events[2].hash
    for event in events[3:]:
        body = "{}" if event.seq == 4 else text_of(runs, event.seq)
        digest = chain_hash(previous, event.seq, event.run_id, event.kind, event.at, body)
        values = f"previous = '{previous}', hash = '{digest}'" + (", body = '{}'" if event.seq == 4 else "")
        statements.append(f"UPDATE event SET {values} WHERE seq = {event.seq}")
        previous = digest
    rewrite(runs, *statements)
    with Store(runs, create=False) as store:
        assert store.verify() is None, "the chain alone cannot tell"
    assert altered(runs)[0].startswith(
        f"entry 6, run {RUN_ID}, run.ended: it is not the entry that heads.txt"
    )


def text_of(runs: Path, seq: int) -> str:
    with closing(sqlite3.connect(runs / FILE_NAME)) as raw:
        return str(raw.execute("SELECT body FROM event WHERE seq = ?", (seq,)).fetchone()[0])


def test_entries_cut_off_the_end_are_missed(runs: Path) -> None:
    rewrite(runs, "DELETE FROM event WHERE seq > 9")
    assert f"{FILE_NAME}: entries are missing at its end: number 10 to 12" in altered(runs)


def test_a_record_put_back_to_an_earlier_state_is_noticed(runs: Path, tmp_path: Path) -> None:
    shutil.copy(runs / FILE_NAME, tmp_path / "backup")
    with Store(runs) as store:
        complete_run(store, "20261122T105000Z-NP000003-cccc")
    shutil.copy(tmp_path / "backup", runs / FILE_NAME)
    assert any("number 13 to 18" in found for found in altered(runs))
    with Store(runs) as store:
        complete_run(store, "20261122T110000Z-NP000004-dddd")
    assert "it is not the entry that heads.txt knows" in altered(runs)[0]


def test_a_log_that_was_deleted_is_missed(kept: Path, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(kept / "in the log", tmp_path / "runs"))
    (runs / f"{FILE_NAME}-wal").unlink()
    assert not verify(runs).whole


def test_guards_that_were_removed_or_changed_are_named(runs: Path) -> None:
    with closing(sqlite3.connect(runs / FILE_NAME)) as raw:
        raw.execute("DROP TRIGGER no_delete")
        raw.execute("CREATE TRIGGER more AFTER INSERT ON event BEGIN SELECT 1; END")
    assert altered(runs) == [
        f"{FILE_NAME}: trigger no_delete of event is missing",
        f"{FILE_NAME}: trigger more of event was added",
    ]


def one_trace(runs: Path) -> Path:
    return sorted((runs / RUN_ID / "traces").iterdir())[0]


def swap(runs: Path) -> None:
    one, other = one_trace(runs), runs / OTHER_RUN / "wire.log"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def put_a_folder_there(runs: Path) -> None:
    one_trace(runs).unlink()
    one_trace_path = runs / RUN_ID / "traces" / "extension.as_found-0.25-mm.parquet"
    one_trace_path.mkdir()


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lambda runs: one_trace(runs).unlink(), "it is missing"),
        (
            lambda runs: one_trace(runs).write_bytes(b""),
            "it was altered: its SHA-256 is not the recorded one",
        ),
        (
            lambda runs: one_trace(runs).write_bytes(one_trace(runs).read_bytes() + b"x"),
            "it was altered: its SHA-256 is not the recorded one",
        ),
        (swap, "it was swapped: this is the content of"),
        (put_a_folder_there, "it is no file any more"),
    ],
)
def test_harm_to_a_trace_is_named_with_run_and_measurement(
    runs: Path, harm: Callable[[Path], object], what: str
) -> None:
    harm(runs)
    found = altered(runs)[0]
    assert found.startswith(f"{RUN_ID}/traces/extension.as_found-0.25-mm.parquet: {what}")
    assert f"(entry 4, run {RUN_ID}, extension.as_found 0.25 mm @ 5000 /min)" in found


def test_an_entry_that_names_a_file_elsewhere_is_altered(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for path in ("../outside", "/etc/passwd"):
            store.append("run", "note", {"trace": {"path": path, "sha256": "0" * 64}}, AT)
    assert [found.split(" (")[0] for found in altered(tmp_path)] == [
        "../outside: it is said to lie outside the folder of the runs",
        "/etc/passwd: it is said to lie outside the folder of the runs",
    ]


def test_what_no_entry_names_is_told_and_alters_nothing(runs: Path) -> None:
    (runs / RUN_ID / "traces" / ".x.parquet.123.part").write_bytes(b"half")
    (runs / RUN_ID / "traces" / "stray.parquet").write_bytes(b"whole, but its entry was never written")
    assert information(runs) == [
        f"{RUN_ID}/traces/.x.parquet.123.part: a write that was cut off",
        f"{RUN_ID}/traces/stray.parquet: no entry names this file",
    ]


def test_a_clock_that_was_put_back_is_told_and_alters_nothing(runs: Path) -> None:
    with Store(runs) as store:
        store.append("run", "note", {}, AT)
        store.append("run", "note", {}, AT - timedelta(seconds=3))
        assert store.events("run")[1].at == "2026-11-22T10:29:57.000000Z"
    (told,) = information(runs)
    assert "entry 14" in told
    assert "the clock had been put back" in told


def test_a_run_without_an_end_is_told(runs: Path) -> None:
    with Store(runs) as store:
        begin_run(store, "20261122T110000Z-NP000004-dddd")
    (told,) = information(runs)
    assert "dddd: it never ended" in told
    held = hold_run(runs, "20261122T110000Z-NP000004-dddd")
    assert held is not None
    with held:
        (told,) = information(runs)
        assert "dddd: it is being recorded now" in told


def test_a_head_that_was_cut_off_while_written_is_told_and_spoils_no_other(runs: Path) -> None:
    with (runs / heads.FILE_NAME).open("ab") as file:
        file.write(b"13 abcd")
    with Store(runs) as store:
        complete_run(store, "20261122T105000Z-NP000003-cccc")
    assert information(runs) == ["heads.txt: line 5 was cut off while it was written"]


def test_missing_heads_are_an_alteration(runs: Path) -> None:
    (runs / heads.FILE_NAME).unlink()
    assert altered(runs) == ["heads.txt: it is missing: entries may have been cut off the end"]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 30])
def test_a_database_that_was_replaced_is_altered(runs: Path, content: bytes) -> None:
    (runs / FILE_NAME).write_bytes(content)
    assert not verify(runs).whole


def test_a_database_that_was_deleted_is_altered(runs: Path) -> None:
    (runs / FILE_NAME).unlink()
    assert not verify(runs).whole


@pytest.mark.parametrize("size", [1, 20, 100, 4096, 8192, 12288, 20000])
def test_a_truncated_database_is_altered(runs: Path, size: int) -> None:
    data = (runs / FILE_NAME).read_bytes()
    assert size < len(data)
    (runs / FILE_NAME).write_bytes(data[:size])
    assert not verify(runs).whole


def test_nothing_to_verify(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RefusedToStart, match="nothing to verify"):
            verify(path)


def test_a_record_of_another_version_is_not_called_altered(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE event (something, quite, other)")
        raw.execute("PRAGMA user_version = 2")
    with pytest.raises(RefusedToStart, match="records of format 2"):
        verify(tmp_path)


def test_a_store_whose_maker_was_stopped_holds_nothing_and_is_whole(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    assert verify(tmp_path) == Verification(str(tmp_path))


@pytest.mark.parametrize("state", ["closed", "in the log"])
@given(data=st.data())
def test_any_flipped_byte_is_found_or_means_nothing(
    kept: Path, tmp_path_factory: pytest.TempPathFactory, state: str, data: st.DataObject
) -> None:
    runs = Path(shutil.copytree(kept / state, tmp_path_factory.mktemp("flipped") / "runs"))
    files = [path for path in sorted(runs.rglob("*")) if path.is_file() and path.suffix != ".sqlite-shm"]
    victim = data.draw(st.sampled_from([path for path in files if path.stat().st_size]))
    content = bytearray(victim.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    victim.write_bytes(content)
    if is_whole(runs):
        assert everything(runs) == everything(kept / "closed")


def is_whole(runs: Path) -> bool:
    """Say whether it is verified to be whole; what cannot be verified at all is not."""
    with contextlib.suppress(RefusedToStart):
        return verify(runs).whole
    return False


def test_what_was_found_is_told_as_json(runs: Path) -> None:
    one_trace(runs).unlink()
    told = json.loads(json.dumps(verify(runs).to_json()))
    assert told["whole"] is False
    assert told["altered"][0]["what"].startswith("it is missing")
