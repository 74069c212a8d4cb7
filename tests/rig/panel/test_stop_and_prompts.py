"""Stopping what runs on a lane, and answering what it asks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.records.store import Store
from rig.records.view import fold
from tests.support.panel_line import Line, ShownRun, a_line
from tests.support.people import ADA

ROOT = Path(__file__).parents[3]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with a_line(tmp_path, stations=["twin", "twin-attended"]) as line:
        line.sign_in()
        yield line


def start(line: Line, station: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.stoppable_run", str(line.runs), f"r-{station}", station]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "recording\n"
    return process


@pytest.mark.parametrize("way", ["button", "label"])
def test_a_run_is_stopped_and_no_other(line: Line, way: str) -> None:
    with start(line, "twin-1") as one, start(line, "twin-attended") as other:
        assert line.told("twin-1")["state"] == line.told("twin-attended")["state"] == "running"
        reply = line.post("twin-1", "stop") if way == "button" else line.scan("STOP")
        assert (reply.status_code, reply.json()["did"]) == (200, "stop")
        assert reply.json()["lane"]["is_stopping"]
        assert one.wait(30) == 0
        told = line.told("twin-1")
        assert (told["state"], told["run"]["verdict"], told["is_stopping"]) == ("ended", "ABORTED", False)
        assert other.poll() is None
        assert line.told("twin-attended")["state"] == "running"
        other.terminate()


def test_stop_says_where_nothing_runs(line: Line) -> None:
    assert line.post("twin-1", "stop").json()["did"] == "nothing"


def test_stop_forgets_what_was_scanned(line: Line) -> None:
    line.scan("NP000001")
    assert line.post("twin-1", "stop").json()["lane"]["state"] == "pen"


def test_anybody_who_is_signed_in_may_stop(line: Line) -> None:
    line.browser.cookies.clear()
    line.sign_in(ADA)
    with start(line, "twin-1") as one:
        line.told()
        assert line.post("twin-1", "stop").json()["did"] == "stop"
        assert one.wait(30) == 0


def answers(line: Line) -> list[Path]:
    return sorted((line.runs / ".live").glob("*answer*"))


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_question_is_answered_once(line: Line, answer: str) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.asks()
        assert line.told()["run"]["prompt"]["text"] == "Lay the pen's pouch on the anvil"
        assert line.post("twin-1", "answer", number=1, answer=answer).status_code == 200
        [file] = answers(line)
        assert f'"{answer}"' in file.read_text()
        assert '"ben"' in file.read_text()
        again = line.post("twin-1", "answer", number=1, answer="yes")
        assert again.status_code == 422
        assert "answered before" in again.json()["detail"]


def test_a_scan_answers_a_question_that_asks_for_one(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.asks(answer="scan", pattern="F[0-9]{4}")
        line.told()
        refused = line.scan("G0001")
        assert refused.status_code == 422
        assert answers(line) == []
        assert line.scan("F0001").status_code == 200
        assert len(answers(line)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"number": 2, "answer": "yes"}, 422),
        ({"number": 0, "answer": "yes"}, 422),
        ({"number": 1, "answer": "x" * 201}, 422),
        ({"number": 1, "answer": "perhaps"}, 422),
        ({"number": 1, "answer": "ye\x00s"}, 422),
        ({"number": "one", "answer": "yes"}, 422),
        ({"answer": "yes"}, 422),
        ({"number": 1}, 422),
    ],
)
def test_what_is_no_answer_answers_nothing(line: Line, body: dict[str, object], status: int) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.asks()
        line.told()
        reply = line.post("twin-1", "answer", **body)
        assert reply.status_code == status
        assert reply.json()["detail"]
        assert answers(line) == []
        assert line.told()["run"]["prompt"]["number"] == 1


def test_nothing_is_answered_where_nothing_is_asked(line: Line) -> None:
    reply = line.post("twin-1", "answer", number=1, answer="yes")
    assert (reply.status_code, "nothing is asked" in reply.json()["detail"]) == (422, True)


def test_a_run_of_the_rig_is_begun_by_scans_and_stopped(line: Line) -> None:
    """The one test here with a real run: its record says who began it, on what, and how it ended."""
    line.scan("NP000001")
    assert line.scan("T2611A").status_code == 200
    deadline_s = time.monotonic() + 120
    while (told := line.told())["state"] != "running" or told["run"]["index"] < 1:
        assert told["state"] in ("starting", "running"), told
        assert time.monotonic() < deadline_s, told
        time.sleep(0.1)
    assert (told["run"]["pen"], told["run"]["tip_lot"]) == ("NP000001", "T2611A")
    assert line.post("twin-1", "stop").json()["did"] == "stop"
    while (told := line.told())["state"] != "ended":
        assert time.monotonic() < deadline_s, told
        time.sleep(0.1)
    assert told["run"]["verdict"] == "ABORTED"
    with Store(line.runs, create=False) as store:
        recorded = fold(store.events(told["run"]["run_id"]))
    assert (recorded.verdict, recorded.pen_serial, recorded.tip_lot) == ("ABORTED", "NP000001", "T2611A")
    assert recorded.reasons[0] == "stopped by ben"
    assert recorded.operator is not None
    assert recorded.operator["name"] == "ben"
