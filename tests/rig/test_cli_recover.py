"""After ``kill -9``: ``rig recover`` parks the bench, closes the record, and tells which table the pen is on.

Whether what it tells is true, the instruments are asked over sockets.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from calibration.table import decode
from rig.errors import RigError
from rig.records.locks import hold_run, hold_station
from rig.records.store import Store
from rig.records.verify import verify
from rig.station import load_station
from tests.support.command import BROKE, ENVIRONMENT, PASS, PATIENCE_S, REFUSED, RIG, ROOT, Said, rig, shown
from tests.support.many_runs import NO_PICTURES
from tests.support.records import RUN_ID, begin_run, complete_run
from tests.support.standing_twin import StandingTwin, standing_twin

AT_ONCE = 2
Ready = Callable[[Path, "subprocess.Popen[str]"], object]


def line(text: str) -> Ready:
    """Return what waits until the run has printed a line."""

    def wait(runs: Path, run: subprocess.Popen[str]) -> None:
        assert run.stdout is not None
        assert any(text in printed for printed in run.stdout), text

    return wait


def step(name: str) -> Ready:
    """Return what waits until a step of the write-back is in the record."""

    def wait(runs: Path, run: subprocess.Popen[str]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            try:
                if f"write-back: {name}" in [note["text"] for note in shown(runs)["notes"]]:
                    return
            except RigError:  # the record is not begun yet
                pass
            if run.poll() is not None:
                break
            time.sleep(0.001)
        run.kill()
        pytest.fail(f"write-back: {name} never came: {run.communicate()[0][-500:]}")

    return wait


MOMENTS: dict[str, tuple[Ready, list[str]]] = {
    "while the pen runs": (line("as found, 0.25 mm @ 5000 /min"), []),
    "before the commit": (step("intent"), []),
    "at the commit": (step("commit"), []),
    "after the write-back": (line("as left, 0.50 mm @ 5000 /min"), ["--restore"]),
}
"""Until when the run is left alone, and what ``rig recover`` is asked for besides."""


@dataclass(frozen=True)
class Left:
    """What a killed run left behind, once it was recovered, and what a second recovery says."""

    said: Said
    before: dict[str, Any]
    view: dict[str, Any]
    stage_mm: float
    stage_is_idle: bool
    motor_speed_per_min: int
    active_crc: int
    whole: bool
    again: Said


def kill(folder: Path, ready: Ready, asked: list[str]) -> Left:
    """Kill a run on a twin of its own at a moment, recover, look around, and recover once more."""
    folder.mkdir()
    with standing_twin() as twin:
        station = start_and_kill(folder, twin, ready)
        before = shown(folder)
        said = recover(folder, station, *asked)
        return Left(
            said,
            before,
            shown(folder, before["run_id"]),
            twin.stage_mm(),
            twin.stage_is_idle(),
            twin.pen_register("motor_speed_per_min"),
            twin.pen_register("active_crc", words=2),
            verify(folder).whole,
            recover(folder, station, *asked),
        )


def recover(runs: Path, station: Path, *asked: str) -> Said:
    return rig("recover", "--by", "A. Person", "--station", station, "--runs", runs, *asked)


def start_and_kill(folder: Path, twin: StandingTwin, ready: Ready) -> Path:
    station = twin.station_file(folder)
    run = subprocess.Popen(
        [*RIG, "run", "eol", "--runs", str(folder), "--station", str(station), *NO_PICTURES],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=ROOT,
    )
    with run:
        ready(folder, run)
        run.kill()
    return station


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Left]]]:
    folder = tmp_path_factory.mktemp("killed")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(kill, folder / str(number), *moment)
            for number, (name, moment) in enumerate(MOMENTS.items())
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_is_closed_and_its_bench_is_parked(killed: dict[str, Future[Left]], moment: str) -> None:
    left = killed[moment].result()
    assert left.before["verdict"] == "UNFINISHED"
    assert left.said.status == PASS, left.said
    assert "closed as ABORTED" in left.said.text
    assert left.view["verdict"] == "ABORTED"
    assert "ended without a word" in left.view["reasons"][0]
    assert "recovered by A. Person" in [note["text"] for note in left.view["notes"]]
    assert left.stage_is_idle
    assert left.stage_mm <= load_station("twin").nest.safe_mm + 0.001
    assert left.motor_speed_per_min == 0
    assert left.whole
    assert "no run was cut off" in left.again.text


@pytest.mark.parametrize("moment", ["before the commit", "at the commit"])
def test_the_record_tells_the_table_that_the_pen_is_on(killed: dict[str, Future[Left]], moment: str) -> None:
    left = killed[moment].result()
    steps = {note["text"]: note for note in left.view["notes"] if note["text"].startswith("write-back")}
    intent = steps["write-back: intent"]
    table = next(reason for reason in left.view["reasons"] if reason.startswith("The pen"))
    if "old table" in table:
        assert left.active_crc == intent["before_crc"]
    else:
        assert "new table" in table
        assert left.active_crc == intent["crc"]
    assert table in left.said.text


def test_the_next_run_closes_the_record_says_what_is_open_and_passes(tmp_path: Path) -> None:
    with standing_twin() as twin:
        station = start_and_kill(tmp_path, twin, step("commit"))
        before = shown(tmp_path)
        run = rig("run", "eol", "--runs", tmp_path, "--station", station, *NO_PICTURES)
        assert run.status == PASS, run
        assert f"run {before['run_id']} was cut off; its record is closed as ABORTED" in run.text
        closed = shown(tmp_path, before["run_id"])
        assert closed["verdict"] == "ABORTED"
        if "write-back: done" not in [note["text"] for note in before["notes"]]:
            assert "Run rig recover" in run.text
            said = recover(tmp_path, station)
            assert "was looked at again" in said.text
    assert verify(tmp_path).whole


def test_the_old_table_is_written_back_on_demand(killed: dict[str, Future[Left]]) -> None:
    left = killed["after the write-back"].result()
    assert "the old table was written back" in left.said.text
    notes = left.view["notes"]
    first, second = (note for note in notes if note["text"] == "write-back: intent")
    assert left.active_crc == second["crc"]
    assert second["before_words"] == first["words"]
    old, restored = decode(first["before_words"]), decode(second["words"])
    assert restored == replace(old, generation=restored.generation)


def test_a_bench_that_is_gone_is_told_and_somebody_must_see_to_it(tmp_path: Path) -> None:
    with standing_twin() as twin:
        station = twin.station_file(tmp_path)
    cut_off(tmp_path)
    said = recover(tmp_path, station)
    assert said.status == BROKE
    assert "the stage could not be" in said.err
    assert shown(tmp_path)["verdict"] == "ABORTED"


def test_a_simulated_bench_is_gone_with_its_run(tmp_path: Path) -> None:
    cut_off(tmp_path)
    said = rig("recover", "--by", "A. Person", "--runs", tmp_path)
    assert said.status == PASS, said
    assert f"run {RUN_ID} was cut off; its record is closed as ABORTED" in said.text
    assert verify(tmp_path).whole


def cut_off(runs: Path, station: str = "twin-1") -> None:
    with Store(runs) as store:
        begin_run(store, station=station)


def test_a_run_at_another_station_is_left_alone_and_named(tmp_path: Path) -> None:
    cut_off(tmp_path, "bench-7")
    said = rig("recover", "--by", "A. Person", "--runs", tmp_path)
    assert said.status == PASS
    assert f"run {RUN_ID} was cut off at station bench-7: give its file with --station" in said.text
    assert shown(tmp_path)["verdict"] == "UNFINISHED"


def test_a_run_that_is_under_way_is_left_alone(tmp_path: Path) -> None:
    cut_off(tmp_path)
    held = hold_run(tmp_path, RUN_ID)
    assert held is not None
    with held:
        said = rig("recover", "--by", "A. Person", "--runs", tmp_path)
    assert "no run was cut off" in said.text
    assert shown(tmp_path)["verdict"] == "UNFINISHED"


def test_nothing_to_recover(tmp_path: Path) -> None:
    assert rig("recover", "--by", "A. Person", "--runs", tmp_path / "nowhere").status == REFUSED
    with Store(tmp_path) as store:
        complete_run(store)
    assert rig("recover", "--by", " ", "--runs", tmp_path).status == REFUSED
    said = rig("recover", "--by", "A. Person", "--runs", tmp_path)
    assert (said.status, said.err) == (PASS, "")
    assert "nothing was touched" in said.text


def test_one_run_at_a_time_on_a_bench(tmp_path: Path) -> None:
    with standing_twin() as twin:
        station = twin.station_file(tmp_path)
        with hold_station(tmp_path, load_station(str(station)).name, "run of a colleague"):
            said = rig("run", "eol", "--runs", tmp_path, "--station", station)
    assert said.status == REFUSED
    assert "is at work: process" in said.text
    assert "run of a colleague" in said.text
