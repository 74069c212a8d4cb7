"""A lock is held until its process ends, however it ends, and whoever comes second is told by whom."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rig.errors import RefusedToStart, StoreError
from rig.records.locks import FOLDER, hold_run, hold_station, is_held, left_behind
from tests.support.command import ENVIRONMENT, PATIENCE_S, ROOT

HOLD = """
import sys
from pathlib import Path
from rig.records.locks import hold_run, hold_station
held = [hold_run(Path(sys.argv[1]), "run-1"), hold_station(Path(sys.argv[1]), "bench", "run run-1")]
print(all(held), flush=True)
sys.stdin.readline()
"""


def start_holding(runs: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(runs)], stdin=-1, stdout=-1, text=True, env=ENVIRONMENT, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_run_is_held_once(tmp_path: Path) -> None:
    held = hold_run(tmp_path, "run-1")
    assert held is not None
    assert hold_run(tmp_path, "run-1") is None
    assert is_held(tmp_path, "run-1")
    assert not is_held(tmp_path, "run-2")
    assert left_behind(tmp_path) == ["run-1"]
    held.release()
    held.release()
    assert not is_held(tmp_path, "run-1")
    assert left_behind(tmp_path) == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_asking_makes_no_files(tmp_path: Path) -> None:
    assert not is_held(tmp_path, "run-1")
    assert left_behind(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_lets_go_and_leaves_the_name_of_its_run(tmp_path: Path) -> None:
    with start_holding(tmp_path) as process:
        assert is_held(tmp_path, "run-1")
        with pytest.raises(RefusedToStart, match=rf"bench is at work: process {process.pid}, run run-1"):
            hold_station(tmp_path, "bench", "rig recover")
        process.kill()
        process.wait(PATIENCE_S)
    assert not is_held(tmp_path, "run-1")
    assert left_behind(tmp_path) == ["run-1"]
    with hold_station(tmp_path, "bench", "rig recover"):
        pass


def test_stations_do_not_stand_in_each_other_s_way(tmp_path: Path) -> None:
    with hold_station(tmp_path, "bench 1", "a"), hold_station(tmp_path, "bench 2", "b"):
        assert left_behind(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(StoreError, match=r"lock cannot be written.*--runs"):
            hold_run(tmp_path, "run-1")
    finally:
        tmp_path.chmod(0o755)


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(StoreError, match=r"lock cannot be written.*--runs"):
        hold_run(tmp_path, "run-1")


def test_a_holder_that_was_cut_off_while_it_wrote_its_name_is_still_refused(tmp_path: Path) -> None:
    with hold_station(tmp_path, "bench", "a run"):
        next((tmp_path / FOLDER).glob("*.holder")).write_text("{")
        with pytest.raises(RefusedToStart, match="at work: another process"):
            hold_station(tmp_path, "bench", "rig recover")
