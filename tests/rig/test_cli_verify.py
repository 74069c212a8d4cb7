"""``rig verify`` as an auditor runs it, on records that a run has made."""

import json
import shutil
from pathlib import Path

import pytest

from rig.records.store import FILE_NAME
from tests.support.command import FAIL, PASS, REFUSED, rig, run_eol, within
from tests.support.many_runs import NO_PICTURES


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("made") / "runs"
    assert run_eol(runs, *NO_PICTURES).status == PASS
    return runs


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


def test_a_run_s_record_is_whole(runs: Path) -> None:
    said = rig("verify", runs)
    assert (said.status, said.err) == (PASS, "")
    assert "WHOLE: every entry and every file is as it was recorded." in said.text
    told = json.loads(within("verify", runs, "--json").out)
    assert (told["whole"], told["runs"], told["altered"], told["information"]) == (True, 1, [], [])
    assert told["files"] > 30
    assert f"last entry {told['head']}" in said.text


def test_an_altered_trace_is_named_with_its_run_and_measurement(runs: Path) -> None:
    trace = next(runs.glob("*/traces/*as*0.25*.parquet"), None) or next(runs.glob("*/traces/*.parquet"))
    data = bytearray(trace.read_bytes())
    data[len(data) // 2] ^= 1
    trace.write_bytes(data)
    said = within("verify", runs)
    assert said.status == FAIL
    assert f"altered: {trace.relative_to(runs).as_posix()}: it was altered" in said.text
    assert "ALTERED. Keep everything as it is" in said.text


def test_a_damaged_database_is_told_and_never_a_traceback(runs: Path) -> None:
    data = bytearray((runs / FILE_NAME).read_bytes())
    data[5000:9000] = bytes(4000)
    (runs / FILE_NAME).write_bytes(data)
    said = rig("verify", runs)
    assert said.status == FAIL
    told = json.loads(rig("verify", runs, "--json").out)
    assert told["whole"] is False


def test_nothing_to_verify(tmp_path: Path) -> None:
    said = rig("verify", tmp_path)
    assert said.status == REFUSED
    assert "nothing to verify, expected a folder of runs" in said.text
