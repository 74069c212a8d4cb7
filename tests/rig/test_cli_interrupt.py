"""Ctrl-C at any moment: exit status 2, a record that says ABORTED, and a bench that is safe.

Whether it is safe the instruments tell themselves, over sockets, after the run has left.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.station import load_station
from tests.support.command import BROKE, ENVIRONMENT, PATIENCE_S, RIG, ROOT, TRACEBACK, shown, verdicts
from tests.support.many_runs import NO_PICTURES
from tests.support.standing_twin import standing_twin

AT_ONCE = 2

# The line after which the signals come. What runs by then is what the plan does next.
MOMENTS: dict[str, tuple[str, list[signal.Signals]]] = {
    "while instruments are opened": ("station twin-1", [signal.SIGINT]),
    "while the pouch is squeezed": ("Earlier uses of the tip", [signal.SIGINT]),
    "while the pen runs": ("as found, 0.25 mm @ 5000 /min", [signal.SIGINT]),
    "twice in a row": ("as found, 0.75 mm @ 5000 /min", [signal.SIGINT, signal.SIGINT, signal.SIGTERM]),
    "while the table is written": ("Largest misfit of the table", [signal.SIGINT]),
    "while the table is verified": ("as left, 0.50 mm @ 5000 /min", [signal.SIGTERM]),
    "when the terminal is closed": ("as found, 1.25 mm @ 5000 /min", [signal.SIGHUP]),
}


@dataclass(frozen=True)
class Left:
    """What an interrupted run left behind: its words, its record, the bench."""

    status: int
    out: str
    err: str
    view: dict[str, Any]
    stage_mm: float
    stage_is_idle: bool
    motor_speed_per_min: int
    active_crc: int


def interrupt(folder: Path, line: str, signals: list[signal.Signals]) -> Left:
    """Run the plan on a twin of its own, send signals after a line of its output, and look around."""
    folder.mkdir()
    with standing_twin() as twin:
        run = start(folder, "--station", str(twin.station_file(folder)))
        assert run.stdout is not None
        seen = wait_for(run, line)
        for number in signals:
            run.send_signal(number)
        out, err = run.communicate(timeout=PATIENCE_S)
        return Left(
            run.returncode,
            seen + out,
            err,
            shown(folder),
            twin.stage_mm(),
            twin.stage_is_idle(),
            twin.pen_register("motor_speed_per_min"),
            twin.pen_register("active_crc", words=2),
        )


def start(folder: Path, *arguments: str, python: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start a run of the plan, recorded in ``folder``."""
    return subprocess.Popen(
        [RIG[0], *python, *RIG[1:], "run", "eol", "--runs", str(folder), *arguments, *NO_PICTURES],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=ROOT,
    )


def wait_for(run: subprocess.Popen[str], line: str) -> str:
    """Read what a run prints until a line has ``line`` in it; return all of it."""
    assert run.stdout is not None
    seen = ""
    for text in run.stdout:
        seen += text
        if line in text:
            return seen
    pytest.fail(f"{line!r} never came: {seen}{run.stderr.read() if run.stderr else ''}")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Left]]]:
    folder = tmp_path_factory.mktemp("interrupted")
    # Below nohup SIGHUP is ignored, and runs would inherit that.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(interrupt, folder / str(number), *moment)
            for number, (name, moment) in enumerate(MOMENTS.items())
        }
        pool.shutdown(cancel_futures=True)
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_run_is_recorded_and_safe(interrupted: dict[str, Future[Left]], moment: str) -> None:
    left = interrupted[moment].result()
    assert left.status == BROKE, left
    assert not TRACEBACK.search(left.out + left.err), left
    assert "ABORTED" in left.out
    assert "stopped by the operator" in left.out
    assert left.view["verdict"] == "ABORTED"
    assert left.view["ended"]
    assert not left.view["faults"], "the bench could be made safe"
    assert left.stage_is_idle
    assert left.stage_mm <= load_station("twin").nest.safe_mm + 0.001
    assert left.motor_speed_per_min == 0


def test_pen_is_on_a_whole_table_whenever_it_is_stopped(interrupted: dict[str, Future[Left]]) -> None:
    written = interrupted["while the table is written"].result()
    steps = {note["text"]: note for note in written.view["notes"] if note["text"].startswith("write-back")}
    crcs = {interrupted["while the pen runs"].result().active_crc}
    crcs |= {steps["write-back: commit"]["crc"]} if "write-back: commit" in steps else set()
    assert written.active_crc in crcs
    verified = interrupted["while the table is verified"].result()
    assert verified.active_crc == verified.view["calibration"]["after_crc"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_while_the_program_is_read_in(tmp_path: Path, number: signal.Signals) -> None:
    run = start(tmp_path, python=("-X", "importtime"))
    assert run.stderr is not None
    for line in run.stderr:  # Python names each module it has read in
        if line.endswith(" _pytest.config\n"):
            break
    run.send_signal(number)
    out, err = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == BROKE, (out, err)
    assert "Traceback" not in out + err
    assert set(verdicts(tmp_path)) <= {"ABORTED"}


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells when another's child has ended")
def test_twin_goes_with_a_run_that_is_killed(tmp_path: Path) -> None:
    run = start(tmp_path)
    wait_for(run, "Earlier uses of the tip")
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text(encoding="ascii").split()
    watches = [os.pidfd_open(int(child)) for child in children]
    assert watches
    run.kill()
    run.communicate(timeout=PATIENCE_S)
    for watch in watches:
        ended, _, _ = select.select([watch], [], [], PATIENCE_S)
        os.close(watch)
        assert ended
    assert shown(tmp_path)["verdict"] == "UNFINISHED"
    assert verdicts(tmp_path) == ["UNFINISHED"]
