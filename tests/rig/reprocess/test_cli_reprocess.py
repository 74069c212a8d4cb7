"""``rig reprocess`` as a person runs it, on a run of the end-of-line plan and on doctored calibrations."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rig.records import kinds
from rig.records.event import Event
from rig.records.store import Store
from rig.station import load_station
from tests.support.command import FAIL, PASS, REFUSED, ROOT, Said, rig, run_eol, shown, within
from tests.support.many_runs import NO_PICTURES

COUNTS = {"tip.present", "tip.uses", "limiter.refuses", "pen.released"}
MEASUREMENTS = 61
LOT = "L-2611"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("made") / "runs"
    assert run_eol(runs, "--lot", LOT, *NO_PICTURES).status == PASS
    return runs


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


def told(said: Said) -> dict[str, Any]:
    """Return what --json printed of the only run."""
    (run,) = json.loads(said.out)["runs"]
    return dict(run)


def events(runs: Path) -> list[Event]:
    with Store(runs, create=False) as store:
        return store.events()


def doctored(folder: Path, module: str, old: str, new: str) -> Path:
    """Copy the package and change one line of it; return the folder that holds it."""
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "calibration", folder / "calibration", ignore=compiled)
    path = folder / "calibration" / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def rewritten(runs: Path, folder: Path, change: Callable[[Event], dict[str, Any] | None]) -> Path:
    """Copy a record, entry by entry, each with the body that ``change`` gives it; without it where None."""
    shutil.copytree(runs, folder, ignore=shutil.ignore_patterns("records.*", "heads.txt"))
    with Store(folder) as store:
        for event in events(runs):
            if (body := change(event)) is not None:
                store.append(event.run_id, event.kind, body, datetime.fromisoformat(event.at))
    return folder


# The same version


def test_the_same_version_gives_the_same_to_the_bit(made: Path) -> None:
    said = rig("reprocess", "last", "--runs", made, "--json")
    assert said.status == PASS, said
    results = told(said)["results"]
    judged = [result for result in results if not result["noted"]]
    assert len(judged) == MEASUREMENTS
    assert {r["name"] for r in results if r["status"] == "not made again"} == COUNTS
    assert all(r["why"] == "it is not from a trace" for r in results if r["name"] in COUNTS)
    again = [r for r in results if r["name"] not in COUNTS]
    assert {r["status"] for r in again} == {"identical"}
    assert all(r["was"] == r["now"] and r["value"] == 0.0 for r in again)
    assert {r["name"] for r in results if r["noted"]} == {
        "rim datum",
        "rim before the table is written, since the datum,",
        "rim at the end, since the datum,",
    }


def test_it_says_by_which_calibration_with_whose_configuration(made: Path) -> None:
    said = within("reprocess", "--lot", LOT, "--runs", made)
    assert said.status == PASS
    assert f"{ROOT / 'calibration'}" in said.text
    assert "with the run's own configuration" in said.text
    assert "60 identical, 4 not made again" in said.text
    assert "NOTHING MOVED: the traces give the recorded results." in said.text


def test_nothing_is_written_unless_it_is_asked_for(runs: Path) -> None:
    before = events(runs)
    within("reprocess", "last", "--runs", runs)
    assert events(runs) == before


def test_another_environment_s_python_is_asked_for_its_calibration(made: Path) -> None:
    said = within("reprocess", "last", "--runs", made, "--calibration", sys.executable, "--json")
    assert said.status == PASS, said
    assert told(said)["counts"]["identical"] == 60


# Another version


def test_what_moved_is_told_in_three_measures(made: Path, tmp_path: Path) -> None:
    other = doctored(tmp_path, "plate_distance", "REFERENCE_C = 20.0", "REFERENCE_C = 25.0")
    said = within("reprocess", "last", "--runs", made, "--calibration", other, "--json")
    assert said.status == FAIL, said
    nest = load_station("twin").nest
    relative = -5.0 * (nest.stage_expansion_per_k - nest.pen_expansion_per_k)
    moved = {r["name"]: r for r in told(said)["results"] if r["status"] == "moved"}
    deep = moved["extension.as_found [2.50 mm @ 5000 /min]"]
    assert deep["value"] == pytest.approx(relative * deep["was"]["value"], rel=0.02)
    assert deep["value"] == deep["now"]["value"] - deep["was"]["value"]
    assert deep["in_u"] == deep["value"] / deep["was"]["u"]
    assert deep["of_limits"] == deep["value"] / (deep["was"]["upper"] - deep["was"]["lower"])
    assert {name.partition(" ")[0] for name in moved} >= {"extension.as_found", "extension.as_left"}
    still = {r["name"].partition(" ")[0] for r in told(said)["results"] if r["status"] == "identical"}
    assert still >= {"rate.as_found", "rate.jitter", "seal.leak", "tip.insertion_force"}


def test_a_verdict_that_changed_is_told(made: Path, tmp_path: Path) -> None:
    expanded = "        return self.k * self.u\n"
    other = doctored(tmp_path, "measured", expanded, expanded.replace("return", "return 60.0 *"))
    said = rig("reprocess", "last", "--runs", made, "--calibration", other)
    assert said.status == FAIL
    assert "PASS → INDETERMINATE" in said.text
    assert "MOVED: the traces give other results now. What was recorded stands unchanged." in said.text
    assert shown(made)["verdict"] == "PASS"


def test_an_estimator_that_refuses_now_is_told(made: Path, tmp_path: Path) -> None:
    other = doctored(tmp_path, "sharpness", "MINIMUM_POINTS = 20", "MINIMUM_POINTS = 10**9")
    said = within("reprocess", "last", "--runs", made, "--calibration", other, "--json")
    assert said.status == FAIL
    (lost,) = (r for r in told(said)["results"] if r["status"] == "no longer evaluated")
    assert lost["name"] == "tip.insertion_force"
    assert "1000000000" in lost["why"]


def test_versions_are_never_mixed(made: Path, tmp_path: Path) -> None:
    other = doctored(tmp_path, "peel", "from __future__ import annotations\n", "")
    (other / "calibration" / "peel.py").unlink()
    said = rig("reprocess", "last", "--runs", made, "--calibration", other)
    assert said.status == REFUSED
    assert (
        "does not fit this version of the rig: ModuleNotFoundError: No module named 'calibration.peel'"
        in (said.text)
    )


def test_a_folder_without_the_package_is_refused(made: Path, tmp_path: Path) -> None:
    said = within("reprocess", "last", "--runs", made, "--calibration", tmp_path)
    assert said.status == REFUSED
    assert "no calibration package" in said.text


# Kept


def test_what_is_kept_stands_under_an_id_of_its_own(runs: Path) -> None:
    before = events(runs)
    said = within("reprocess", "last", "--runs", runs, "--keep", "--by", "Q. Auditor", "--json")
    assert said.status == PASS, said
    (reprocess_id,) = json.loads(said.out)["kept"]
    after = events(runs)
    assert after[: len(before)] == before
    ours = [event for event in after if event.run_id == reprocess_id]
    started, *results, ended = ours
    assert (started.kind, ended.kind) == (kinds.REPROCESS_STARTED, kinds.REPROCESS_ENDED)
    assert {event.kind for event in results} == {kinds.REPROCESS_RESULT}
    assert started.body["run_id"] == shown(runs)["run_id"]
    assert started.body["by"] == "Q. Auditor"
    assert len(started.body["calibration"]["sha256"]) == 64
    assert ended.body["identical"] == 60
    assert len(results) == 64
    assert rig("verify", runs).status == PASS
    listed = json.loads(within("list", "--runs", runs, "--json").out)
    assert len(listed) == 1


def test_nobody_keeps_it_without_a_name(runs: Path) -> None:
    before = events(runs)
    said = within("reprocess", "last", "--runs", runs, "--keep")
    assert said.status == REFUSED
    assert "--by NAME" in said.text
    assert events(runs) == before


# What the record must have


def test_an_altered_trace_is_not_used(runs: Path) -> None:
    trace = next(runs.glob("*/traces/*squeeze*.parquet"))
    data = bytearray(trace.read_bytes())
    data[len(data) // 2] ^= 1
    trace.write_bytes(data)
    said = rig("reprocess", "last", "--runs", runs)
    assert said.status == REFUSED
    assert f"{trace}: the trace is not the one that was recorded" in said.text


def test_an_altered_configuration_is_not_used(runs: Path) -> None:
    (file,) = (file for file in shown(runs)["configurations"] if file["what"] == "station")
    path = runs / file["path"]
    path.write_text(path.read_text(encoding="utf-8").replace("add = [0.0, 0.0009]", "add = [0.0, 0.0]"))
    said = rig("reprocess", "last", "--runs", runs)
    assert said.status == REFUSED
    assert "not the station file that was recorded" in said.text


def test_a_run_that_kept_no_configuration_asks_for_todays(made: Path, tmp_path: Path) -> None:
    older = rewritten(
        made, tmp_path / "older", lambda event: None if event.kind == kinds.CONFIGURATION else event.body
    )
    refused = within("reprocess", "last", "--runs", older)
    assert refused.status == REFUSED
    assert "--with-todays-configuration" in refused.text
    said = within("reprocess", "last", "--runs", older, "--with-todays-configuration")
    assert said.status == PASS, said
    assert "with today's configuration" in said.text


def test_how_a_result_was_made_is_never_guessed(made: Path, tmp_path: Path) -> None:
    def without(event: Event) -> dict[str, Any]:
        return {key: value for key, value in event.body.items() if key != "recipe"}

    said = within("reprocess", "last", "--runs", rewritten(made, tmp_path / "older", without))
    assert said.status == REFUSED
    assert "not one of its 64 results can be made again" in said.text


def test_a_lot_without_runs_is_refused(made: Path) -> None:
    said = within("reprocess", "--lot", "L-0000", "--runs", made)
    assert said.status == REFUSED
    assert "lot 'L-0000' has no run" in said.text


def test_the_station_s_own_check_can_be_made_again(tmp_path: Path) -> None:
    assert rig("run", "station", "--runs", tmp_path, *NO_PICTURES).status == PASS
    said = within("reprocess", "last", "--runs", tmp_path)
    assert said.status == PASS, said
    assert "5 identical, 1 not made again" in said.text
    assert "instruments.complaints: it is not from a trace" in said.text
