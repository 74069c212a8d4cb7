"""What becomes of a result that shows nothing, or not enough, from the command line to the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.product import PRODUCTS
from tests.support.command import FAIL, PASS, REFUSED, Said, rig, shown, verdicts

TEST = """
import pytest

@pytest.mark.at("grid")
def test_depth(as_found, setting, verdict):
    verdict.judge("extension.as_found", as_found.at(setting).extension, at=setting)
"""
OFFSET = "pen.depth.offset_mm=0.03"
LIMITS = ("lower = -0.15\nupper = 0.15\n", "lower = -0.12\nupper = 0.12\n")
WIDE_GUARD = ("factor = 1.0", "factor = 30.0")
"""Some 90 µm: every point of a pen that reaches 50 to 90 µm too far lies in the guard band."""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """The office pen with three settings and a guard band that its as-found extension lies in."""
    return changed(
        tmp_path,
        ("depths_mm = [0.25, 0.75, 1.25, 1.75, 2.5]", "depths_mm = [0.25, 1.25, 2.5]"),
        ("rates_per_min = [5000, 7000, 9000]", "rates_per_min = [7000]"),
        LIMITS,
        WIDE_GUARD,
    )


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    text = (PRODUCTS / "office-pen.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "pen.toml"
    file.write_text(text, encoding="utf-8")
    return file


def run_plan(folder: Path, product: Path, *lines: str) -> Said:
    plan = folder / "depth-only"
    plan.mkdir()
    head = ['name = "depth-only"', 'title = "Depth as found"', 'characteristics = ["extension.as_found"]']
    (plan / "plan.toml").write_text("\n".join([*head, *lines]), encoding="utf-8")
    (plan / "test_depth.py").write_text(TEST)
    return rig("run", plan, "--product", product, "--runs", folder / "runs", "--set", OFFSET)


def test_an_indeterminate_result_fails_unless_the_plan_says_otherwise(tmp_path: Path, product: Path) -> None:
    said = run_plan(tmp_path, product)
    view = shown(tmp_path / "runs")
    assert said.status == FAIL
    assert view["verdict"] == "FAIL"
    assert [m["verdict"] for m in view["measurements"]] == ["INDETERMINATE"] * 3
    assert not any(m["accepted"] for m in view["measurements"])
    assert len(view["reasons"]) == 3
    assert "3 measurements, 3 not passed" in said.text


def test_a_plan_that_accepts_it_says_so_wherever_the_run_is_read(tmp_path: Path, product: Path) -> None:
    said = run_plan(tmp_path, product, 'indeterminate = "accept"', 'reason = "trial lot 7, not for sale"')
    view = shown(tmp_path / "runs")
    assert said.status == PASS
    assert view["verdict"] == "PASS"
    remark = "indeterminate, accepted by the plan: trial lot 7, not for sale"
    for m in view["measurements"]:
        assert (m["verdict"], m["accepted"], m["remark"]) == ("INDETERMINATE", True, remark)
        assert f"{m['name']}: {remark}" in [note["text"] for note in view["notes"]]
    assert said.text.count(remark) >= 3
    assert "0 not passed, 3 indeterminate and accepted by the plan" in said.text


def test_a_plan_that_asks_for_more_than_is_expected_refuses_to_start(tmp_path: Path, product: Path) -> None:
    said = run_plan(tmp_path, product, "minimum_tur = 50.0")
    assert said.status == REFUSED
    assert verdicts(tmp_path / "runs") == []
    assert "extension.as_found: plan depth-only asks for a test uncertainty ratio of 50" in said.text
    assert "limits of -0.12 to 0.12 mm from the set depth and an expected U of 0.005 make it 24" in said.text
    assert "state it as expected_U in the product file" in said.text


def test_a_result_less_certain_than_was_expected_never_passes(tmp_path: Path) -> None:
    product = changed(
        tmp_path,
        ("depths_mm = [0.25, 0.75, 1.25, 1.75, 2.5]", "depths_mm = [0.25, 1.25, 2.5]"),
        ("rates_per_min = [5000, 7000, 9000]", "rates_per_min = [7000]"),
        ("expected_U = 0.005", "expected_U = 0.0001"),
    )
    accept = ('indeterminate = "accept"', 'reason = "no reason bears this"')
    said = run_plan(tmp_path, product, "minimum_tur = 1000", *accept)
    view = shown(tmp_path / "runs")
    assert said.status == FAIL
    for m in view["measurements"]:
        assert 10 < m["tur"] < 1000
        assert (m["verdict"], m["accepted"]) == ("INDETERMINATE", False)
        assert "the plan asks for 1000: too uncertain to accept" in m["remark"]
    assert "too uncertain to accept" in view["reasons"][0]


def test_an_exception_for_what_the_plan_does_not_owe_is_refused(tmp_path: Path, product: Path) -> None:
    said = run_plan(tmp_path, product, '[exceptions."seal.leak"]', "minimum_tur = 1.0")
    assert said.status == REFUSED
    assert "plan.toml: exceptions: seal.leak, expected some of this plan's characteristics" in said.text
