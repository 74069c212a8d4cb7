"""Runs side by side, against what pandas finds in their records."""

import math
from pathlib import Path

import pytest

from rig.records import frames
from rig.records.store import Store
from tests.support.evidence import begin, measure_all, run_id_of
from tests.support.reviewing import Reviewed, csv_of, reviewed, tables_of, text_of

FIRST, SECOND, SHORT = (run_id_of(number) for number in (1, 2, 3))
BOTH = f"run={FIRST}&run={SECOND}"


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    panel = reviewed(Path(tmp_path_factory.mktemp("runs")), [])
    with Store(panel.runs) as store:
        for number in (1, 2, 3):
            recorder = begin(store, number)
            if number < 3:
                measure_all(recorder, number, traces=False)
            recorder.ended("PASS" if number < 3 else "ABORTED", takt_s=45.0, wall_s=5.0)
    return panel


def test_differences_are_those_of_the_records(some: Reviewed) -> None:
    rows = csv_of(some.ada.get(f"/data/compare.csv?{BOTH}").text)
    first, second = (frames.measurements(some.runs, run_id).set_index("name") for run_id in (FIRST, SECOND))
    assert [row["name"] for row in rows] == list(first.index)
    for row in rows:
        a, b = first.loc[row["name"]], second.loc[row["name"]]
        U = math.hypot(a["U"], b["U"])
        assert float(row[f"{FIRST} value"]) == a["value"]
        assert float(row[f"{SECOND} difference"]) == pytest.approx(b["value"] - a["value"])
        assert float(row[f"{SECOND} U_difference"]) == pytest.approx(U)
        assert row[f"{SECOND} differs"] == ("yes" if abs(b["value"] - a["value"]) > U else "no")


def test_what_differs_is_marked_and_can_be_seen_alone(some: Reviewed) -> None:
    rows = csv_of(some.ada.get(f"/data/compare.csv?{BOTH}").text)
    differing = [row["name"] for row in rows if row[f"{SECOND} differs"] == "yes"]
    assert 0 < len(differing) < len(rows)
    page = some.ada.get(f"/compare?{BOTH}").text
    assert f"{len(differing)} of {len(rows)} results differ" in text_of(page)
    assert [row[0] for row in tables_of(page)[0][1:] if "≠" in row[-1]] == differing
    only = tables_of(some.ada.get(f"/compare?{BOTH}&only=1").text)[0]
    assert [row[0] for row in only[1:]] == differing


def test_what_one_run_did_not_measure_is_said(some: Reviewed) -> None:
    page = some.ada.get(f"/compare?run={FIRST}&run={SHORT}").text
    assert "not measured" in text_of(page)
    assert csv_of(some.ada.get(f"/data/compare.csv?run={FIRST}&run={SHORT}").text)[0][f"{SHORT} value"] == ""


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        (f"run={FIRST}", 422),
        (f"run={FIRST}&run={FIRST}", 422),
        ("&".join(f"run=x{number}" for number in range(7)), 422),
        (f"run={FIRST}&run=nobody", 404),
        (f"run={FIRST}&run=%3Cscript%3E", 422),
        (f"run={FIRST}&run={'a' * 101}", 422),
        (f"{BOTH}&only=perhaps", 422),
    ],
)
def test_what_cannot_be_compared_is_refused(some: Reviewed, query: str, status: int) -> None:
    for address in ("/compare", "/data/compare.csv"):
        if "only" in query and address != "/compare":
            continue
        answer = some.ada.get(f"{address}?{query}")
        assert answer.status_code == status
        assert answer.json()["detail"]
