"""Who ran a study, where users are known: it is refused without them, and each point says who measured it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli import app
from rig.errors import RefusedToStart
from rig.people.changes import set_roles
from rig.records import kinds
from rig.records.store import Store
from rig.studies.run_study import run_study
from rig.studies.study_file import load_study
from tests.support.command import REFUSED
from tests.support.people import BEN, BENS, with_ada, with_ben, with_policy

ONE_POINT = """
name = "one"
title = "One depth"
responses = ["rate"]

[factors.depth]
sets = "setting.depth_mm"
levels = [0.5, 2.0]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(ONE_POINT)
    return path


def test_a_study_is_refused_without_a_person_who_may(tmp_path: Path, file: Path) -> None:
    runs = with_policy(tmp_path / "runs")
    with_ben(runs, with_ada(runs))
    words = [
        "study",
        "run",
        str(file),
        "--runs",
        str(runs),
        "--out",
        str(tmp_path / "out"),
        "--password-stdin",
    ]
    nobody = CliRunner().invoke(app, words)
    assert nobody.exit_code == REFUSED
    assert "study one: nobody is signed in" in nobody.stderr
    operator = CliRunner().invoke(app, [*words, "--user", BEN], input=f"{BENS}\n")
    assert operator.exit_code == REFUSED
    assert "study one: ben is operator, expected a user who is engineer or quality" in operator.stderr
    with pytest.raises(RefusedToStart, match="nobody is signed in"):
        run_study(load_study(str(file)), tmp_path / "out", runs=runs)
    assert not (tmp_path / "out").exists()


def test_each_point_says_who_measured_it(tmp_path: Path, file: Path) -> None:
    runs = with_policy(tmp_path / "runs")
    ada = with_ada(runs)
    ben = with_ben(runs, ada)
    set_roles(runs, BEN, ["engineer"], by=ada, reason="trained")
    run_study(load_study(str(file)), tmp_path / "out", runs=runs, person=ben)
    with Store(tmp_path / "out", create=False) as store:
        told = store.events(kinds=(kinds.STUDY_STARTED, kinds.STUDY_POINT))
    assert [event.body["operator"]["full_name"] for event in told] == ["Ben Cole"] * 3
