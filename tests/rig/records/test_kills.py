"""SIGKILL at any moment: what was said to be kept is kept, and nothing half-written is taken for whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.records.named_files import TORN_SUFFIX
from rig.records.store import Store
from rig.records.verify import verify
from rig.recovery import recover, recover_before
from rig.station import load_station
from tests.support.command import ENVIRONMENT, PATIENCE_S, ROOT

KILLS = int(os.environ.get("RIG_KILLS", "200"))
PER_FOLDER = 20
MOST_TOLD = 20  # entries that a process may tell of before it is killed

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@dataclass
class Recorders:
    """The process that forks those which are killed."""

    process: subprocess.Popen[str]

    def kill_one(self, folder: Path, seed: int) -> None:
        """Let one record in ``folder``, and kill it at a moment that the seed decides."""
        process, told = self.process, Path(f"{folder}.{seed}.told")
        assert process.stdin is not None
        assert process.stdout is not None
        random_ = random.Random(seed)
        print(folder, seed, file=process.stdin, flush=True)
        child = int(process.stdout.readline())
        enough = random_.randrange(MOST_TOLD) * len("1000 " + "0" * 64)
        while size(told) < enough:
            os.sched_yield()
        for _ in range(random_.randrange(3000)):  # and some moment between two commits
            pass
        os.kill(child, signal.SIGKILL)
        assert process.stdout.readline() == "ended\n"


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.fixture
def runs() -> Iterator[Path]:
    """A folder in memory where there is one: what a killed process has written stays, synced or not."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name) / "runs"


@pytest.fixture(scope="module")
def recorders() -> Iterator[Recorders]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.recording_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=ROOT,
    ) as process:
        yield Recorders(process)
        process.kill()


@pytest.mark.parametrize("first", range(0, KILLS, PER_FOLDER))
def test_nothing_that_was_kept_is_lost(recorders: Recorders, runs: Path, first: int) -> None:
    station = load_station("twin")
    for seed in range(first, first + PER_FOLDER):
        recorders.kill_one(runs, seed)
        closed = recover_before(station, runs) if seed % 2 else []
        check(runs, seed)
        assert len(closed) <= 2  # this one, and the one before
    left = recover(station, runs, by="A. Person")
    found = verify(runs)
    assert found.whole, found.altered
    assert not [finding for finding in found.information if "never ended" in finding.what]
    assert [path for path in runs.rglob(f"*{TORN_SUFFIX}") if path.parent.name != "torn"] == []
    assert all("closed as ABORTED" in str(one) for one in left)


def check(runs: Path, seed: int) -> None:
    """What was told is there, and the chain and every file that it names are whole."""
    told = [path.read_text().splitlines() for path in runs.parent.glob("*.told")]
    promised = [line.split() for lines in told for line in lines]
    if not (runs / "records.sqlite").exists():
        assert not promised
        return
    with Store(runs) as store:
        kept = {event.seq: event.hash for event in store.events()}
    lost = [seq for seq, digest in promised if kept.get(int(seq)) != digest]
    assert not lost, f"seed {seed}: entries {lost} were said to be kept"
    found = verify(runs)
    assert found.whole, f"seed {seed}: {json.dumps(found.to_json(), indent=1)}"


def test_two_recorders_and_kills_among_them(runs: Path) -> None:
    """Two processes record into one folder, and one of them is killed again and again."""
    command = [sys.executable, "-m", "tests.support.recording_process"]
    with (
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=ENVIRONMENT, cwd=ROOT) as one,
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=ENVIRONMENT, cwd=ROOT) as other,
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        print(runs, 5000, file=other.stdin, flush=True)
        child = int(other.stdout.readline())
        for seed in range(6000, 6010):
            Recorders(one).kill_one(runs, seed)
        os.kill(child, signal.SIGKILL)
        assert other.stdout.readline() == "ended\n"
        one.kill()
        other.kill()
        one.wait(PATIENCE_S)
    check(runs, 5000)
    with Store(runs, create=False) as store:
        ids = store.run_ids()
    recorded_by = {run_id.split("-")[1] for run_id in ids}
    assert "5000" in recorded_by
    assert len(recorded_by) > 1
