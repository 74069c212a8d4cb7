"""A station's checks, interlocks, overrides and resets, as a person meets them at the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rig.records.stations import StationLog
from rig.records.store import Store
from rig.records.view import headlines
from rig.station import STATIONS
from tests.support.command import BROKE, FAIL, PASS, REFUSED, Said, rig, shown, within

PLAN = """
from rig.fixtures.evaluate import count

def test_tip(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))
"""
PERSON = ["--by", "A. Keller", "--reason", "sample for the audit"]


@pytest.fixture
def station(tmp_path: Path) -> Path:
    """A station that must be checked every day."""
    path = tmp_path / "guarded.toml"
    path.write_text((STATIONS / "twin.toml").read_text() + "\n[interlock]\ncheck_every_h = 24\n")
    return path


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan that is quickly done."""
    folder = tmp_path / "quick"
    folder.mkdir()
    (folder / "plan.toml").write_text('name = "quick"\ntitle = "Quick"\ncharacteristics = ["tip.present"]\n')
    (folder / "test_quick.py").write_text(PLAN)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def check(runs: Path, station: Path | str = "twin", *world: str) -> Said:
    changed = [word for override in world for word in ("--set", override)]
    return rig("run", "station", "--runs", runs, "--station", station, *changed)


def checks(runs: Path) -> list[dict[str, Any]]:
    said = within("checks", "--json", "--runs", runs)
    assert said.status == PASS
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


def test_a_guarded_station_runs_once_it_was_checked(runs: Path, station: Path, plan: Path) -> None:
    run = ["run", plan, "--runs", runs, "--station", station]
    refused = rig(*run)
    assert refused.status == REFUSED
    assert "station 'twin-1' was never checked" in refused.text
    assert "rig run station" in refused.text
    assert not runs.exists(), "nothing began"

    checked = check(runs, station)
    assert checked.status == PASS, checked.text
    assert [made["verdict"] for made in checks(runs)] == ["PASS"]
    assert "Height of the reference step" in checked.out
    assert "artefact: reference step SIM-STEP-5, certificate SIM-S-0001" in checked.text

    assert rig(*run).status == PASS
    needless = rig(*run, "--override", "check overdue", *PERSON)
    assert needless.status == REFUSED
    assert "nothing to override" in needless.text


