"""The station signs the record; who rewrites it from its start cannot sign it again."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from rig.errors import RefusedToStart, StoreError
from rig.records import heads, signatures
from rig.records.event import Event
from rig.records.signatures import begin_signing
from rig.records.station_key import FILE_NAME, FOLDER_VARIABLE, fingerprint_of, known_keys, station_key
from rig.records.store import FILE_NAME as STORE
from rig.records.store import Store
from rig.records.verify import Verification, verify
from tests.support.records import AT, RUN_ID, begin_run, complete_run, measure

OTHER_RUN = "20261122T104000Z-NP000002-bbbb"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of keys of the test's own."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def runs(own: Path, tmp_path: Path) -> Path:
    """A run from before there were keys, and one that was signed."""
    with Store(tmp_path / "runs") as store:
        complete_run(store)
        begin_signing(store)
        complete_run(store, OTHER_RUN)
    return tmp_path / "runs"


def altered(found: Verification) -> str:
    return "\n".join(map(str, found.altered))


def signed_lines(runs: Path) -> list[str]:
    return (runs / signatures.FILE_NAME).read_text().splitlines()


def write_lines(runs: Path, lines: list[str]) -> None:
    (runs / signatures.FILE_NAME).write_text("".join(f"{line}\n" for line in lines))


def test_a_key_is_made_at_first_need_and_stays(own: Path) -> None:
    assert known_keys() == {}
    assert not own.exists(), "looking makes none"
    key = station_key()
    assert station_key() is key
    assert known_keys() == {key.fingerprint: FILE_NAME}
    assert fingerprint_of(str(own / FILE_NAME)) == fingerprint_of(key.fingerprint) == key.fingerprint
    if os.name == "posix":
        assert stat.S_IMODE((own / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", ["no key at all", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_signs_nothing(own: Path, tmp_path: Path, content: str) -> None:
    own.mkdir()
    (own / FILE_NAME).write_text(content)
    with Store(tmp_path / "runs") as store, pytest.raises(StoreError, match="cannot be made or read"):
        begin_signing(store)
    assert known_keys() == {}
    with pytest.raises(RefusedToStart, match="is no key"):
        fingerprint_of(str(own / FILE_NAME))


def test_a_signed_record_is_whole(runs: Path) -> None:
    found = verify(runs)
    assert (found.altered, found.information, found.signatures) == ([], [], 3)
    with Store(runs) as store:
        begin_signing(store)
        assert [event.seq for event in store.events(kinds=("station.key",))] == [7], "entered once"
        assert store.run_ids() == [RUN_ID, OTHER_RUN]


def test_a_record_that_is_not_signed_stays_readable_and_says_so(own: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        complete_run(store)
    found = verify(tmp_path / "runs")
    assert found.whole
    assert [finding.what for finding in found.information] == [
        "the record is not signed: no station entered a key"
    ]
    assert not own.exists()
    found = verify(tmp_path / "runs", [station_key().fingerprint])
    assert "its end, entry 6, is not signed with a key that was given" in altered(found)


def rewrite_all(runs: Path, change: Callable[[Event], dict[str, object]]) -> None:
    """Make a whole new record with changed entries, and heads that fit it."""
    with Store(runs, create=False) as store:
        events = store.events()
    for name in (STORE, f"{STORE}-wal", f"{STORE}-shm"):
        (runs / name).unlink(missing_ok=True)
    known = {int(line.split()[0]) for line in (runs / heads.FILE_NAME).read_text().splitlines()}
    (runs / heads.FILE_NAME).unlink()
    with Store(runs) as store:
        for event in events:
            at = datetime.fromisoformat(event.at.replace("Z", "+00:00"))
            made = store.append(event.run_id, event.kind, change(event), at)
            if made.seq in known:
                heads.keep_head(runs, made.seq, made.hash)


def better(event: Event) -> dict[str, object]:
    return {**event.body, "value": 0.25} if event.body.get("unit") == "mm" else event.body


def test_a_record_rewritten_from_its_start_is_found(runs: Path) -> None:
    rewrite_all(runs, better)
    with Store(runs, create=False) as store:
        assert store.verify() is None, "the chain alone cannot tell"
    found = verify(runs)
    assert not found.whole
    assert [finding.where for finding in found.altered] == [
        "station-signatures.txt, line 1",
        "station-signatures.txt, line 2",
        "station-signatures.txt, line 3",
        f"run {OTHER_RUN}",
    ]
    assert "it signs another entry 7: the record was rewritten after it was signed" in altered(found)


def test_a_rewritten_record_without_its_signatures_is_found(runs: Path) -> None:
    rewrite_all(runs, better)
    (runs / signatures.FILE_NAME).unlink()
    assert altered(verify(runs)) == f"run {OTHER_RUN}: its end, entry 13, is not signed, and nothing after it"


def test_a_record_rewritten_with_a_key_of_its_own_is_found_by_who_knows_the_key(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = station_key().fingerprint
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "forger"))
    shutil.rmtree(runs)
    with Store(runs) as store:
        begin_signing(store)
        complete_run(store)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    found = verify(runs)
    assert found.whole
    assert "signed by a key this machine does not know" in str(found.information[0])
    assert "it is signed with another key than the one given" in altered(verify(runs, [genuine]))


@pytest.mark.parametrize("place", ["number", "hash", "key", "signature"])
def test_an_altered_line_is_named(runs: Path, place: str) -> None:
    lines = signed_lines(runs)
    words = lines[2].split()
    index = ["number", "hash", "key", "signature"].index(place)
    words[index] = {"number": "12", "signature": f"{'A' * 86}=="}.get(place, "0" * 64)
    write_lines(runs, [*lines[:2], " ".join(words)])
    assert "station-signatures.txt, line 3" in altered(verify(runs))


def test_a_line_that_is_no_line_is_named(runs: Path) -> None:
    lines = signed_lines(runs)
    write_lines(runs, [lines[0], "hello", *lines[1:]])
    assert altered(verify(runs)) == "station-signatures.txt: line 2 was altered"


def test_a_removed_signature_is_missed(runs: Path) -> None:
    lines = signed_lines(runs)
    write_lines(runs, lines[:-1])
    assert f"run {OTHER_RUN}: its end, entry 13, is not signed" in altered(verify(runs))
    with Store(runs) as store:
        begin_run(store, "20261122T105000Z-NP000003-cccc")
    found = verify(runs)
    assert found.whole, "the next signature holds it too"
    assert "the signature of its end, entry 13, is missing" in "\n".join(map(str, found.information))


def test_a_signature_that_was_cut_off_while_written_spoils_no_other(runs: Path) -> None:
    with (runs / signatures.FILE_NAME).open("ab") as file:
        file.write(signed_lines(runs)[-1][:150].encode())
    with Store(runs) as store:
        recorder = begin_run(store, "20261122T105000Z-NP000003-cccc")
        measure(recorder)
        recorder.ended("PASS", takt_s=1.0, wall_s=1.0)
    found = verify(runs)
    assert found.whole, found.altered
    assert [str(told) for told in found.information] == [
        "station-signatures.txt: line 4 was cut off while it was written"
    ]


def test_another_machine_enters_its_key_and_signs_too(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = station_key().fingerprint
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "other machine"))
    with Store(runs) as store:
        begin_signing(store)
        complete_run(store, "20261122T105000Z-NP000003-cccc")
    second = station_key().fingerprint
    found = verify(runs)
    assert found.whole
    assert f"does not know, {first}" in str(found.information)
    assert verify(runs, [first, second]).whole
    assert not verify(runs, [second]).whole


def test_a_key_that_is_not_the_one_its_fingerprint_tells_is_named(own: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        told = {"public": station_key().public, "fingerprint": "0" * 64}
        store.append("station:key", "station.key", told, AT)
    assert "entry 1, station.key: its key and its fingerprint do not agree" in altered(
        verify(tmp_path / "runs")
    )


def test_the_signatures_outlast_a_broken_chain(runs: Path) -> None:
    with closing(sqlite3.connect(runs / STORE)) as raw, raw:
        (guard,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'no_update'").fetchone()
        raw.execute("DROP TRIGGER no_update")
        raw.execute("UPDATE event SET body = '{}' WHERE seq = 10")
        raw.execute(guard)
    found = verify(runs)
    assert [finding.where for finding in found.altered] == [f"entry 10, run {OTHER_RUN}, measurement"]
    assert found.signatures == 2
