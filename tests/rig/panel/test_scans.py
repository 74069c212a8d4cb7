"""Scanning at a lane: what begins a run, and what is refused in a sentence and changes nothing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import RefusedToStart
from rig.panel import starting
from rig.panel.scanning import LONGEST, Scanned, is_stop, read_scan
from tests.support.panel_line import Line, ShownRun, a_line
from tests.support.people import ADA

PEN, TIP = "NP000001", "T2611A"
SCRIPT = "<script>alert(1)</script>"
GS = "\x1d"
REFUSES = (
    "import sys; sys.stdin.readline(); sys.exit('refused: the tip was used, expected a new one. Change it')"
)
WAITS = "import sys, time; sys.stdin.readline(); time.sleep(60)"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with a_line(tmp_path) as line:
        line.sign_in()
        yield line


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Keep the command lines of runs, and start in their place a process that waits."""
    return in_place_of_runs(monkeypatch, WAITS)


def in_place_of_runs(monkeypatch: pytest.MonkeyPatch, program: str) -> list[Sequence[str]]:
    kept: list[Sequence[str]] = []
    real = starting.command

    def command(*asked: Any) -> Sequence[str]:
        kept.append(real(*asked))
        return [sys.executable, "-c", program]

    monkeypatch.setattr(starting, "command", command)
    return kept


def until(line: Line, state: str) -> dict[str, Any]:
    """Return what the lane tells once it is in a state."""
    deadline_s = time.monotonic() + 30
    while (told := line.told())["state"] != state:
        assert time.monotonic() < deadline_s, told
        time.sleep(0.05)
    return told


def test_a_pen_and_its_tip_begin_a_run(line: Line, commands: list[Sequence[str]]) -> None:
    told = line.scan(PEN).json()["lane"]
    assert (told["state"], told["pen"], told["message"]) == ("tip", PEN, None)
    told = line.scan(TIP).json()["lane"]
    assert (told["state"], told["pen"], told["tip_lot"]) == ("starting", PEN, TIP)
    [command] = commands
    assert command[:5] == [sys.executable, "-m", "rig", "run", "eol"]
    expected = {
        "--station=twin", "--product=office-pen", f"--pen={PEN}", f"--tip-lot={TIP}", f"--runs={line.runs}",
        "--ticket-stdin",
    }  # fmt: skip
    assert set(command[5:]) == expected
    assert line.post("twin-1", "stop").json()["did"] == "stop"
    until(line, "pen")


def test_labels_as_scanners_send_them_are_read(line: Line, commands: list[Sequence[str]]) -> None:
    assert line.scan(f"]d2010950600013435221{PEN}{GS}10ABC").json()["lane"]["pen"] == PEN
    assert line.scan(f"(10){TIP}").json()["lane"]["state"] == "starting"
    line.post("twin-1", "stop")
    until(line, "pen")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("XY000001", "unknown model: serial number 'XY000001'"),
        (SCRIPT, f"unknown model: serial number '{SCRIPT}'"),
        ("x" * 10_000, "a scan of 10000 characters"),
        ("NP00\x000001", "a label with control characters"),
        ("", "an empty label"),
        ("   ", "an empty label"),
        ("(10)ABC", "a label without a serial number"),
        ("'; DROP TABLE event; --", "unknown model"),
        ("--override=all", "unknown model"),
    ],
)
def test_what_is_no_pen_is_refused_in_a_sentence(line: Line, text: str, says: str) -> None:
    reply = line.scan(text)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/json"
    assert says in reply.json()["detail"]
    told = line.told()
    assert (told["state"], told["pen"], told["run"]) == ("pen", "", None)
    assert says in told["message"]["what"]


@pytest.mark.parametrize("text", ["x" * 10_000, SCRIPT, "T26", "T2611A\x07"])
def test_what_is_no_tip_lot_is_refused_and_the_pen_stays(
    line: Line, commands: list[Sequence[str]], text: str
) -> None:
    line.scan(PEN)
    assert line.scan(text).status_code == 422
    told = line.told()
    assert (told["state"], told["pen"]) == ("tip", PEN)
    assert told["message"]["do"]
    assert commands == []


def test_a_script_in_a_scan_is_text_in_the_page(line: Line) -> None:
    line.scan(SCRIPT)
    page = line.browser.get("/").text
    assert SCRIPT not in page
    assert "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e" in page


def test_another_pen_takes_the_place_of_the_one_scanned(line: Line) -> None:
    line.scan(PEN)
    assert line.scan("CP000002").json()["lane"]["pen"] == "CP000002"


def test_a_right_scan_takes_a_refusal_away(line: Line) -> None:
    line.scan("XY000001")
    assert line.scan(PEN).json()["lane"]["message"] is None


def test_what_was_scanned_can_be_forgotten(line: Line) -> None:
    line.scan(PEN)
    told = line.post("twin-1", "forget").json()["lane"]
    assert (told["state"], told["pen"]) == ("pen", "")


