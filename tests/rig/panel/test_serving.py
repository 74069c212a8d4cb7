"""The command that serves a panel: says where it is, ends when told to, and says what keeps it from it."""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from rig.panel import starting
from tests.support.command import REFUSED, rig
from tests.support.panel import (
    ATTENDED,
    Line,
    client_of,
    make_line,
    panel_process,
    serving_app,
    settings_for,
    until,
)
from tests.support.people import BEN, BENS


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return make_line(tmp_path_factory.mktemp("line") / "runs")


def test_a_panel_ends_while_pages_look_on(line: Line) -> None:
    """Nothing is said about it, and every page hears that it is the end."""
    with (
        panel_process(line.runs, "twin", ATTENDED) as panel,
        httpx.Client(base_url=panel.address, trust_env=False, timeout=60) as page,
    ):
        page.post("/sign-in", data={"name": BEN, "password": BENS})
        with page.stream("GET", "/events") as stream:
            told = stream.iter_text()
            assert next(told).count("event: lane") == 2, "what comes at once comes in one piece"
            panel.stop()
            for _ in told:  # raises where it was torn off in the middle
                pass
        panel.start()
        until(lambda: page.get("/lanes").status_code == 200, "the session outlived the panel")


def test_an_order_is_answered_when_the_panel_ends(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    never_begins = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(starting, "command", lambda *_: never_begins)

    def order(address: str) -> httpx.Response:
        with client_of(address, line.token) as mes:
            return mes.post("/api/runs", json={"lane": "twin-1", "pen": "NP000042"})

    with ThreadPoolExecutor() as pool:
        with serving_app(settings_for(line.runs)) as address:
            answer = pool.submit(order, address)
            until(lambda: starting._going_on, "a run is on its way")
        refused = answer.result()
    assert (refused.status_code, "which was stopped" in refused.text) == (503, True), refused.text
    assert all(run.poll() is not None for run in starting._going_on)


def test_a_port_that_is_taken_is_refused(line: Line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = rig("panel", "--port", str(port), "--runs", line.runs)
    assert said.status == REFUSED
    assert f"127.0.0.1:{port}" in said.text
    assert "--port" in said.text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--station", "no-such-station"), "no-such-station"),
        (("--station", "twin", "--station", "twin"), "two lanes"),
        (("--plan", "no-such-plan"), "unknown plan"),
        (("--host", "no.such.host.invalid"), "nothing can listen"),
        (("--port", "70000"), "65535"),
    ],
)
def test_a_panel_that_cannot_be(line: Line, arguments: tuple[str, ...], expected: str) -> None:
    said = rig("panel", "--runs", line.runs, *arguments)
    assert said.status == REFUSED
    assert expected in said.text


def test_nobody_could_sign_in_without_users(tmp_path: Path) -> None:
    said = rig("panel", "--runs", tmp_path, "--port", "0")
    assert said.status == REFUSED
    assert "rig users add" in said.text
