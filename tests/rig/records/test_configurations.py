"""Files that decide a run: kept once, byte for byte, and told key by key when they changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.errors import ConfigError
from rig.records.audit import AuditLog
from rig.records.configurations import (
    ConfigurationFile,
    changed_files,
    changes,
    enter,
    keep,
    last_known,
    read_file,
)
from rig.records.store import Store
from rig.records.verify import verify

OLD = 'model = "NP-250"\n[depth]\nmaximum_mm = 2.5 # of the thread\n'
NEW = OLD.replace("2.5", "2.0")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def product(text: str) -> ConfigurationFile:
    return ConfigurationFile("product", "NP-250", ".toml", text.encode())


def put_on_record(store: Store, text: str) -> None:
    [change] = changed_files(store, [product(text)])
    enter(AuditLog(store), change, keep(store.runs, change.file), by="A. Keller", reason="drawing 3")


def test_a_file_is_kept_byte_for_byte_by_its_hash(tmp_path: Path) -> None:
    data = OLD.replace("\n", "\r\n").encode() + "µ".encode()
    path = tmp_path / keep(tmp_path, ConfigurationFile("product", "NP-250", ".toml", data))
    assert path.read_bytes() == data
    assert path.stem == hashlib.sha256(data).hexdigest()


def test_the_same_bytes_are_written_once(tmp_path: Path) -> None:
    first = tmp_path / keep(tmp_path, product(OLD))
    written_ns = first.stat().st_mtime_ns
    assert tmp_path / keep(tmp_path, product(OLD)) == first
    assert first.stat().st_mtime_ns == written_ns
    assert len(list(first.parent.iterdir())) == 1


def test_a_kept_file_that_was_altered_is_no_evidence_for_the_next_run(tmp_path: Path) -> None:
    first = tmp_path / keep(tmp_path, product(OLD))
    first.write_text(NEW)
    second = tmp_path / keep(tmp_path, product(OLD))
    assert (second.read_text(), first.read_text()) == (OLD, NEW), "the altered one stays as it is"
    assert tmp_path / keep(tmp_path, product(OLD)) == second


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a = 1", "a = 2", [("a", 1, 2)]),
        ("[x.y]\na = 1\nb = 3", "[x.y]\na = 2\nb = 3", [("x.y.a", 1, 2)]),
        ("a = 1", "a = 1\nb = 2026-11-22", [("b", None, "2026-11-22")]),
        ("a = 1\nb = true", "a = 1", [("b", True, None)]),
        ("a = [1, 2]", "a = [1, 3]", [("a", [1, 2], [1, 3])]),
        ("a = [{n = 1}, {n = 2}]", "a = [{n = 1}, {n = 3}]", [("a[1].n", 2, 3)]),
        ("[t]", "t = 1", [("t", {}, 1)]),
        ("a = 1 # mm", "a = 1 # µm", [("line 1", "a = 1 # mm", "a = 1 # µm")]),
        ("a = 1\n", "a = 1\r\n", [("line 1", "a = 1\n", "a = 1\r\n")]),
        ("a = 1", "a = ", [("line 1", "a = 1", "a = ")]),
    ],
)
def test_changes_are_told_key_by_key(old: str, new: str, told: list[tuple[str, Any, Any]]) -> None:
    found = changes(old.encode(), new.encode(), ".toml")
    assert [(change["key"], change["old"], change["new"]) for change in found] == told


def test_changes_of_tests_are_told_by_lines() -> None:
    found = changes(b"import a\nx = 1\n", b"import a\nimport b\nx = 2\n", ".py")
    assert found == [{"key": "line 2", "old": "x = 1\n", "new": "import b\nx = 2\n"}]


def test_nothing_is_changed_until_the_bytes_are_others(store: Store) -> None:
    put_on_record(store, OLD)
    assert changed_files(store, [product(OLD)]) == []
    [change] = changed_files(store, [product(NEW)])
    assert change.keys == [{"key": "depth.maximum_mm", "old": 2.5, "new": 2.0}]
    assert change.before == product(OLD).sha256


def test_the_last_entry_about_a_file_is_what_counts(store: Store) -> None:
    for text in (OLD, NEW, OLD):
        put_on_record(store, text)
    assert last_known(store)["product", "NP-250"].body["sha256"] == product(OLD).sha256
    [change] = changed_files(store, [product(NEW)])
    assert change.before == product(OLD).sha256


def test_a_change_whose_earlier_bytes_are_lost_is_still_a_change(store: Store) -> None:
    put_on_record(store, OLD)
    for path in (store.runs / "configurations").iterdir():
        path.unlink()
    [change] = changed_files(store, [product(NEW)])
    assert (change.before, change.keys) == (product(OLD).sha256, ())


def test_a_flipped_byte_in_a_kept_file_is_named(store: Store) -> None:
    put_on_record(store, OLD)
    [path] = (store.runs / "configurations").iterdir()
    assert verify(store.runs).whole
    data = bytearray(path.read_bytes())
    data[9] ^= 1
    path.write_bytes(data)
    [finding] = verify(store.runs).altered
    assert finding.where == f"configurations/{path.name}"
    assert "NP-250" in finding.what


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pen\.toml: cannot be read"):
        read_file("product", "NP-250", tmp_path / "pen.toml")
