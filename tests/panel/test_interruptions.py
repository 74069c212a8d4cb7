"""What becomes of runs when something comes between: a stop, a killed panel, a killed run, another terminal.

The runs here wait: for an answer, or for the wall's clock. So each is in its middle as long as a test wants.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rig.records.locks import holder_of
from rig.station import STATIONS, load_station
from tests.support.browser import CHROMIUM, Window, window
from tests.support.command import BROKE, ENVIRONMENT, PATIENCE_S, RIG, ROOT, shown
from tests.support.panel import ATTENDED, Line, PanelProcess, make_line, panel_process, until
from tests.support.people import BEN, BENS
from tests.support.standing_twin import StandingTwin, standing_twin
from tests.support.tools import needs

pytestmark = needs(CHROMIUM)

GOOD, THE_BENCHS_OWN, TIP = "NP000042", "NP000001", "T2611A"
CLAMP, LOAD = "Clamp the pen in the nest, needles towards the plate", "Lay the pen's pouch on the anvil"
SQUEEZED = "Pouch is sealed"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return make_line(tmp_path_factory.mktemp("line") / "runs")


@pytest.fixture(scope="module")
def bench() -> Iterator[StandingTwin]:
    """A bench that takes its time, as a real one does, and can be asked how it is."""
    with standing_twin("--wall-clock") as bench:
        yield bench


@pytest.fixture(scope="module")
def panel(
    line: Line, bench: StandingTwin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PanelProcess]:
    folder = tmp_path_factory.mktemp("bench")
    slow = bench.station_file(folder, ('"twin-1"', '"bench"'))
    with panel_process(line.runs, "twin", ATTENDED, str(slow), str(mute_station(folder))) as panel:
        yield panel


@pytest.fixture(scope="module")
def ben(browser: Browser, panel: PanelProcess) -> Iterator[Window]:
    with window(browser, panel.address) as opened:
        opened.sign_in(BEN)
        opened.shows_lanes(4)
        yield opened


def mute_station(folder: Path) -> Path:
    """Write the file of a simulated station on which no pen answers."""
    (folder / "mute.toml").write_text('faults = ["pen.mute@0s"]\n', encoding="utf-8")
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    text = text.replace('"twin-1"', '"mute"').replace('"nominal"', f'"{folder / "mute.toml"}"')
    path = folder / "mute-bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def begin(ben: Window, number: int, pen: str = GOOD) -> None:
    """Scan a pen and its tip on a lane."""
    ben.page.keyboard.press(f"F{number}")
    ben.scan(pen)
    ben.lane(number).is_in("tip")
    ben.scan(TIP)


def test_a_stop_while_the_stage_presses_leaves_the_bench_safe(
    line: Line, bench: StandingTwin, ben: Window
) -> None:
    lane = ben.lane(3)
    begin(ben, 3, THE_BENCHS_OWN)
    expect(lane.find(".now .title")).to_have_text(SQUEEZED)
    until(lambda: bench.stage_mm() > load_station("twin").nest.safe_mm, "the stage presses")
    ben.page.keyboard.press("F9")
    lane.ends("ABORTED")
    expect(lane.find(".face.verdict .word")).to_have_text("STOPPED")

    recorded = shown(line.runs)
    assert (recorded["station"], recorded["verdict"], recorded["faults"]) == ("bench", "ABORTED", [])
    until(lambda: holder_of(line.runs, recorded["run_id"]) is None, "the run lets go of the bench")
    assert bench.stage_is_idle()
    assert bench.stage_mm() <= load_station("twin").nest.safe_mm + 0.001
    assert bench.pen_register("motor_speed_per_min") == 0


def test_a_run_from_the_command_line_shows_up_and_can_be_stopped(line: Line, ben: Window) -> None:
    command = [*RIG, "run", "eol", f"--station={ATTENDED}", "--pen=NP000077", f"--runs={line.runs}"]
    with subprocess.Popen(
        [*command, f"--user={BEN}", "--password-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=ROOT,
    ) as run:
        assert run.stdin is not None
        run.stdin.write(f"{BENS}\n")
        run.stdin.flush()
        lane = ben.lane(2)
        lane.asks(CLAMP)
        lane.is_in("running")
        expect(lane.find(".face.run .subject")).to_contain_text("NP000077")
        ben.page.keyboard.press("F2")
        ben.scan("STOP")  # the label that stops, in place of the key
        lane.ends("ABORTED")
        assert run.wait(PATIENCE_S) == BROKE


def test_a_panel_that_was_killed_shows_the_run_where_it_is(
    line: Line, panel: PanelProcess, ben: Window
) -> None:
    page, lane = ben.page, ben.lane(2)
    begin(ben, 2)
    lane.asks(CLAMP)
    run_id = shown(line.runs)["run_id"]
    expect(page.locator("#connection")).to_be_hidden()

    panel.kill()
    expect(page.locator("#connection")).to_be_visible()
    assert holder_of(line.runs, run_id), "the run goes on"
    panel.start()
    expect(page.locator("#connection")).to_be_hidden()
    lane.asks(CLAMP)

    page.keyboard.press("Enter")
    lane.asks(LOAD)
    page.goto("about:blank")
    page.goto("/")
    lane.asks(LOAD)
    page.keyboard.press("Enter")
    lane.ends("PASS")
    recorded = shown(line.runs, run_id)
    assert (recorded["verdict"], recorded["operator"]["name"]) == ("PASS", BEN)


def test_a_broken_lane_does_not_stop_the_other(line: Line, ben: Window) -> None:
    broken, whole = ben.lane(2), ben.lane(1)
    begin(ben, 2, "NP000088")
    broken.asks(CLAMP)
    run_id = shown(line.runs)["run_id"]
    begin(ben, 1, "NP000089")
    whole.is_in("running")
    process = holder_of(line.runs, run_id)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    broken.ends("UNFINISHED")
    expect(broken.find(".face.verdict .word")).to_have_text("CUT OFF")
    expect(broken.find(".prompt")).to_be_hidden()
    whole.ends("PASS")
    expect(broken.find(".face.verdict .word")).to_have_text("CUT OFF")
    assert shown(line.runs, run_id)["verdict"] == "UNFINISHED"


def test_a_pen_that_does_not_answer_breaks_its_own_lane_only(line: Line, ben: Window) -> None:
    mute, whole = ben.lane(4), ben.lane(1)
    begin(ben, 4, "NP000090")
    begin(ben, 1, "NP000091")
    mute.ends("ERROR")
    expect(mute.find(".face.verdict")).to_contain_text("pen: no answer within 3 s")
    whole.ends("PASS")
    expect(mute.find(".face.verdict .word")).to_have_text("ERROR")
    expect(mute.find(".face.verdict")).to_contain_text("says nothing about the pen")
