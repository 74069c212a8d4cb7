"""The index is kept up to date without anybody waiting for it, and pages say how far it is."""

import threading
from pathlib import Path

import pytest

from reports.dashboard.index import Index
from rig.panel import indexing
from rig.panel.indexing import HowFar, Indexer, how_far, look
from rig.records.store import FILE_NAME
from tests.support.bulk_records import BulkRecord
from tests.support.made_runs import make
from tests.support.reviewing import reviewed, some_runs, text_of

PATIENCE_S = 60.0


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    with BulkRecord(tmp_path) as record:
        make(record, some_runs())
    return tmp_path


def test_a_page_takes_in_what_little_is_missing(runs: Path) -> None:
    with Index(runs) as index:
        assert not how_far(index).is_whole
        assert look(index).is_whole


def test_a_page_does_not_wait_for_much(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AT_ONCE", 50)
    with Index(runs) as index:
        before = how_far(index)
        assert look(index) == before
        assert before.taken == 0


def test_pages_say_how_far_the_index_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = reviewed(tmp_path / "runs", some_runs())
    monkeypatch.setattr(indexing, "AT_ONCE", 50)
    with Index(panel.runs) as index:
        index.catch_up(100)
        far = how_far(index)
    state = panel.ada.get("/data/index.json").json()
    assert state == {"taken": 100, "of": far.of, "percent": far.percent, "whole": False}
    for address in ("/overview", "/runs", "/stations"):
        page = panel.ada.get(address)
        assert f"{far.percent} %" in text_of(page.text)
        assert 'data-index="/data/index.json"' in page.text
    with Index(panel.runs) as index:
        index.catch_up()
    assert "data-index" not in panel.ada.get("/overview").text


def test_the_background_takes_in_all_and_goes_on(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AT_ONCE", 50)
    monkeypatch.setattr(indexing, "POLL_S", 0.01)
    indexer = Indexer(runs)
    indexer.start()
    try:
        assert _becomes_whole(runs)
        with BulkRecord(runs) as record:
            make(record, some_runs()[:3], first=100)
        assert _becomes_whole(runs)
    finally:
        indexer.stop()
    with Index(runs) as index:
        assert index.rows("SELECT COUNT(*) FROM run")[0][0] == len(some_runs()) + 3


def test_it_stops_in_the_middle_of_a_long_record(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def catch_up(self: Index, limit: int | None = None) -> int:
        begun.set()
        return limit or 0  # there is always more

    monkeypatch.setattr(Index, "catch_up", catch_up)
    indexer = Indexer(runs)
    indexer.start()
    assert begun.wait(PATIENCE_S)
    indexer.stop()


def test_it_waits_for_a_record_that_is_not_there_and_outlives_one_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "POLL_S", 0.01)
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    indexer = Indexer(tmp_path)
    indexer.start()
    try:
        (tmp_path / FILE_NAME).unlink()
        with BulkRecord(tmp_path) as record:
            make(record, some_runs()[:3])
        assert _becomes_whole(tmp_path)
    finally:
        indexer.stop()


def test_percent_is_a_hundred_only_when_nothing_is_missing() -> None:
    assert [HowFar(taken, 1000).percent for taken in (0, 5, 999, 1000, 1001)] == [0, 0, 99, 100, 100]
    assert HowFar(0, 0).is_whole


def _becomes_whole(runs: Path) -> bool:
    """Wait until the index is whole; say whether it became so within all patience."""
    waited = threading.Event()
    with Index(runs) as index:
        for _ in range(int(PATIENCE_S / 0.02)):
            far = how_far(index)
            if far.is_whole and far.of:
                return True
            waited.wait(0.02)
    return False
