"""The plan that verifies the design, on an aged pen: all is measured, and one pen shows too little."""

from __future__ import annotations

import json
from pathlib import Path

from rig.fixtures.plan import PLANS, load_plan
from tests.support.command import FAIL, PATIENCE_S, rig

NOT_SHOWN = FAIL


def test_an_aged_pen_conforms_and_alone_shows_too_little(tmp_path: Path) -> None:
    lot = ("--lot", "DV-1", "--pens", "1", "--population", "pilot-lot", "--json")
    said = rig("lot", "run", "regulatory", *lot, "--runs", tmp_path / "runs", timeout=4 * PATIENCE_S)
    assert said.status == NOT_SHOWN, said
    told = json.loads(said.out)
    assert told["failed_pens"] == []
    assert told["verdict"] == "NOT SHOWN"
    assert {line["characteristic"] for line in told["characteristics"]} == set(
        load_plan(PLANS / "regulatory").characteristics
    )
    assert {line["failures"] for line in told["requirements"]} == {0}
    matrix = rig("matrix", "--lot", "DV-1", "--strict", "--runs", tmp_path / "runs")
    assert matrix.status == 0, matrix
