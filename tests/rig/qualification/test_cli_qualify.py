"""``rig qualify`` as a person runs it: every part is tried, and a report is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import FAIL, PASS, REFUSED, Said, within
from tests.support.tools import needs_library

IN_WORK = "IQ-3"
"""The package's own files: a tree with changes in it is not released, and fails."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    folder = tmp_path_factory.mktemp("qualified")
    said = within(
        *("qualify", "--quick", "--by", "A. Miller"), "--out", folder / "out", "--runs", folder / "runs"
    )
    return said, folder / "out"


@pytest.fixture(scope="module")
def told(done: tuple[Said, Path]) -> dict[str, Any]:
    text = (done[1] / "qualification.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_every_check_of_a_good_rig_passes(told: dict[str, Any]) -> None:
    failed = [check for check in told["checks"] if check["verdict"] == "FAIL" and check["id"] != IN_WORK]
    assert failed == []
    assert {check["id"].partition("-")[0] for check in told["checks"]} == {"IQ", "OQ", "PQ"}


def test_the_exit_status_is_the_conclusion(done: tuple[Said, Path], told: dict[str, Any]) -> None:
    fails = any(check["verdict"] == "FAIL" for check in told["checks"])
    assert told["qualified"] is not fails
    assert done[0].status == (FAIL if fails else PASS)


def test_each_check_says_what_was_found_and_for_which_clause(told: dict[str, Any]) -> None:
    assert all(check["expected"] and check["got"] for check in told["checks"])
    assert all(check["requirement"].startswith("ISO 13485") for check in told["checks"])
    (dull,) = (check for check in told["checks"] if "dull-tip" in check["what"])
    assert dull["got"] == "FAIL by tip.insertion_force"


def test_a_quick_one_says_that_it_releases_nothing(done: tuple[Said, Path], told: dict[str, Any]) -> None:
    assert told["quick"] is True
    assert told["by"] == "A. Miller"
    assert "QUALIFIED\n" not in done[0].out or "NOT QUALIFIED" in done[0].out


def test_a_report_is_set_beside_it(done: tuple[Said, Path]) -> None:
    needs_library("typst")
    assert (done[1] / "qualification.pdf").read_bytes().startswith(b"%PDF-")


def test_an_unknown_station_is_refused(tmp_path: Path) -> None:
    said = within("qualify", "--station", "no-such", "--out", tmp_path)
    assert said.status == REFUSED
    assert list(tmp_path.iterdir()) == []
