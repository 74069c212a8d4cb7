"""Traceability both ways, and every way in which evidence can be lacking."""

from __future__ import annotations

import json
from typing import Any

from reports.matrix import FAIL, NO_EVIDENCE, NOT_TESTED_HERE, PASS, Matrix, matrix_of
from reports.requirements import Requirement
from rig.records.view import RunView

TESTS = {"test_p.py::test_depth": ["PEN-DEPTH"], "test_p.py::test_seal": ["PEN-SEAL", "PEN-LIFE"]}


def requirement(name: str, *, of: str = "pen", where: str = "") -> Requirement:
    method: Any = "not tested here" if where else "test"
    return Requirement(
        id=name, title=name, text="…", source="…", method=method, acceptance="…", where=where, of=of
    )


KNOWN = {
    found.id: found
    for found in (
        requirement("PEN-DEPTH"),
        requirement("PEN-SEAL"),
        requirement("PEN-LIFE"),
        requirement("PEN-EMC", where="a laboratory"),
        requirement("STATION-CHECK", of="station"),
    )
}


def result(test: str, name: str, *, accepted: bool = True, cites: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "test": f"test_p.py::{test}" if test else "", "name": name, "value": 1.0, "unit": "mm", "U": 0.1,
        "lower": 0.0, "upper": 2.0, "verdict": "PASS" if accepted else "FAIL", "accepted": accepted,
        "requirements": list(cites),
    }  # fmt: skip


DEPTHS = [result("test_depth", f"extension [{depth} mm]") for depth in (1, 2)]
SEAL = result("test_seal", "leak")


def run(
    run_id: str,
    *results: dict[str, Any],
    verdict: str = PASS,
    tests: dict[str, list[str]] | None = None,
    notes: tuple[dict[str, Any], ...] = (),
) -> RunView:
    held = TESTS if tests is None else tests
    told = [{"test": test, "title": test, "requirements": ids} for test, ids in held.items()]
    view = RunView(run_id=run_id, plan="p", verdict=verdict, tests=told, notes=list(notes))
    view.measurements = list(results)
    return view


def verdicts(matrix: Matrix) -> dict[str, str]:
    return {row.requirement.id: row.verdict for row in matrix.rows}


def test_a_requirement_passes_with_evidence_all_of_which_was_accepted() -> None:
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS, SEAL), run("b", *DEPTHS, SEAL)])
    assert verdicts(matrix) == {
        "PEN-DEPTH": PASS, "PEN-SEAL": PASS, "PEN-LIFE": PASS, "PEN-EMC": NOT_TESTED_HERE,
    }  # fmt: skip
    (evidence,) = matrix.rows[0].evidence
    assert evidence.runs == ("a", "b")
    assert [(found.run_id, found.name) for found in evidence.results] == [
        (name, f"extension [{depth} mm]") for name in "ab" for depth in (1, 2)
    ]
    assert not matrix.has_gaps


def test_the_other_way_a_test_tells_what_it_cites() -> None:
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS, SEAL)])
    assert {cited.test: cited.requirements for cited in matrix.tests} == {
        "test_p.py::test_depth": ("PEN-DEPTH",),
        "test_p.py::test_seal": ("PEN-SEAL", "PEN-LIFE"),
    }


def test_one_result_that_was_not_accepted_fails_it_whatever_became_of_its_run() -> None:
    bad = result("test_depth", "extension [2 mm]", accepted=False)
    for ended in (FAIL, "ERROR", "ABORTED", "UNFINISHED"):
        matrix = matrix_of(KNOWN, [run("a", *DEPTHS, SEAL), run("b", DEPTHS[0], bad, SEAL, verdict=ended)])
        assert verdicts(matrix)["PEN-DEPTH"] == FAIL, ended
        assert verdicts(matrix)["PEN-SEAL"] == PASS


