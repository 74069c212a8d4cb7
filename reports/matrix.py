"""Traceability, both ways: requirement → tests → runs → results, and test → requirements.

A requirement is shown only by results, and only when every one of them was accepted: a test that was passed
over, a run that broke before it got there, or nothing at all leave it without evidence. An accepted result of
a run that broke or was stopped proves nothing; one that was not accepted counts whatever became of its run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from reports.requirements import Requirement
from rig.records import kinds
from rig.records.view import RunView, is_accepted

PASS, FAIL = kinds.PASS, kinds.FAIL
NO_EVIDENCE, NOT_TESTED_HERE = "NO EVIDENCE", "NOT TESTED HERE"
VERDICTS = (PASS, FAIL, NO_EVIDENCE, NOT_TESTED_HERE)

NOT_ON_RECORD = ""
"""In place of a test's name: earlier versions did not record which test a result came from."""


@dataclass(frozen=True)
class Result:
    """A result as the record has it, and the run it comes from; limits and U in ``unit``."""

    run_id: str
    run_verdict: str
    name: str
    value: float
    unit: str
    U: float
    lower: float | None
    upper: float | None
    verdict: str
    accepted: bool


@dataclass(frozen=True)
class Evidence:
    """What one test of a plan says about a requirement.

    Args:
        plan, test, title: of the test; ``test`` is empty where it is not on record.
        runs: ids of the runs that held it, in the order given.
        results: of it, in those runs.
        missing: ids of those runs that ended and yet lack a result of it.
    """

    plan: str
    test: str
    title: str
    runs: tuple[str, ...]
    results: tuple[Result, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A requirement, the tests that cite it, and what comes of them."""

    requirement: Requirement
    evidence: tuple[Evidence, ...]
    verdict: str

    @property
    def results(self) -> list[Result]:
        """Every result for it."""
        return [result for evidence in self.evidence for result in evidence.results]

    @property
    def missing(self) -> list[str]:
        """Ids of runs that ended without a result they owe it, each once."""
        return list(dict.fromkeys(run_id for evidence in self.evidence for run_id in evidence.missing))


@dataclass(frozen=True)
class Cited:
    """A test and the requirements it cites; ``unknown`` are those that no file has."""

    plan: str
    test: str
    title: str
    requirements: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """Both ways: ``rows`` by requirement, ``tests`` by test.

    Requirements of a subject that no run here cites anything of are left out: a lot of pens is no
    evidence about the station, nor is it missing any.
    """

    rows: tuple[Row, ...]
    tests: tuple[Cited, ...]

    @property
    def unknown(self) -> tuple[Cited, ...]:
        """Tests that cite ids no file has."""
        return tuple(cited for cited in self.tests if cited.unknown)

    @property
    def without_evidence(self) -> tuple[Requirement, ...]:
        """Requirements this rig tests, and none of these runs shows."""
        return tuple(row.requirement for row in self.rows if row.verdict == NO_EVIDENCE)

    @property
    def has_gaps(self) -> bool:
        """Whether something is cited that is not there, or asked for that is not shown."""
        return bool(self.unknown or self.without_evidence)

    def to_json(self) -> dict[str, Any]:
        """Return the matrix as JSON has it."""
        return {
            "requirements": [_row_json(row) for row in self.rows],
            "tests": [asdict(cited) for cited in self.tests],
            "unknown": [asdict(cited) for cited in self.unknown],
            "without_evidence": [requirement.id for requirement in self.without_evidence],
        }


def matrix_of(requirements: Mapping[str, Requirement], runs: Sequence[RunView]) -> Matrix:
    """Return the matrix of some runs against requirements.

    Args:
        requirements: by id, as :func:`reports.requirements.load_requirements` gives them.
        runs: in the order to show them.
    """
    tests = _tests_of(runs)
    cited = [_cited(test, requirements) for test in tests]
    subjects = {requirements[name].of for test in cited for name in test.requirements if name in requirements}
    rows = [
        _row(requirement, [test for test in tests if requirement.id in test.cites | test.judges])
        for requirement in requirements.values()
        if requirement.of in subjects or not subjects
    ]
    return Matrix(tuple(rows), tuple(cited))


@dataclass
class _Test:
    """What the runs hold of one test, whatever its settings.

    ``cites`` are the ids of its own markers, which all its results are for; ``judges`` those of the
    characteristics it judged, with whose results alone they go. ``verdicts`` are those of the runs that held
    it, ``has`` the names of its results in each, ``unmeasured`` the runs that noted why they lack one.
    """

    plan: str
    name: str
    title: str = ""
    cites: dict[str, None] = field(default_factory=dict)
    judges: dict[str, None] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    has: dict[str, set[str]] = field(default_factory=dict)
    unmeasured: set[str] = field(default_factory=set)
    results: list[tuple[Result, tuple[str, ...]]] = field(default_factory=list)

    def missing(self) -> list[str]:
        """Return the runs that ended without a result that another one has, or that noted one as missing."""
        owed: set[str] = set().union(*self.has.values())
        return [
            run_id
            for run_id, verdict in self.verdicts.items()
            if verdict in (PASS, FAIL) and (run_id in self.unmeasured or owed - self.has.get(run_id, set()))
        ]


def _tests_of(runs: Sequence[RunView]) -> list[_Test]:
    tests: dict[tuple[str, str], _Test] = {}
    for run in runs:
        unmeasured = {note["where"].partition("[")[0] for note in run.notes if "where" in note}
        for held in run.tests:
            test = _test(tests, run, held["test"])
            test.title = test.title or held["title"]
            test.cites |= dict.fromkeys(held["requirements"])
            if held["test"].rpartition("::")[2] in unmeasured:
                test.unmeasured.add(run.run_id)
        for measurement in run.measurements:
            own = tuple(measurement.get("requirements", ()))
            test = _test(tests, run, measurement.get("test", NOT_ON_RECORD))
            test.judges |= dict.fromkeys(own)
            test.has.setdefault(run.run_id, set()).add(measurement["name"])
            test.results.append((_result(run, measurement), own))
    return list(tests.values())


def _test(tests: dict[tuple[str, str], _Test], run: RunView, name: str) -> _Test:
    test = tests.setdefault((run.plan, name), _Test(run.plan, name))
    test.verdicts[run.run_id] = run.verdict
    return test


def _result(run: RunView, measurement: Mapping[str, Any]) -> Result:
    told = {key: measurement.get(key) for key in ("name", "value", "unit", "U", "lower", "upper", "verdict")}
    return Result(run.run_id, run.verdict, **told, accepted=is_accepted(measurement))  # type: ignore[arg-type]


def _cited(test: _Test, requirements: Mapping[str, Requirement]) -> Cited:
    names = tuple(test.cites | test.judges)
    unknown = tuple(name for name in names if name not in requirements)
    return Cited(test.plan, test.name, test.title, names, unknown)


def _row(requirement: Requirement, tests: Sequence[_Test]) -> Row:
    evidence = tuple(
        Evidence(
            test.plan,
            test.name,
            test.title,
            tuple(test.verdicts),
            tuple(result for result, own in test.results if requirement.id in (*test.cites, *own)),
            tuple(test.missing()),
        )
        for test in tests
    )
    return Row(requirement, evidence, _verdict(requirement, evidence))


def _verdict(requirement: Requirement, evidence: Sequence[Evidence]) -> str:
    results = [result for part in evidence for result in part.results]
    if not requirement.is_tested:
        return NOT_TESTED_HERE
    if not all(result.accepted for result in results):
        return FAIL
    shown = any(result.run_verdict in (PASS, FAIL) for result in results)
    return PASS if shown and not any(part.missing for part in evidence) else NO_EVIDENCE


def _row_json(row: Row) -> dict[str, Any]:
    evidence = [asdict(part) for part in row.evidence]
    return {"requirement": row.requirement.to_json(), "verdict": row.verdict, "evidence": evidence}
