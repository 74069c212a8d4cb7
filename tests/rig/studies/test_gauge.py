"""Gauge studies as people run them: planned, measured on the twin, judged, gone on with, and refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from rig.product import Setting
from rig.records import kinds
from rig.records.event import Event
from rig.records.store import Store
from rig.records.studies import read_study
from rig.station import STATIONS
from rig.studies.design import design_points
from rig.studies.gauge import bias, grr, linearity, stability, true_value
from rig.studies.tolerances import tolerance_of
from tests.support.command import FAIL, PASS, REFUSED, Said, within

AT = Setting(1.25, 7000.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the R&R study is recorded."""
    return tmp_path_factory.mktemp("gauge") / "grr"


@pytest.fixture(scope="module")
def ran(folder: Path) -> Said:
    """The smallest R&R study, run by the command."""
    return within("study", "grr", "rate", "--parts", "2", "--operators", "2", "--out", folder)


def test_an_r_and_r_study_ends_with_a_verdict_for_the_tolerance(ran: Said, folder: Path) -> None:
    # A stroke rate is known to some 1e-4 of itself and may be off by a few per cent.
    assert ran.status == PASS, ran
    assert "✔ acceptable" in ran.out
    assert "of the tolerance (up to 10 % is good, over 30 % bad)" in ran.text
    told = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert (told["kind"], told["verdict"], told["unit"]) == ("grr", "acceptable", "1/min")
    assert {part["name"] for part in told["figures"]["components"]} >= {"repeatability", "appraiser", "part"}
    assert (folder / "verdict.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(folder / "results.csv")
    assert table.groupby(["part", "operator"])["value"].count().tolist() == [2] * 4


def test_the_same_command_measures_nothing_again_and_with_a_narrow_tolerance_fails(
    ran: Said, folder: Path
) -> None:
    command = ["study", "grr", "rate", "--parts", "2", "--operators", "2", "--out", str(folder)]
    before = entries(folder)
    assert before[-1].kind == kinds.STUDY_JUDGED
    assert within(*command).status == PASS
    assert entries(folder) == before
    narrow = within(*command, "--tolerance", "0.5", "--json")
    assert narrow.status == FAIL
    assert json.loads(narrow.out)["verdict"] == "not acceptable"
    *same, judged = entries(folder)
    assert (same, judged.kind) == (before, kinds.STUDY_JUDGED)
    assert judged.body["verdict"]["figures"]["tolerance"] == 0.5
    view = read_study(folder)
    assert view.verdict == judged.body["verdict"], "the last one holds"
    assert json.loads(narrow.out) == {"study": view.study, **judged.body["verdict"]}


def entries(folder: Path) -> list[Event]:
    """Return all entries of a study's record."""
    with Store(folder, create=False) as store:
        return list(store.events())


def test_another_study_in_the_same_folder_is_refused(ran: Said, folder: Path) -> None:
    said = within("study", "grr", "rate", "--parts", "3", "--operators", "2", "--out", folder)
    assert said.status == REFUSED
    assert "factors.part.levels was [0.0, 1.0], is [0.0, 1.0, 2.0]" in said.text


def test_bias_is_found_against_the_truth_of_each_clamping(tmp_path: Path) -> None:
    # The rim is elsewhere whenever the pen is clamped anew, by far more than the datum's uncertainty.
    said = within("study", "bias", "rim_datum", "--trials", "4", "--out", tmp_path, "--json")
    assert said.status == PASS, said
    told = json.loads(said.out)
    frame = read_study(tmp_path).frame
    low, high = told["figures"]["bias, 95 %"]
    assert abs(told["figures"]["bias"]) < frame["U"].mean()
    assert low < told["figures"]["bias"] < high
    assert told["figures"]["sd"] < frame["value"].std() / 4


def test_a_reference_value_of_one_s_own_decides(tmp_path: Path) -> None:
    command = ["study", "bias", "rate", "--trials", "2", "--out", str(tmp_path)]
    far_off = within(*command, "--reference", "6000")
    assert far_off.status == FAIL
    assert "more than the stated uncertainty" in far_off.text


def test_plans_hold_the_readings_they_promise() -> None:
    plans = {
        "grr": (grr("extension", AT, parts=3, operators=2, trials=2), 12),
        "bias": (bias("extension", AT, trials=25), 25),
        "linearity": (linearity("extension", AT, depths_mm=[0.5, 1.0, 2.0], trials=4), 12),
        "stability": (stability("extension", AT, occasions=20, trials=3), 60),
    }
    for kind, (plan, readings) in plans.items():
        assert len(design_points(plan)) == readings, kind
        assert plan.clamps_anew
        assert plan.title.endswith("0.50 to 2.00 mm @ 7000 /min" if "depth" in plan.factors else str(AT))
    occasions = [point.levels["occasion"] for point in design_points(plans["stability"][0])]
    assert occasions == sorted(occasions)  # an occasion's readings are taken together


def test_the_tolerance_is_the_products_in_the_unit_of_the_result() -> None:
    width = tolerance_of(bias("rate", AT, trials=2))
    twice = tolerance_of(bias("rate", Setting(1.25, 9000.0), trials=2))
    assert width is not None
    assert twice is not None
    assert twice / width == pytest.approx(9000.0 / 7000.0)
    assert tolerance_of(bias("extension", AT, trials=2)) == pytest.approx(0.3)  # ±0.15 mm
    assert tolerance_of(bias("rim_datum", AT, trials=2)) is None


def test_the_truth_of_an_extension_does_not_depend_on_how_the_pen_is_clamped() -> None:
    plan = bias("extension", AT, trials=2)
    first, second = (true_value(plan, point) for point in design_points(plan))
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["grr", "colour"], "measurand 'colour', expected one of: "),
        (["grr", "extension", "--operators", "9"], "9 operators"),
        (["grr", "extension", "--depth", "9"], "a set depth of 9 mm, expected 0 to 2.5 mm"),
        (["grr", "extension", "--tolerance", "nan"], "--tolerance nan, expected a number more than 0"),
        (["grr", "extension", "--tolerance", "-1"], "--tolerance -1, expected a number more than 0"),
        (["bias", "extension", "--depth", "1.3"], "the twin tells no true extension at 1.30 mm"),
        (["bias", "extension", "--reference", "inf"], "expected numbers"),
        (["bias", "extension", "--reference", "1", "--reference", "2"], "2 reference values, expected 1"),
        (["bias", "extension", "--reference", "1", "--reference-u", "-1"], "--reference-u -1"),
        (["linearity", "extension", "--reference", "1"], "1 reference value, expected"),
        (["linearity", "extension", "--depth", "1", "--depth", "1"], "every level once"),
        (["linearity", "extension", "--depth", "1"], "factors.depth.levels"),
        (["stability", "extension", "--world", "moon"], "unknown world 'moon'"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_moves(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    said = within("study", *arguments, "--out", tmp_path / "out")
    assert said.status == REFUSED, said
    assert told in said.text
    assert not (tmp_path / "out").exists()


def test_on_a_real_bench_nobody_tells_the_truth(tmp_path: Path) -> None:
    twin = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    real = re.sub(r"\[twin\]\n(.+\n)*", "", twin).replace("twin:", "TCPIP::nowhere::")
    (tmp_path / "real.toml").write_text(real, encoding="utf-8")
    station = tmp_path / "real.toml"
    said = within("study", "bias", "extension", "--station", station, "--out", tmp_path / "out")
    assert said.status == REFUSED
    assert "is real, so nobody tells what is true" in said.text
