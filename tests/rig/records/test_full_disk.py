"""Disks that are full or read-only: a write that fails fails the run; what was kept before stays whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.errors import StoreError
from rig.records import heads
from rig.records.run import RunRecorder
from rig.records.store import Store
from rig.records.verify import verify
from tests.support.command import ENVIRONMENT, PATIENCE_S, RIG, ROOT, TRACEBACK
from tests.support.records import RUN_ID, begin_run, complete_run, extension_trace

resource = pytest.importorskip("resource", reason="only Unix can limit the size of files")


@contextlib.contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk that fills up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(recorder: RunRecorder) -> None:
    for _ in range(100):
        recorder.note("x" * 3000)


@pytest.mark.parametrize("size", [1, 4096, 20_000, 100_000])
def test_a_disk_that_fills_up_keeps_what_it_kept(tmp_path: Path, size: int) -> None:
    with Store(tmp_path) as store:
        complete_run(store)
        kept = store.events()
        recorder = begin_run(store, "20261122T104000Z-NP000002-bbbb")
        with files_at_most(size), pytest.raises(StoreError, match=r"free space|disk|--runs"):
            fill(recorder)
        recorder.ended("ERROR", takt_s=None, wall_s=None)
        assert store.events()[: len(kept)] == kept
    assert verify(tmp_path).whole


@pytest.mark.parametrize("size", [1, 1000])
def test_a_trace_that_does_not_fit_is_not_there(tmp_path: Path, size: int) -> None:
    with Store(tmp_path) as store:
        recorder = begin_run(store)
        with files_at_most(size), pytest.raises(StoreError, match="could not be written"):
            recorder.trace(extension_trace())
        assert [path for path in (tmp_path / RUN_ID).rglob("*") if path.is_file()] == []
        with files_at_most(size), pytest.raises(StoreError, match="could not be written"):
            recorder.wire_log(["x" * 50] * 1000)


def test_an_end_whose_head_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        recorder = begin_run(store)
        (tmp_path / heads.FILE_NAME).unlink()
        (tmp_path / heads.FILE_NAME).mkdir()
        with pytest.raises(StoreError, match=r"head of the record could not be written.*--runs"):
            recorder.ended("ERROR", takt_s=None, wall_s=None)


can_mount = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="nothing can be mounted here",
)


@can_mount
@pytest.mark.parametrize("size_kb", [60, 250])
def test_a_run_on_a_disk_that_is_full_does_not_pass(tmp_path: Path, size_kb: int) -> None:
    """The disk is full at once, or while the run records; the copy is taken before the disk goes."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={size_kb}k none {disk}"
    run = f"{' '.join(RIG)} run eol --runs {disk}/runs -- -p no:reports.allure_listener"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} && {run}; status=$?; cp -r {disk} {copy}; exit $status"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode in (2, 3), done
    assert not TRACEBACK.search(done.stdout + done.stderr), done
    assert "free space" in (done.stdout + done.stderr).lower().replace("\n", " ")
    if (copy / "runs" / "records.sqlite").exists():
        said = subprocess.run(
            [*RIG, "verify", "--json", str(copy / "runs")], capture_output=True, env=ENVIRONMENT, check=False
        )
        assert said.returncode in (0, 3), said
        if said.returncode == 0:
            assert json.loads(said.stdout)["whole"]


@can_mount
def test_a_read_only_disk_refuses_a_run_and_is_verified(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with Store(runs) as store:
        complete_run(store)
    read_only = f"mount --bind {runs} {runs} && mount -o remount,bind,ro {runs}"

    def rig_there(words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", f"{read_only} && exec {' '.join(RIG)} {words} {runs}"],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            cwd=ROOT,
            timeout=PATIENCE_S,
            check=False,
        )

    refused = rig_there("run eol --runs")
    assert refused.returncode == 3, refused
    assert not TRACEBACK.search(refused.stdout + refused.stderr), refused
    assert "choose another with --runs" in " ".join(refused.stderr.split()), refused
    verified = rig_there("verify")
    assert verified.returncode == 0, verified
    assert "WHOLE" in verified.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_record_on_a_read_only_disk_can_be_verified(tmp_path: Path) -> None:
    with Store(tmp_path / "runs") as store:
        complete_run(store)
    (tmp_path / "runs").chmod(0o555)
    try:
        assert verify(tmp_path / "runs").whole
    finally:
        (tmp_path / "runs").chmod(0o755)


def test_verifying_leaves_nothing_behind(tmp_path: Path) -> None:
    """No file appears beside evidence that is only looked at."""
    with Store(tmp_path) as store:
        complete_run(store)
    for name in ("records.sqlite-wal", "records.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    before = sorted(tmp_path.iterdir())
    assert verify(tmp_path).whole
    assert sorted(tmp_path.iterdir()) == before
