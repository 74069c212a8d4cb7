"""What a report says of a gauge that was studied: the verdict on page one, its figures in a section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.evidence.document import document_of
from reports.evidence.results import results_of
from reports.evidence.subject import study_subject
from reports.gauge_report import judge_bias, judge_grr
from rig.records import kinds
from rig.records.run import wall_utc
from rig.records.store import Store
from tests.support.evidence import MADE_AT
from tests.support.gauge_readings import aiag, known, readings
from tests.support.study_report import front, record_study

TITLE = "Verdict on the gauge"


def judged(folder: Path, verdict: dict[str, Any]) -> dict[str, Any]:
    """Record a study with a verdict; return what a report is made of."""
    record_study(folder)
    with Store(folder) as store:
        store.append("small", kinds.STUDY_JUDGED, {"verdict": verdict}, wall_utc())
    return dict(results_of(study_subject(folder)))


def section(results: dict[str, Any]) -> list[dict[str, Any]]:
    parts = {part["title"]: part["blocks"] for part in document_of(results, [], MADE_AT)["sections"]}
    return list(parts[TITLE])


def test_page_one_says_whether_the_gauge_may_be_used_and_why(tmp_path: Path) -> None:
    results = judged(tmp_path, judge_grr(aiag(), 30.0).to_json())
    assert front(results)["sentences"][1] == (
        "The gauge is acceptable: the gauge takes 6.0 % of the tolerance (up to 10 % is good, "
        "over 30 % bad); it tells 4 categories of these parts apart (5 or more are wanted)."
    )


def test_every_component_and_figure_stands_in_the_section(tmp_path: Path) -> None:
    verdict = judge_grr(aiag(), 30.0).to_json()
    blocks = section(judged(tmp_path, verdict))
    (table,) = (block for block in blocks if block["kind"] == "table")
    assert [row[0] for row in table["rows"]] == [part["name"] for part in verdict["figures"]["components"]]
    told = {name: text for block in blocks if block["kind"] == "pairs" for name, text in block["rows"]}
    assert (told["Verdict"], told["ndc"], told["tolerance"]) == ("acceptable", "4", "30")


def test_a_bias_has_figures_and_no_table(tmp_path: Path) -> None:
    frame = readings([1.0, 1.1, 0.9, 1.0])
    verdict = judge_bias(frame, known(frame, 1.0), 0.01, 2.0).to_json()
    blocks = section(judged(tmp_path, verdict))
    assert [block["kind"] for block in blocks if block["kind"] == "table"] == []
    told = {name: text for block in blocks if block["kind"] == "pairs" for name, text in block["rows"]}
    assert told["reference, u"] == "0.01"
    assert told["Cg"] == f"{verdict['figures']['Cg']:.4g}"


def test_a_study_that_judged_no_gauge_has_no_such_section(tmp_path: Path) -> None:
    results = dict(results_of(record_study(tmp_path)))
    with pytest.raises(KeyError, match=TITLE):
        section(results)