@pytest.mark.parametrize(
    ("errors", "found"),
    [
        (["stage.scale_error=0.0012"], {"step.height"}),
        (["gauge.gain_error=-0.05"], {"step.slope"}),
        (["gauge.drift_n_per_s=0.01"], {"gauge.zero_shift"}),
        (["gauge.noise_n=0.25", "gauge.offset_n=0.4"], {"gauge.noise", "gauge.zero"}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_a_check_finds_what_is_wrong_with_the_station(runs: Path, errors: list[str], found: set[str]) -> None:
    said = check(runs, "twin", *errors)
    assert said.status == FAIL, said.text
    failed = {result["name"] for result in checks(runs)[-1]["results"] if result["verdict"] != "PASS"}
    assert found <= failed
    assert failed <= found | {"gauge.noise", "gauge.zero_shift"}, "only what an error spoils is blamed"


def test_a_probe_that_meets_nothing_is_a_broken_station(runs: Path) -> None:
    said = check(runs, "twin", "step.low_mm=38.5")
    assert said.status == BROKE
    assert "step sits clean in its seat" in said.text
    assert [made["verdict"] for made in checks(runs)] == ["ERROR"]


def test_a_failed_check_puts_runs_in_doubt_and_blocks_until_somebody_answers_for_it(
    runs: Path, station: Path, plan: Path
) -> None:
    run = ["run", plan, "--runs", runs, "--station", station]
    assert check(runs, station).status == PASS
    assert rig(*run).status == PASS
    doubtful = shown(runs)["run_id"]

    failed = check(runs, station, "stage.scale_error=0.0012")
    assert failed.status == FAIL
    assert f"in doubt since the last good check of this station: {doubtful}" in failed.text
    assert doubtful in within("suspects", "--runs", runs).out
    blocked = rig(*run)
    assert blocked.status == REFUSED
    assert "the last check of station 'twin-1' was FAIL" in blocked.text
    anonymous = rig(*run, "--override", "check failed", "--reason", "no time")
    assert anonymous.status == REFUSED
    assert "--by" in anonymous.text

    allowed = rig(*run, "--override", "check failed", *PERSON)
    assert allowed.status == PASS, allowed.text
    mark = "overridden: check failed, by A. Keller: sample for the audit"
    view = shown(runs)
    assert view["overridden"] == mark
    assert [result["remark"] for result in view["measurements"]] == [mark]
    assert mark in allowed.text
    assert "(overridden)" in within("list", "--runs", runs).out
    results = list((runs / view["run_id"] / "allure-results").glob("*-result.json"))
    assert any(mark in path.read_text() for path in results)
    with Store(runs, create=False) as store:
        [entry] = store.events(kinds=("station.override",))
    assert entry.body["run_id"] == view["run_id"]
    assert entry.body["by"] == "A. Keller"

    assert check(runs, station).status == PASS
    in_doubt = json.loads(within("suspects", "--json", "--runs", runs).out)
    assert [told["run_id"] for told in in_doubt] == [doubtful], "a good check clears nothing"


def test_a_stop_is_reset_by_a_person(runs: Path, plan: Path) -> None:
    with Store(runs) as store:
        StationLog(store, "twin-1").stopped("the emergency stop was pressed")
    run = ["run", plan, "--runs", runs]
    for command in (run, ["run", "station", "--runs", runs]):
        blocked = rig(*command)
        assert blocked.status == REFUSED
        assert "the emergency stop was pressed" in blocked.text
        assert "rig reset --by NAME --reason TEXT" in blocked.text
    nobody = within("reset", "--by", "", "--reason", "all clear", "--runs", runs)
    assert nobody.status == REFUSED
    done = within("reset", "--by", "A. Keller", "--reason", "all clear", "--runs", runs)
    assert done.status == PASS
    assert "reset by A. Keller: all clear" in done.out
    again = within("reset", "--by", "A. Keller", "--reason", "all clear", "--runs", runs)
    assert again.status == REFUSED
    assert "is not stopped" in again.err
    assert rig(*run).status == PASS
    with Store(runs, create=False) as store:
        assert len(headlines(store)) == 1, "what was refused never began"


def test_a_station_without_a_step_cannot_be_checked(runs: Path, tmp_path: Path) -> None:
    text = (STATIONS / "twin.toml").read_text()
    bare = tmp_path / "bare.toml"
    bare.write_text(text[: text.index("[artefact]")])
    said = check(runs, bare)
    assert said.status == REFUSED
    assert "has no reference step" in said.text


def test_checks_and_doubts_of_a_folder_without_any_are_told_in_a_sentence(runs: Path) -> None:
    assert within("suspects", "--runs", runs).status == REFUSED
    with Store(runs):
        pass
    assert "No run is in doubt" in within("suspects", "--runs", runs).out
    assert "No checks of this station" in within("checks", "--runs", runs).out


def test_control_charts_say_when_a_station_wanders(runs: Path) -> None:
    with Store(runs) as store:
        log = StationLog(store, "twin-1")
        for number, height_mm in enumerate([1e-4, -1e-4] * 6 + [9e-4, 1.0e-3, 1.1e-3]):
            result = {"name": "step.height", "value": height_mm, "unit": "mm", "U": 1e-3, "verdict": "PASS"}
            log.check(f"check-{number}", "PASS", [result])
            if number == 8:
                early = within("checks", "--runs", runs).text
            if number == 11:
                steady = within("checks", "--runs", runs).text
    assert "control charts begin with 10 good checks; there are 9" in early
    assert "step.height: in control" in steady
    assert (
        "step.height: not in control (western electric 1 at good check 13"
        in within("checks", "--runs", runs).text
    )
