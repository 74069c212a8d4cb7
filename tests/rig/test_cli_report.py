"""``rig report``: from a shell, on records that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.records.store import Store
from tests.support.command import rig
from tests.support.evidence import begin, measure_all, run_id_of
from tests.support.tools import needs_library

needs_library("typst")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run, whose tests cite a requirement that nobody knows."""
    folder = tmp_path_factory.mktemp("runs")
    with Store(folder) as store:
        recorder = begin(store)
        held = {"test": "test_tip", "title": "tip", "requirements": ["PEN-UNHEARD-OF"]}
        store.append(run_id_of(1), "run.tests", {"tests": [held]}, recorder._utc_now())
        measure_all(recorder)
        recorder.ended("PASS", takt_s=45.0, wall_s=5.0)
    return folder


def test_a_package_is_made_once_and_never_written_over(runs: Path, tmp_path: Path) -> None:
    command = ("report", "last", "--runs", runs, "--out", tmp_path)
    said = rig(*command)
    assert said.status == 0, said.err
    package = tmp_path / run_id_of(1)
    assert f"PASS  run {run_id_of(1)}" in said.out
    made = {name: (package / name).read_bytes() for name in ("report.pdf", "results.json", "report.html")}
    again = rig(*command)
    assert again.status == 3
    assert f"{package} is there already" in again.err
    assert {name: (package / name).read_bytes() for name in made} == made


def test_strict_fails_on_gaps_and_names_them(runs: Path, tmp_path: Path) -> None:
    said = rig("report", "last", "--strict", "--runs", runs, "--out", tmp_path)
    assert said.status == 1
    assert "test_tip cites PEN-UNHEARD-OF: no requirement is called that" in said.err
    assert "no evidence for PEN-SHARPNESS" in said.err
    assert (tmp_path / run_id_of(1) / "report.pdf").is_file()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("last", "--lot", "L-7"), "more than one kind of subject"),
        (("--lot", "L-8"), "no run of lot 'L-8'"),
        (("--study", "unheard-of"), "no runs are recorded there"),
        (("20990101",), "no run '20990101'"),
    ],
)
def test_what_cannot_be_reported_is_refused(
    runs: Path, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    said = rig("report", *arguments, "--runs", runs, "--out", tmp_path)
    assert said.status == 3
    assert why in said.err
    assert list(tmp_path.iterdir()) == []
