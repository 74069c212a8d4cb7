"""Whoever wants a station waits until the guardian of a killed run has let go of it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rig.errors import RefusedToStart
from rig.records.locks import hold_guardian, hold_station, left_behind
from tests.support.command import ENVIRONMENT, ROOT

GUARD = """
import sys
from pathlib import Path
from rig.records.locks import hold_guardian
held = hold_guardian(Path(sys.argv[1]), "bench")
print(held is not None, flush=True)
sys.stdin.readline()
"""


def start_guarding(runs: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", GUARD, str(runs)], stdin=-1, stdout=-1, text=True, env=ENVIRONMENT, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_station_is_not_taken_before_its_guardian_has_let_go(tmp_path: Path) -> None:
    with start_guarding(tmp_path) as guardian:
        with hold_station(tmp_path, "another bench", "a run"):
            pass
        let_go: list[bool] = []

        def let_go_soon() -> None:
            let_go.append(True)
            guardian.communicate("\n")

        soon = threading.Timer(0.05, let_go_soon)
        soon.start()
        with hold_station(tmp_path, "bench", "the next run"):
            assert let_go
        soon.join()
    assert left_behind(tmp_path) == []


def test_a_guardian_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.records.locks.GUARDIAN_PATIENCE_S", 0.0)
    guardian = hold_guardian(tmp_path, "bench")
    assert guardian is not None
    with guardian:
        with pytest.raises(RefusedToStart, match=rf"process {os.getpid()}, the guardian of station bench"):
            hold_station(tmp_path, "bench", "the next run")
        with pytest.raises(RefusedToStart, match="is still making the bench safe"):
            hold_station(tmp_path, "bench", "the next run, whose lock is free again")
