"""A panel before a line, as a person's browser meets it; and runs that show themselves without being one."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastapi.testclient import TestClient
from httpx2 import Response

from rig.live.feed import Feed
from rig.panel.app import make_app
from rig.panel.lane import Lane
from rig.panel.settings import read_settings
from rig.panel.stopping import stop_process
from rig.panel.watching import Watcher
from rig.records.locks import Held, hold_run
from tests.support.people import ADA, ADAS, BEN, BENS, with_ada, with_ben, with_policy

PASSWORDS = {ADA: ADAS, BEN: BENS}
HERE = "http://127.0.0.1"
STEPS = (("test_eol.py::test_pouch_is_sealed", "pouch is sealed"), ("test_eol.py::test_as_found", "as found"))


@dataclass
class Line:
    """A panel, and a browser that looks at it."""

    runs: Path
    browser: TestClient
    lanes: dict[str, Lane]
    watcher: Watcher
    csrf: str = ""

    def sign_in(self, name: str = BEN) -> Response:
        """Sign a person in; the browser keeps the cookie, the page's token is read from the page."""
        reply = self.browser.post("/sign-in", data={"name": name, "password": PASSWORDS[name]})
        assert reply.status_code == 303
        found = re.search(r'<meta name="csrf" content="([0-9a-f]+)">', self.browser.get("/").text)
        assert found is not None
        self.csrf = found[1]
        return reply

    def post(self, lane: str, what: str, **body: Any) -> Response:
        """Send what a person does on a lane."""
        return self.browser.post(f"/lanes/{lane}/{what}", json=body, headers={"x-csrf-token": self.csrf})

    def scan(self, text: str, lane: str = "twin-1") -> Response:
        """Scan something."""
        return self.post(lane, "scan", text=text)

    def told(self, lane: str = "twin-1") -> dict[str, Any]:
        """Return a lane as a page is told it, after the runs were looked at."""
        self.watcher.look()
        return next(one for one in self.browser.get("/lanes").json() if one["lane"] == lane)


@cache
def _people() -> Path:
    """Return a folder with the users, made once: each test has a copy of its own."""
    folder = tempfile.TemporaryDirectory(prefix="rig-people-")
    atexit.register(folder.cleanup)
    runs = with_policy(Path(folder.name) / "runs")
    with_ben(runs, with_ada(runs))
    return runs


def _see_off(lane: Lane) -> None:
    """Stop what was started on a lane, and wait until it is gone."""
    if (begun := lane._start) is not None:
        stop_process(begun.pid)
        begun._process.wait(60)


@contextmanager
def a_line(
    tmp_path: Path, *, stations: Sequence[str] = ("twin",), products: Sequence[str] = ()
) -> Iterator[Line]:
    """Serve a panel in this process; its users are Ada of quality and Ben, an operator.

    What watches the runs looks when a test says so, and not by itself.
    """
    runs = tmp_path / "runs"
    shutil.copytree(_people(), runs)
    app = make_app(read_settings(runs, stations, products=products))
    browser = TestClient(app, base_url=HERE, follow_redirects=False)
    try:
        yield Line(runs, browser, app.state.lanes, app.state.watcher)
    finally:
        browser.close()
        for lane in app.state.lanes.values():
            _see_off(lane)


@dataclass
class ShownRun:
    """A run as its feed and its lock show it; the process that records it is this one."""

    runs: Path
    run_id: str
    station: str = "twin-1"
    pen: str = "NP000001"
    pid: int = field(default_factory=os.getpid)
    _lock: Held | None = None

    def __enter__(self) -> Self:
        self._lock = hold_run(self.runs, self.run_id)
        self.feed = Feed(self.runs, self.run_id)
        self.feed.write(
            "begins",
            run_id=self.run_id,
            pid=self.pid,
            plan="eol",
            title="End of line",
            station=self.station,
            product="office-pen",
            pen=self.pen,
            tip_lot="T2611A",
            lot="",
            operator=None,
            steps=[{"test": test, "title": title} for test, title in STEPS],
            usual_takt_s=None,
        )
        return self

    def step(self, index: int) -> None:
        """Begin a step."""
        test, title = STEPS[index]
        self.feed.write("step", index=index, of=len(STEPS), test=test, title=title)

    def judged(self, *, accepted: bool = True) -> None:
        """Judge a result."""
        self.feed.write(
            "judged",
            name="seal.leak",
            title="Leak rate of the pouch",
            setting=None,
            value=1e-5,
            unit="Pa·m³/s",
            U=2e-5,
            lower=None,
            upper=2e-4,
            verdict="PASS" if accepted else "FAIL",
            accepted=accepted,
        )

    def asks(self, number: int = 1, *, answer: str = "confirm", pattern: str = "") -> None:
        """Ask for something."""
        self.feed.write(
            "prompt",
            number=number,
            key="load-pouch",
            text="Lay the pen's pouch on the anvil",
            picture="load-pouch",
            answer=answer,
            pattern=pattern,
        )

    def ends(self, verdict: str, *reasons: str) -> None:
        """Reach a verdict."""
        self.feed.write("ended", verdict=verdict, reasons=list(reasons), suspects=[])

    def dies(self) -> None:
        """Let go of the lock, as the kernel does for a process that was killed."""
        if self._lock is not None:
            self._lock.release()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.feed.close()
        self.dies()
