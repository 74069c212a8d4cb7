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
