"""Traces come back to the bit, and only if they are the bytes that were recorded."""

import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rig.errors import StoreError
from rig.records.files import safe_name, write_new
from rig.records.trace import Trace, read_trace, write_trace
from tests.support.records import extension_trace


def test_a_trace_comes_back_as_it_was(tmp_path: Path) -> None:
    trace = extension_trace()
    stored = write_trace(trace, tmp_path / "run" / "traces")
    path = tmp_path / "run" / "traces" / stored.path
    assert (stored.path, stored.rows) == ("extension.as_found-0.25-mm.parquet", 3)
    assert stored.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    back = read_trace(path, sha256=stored.sha256)
    assert (back.name, back.about) == (trace.name, trace.about)
    assert list(back.columns) == list(trace.columns)
    for name, values in trace.columns.items():
        np.testing.assert_array_equal(back.columns[name], values)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats()))
def test_every_float_comes_back(tmp_path: Path, values: list[float]) -> None:
    stored = write_trace(Trace("any", {"x": np.array(values)}), tmp_path)
    back = read_trace(tmp_path / stored.path).columns["x"]
    assert back.shape == (len(values),)
    for found, wanted in zip(back, values, strict=True):
        same_bits = struct.pack("d", found) == struct.pack("d", wanted)
        assert same_bits or (math.isnan(found) and math.isnan(wanted))


def test_equal_traces_are_equal_bytes_and_never_overwrite(tmp_path: Path) -> None:
    stored = [write_trace(extension_trace("scan"), tmp_path) for _ in range(3)]
    assert [each.path for each in stored] == ["scan.parquet", "scan-2.parquet", "scan-3.parquet"]
    assert len({each.sha256 for each in stored}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "scan-2.parquet",
        "scan-3.parquet",
        "scan.parquet",
    ]


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    stored = write_trace(extension_trace(), tmp_path)
    path = tmp_path / stored.path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StoreError, match=f"not the one that was recorded.*expected {stored.sha256}"):
        read_trace(path, sha256=stored.sha256)


def test_a_missing_file_and_one_of_another_kind_are_errors(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_trace(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(StoreError, match="not a trace of this rig"):
        read_trace(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    "columns",
    [{}, {"a": np.zeros(2), "b": np.zeros(3)}, {"a": np.zeros((2, 2))}, {"a": np.float64(1.0)}],
)
def test_columns_are_of_one_length(columns: dict[str, np.ndarray]) -> None:
    with pytest.raises(StoreError, match="all of one length"):
        Trace("bad", columns)


def test_about_must_be_recordable(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="gain is nan"):
        write_trace(Trace("bad", {"a": np.zeros(1)}, {"gain": math.nan}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_trace_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rig.records.files.os.fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device.*--runs"):
        write_trace(extension_trace(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("extension 0.25 mm @ 5000 /min", "extension-0.25-mm-5000-min"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "CON-"),
        ("nul.txt", "nul.txt-"),
        ("µ", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_names_are_safe_on_every_platform(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert 1 <= len(safe) <= 101
    assert not set(safe) & set('/\\:*?"<>| ')
    assert safe not in (".", "..")
    assert safe_name(safe.rstrip("-")) in (safe, safe.rstrip("-"))


def test_a_file_in_the_way_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="could not be written"):
        write_new(tmp_path / "file", "a", ".log", b"")
