"""The feed of a run: lines as they come, read however torn; one that cannot be written breaks nothing."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.live.feed import KEPT_S, Feed, remove_old
from rig.live.reading import FOLDER, MOST_BYTES, feed_path, feeds, read_feed
from rig.records.locks import hold_run

RUN = "20261122T103000Z-NP000001-3f9a"


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    feed = Feed(tmp_path, RUN, iter([0.0, 1.5]).__next__)
    feed.write("begins", title="Ünlü\n✔")
    feed.write("points", x=(1.0, 2.0), y=[float("nan"), float("inf")])
    lines, offset = read_feed(feed_path(tmp_path, RUN))
    assert [(line["kind"], line["at_s"]) for line in lines] == [("begins", 0.0), ("points", 1.5)]
    assert lines[0]["title"] == "Ünlü\n✔"
    assert (lines[1]["x"], lines[1]["y"]) == ([1.0, 2.0], [None, None])
    assert lines[0]["wall"] < lines[1]["wall"]
    assert offset == feed_path(tmp_path, RUN).stat().st_size
    assert feeds(tmp_path) == [RUN]


@given(st.integers(min_value=0, max_value=400))
def test_a_torn_last_line_is_read_when_it_is_whole(cut: int) -> None:
    whole = b"".join(json.dumps({"kind": "step", "index": n}).encode() + b"\n" for n in range(10))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "feed")
        path.write_bytes(whole[:cut])
        first, offset = read_feed(path)
        path.write_bytes(whole)
        rest, end = read_feed(path, offset)
    assert [line["index"] for line in first + rest] == list(range(10))
    assert end == len(whole)


@given(st.binary(max_size=200))
def test_nothing_that_lies_there_breaks_the_reader(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "feed")
        path.write_bytes(data)
        lines, offset = read_feed(path)
    assert 0 <= offset <= len(data)
    assert all(isinstance(line["kind"], str) for line in lines)


def test_what_is_no_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(b'{"kind":"step"}\nhello\n[1]\n{"kind":7}\n\xff\n{"kind":"ended"}\n')
    assert [line["kind"] for line in read_feed(path)[0]] == ["step", "ended"]


def test_a_feed_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read_feed(tmp_path / "missing", 17) == ([], 17)
    assert feeds(tmp_path) == []


def test_a_long_feed_is_read_in_pieces(tmp_path: Path) -> None:
    path, line = tmp_path / "feed", json.dumps({"kind": "points", "x": [0.5] * 2000}).encode() + b"\n"
    count = 3 * MOST_BYTES // len(line)
    path.write_bytes(line * count)
    seen, offset, calls = 0, 0, 0
    while offset < path.stat().st_size:
        lines, offset = read_feed(path, offset)
        seen, calls = seen + len(lines), calls + 1
    assert (seen, calls) == (count, 4), "each piece leaves the line it cuts to the next"


def test_a_line_without_end_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(b"x" * (MOST_BYTES + 10) + b'\n{"kind":"ended"}\n')
    lines, offset = read_feed(path)
    assert (lines, offset) == ([], MOST_BYTES)
    assert [line["kind"] for line in read_feed(path, offset)[0]] == ["ended"]


def test_a_folder_in_the_way_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with caplog.at_level(logging.WARNING):
        feed = Feed(tmp_path, RUN)
        for _ in range(3):
            feed.write("step")
        feed.close()
    assert len(caplog.records) == 1
    assert "cannot be shown while it goes on" in caplog.text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is full")
def test_a_full_disk_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rig.live.feed.feed_path", lambda runs, run_id: Path("/dev/full"))
    monkeypatch.setattr(Path, "mkdir", lambda self, **more: None)
    feed = Feed(tmp_path, RUN)
    feed.write("step")
    feed.write("step")
    assert not feed.is_on
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_old_feeds_go_when_nobody_records_their_run(tmp_path: Path) -> None:
    for run_id in ("old-1", "old-2", "new"):
        Feed(tmp_path, run_id).close()
        (tmp_path / FOLDER / f"{run_id}.answer-1.json").write_text("{}")
    for path in (tmp_path / FOLDER).glob("old-*"):
        os.utime(path, (path.stat().st_mtime - 2 * KEPT_S,) * 2)
    held = hold_run(tmp_path, "old-2")
    assert held is not None
    with held:
        remove_old(tmp_path)
    left = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert left == {f"{run_id}{what}" for run_id in ("new", "old-2") for what in (".jsonl", ".answer-1.json")}
