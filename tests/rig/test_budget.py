"""The budget of one result, as a person reads it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rig.budget import find_measurement, render_budget
from rig.errors import RigError
from rig.records.view import RunView

BODY = {
    "name": "extension.as_left [0.50 mm @ 7000 /min]",
    "value": 0.5012,
    "as_read": 0.4991,
    "unit": "mm",
    "u": 0.0013,
    "dof": None,
    "k": 2.0,
    "U": 0.0026,
    "lower": 0.45,
    "upper": 0.55,
    "rule": "guard band 1·U",
    "verdict": "PASS",
    "p_conform": 1.0,
    "tur": 19.2,
    "equation": "e = (d + δ_rim)·(1 + δ_scale + (α_stage − α_pen)·(T − 20 °C))·cos β + δ_threshold + δ_tilt "
    "+ δ_drift, with d = z_rim − z_plate + h",
    "method": "first order",
    "budget": [
        {"name": "strokes", "u": 0.0012, "dof": 40.0},
        {"name": "plate tilt", "u": 0.0005, "dof": None},
    ],
}
VIEW = RunView(run_id="r", measurements=[BODY, BODY | {"name": "extension.as_left [2.25 mm @ 7000 /min]"}])


def test_a_measurement_is_found_by_name_or_by_enough_of_it() -> None:
    assert find_measurement(VIEW, BODY["name"]) is BODY
    assert find_measurement(VIEW, "0.50") is BODY


@pytest.mark.parametrize(("name", "words"), [("as_left", "not one measurement"), ("leak", "no measurement")])
def test_what_is_not_one_measurement_is_refused_with_the_choice(name: str, words: str) -> None:
    with pytest.raises(RigError, match=rf"{words}.*0\.50 mm"):
        find_measurement(VIEW, name)


def test_lines_come_largest_first_with_their_share_and_both_values() -> None:
    out = io.StringIO()
    render_budget(BODY, Console(file=out, width=90))
    text = out.getvalue()
    assert text.index("strokes") < text.index("plate tilt") < text.index("combined")
    assert "0.5012 ± 0.0026 mm" in text
    assert "0.4991" in text
    assert "85%" in text
    assert "15%" in text
    assert text.count("█") == 30


def printed(body: dict[str, object], width: int) -> list[str]:
    out = io.StringIO()
    render_budget(body, Console(file=out, width=width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100])
def test_the_model_breaks_between_its_terms_and_says_what_its_symbols_are(width: int) -> None:
    lines = printed(BODY, width)
    assert max(len(line) for line in lines) <= width
    assert any("(T − 20 °C)" in line for line in lines)
    assert "         with d = z_rim − z_plate + h" in lines
    assert "as read  0.4991 mm, without corrections" in lines
    assert "limits   0.45 … 0.55 mm, guard band 1·U: PASS, probability of conformity >0.999" in lines
    assert "TUR      19, the span of the limits over 2U" in lines
    assert lines[-1] == "U = k·u = 2.00 × 0.0013 = 0.0026 mm, by first order"


def test_what_is_not_known_of_a_result_is_not_mentioned() -> None:
    bare = {"name": "tip.present", "value": 1, "unit": "1", "u": 0.0, "dof": None, "k": 2.0, "U": 0.0}
    bare |= {"lower": 1, "upper": None, "rule": "simple acceptance", "verdict": "PASS", "budget": []}
    lines = printed(bare, 80)
    assert lines[:2] == ["tip.present: 1", "limits   ≥ 1, simple acceptance: PASS"]
    assert not any(line.startswith(("as read", "model", "TUR", "remark")) for line in lines)


def test_what_the_plan_made_of_it_is_told() -> None:
    lines = printed(BODY | {"remark": "indeterminate, accepted by the plan: trial lot"}, 80)
    assert "remark   indeterminate, accepted by the plan: trial lot" in lines


def test_a_result_that_was_only_noted_has_a_budget_too() -> None:
    judging = ("lower", "upper", "rule", "verdict", "p_conform", "tur")
    datum = {key: value for key, value in BODY.items() if key not in judging} | {"name": "rim datum"}
    view = RunView(run_id="r", measurements=[BODY], notes=[{"text": "rim datum 0.5", "result": datum}])
    found = find_measurement(view, "datum")
    lines = printed(found, 90)
    assert lines[0].startswith("rim datum: 0.5012 ± 0.0026 mm")
    assert not any(line.startswith("limits") for line in lines)
    assert any("plate tilt" in line for line in lines)