def test_a_model_that_is_not_made_here_is_refused(tmp_path: Path) -> None:
    with a_line(tmp_path, products=["compact-pen"]) as line:
        line.sign_in()
        reply = line.scan(PEN)
        assert reply.status_code == 422
        assert "is a pen of model office-pen, which is not made here" in reply.json()["detail"]
        assert line.scan("CP000001").status_code == 200


def test_why_a_run_did_not_begin_is_said_in_its_parts(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    in_place_of_runs(monkeypatch, REFUSES)
    line.scan(PEN)
    line.scan(TIP)
    told = until(line, "pen")
    assert told["message"] == {
        "what": "the tip was used", "expected": "a new one", "do": "Change it", "key": "", "of": "start",
    }  # fmt: skip


def test_a_run_that_has_not_begun_is_stopped(line: Line, commands: list[Sequence[str]]) -> None:
    line.scan(PEN)
    line.scan(TIP)
    reply = line.scan("stop").json()
    assert (reply["did"], reply["lane"]["is_stopping"]) == ("stop", True)
    assert until(line, "pen")["message"]["key"] == "stopped_before"


def test_a_lane_at_work_takes_no_pen(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.step(0)
        line.told()
        reply = line.scan("NP000002")
        assert reply.status_code == 409
        assert "lane twin-1 is at work" in reply.json()["detail"]
        told = line.told()
        assert (told["state"], told["pen"], told["message"]) == ("running", "", None)


def test_the_next_pen_begins_anew(line: Line) -> None:
    with ShownRun(line.runs, "r1") as run:
        run.ends("PASS")
    assert line.told()["run"]["verdict"] == "PASS"
    told = line.scan("NP000002").json()["lane"]
    assert (told["state"], told["pen"], told["run"]) == ("tip", "NP000002", None)
    line.post("twin-1", "forget")
    assert line.told()["state"] == "pen"  # the verdict of the one before is not shown again


@pytest.mark.parametrize(
    "body", [{}, {"text": 5}, {"text": None}, {"text": ["NP000001"]}, [], "NP000001", None]
)
def test_a_scan_of_the_wrong_type_is_refused(line: Line, body: object) -> None:
    reply = line.browser.post("/lanes/twin-1/scan", json=body, headers={"x-csrf-token": line.csrf})
    assert reply.status_code == 422
    assert line.told()["state"] == "pen"


def test_what_is_no_json_is_refused(line: Line) -> None:
    headers = {"x-csrf-token": line.csrf, "content-type": "application/json"}
    assert line.browser.post("/lanes/twin-1/scan", content=b"{", headers=headers).status_code == 422
    assert line.browser.post("/lanes/twin-1/scan", content=b"\xff", headers=headers).status_code in (400, 422)


def test_what_is_far_too_long_is_not_even_read(line: Line) -> None:
    reply = line.scan("x" * 100_000)
    assert reply.status_code == 413
    assert "more than 65536 bytes" in reply.json()["detail"]


@pytest.mark.parametrize("what", ["scan", "answer", "stop", "forget"])
def test_a_lane_that_is_not_there_is_told_from_those_that_are(line: Line, what: str) -> None:
    reply = line.post("twin-9", what, text=PEN, number=1, answer="yes")
    assert reply.status_code == 404
    assert "there are: twin-1" in reply.json()["detail"]


def test_a_lane_of_a_very_long_name_is_refused(line: Line) -> None:
    assert line.post("x" * 200, "stop").status_code == 422


def test_who_may_not_run_the_plan_may_stop_it(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.browser.cookies.clear()
    line.sign_in(ADA)
    reply = line.scan(PEN)
    allowed = reply.status_code == 200
    assert allowed or (reply.status_code == 403 and "ada" in reply.json()["detail"])
    assert line.scan("STOP").status_code == 200


@given(text=st.text(max_size=2 * LONGEST), pen=st.sampled_from([Scanned(), Scanned(PEN, "office-pen")]))
def test_no_text_is_anything_but_a_label_or_refused(text: str, pen: Scanned) -> None:
    try:
        scanned = read_scan(text, (), pen=pen)
    except RefusedToStart:
        return
    assert scanned.serial.isalnum()
    assert scanned.tip_lot == "" or scanned.tip_lot.isalnum()


@pytest.mark.parametrize(
    ("text", "is_one"), [("STOP", True), (" stop\r", True), ("STOPP", False), ("", False)]
)
def test_the_label_that_stops(text: str, is_one: bool) -> None:
    assert is_stop(text) is is_one


def test_nothing_of_a_start_is_secret(line: Line, commands: list[Sequence[str]]) -> None:
    line.scan(PEN)
    line.scan(TIP)
    secrets = [line.browser.cookies["rig_session"], line.csrf]
    told = " ".join([*commands[0], *os.environ.values()])
    assert not any(secret in told for secret in secrets)
    line.post("twin-1", "stop")
    until(line, "pen")
