"""The log's checksums as SQLite makes them, and every way in which a log can be cut or altered."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.records.write_ahead_log import FRAME_HEADER, HEADER, LogState, check_log

FRAME = FRAME_HEADER + 4096
WHOLE = LogState()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The log of three transactions."""
    path = tmp_path_factory.mktemp("log") / "x.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        for number in range(2):
            connection.execute("INSERT INTO t VALUES (?)", (str(number) * 3000,))
        return path.with_name("x.sqlite-wal").read_bytes()


def test_what_sqlite_wrote_is_whole(log: bytes) -> None:
    assert len(log) > HEADER + 3 * FRAME
    assert check_log(log) == WHOLE
    assert check_log(b"") == WHOLE


@given(data=st.data())
def test_any_flipped_byte_is_found(log: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(log) - 1))
    flipped = bytearray(log)
    flipped[place] ^= data.draw(st.integers(1, 255))
    assert check_log(bytes(flipped)).damage


@given(data=st.data())
def test_a_log_that_was_cut_within_a_frame_is_unfinished(log: bytes, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(log) - 1))
    on_the_edge = size >= HEADER and (size - HEADER) % FRAME == 0
    assert check_log(log[:size]) == LogState(unfinished=not on_the_edge)


def test_frames_of_an_earlier_round_behind_the_end_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (?)", ("x" * 30000,))
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.execute("INSERT INTO t VALUES ('y')")
        log = bytearray(path.with_name("x.sqlite-wal").read_bytes())
    assert check_log(bytes(log)) == WHOLE
    log[-1] ^= 1
    assert check_log(bytes(log)) == WHOLE


@given(st.binary(max_size=3 * FRAME))
def test_anything_can_be_looked_at(data: bytes) -> None:
    check_log(data)


@given(page_size=st.integers(0, 2**32 - 1))
def test_a_log_of_pages_of_any_size_can_be_looked_at(log: bytes, page_size: int) -> None:
    check_log(log[:8] + page_size.to_bytes(4, "big") + log[12:])
