"""Real runs on the twin, and what their Allure results say, read from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.allure_files import CATEGORIES, csv_of, write_environment
from rig.records.store import Store
from rig.records.trace import Trace, read_trace
from rig.records.view import RunView, fold

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Results:
    """A run as its record has it, and as Allure has it."""

    runs: Path
    view: RunView
    tests: list[dict[str, Any]]
    containers: list[dict[str, Any]]
    errors: str

    @property
    def folder(self) -> Path:
        return self.runs / self.view.run_id / "allure-results"

    def steps(self) -> dict[str, dict[str, Any]]:
        """Steps by the name of their measurement."""
        names = {body["name"] for body in self.view.measurements}
        steps = [step for test in self.tests for step in test.get("steps", [])]
        return {name: step for name in names for step in steps if step["name"].startswith(f"{name}: ")}

    def attached(self, step: dict[str, Any], kind: str) -> bytes:
        (source,) = [a["source"] for a in step["attachments"] if a["type"] == kind]
        return (self.folder / source).read_bytes()


def start(runs: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "test_plans/eol", "--runs", str(runs), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def results_of(runs: Path, errors: str) -> Results:
    with Store(runs, create=False) as store:
        view = fold(store.events(store.find_run("last")))
    folder = runs / view.run_id / "allure-results"
    tests, containers = (
        [json.loads(path.read_text("utf-8")) for path in folder.glob(f"*-{kind}.json")]
        for kind in ("result", "container")
    )
    return Results(runs, view, tests, containers, errors)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    """A pen that passes and a pen with a used tip, run side by side."""
    good, bad = (tmp_path_factory.mktemp(name) for name in ("good", "bad"))
    started = start(good, "--world", "nominal"), start(bad, "--world", "used-tip")
    (_, of_good), (_, of_bad) = (process.communicate(timeout=120) for process in started)
    return results_of(good, of_good), results_of(bad, of_bad)


@pytest.fixture(scope="module")
def passed(both: tuple[Results, Results]) -> Results:
    return both[0]


@pytest.fixture(scope="module")
def failed(both: tuple[Results, Results]) -> Results:
    return both[1]


def labels(test: dict[str, Any], name: str) -> list[str]:
    return [label["value"] for label in test["labels"] if label["name"] == name]


def test_every_measurement_is_a_step_with_its_value_limits_rule_and_verdict(passed: Results):
    assert passed.view.verdict == "PASS", passed.view.reasons
    steps = passed.steps()
    assert len(passed.view.measurements) > 50
    for body in passed.view.measurements:
        step = steps[body["name"]]
        assert step["name"].endswith(f"{body['rule']}): {body['verdict']}")
        assert step["status"] == "passed"
        assert {"result", "k", "limits", "rule"} <= {p["name"] for p in step["parameters"]}


def test_every_trace_is_attached_as_a_picture_and_as_the_numbers_recorded(passed: Results):
    steps, checked = passed.steps(), 0
    for body in passed.view.measurements:
        if body["trace"] is None:
            continue
        step = steps[body["name"]]
        png = passed.attached(step, "image/png")
        assert png.startswith(PNG)
        assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (640, 400)
        recorded = read_trace(passed.runs / body["trace"]["path"], sha256=body["trace"]["sha256"])
        assert passed.attached(step, "text/csv").decode() == csv_of(recorded)
        checked += 1
    assert checked > 40


def test_results_from_one_trace_share_its_files(passed: Results):
    steps = passed.steps()
    rate, jitter = (steps[f"{name} [0.25 mm @ 5000 /min]"] for name in ("rate.as_found", "rate.jitter"))
    assert rate["attachments"] == jitter["attachments"]


def test_the_scan_of_the_rim_is_shown_where_it_was_made(passed: Results):
    fixtures = [fixture for container in passed.containers for fixture in container.get("befores", [])]
    (datum,) = [fixture for fixture in fixtures if fixture["name"] == "datum"]
    assert passed.attached(datum, "image/png").startswith(PNG)
    assert passed.attached(datum, "text/csv").startswith(b"position_mm,force_n\n")


def test_a_test_carries_its_requirements_and_where_it_ran(passed: Results):
    by_name = {test["name"]: test for test in passed.tests}
    test = by_name["As found: 0.25 mm @ 5000 /min"]
    assert labels(test, "requirement") == ["PEN-DEPTH-ACCURACY", "PEN-RATE-ACCURACY"]
    assert set(labels(test, "requirement")) <= set(labels(test, "tag"))
    assert labels(test, "parentSuite") == ["End of line: one pen, found, calibrated, verified, released"]
    assert labels(test, "pen") == ["NP000001"]
    assert labels(test, "run") == [passed.view.run_id]
    assert labels(test, "station") == labels(test, "host") == [passed.view.station]
    assert test["parameters"] == [{"name": "setting", "value": "0.25 mm @ 5000 /min"}]


def test_the_environment_says_what_was_run_on_what(passed: Results):
    lines = (passed.folder / "environment.properties").read_text("ascii").splitlines()
    facts = dict(line.split(" = ", 1) for line in lines)
    assert facts["run"] == passed.view.run_id
    assert (facts["verdict"], facts["pen"], facts["world"]) == ("PASS", "NP000001", "nominal")
    assert json.loads((passed.folder / "categories.json").read_text("utf-8")) == CATEGORIES


def test_a_failed_result_says_why_and_shows_no_traceback(failed: Results):
    (test,) = [test for test in failed.tests if test["status"] == "failed"]
    assert test["name"] == "Tip is present and unused"
    details = test["statusDetails"]
    assert details["message"].startswith("Failed: tip.uses: FAIL: measured 1")
    assert "Traceback" not in details["trace"]
    assert ".py" not in details["trace"]
    step = failed.steps()["tip.uses"]
    assert step["status"] == "failed"
    assert step["statusDetails"]["message"].startswith("FAIL: Earlier uses of the tip is 1, limits ≤ 0")
    assert failed.steps()["tip.present"]["status"] == "passed"


def test_what_could_not_be_measured_is_skipped_with_its_reason_and_requirements(failed: Results):
    skipped = {test["name"]: test for test in failed.tests if test["status"] == "skipped"}
    test = skipped["Needles are sharp"]
    assert test["statusDetails"] == {"message": "the tip was used before (1×), so the pen is locked out"}
    assert labels(test, "requirement") == ["PEN-SHARPNESS"]


def test_nothing_is_said_of_the_machine_and_nothing_went_wrong(both: tuple[Results, Results]):
    for results in both:
        assert results.errors == ""
        for path in results.folder.glob("*.json"):
            text = path.read_text("utf-8")
            assert str(ROOT) not in text, path.name
            assert str(results.runs) not in text, path.name


def test_csv_reads_back_to_the_same_bits():
    values = np.array([0.1 + 0.2, np.nan, -0.0, 1e-300, 42.0])
    lines = csv_of(Trace("odd", {"a_mm": values, "b": values})).splitlines()
    assert lines[0] == "a_mm,b"
    back = np.array([float(line.split(",")[0]) for line in lines[1:]])
    assert back.tobytes() == values.tobytes()


def test_the_environment_is_escaped_for_its_format(tmp_path: Path):
    write_environment(tmp_path, {"plan": "Länge ≤ 1\nmore", "path": "a\\b"})
    lines = (tmp_path / "environment.properties").read_text("ascii").splitlines()
    assert lines == ["plan = L\\u00e4nge \\u2264 1 more", "path = a\\\\b"]
