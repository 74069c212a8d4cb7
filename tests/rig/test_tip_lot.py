"""A tip that was scanned is the one in the pen, and unused, or nothing moves; its lot stands with the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.evidence.results import results_of
from reports.evidence.subject import run_subject
from rig.product import load_product
from rig.records import frames
from tests.support.command import PASS, REFUSED, Said, rig, shown
from tests.support.many_runs import NO_PICTURES
from tests.support.standing_twin import standing_twin

LOT = "T2611A"  # as the tip of a simulated pen reports it


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("scanned")
    said = rig("run", "eol", "--tip-lot", LOT, "--runs", runs, *NO_PICTURES)
    assert said.status == PASS, said
    return runs


def test_its_lot_is_on_record_and_shown_everywhere(scanned: Path) -> None:
    assert shown(scanned)["tip_lot"] == LOT
    assert f"tip lot    {LOT}\n" in rig("show", "--runs", scanned).out
    (listed,) = json.loads(rig("list", "--json", "--runs", scanned).out)
    assert listed["tip_lot"] == LOT
    assert list(frames.runs(scanned)["tip_lot"]) == [LOT]
    assert results_of(run_subject(scanned, ["last"]))["runs"][0]["tip_lot"] == LOT


def refusal(runs: Path, *world: str) -> Said:
    """Run with a scanned tip in a world in which that is refused, on a twin that shows whether it moved."""
    with standing_twin(*world) as twin:
        before = twin.stage_mm()
        bench = twin.station_file(runs.parent)
        said = rig("run", "eol", "--tip-lot", LOT, "--station", bench, "--runs", runs, *NO_PICTURES)
        assert twin.stage_is_idle()
        assert twin.stage_mm() == before, "nothing has moved"
    assert said.status == REFUSED, said
    view = shown(runs)
    assert (view["verdict"], view["measurements"]) == ("REFUSED", [])
    assert [entry["role"] for entry in view["instruments"]][-1] == "pen", "it was identified before"
    return said


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ('pen.tip.lot="T2612B"', f"a tip of lot {LOT} was scanned, the pen reports lot T2612B"),
        ("pen.tip.use_count=1", "the tip was used before (1×). Plug in a new tip"),
        ("pen.tip.present=false", f"a tip of lot {LOT} was scanned, the pen reports none"),
    ],
)
def test_another_tip_than_the_scanned_one_is_refused(tmp_path: Path, world: str, words: str) -> None:
    assert words in refusal(tmp_path / "runs", "--set", world).text


def test_what_is_no_tip_lot_is_refused(tmp_path: Path) -> None:
    said = rig("run", "eol", "--tip-lot", "NP000042", "--runs", tmp_path / "runs")
    assert said.status == REFUSED
    assert f"--tip-lot: tip lot 'NP000042', expected one like {LOT}. Scan the tip again" in said.text
    assert not (tmp_path / "runs").exists()


def test_a_product_that_says_nothing_of_tips_takes_any_lot() -> None:
    data = load_product("office-pen").model_dump()
    del data["tip_lot_pattern"], data["tip_lot_example"]
    product = type(load_product("office-pen")).model_validate(data)
    product.check_tip_lot("TL-2026_0042.b")
    with pytest.raises(ValueError, match="tip lot 'TL 1'"):
        product.check_tip_lot("TL 1")
