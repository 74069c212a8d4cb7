"""What a report says of a study: the answer on page one, effects as tables and figures, whence it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.evidence.document import document_of
from reports.evidence.figures import figures_of
from reports.evidence.results import results_of
from reports.evidence.study_models import models_of
from tests.support.evidence import MADE_AT
from tests.support.study_report import FILE, front, record_study


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Any]:
    return results_of(record_study(tmp_path))


def test_page_one_asks_and_answers_and_says_who_and_with_what(results: dict[str, Any]) -> None:
    told = front(results)
    assert told["sentences"] == [FILE["question"], "extension: depth moves it by 1.5 mm (p < 0.05)."]
    facts = dict(told["facts"]["rows"])
    assert facts["Tested by"] == "Ada Berg (ada, engineer)"
    assert facts["Software"] == "needle-rig 0.1.0, commit abc1234"
    assert facts["Points"] == "6, each measured whole"


def test_without_an_effect_it_says_so(tmp_path: Path) -> None:
    assert front(results_of(record_study(tmp_path, moves_by_mm=0.0)))["sentences"][1] == (
        "extension: no factor shows an effect (p ≥ 0.05)."
    )


def test_every_term_stands_in_the_table_of_effects(results: dict[str, Any]) -> None:
    sections = {part["title"]: part["blocks"] for part in document_of(results, [], MADE_AT)["sections"]}
    (table,) = (block for block in sections["What was found"] if block["kind"] == "table")
    rows = {row[0]: row for row in table["rows"]}
    assert rows["depth"][1:3] == ["+1.5", "mm"]
    assert (rows["depth"][-1], rows["rate"][-1]) == ("yes", "no")


def test_each_response_is_drawn_against_each_factor_as_vectors(tmp_path: Path) -> None:
    subject = record_study(tmp_path)
    drawn = figures_of(subject)
    assert list(drawn) == ["extension: depth, rate"]
    assert drawn == figures_of(subject)
    assert b"moves it by 1.5 mm" in drawn["extension: depth, rate"]


def test_where_nothing_can_be_fitted_it_says_why(
    results: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.evidence.study_models.find_spec", lambda name: None)
    models, problems = models_of(results["study"])
    assert (models, len(problems)) == ([], 1)
    assert front(results)["sentences"] == [FILE["question"]]