def test_accepted_results_of_a_run_that_broke_prove_nothing() -> None:
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS, SEAL, verdict="ERROR")])
    assert verdicts(matrix)["PEN-DEPTH"] == NO_EVIDENCE
    assert {found.id for found in matrix.without_evidence} == {"PEN-DEPTH", "PEN-SEAL", "PEN-LIFE"}
    assert matrix.has_gaps


def test_a_result_that_one_run_lacks_is_missing() -> None:
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS, SEAL), run("b", DEPTHS[0], SEAL, verdict=FAIL)])
    assert verdicts(matrix)["PEN-DEPTH"] == NO_EVIDENCE
    assert matrix.rows[0].missing == ["b"]
    assert verdicts(matrix)["PEN-SEAL"] == PASS


def test_a_setting_that_was_noted_as_not_measured_is_missing_even_in_a_single_run() -> None:
    note = {"text": "the needles do not reach the plate", "where": "test_depth[2 mm @ 5000 /min]"}
    matrix = matrix_of(KNOWN, [run("a", DEPTHS[0], SEAL, verdict=FAIL, notes=(note,))])
    assert matrix.rows[0].missing == ["a"]
    assert verdicts(matrix)["PEN-DEPTH"] == NO_EVIDENCE


def test_a_test_that_judged_nothing_anywhere_is_no_evidence() -> None:
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS)])
    assert verdicts(matrix)["PEN-SEAL"] == NO_EVIDENCE
    assert verdicts(matrix)["PEN-DEPTH"] == PASS


def test_ids_that_no_file_has_stand_out_by_the_test_that_cites_them() -> None:
    tests = {"test_p.py::test_depth": ["PEN-DEPHT"]}
    matrix = matrix_of(KNOWN, [run("a", *DEPTHS, tests=tests)])
    (unknown,) = matrix.unknown
    assert (unknown.test, unknown.unknown) == ("test_p.py::test_depth", ("PEN-DEPHT",))
    by_characteristic = matrix_of(KNOWN, [run("a", result("test_depth", "x", cites=("PEN-X",)))])
    assert by_characteristic.unknown[0].unknown == ("PEN-X",)
    assert by_characteristic.has_gaps


def test_results_count_for_what_their_characteristic_cites_too() -> None:
    matrix = matrix_of(
        KNOWN, [run("a", DEPTHS[0], result("test_depth", "leak too", cites=("PEN-SEAL",)), SEAL)]
    )
    seal = next(row for row in matrix.rows if row.requirement.id == "PEN-SEAL")
    assert {found.name for found in seal.results} == {"leak too", "leak"}


def test_records_without_tests_are_read_by_what_their_results_cite() -> None:
    old = run("a", result("", "extension", cites=("PEN-DEPTH",)), tests={})
    del old.measurements[0]["test"], old.measurements[0]["accepted"]
    matrix = matrix_of(KNOWN, [old])
    assert verdicts(matrix)["PEN-DEPTH"] == PASS
    assert matrix.rows[0].evidence[0].test == ""


def test_requirements_of_what_no_run_is_about_are_left_out() -> None:
    assert "STATION-CHECK" not in verdicts(matrix_of(KNOWN, [run("a", *DEPTHS)]))
    check = run("c", result("test_step", "step"), tests={"test_p.py::test_step": ["STATION-CHECK"]})
    assert verdicts(matrix_of(KNOWN, [check])) == {"STATION-CHECK": PASS}
    assert len(matrix_of(KNOWN, []).without_evidence) == 4


def test_as_json_it_is_whole() -> None:
    told = json.loads(json.dumps(matrix_of(KNOWN, [run("a", *DEPTHS)]).to_json(), allow_nan=False))
    first = told["requirements"][0]
    assert (first["requirement"]["id"], first["verdict"]) == ("PEN-DEPTH", PASS)
    assert first["evidence"][0]["results"][0]["run_id"] == "a"
    assert told["without_evidence"] == ["PEN-SEAL", "PEN-LIFE"]
    assert told["tests"][0]["requirements"] == ["PEN-DEPTH"]
