"""Watching the runs: a lane shows its station's latest run, wherever that was begun and however it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.live.reading import feed_path
from rig.panel import following
from rig.panel.app import make_app
from rig.panel.events import News
from rig.panel.settings import read_settings
from rig.records.run import RunRecorder
from rig.records.store import Store
from tests.support.panel_line import Line, ShownRun, a_line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with a_line(tmp_path, stations=["twin", "twin-attended"]) as line:
        line.sign_in()
        yield line


def events(news: News) -> list[tuple[str, dict[str, object]]]:
    """Return the events of some news, each by its name and with what it says."""
    parted = [text.removesuffix("\n\n").split("\n", 1) for text in news.told()]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parted]


def test_a_run_from_a_command_line_is_shown(line: Line) -> None:
    with ShownRun(line.runs, "r1", pen="NP000007") as run:
        run.step(0)
        run.judged()
        run.step(1)
        told = line.told()
        assert (told["state"], told["run"]["pen"]) == ("running", "NP000007")
        assert [step["state"] for step in told["run"]["steps"]] == ["done", "now"]
        assert [one["name"] for one in told["run"]["judged"]] == ["seal.leak"]
        assert line.told("twin-attended")["state"] == "pen"


def test_it_goes_before_a_pen_that_was_scanned_meanwhile(line: Line) -> None:
    line.scan("NP000001")
    with ShownRun(line.runs, "r1", pen="NP000007"):
        told = line.told()
        assert (told["state"], told["pen"], told["run"]["pen"]) == ("running", "", "NP000007")


def test_a_run_on_another_station_is_nobodys_business_here(line: Line) -> None:
    with ShownRun(line.runs, "r1", station="elsewhere"):
        assert line.told()["state"] == "pen"


@pytest.mark.parametrize(
    ("verdict", "last"), [("PASS", "done"), ("FAIL", "done"), ("ERROR", "broken"), ("ABORTED", "broken")]
)
def test_a_verdict_is_shown_with_why(line: Line, verdict: str, last: str) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        run.step(1)
        run.ends(verdict, "why it is so")
    told = line.told()
    assert (told["state"], told["run"]["verdict"]) == ("ended", verdict)
    assert told["run"]["reasons"] == ["why it is so"]
    assert [step["state"] for step in told["run"]["steps"]] == ["done", last]


def test_a_step_of_which_a_result_failed_is_marked(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        run.judged(accepted=False)
        run.step(1)
        run.ends("FAIL", "seal.leak: too much")
    assert [step["state"] for step in line.told()["run"]["steps"]] == ["failed", "done"]


def test_a_run_that_lets_go_without_an_end_is_cut_off(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        assert line.told()["state"] == "running"
        run.dies()
        assert line.told()["state"] == "cut off"


def test_a_line_that_was_cut_short_keeps_no_run_alive(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        with feed_path(line.runs, "r1").open("ab") as feed:
            feed.write(b'{"kind": "step", "ind')
        assert line.told()["state"] == "running"
    assert line.told()["state"] == "cut off"


def test_a_run_that_ends_and_lets_go_at_once_is_not_cut_off(line: Line) -> None:
    seen = []
    with ShownRun(line.runs, "r1") as run:
        seen.append(line.told()["state"])
        run.ends("PASS")
        run.dies()
        seen.append(line.told()["state"])
    assert seen == ["running", "ended"]


def test_a_run_that_was_cut_off_shows_how_its_record_was_closed(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        line.told()
        run.dies()
        assert line.told()["state"] == "cut off"
        with Store(line.runs) as store:
            RunRecorder(store, "r1").ended("ABORTED", takt_s=None, wall_s=1.0, reasons=["cut off, recovered"])
        for _ in range(25):  # the record is not asked at every look
            told = line.told()
        assert (told["state"], told["run"]["verdict"]) == ("ended", "ABORTED")
        assert told["run"]["reasons"] == ["cut off, recovered"]


def test_the_latest_run_is_shown(line: Line) -> None:
    for number, verdict in enumerate(("PASS", "FAIL", "PASS"), start=1):
        with ShownRun(line.runs, f"r{number}", pen=f"NP00000{number}") as run:
            run.ends(verdict)
        assert line.told()["run"]["pen"] == f"NP00000{number}"


def test_a_panel_that_begins_anew_shows_the_run_where_it_is(tmp_path: Path, line: Line) -> None:
    with ShownRun(line.runs, "r0") as over, ShownRun(line.runs, "r1", pen="NP000007") as run:
        over.ends("PASS")
        run.step(0)
        run.judged()
        before = line.told()["run"]
        again = make_app(read_settings(line.runs, ["twin"]))
        again.state.watcher.look()
        assert again.state.lanes["twin-1"].told()["run"] == before


def test_feeds_of_earlier_runs_are_opened_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        with ShownRun(line.runs, f"r{number}") as run:
            run.ends("PASS")
    line.watcher.look()
    opened = []
    real = following._first_line
    monkeypatch.setattr(following, "_first_line", lambda path: opened.append(path) or real(path))
    line.watcher.look()
    assert opened == []


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "step"}',
        '{"kind": "step", "index": "x"}',
        '{"kind": "judged", "at_s": "soon"}',
        '{"kind": "plot"}',
        '{"kind": "points", "x": 1, "y": 2}',
        '{"kind": "ended"}',
        '{"kind": "of a later version", "at_s": 1}',
        "[]",
        "no line of a feed",
    ],
)
def test_what_is_no_line_of_a_feed_disturbs_nothing(line: Line, text: str) -> None:
    with ShownRun(line.runs, "r1") as run, ShownRun(line.runs, "r2", station="twin-attended") as other:
        run.step(0)
        with feed_path(line.runs, "r1").open("a") as file:
            file.write(f"{text}\n")
        run.step(1)
        other.step(1)
        assert line.told()["run"]["index"] == 1
        assert line.told("twin-attended")["run"]["index"] == 1


def test_a_feed_that_does_not_say_whose_it_is_is_waited_for(line: Line) -> None:
    path = feed_path(line.runs, "r1")
    with ShownRun(line.runs, "r1"):
        whole = path.read_bytes()
        path.write_bytes(whole[:20])
        assert line.told()["state"] == "pen"
        path.write_bytes(whole)
        assert line.told()["state"] == "running"


def test_a_scan_wakes_the_pages(line: Line) -> None:
    line.watcher.look()
    assert not line.watcher.look()
    line.scan("NP000001")
    assert line.watcher.look()


def test_a_page_is_told_all_at_first_and_then_what_changed(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.feed.write("plot", name="p", title="Strokes", x="gap_mm", y="duty")
        run.feed.write("points", x=[1.0, 2.0], y=[0.5, None])
        line.watcher.look()
        news = News(line.lanes.values())
        first = events(news)
        assert [(name, told["lane"]) for name, told in first] == [
            ("lane", "twin-1"), ("plot", "twin-1"), ("lane", "twin-attended"),
        ]  # fmt: skip
        assert first[1][1]["is_new"]
        assert (first[1][1]["x"], first[1][1]["y"]) == ([1.0, 2.0], [0.5, None])
        assert events(news) == []
        run.feed.write("points", x=[3.0], y=[0.25])
        line.watcher.look()
        [(name, told)] = events(news)
        assert (name, told["is_new"], told["x"], told["y"]) == ("plot", False, [3.0], [0.25])
        run.feed.write("plot", name="p", title="Squeeze", x="time_s", y="force_n")
        run.feed.write("points", x=[0.0], y=[0.1])
        line.watcher.look()
        [(name, told)] = events(news)
        assert (told["is_new"], told["title"], told["x"]) == (True, "Squeeze", [0.0])
        late = News(line.lanes.values())
        assert events(late)[1][1]["x"] == [0.0]


def test_a_long_plot_is_a_window(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.panel.progress.PLOT_POINTS", 3)
    with ShownRun(line.runs, "r1") as run:
        run.feed.write("plot", name="p", title="Strokes", x="gap_mm", y="duty")
        run.feed.write("points", x=[1.0, 2.0], y=[0.1, 0.2])
        line.watcher.look()
        news = News(line.lanes.values())
        events(news)
        run.feed.write("points", x=[3.0, 4.0], y=[0.3, 0.4])
        line.watcher.look()
        assert events(news)[0][1]["x"] == [3.0, 4.0]
        assert events(News(line.lanes.values()))[1][1]["x"] == [2.0, 3.0, 4.0]


def test_a_line_end_in_a_text_ends_no_event(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.feed.write("fault", text="one\n\nevent: lane\ndata: {}\r\r")
        line.watcher.look()
        for text in News(line.lanes.values()).told():
            assert text.count("\n") == 3
            assert "\r" not in text


def test_stop_goes_by_the_lock_and_never_by_what_a_feed_says(line: Line) -> None:
    with ShownRun(line.runs, "r1", pid=os.getppid()) as run:
        run.step(0)
        assert line.told()["state"] == "running"
        run.dies()
        assert line.post("twin-1", "stop").json()["did"] == "nothing"


def test_a_run_whose_feed_broke_shows_how_it_ended_by_its_record(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        line.told()
        with Store(line.runs) as store:
            RunRecorder(store, "r1").ended("FAIL", takt_s=1.0, wall_s=1.0, reasons=["seal.leak: too much"])
        run.dies()
        assert line.told()["run"]["verdict"] == "FAIL"
