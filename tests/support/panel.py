"""A panel for tests: as the application in a thread of this process, or as the command in one of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from rig.panel import starting
from rig.panel.app import make_app
from rig.panel.serving import Server
from rig.panel.settings import PanelSettings, read_settings
from rig.people.changes import Newcomer, add_user, change_password
from rig.people.clients import add_client
from rig.people.sign_in import SignedIn
from tests.support.command import ENVIRONMENT, PATIENCE_S, RIG, ROOT
from tests.support.people import ADA, ADAS, BEN, BENS, GIVEN, with_ada, with_ben, with_policy

EVA, EVAS = "eva", "engineers like long ones"
MES = "line-3-mes"
ATTENDED = "twin-attended"
PASSWORDS = {ADA: ADAS, BEN: BENS, EVA: EVAS}
POLL_S = 0.05

T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """A folder of runs with people and one client of the interface."""

    runs: Path
    ada: SignedIn
    token: str


def make_line(runs: Path) -> Line:
    """Make a folder of runs with Ada (quality), Ben (operator), Eva (engineer), and a client, an operator."""
    ada = with_ada(with_policy(runs))
    with_ben(runs, ada)
    add_user(runs, Newcomer(EVA, "Eva Lind", ["engineer"]), GIVEN, by=ada, reason="new at the line")
    change_password(runs, EVA, GIVEN, EVAS, reason="chosen by herself")
    return Line(runs, ada, add_client(runs, MES, ["operator"], by=ada, reason="the line's computer"))


def settings_for(runs: Path, stations: Sequence[str] = ("twin",), **more: Any) -> PanelSettings:
    """Return the settings of a panel over a folder of runs."""
    return read_settings(runs, stations, **more)


@contextmanager
def serving_app(settings: PanelSettings) -> Iterator[str]:
    """Serve a panel from a thread of this process; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = make_app(settings)
        server = Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1), app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until(lambda: server.started or not thread.is_alive(), "the panel began")
        assert server.started
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            for run in starting._going_on:  # it may still draw what it measured
                run.wait(PATIENCE_S)


@contextmanager
def client_of(address: str, token: str | None) -> Iterator[httpx.Client]:
    """Speak to a panel as a client does; as a stranger where there is no token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_S, trust_env=False) as client:
        yield client


@contextmanager
def client_at(address: str, name: str, password: str) -> Iterator[httpx.Client]:
    """Speak to a panel as a browser of somebody who signed in does."""
    with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
        client.post("/sign-in", data={"name": name, "password": password})
        yield client


class PanelProcess:
    """``rig panel`` as a process of its own, which may be killed and started again on the same port.

    Args:
        runs: folder of the runs.
        stations: a lane each.
        arguments: more of its command line.
    """

    def __init__(self, runs: Path, stations: Sequence[str], *arguments: str) -> None:
        self._runs, self._stations, self._arguments = runs, stations, arguments
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns when it can be asked. A second time it takes the port of the first."""
        stations = [f"--station={station}" for station in self._stations]
        command = [*RIG, "panel", f"--port={self.port}", f"--runs={self._runs}", *stations, *self._arguments]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=ENVIRONMENT,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        found = re.match(r"panel +http://127\.0\.0\.1:(\d+)/$", self._process.stdout.readline())
        assert found, "the panel says where it is"
        self.port = int(found[1])
        until(lambda: _answers(self.address), "the panel answers")

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power failure would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as its terminal's Ctrl-C would; it has nothing to say about that."""
        said = self._end(signal.SIGINT)
        assert said == "", said

    def _end(self, by: signal.Signals) -> str:
        """Send a signal; return what it said of what went wrong, from its start to its end."""
        assert self._process is not None
        with self._process as process:
            os.kill(process.pid, by)
            return process.communicate(timeout=PATIENCE_S)[1]


@contextmanager
def panel_process(runs: Path, *stations: str, arguments: Sequence[str] = ()) -> Iterator[PanelProcess]:
    """Run ``rig panel`` as long as the block lasts."""
    panel = PanelProcess(runs, stations, *arguments)
    try:
        yield panel
    finally:
        panel.stop()


def until(holds: Callable[[], T], what: str) -> T:
    """Ask until something holds; return what it returned. Fails only when all patience is spent."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if found := holds():
            return found
        time.sleep(POLL_S)
    raise AssertionError(f"it never came to pass that {what}")


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/sign-in", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
