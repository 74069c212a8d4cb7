"""A run that is killed without a word: somebody else stops the pen and retracts the stage."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from rig.errors import RigError
from rig.guardian import GUARDIAN_WORDS, Guardian
from rig.product import load_product
from rig.station import load_station
from tests.rig.test_cli_interrupt import start, wait_for
from tests.support.command import PATIENCE_S
from tests.support.standing_twin import StandingTwin, standing_twin

LOOK_EVERY_S = 0.05
SAFE_MM = load_station("twin").nest.safe_mm

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")


def guardians(parent: int) -> list[int]:
    """Return the guardians that a process has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"rig.guardian" in _command(int(child))]


def is_alive(process: int) -> bool:
    """Say whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def await_end(process: int) -> None:
    """Wait until a process that is not our child has ended."""
    deadline_s = time.monotonic() + PATIENCE_S
    while is_alive(process):
        assert time.monotonic() < deadline_s, "the guardian stays"
        time.sleep(LOOK_EVERY_S)


def is_safe(twin: StandingTwin) -> bool:
    """Say whether a twin's stage is idle and retracted, and its pen at rest."""
    return (
        twin.stage_is_idle()
        and twin.stage_mm() <= SAFE_MM + 0.001
        and twin.pen_register("motor_speed_per_min") == 0
    )


@pytest.mark.parametrize("line", ["Earlier uses of the tip", "as found, 0.25 mm @ 5000 /min"])
def test_a_killed_run_leaves_a_safe_bench_and_nobody_behind(tmp_path: Path, line: str) -> None:
    with standing_twin() as twin:
        run = start(tmp_path, "--station", str(twin.station_file(tmp_path)))
        wait_for(run, line)
        (guardian,) = guardians(run.pid)
        os.kill(run.pid, signal.SIGKILL)
        run.wait(PATIENCE_S)
        await_end(guardian)
        assert is_safe(twin)
        run.communicate(timeout=PATIENCE_S)
    said = (tmp_path / GUARDIAN_WORDS).read_text(encoding="utf-8")
    assert said.endswith("the run ended without a word; stage and pen were stopped and retracted\n")


def test_a_run_that_ends_by_itself_takes_its_guardian_with_it(tmp_path: Path) -> None:
    with standing_twin() as twin:
        run = start(tmp_path, "--station", str(twin.station_file(tmp_path)))
        wait_for(run, "Earlier uses of the tip")
        (guardian,) = guardians(run.pid)
        _, err = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, err
        assert not is_alive(guardian)
    assert not (tmp_path / GUARDIAN_WORDS).exists()


def test_nothing_moves_where_nobody_would_watch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".locks").write_text("in the way", encoding="ascii")
    guardian = Guardian(load_station("twin"), load_product("office-pen"), tmp_path / GUARDIAN_WORDS)
    with pytest.raises(RigError, match="did not start, expected somebody who watches before anything moves"):
        guardian.watches()
    guardian.close()
    assert "the lock cannot be written" in capfd.readouterr().err


def test_a_twin_of_the_run_s_own_needs_no_guardian(tmp_path: Path) -> None:
    run = start(tmp_path)
    wait_for(run, "Earlier uses of the tip")
    assert guardians(run.pid) == []
    run.communicate(timeout=PATIENCE_S)


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
