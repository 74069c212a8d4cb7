"""A lot of pens: what its runs show of each characteristic at each setting, and of each requirement.

Every pen counts once, with the first of its runs that ended in a verdict, or with the first that failed:
testing until something passes shows nothing. Runs that broke or were stopped say nothing about the pen and
are named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from calibration.limits import Limits
from calibration.lot_statement import LotStatement, lot_statement
from calibration.sample_size import attribute_sample_size, reliability_shown, success_run
from reports.lot_words import characteristic_in_words, requirement_in_words, size_in_words
from rig.records import kinds
from rig.records.view import RunView, is_accepted

PASS, FAIL = kinds.PASS, kinds.FAIL
NOT_SHOWN = "NOT SHOWN"
"""Nothing failed, and yet too few pens or too wide a scatter show too little."""


@dataclass(frozen=True)
class LotCharacteristic:
    """A characteristic at a setting, over all pens; limits in ``unit``.

    ``setting`` is {depth_mm, rate_per_min}, or None; ``verdict`` is PASS where what was asked for is shown,
    FAIL where it is not and a pen was not accepted, NOT SHOWN otherwise.
    """

    name: str
    characteristic: str
    setting: dict[str, float] | None
    unit: str
    lower: float | None
    upper: float | None
    requirements: tuple[str, ...]
    statistics: LotStatement
    verdict: str
    statement: str


@dataclass(frozen=True)
class LotRequirement:
    """A requirement over all pens.

    ``results`` are those that each pen owes for it, ``failures`` the pens that lack one or have one that was
    not accepted, ``reliability`` the share of pens that meet all of them at once, shown by counting pens.
    """

    id: str
    results: int
    pens: int
    failures: int
    reliability: float
    verdict: str
    statement: str


@dataclass(frozen=True)
class LotSize:
    """How many pens the statement needs.

    Args:
        pens: that count.
        success_run: needed without a failure, whatever the law (C = 1 − Rⁿ).
        with_one_failure: needed where one may fail.
        by_variables: needed by tolerance intervals, for the characteristic with the least margin; None where
            no characteristic is normal, or no number would do.
        tightest: that characteristic's name.
        statement: in words.
    """

    pens: int
    success_run: int
    with_one_failure: int
    by_variables: int | None
    tightest: str
    statement: str


@dataclass(frozen=True)
class Lot:
    """What a lot shows, with ``coverage`` and ``confidence`` as asked for.

    Args:
        name: of the lot.
        plans, products, stations: of its runs.
        pens: serial numbers that count, in the order of their runs.
        failed_pens: those whose run failed.
        counted, repeated, broken: ids of the runs that count, of further runs of the same pens, and of runs
            that broke, were stopped or never ended.
        unfinished: pens that have only such runs.
    """

    name: str
    plans: tuple[str, ...]
    products: tuple[str, ...]
    stations: tuple[str, ...]
    coverage: float
    confidence: float
    pens: tuple[str, ...]
    failed_pens: tuple[str, ...]
    counted: tuple[str, ...]
    repeated: tuple[str, ...]
    broken: tuple[str, ...]
    unfinished: tuple[str, ...]
    characteristics: tuple[LotCharacteristic, ...]
    requirements: tuple[LotRequirement, ...]
    size: LotSize
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Return the lot as JSON has it; where an interval has one limit only, the other is null."""
        told: dict[str, Any] = _plain(asdict(self))
        return told


def lot_of(
    runs: Sequence[RunView], *, name: str = "", coverage: float = 0.95, confidence: float = 0.95
) -> Lot:
    """Return what runs of a lot show.

    Args:
        runs: of one lot and one plan, oldest first.
        name: of the lot; that of the first run where not given.
        coverage, confidence: share of conforming pens to be shown, and with which confidence.

    Raises:
        EstimateError: a share out of range.
    """
    chosen = _choose(runs)
    pens = list(chosen.values())
    characteristics = _characteristics(pens, coverage, confidence)
    wanted = dict.fromkeys(id_ for line in characteristics for id_ in line.requirements)
    wanted |= dict.fromkeys(id_ for run in pens for held in run.tests for id_ in held["requirements"])
    failed = tuple(run.pen_serial for run in pens if run.verdict == FAIL)
    broken = [run for run in runs if run.verdict not in (PASS, FAIL)]
    counted = tuple(run.run_id for run in pens)
    again = [run for run in runs if run.verdict in (PASS, FAIL) and run.run_id not in counted]
    unfinished = tuple(dict.fromkeys(run.pen_serial for run in broken if run.pen_serial not in chosen))
    requirements = tuple(_requirement(id_, characteristics, pens, coverage, confidence) for id_ in wanted)
    verdicts = {line.verdict for line in characteristics} | {line.verdict for line in requirements}
    if unfinished or not pens:
        verdicts.add(NOT_SHOWN)
    if failed and reliability_shown(len(pens), len(failed), confidence=confidence) < coverage:
        verdicts.add(FAIL)
    return Lot(
        name=name or next((run.lot for run in runs), ""),
        plans=_each(run.plan for run in runs),
        products=_each(run.product for run in runs),
        stations=_each(run.station for run in runs),
        coverage=coverage,
        confidence=confidence,
        pens=tuple(chosen),
        failed_pens=failed,
        counted=counted,
        repeated=tuple(run.run_id for run in again),
        broken=tuple(run.run_id for run in broken),
        unfinished=unfinished,
        characteristics=tuple(characteristics),
        requirements=requirements,
        size=_size(len(pens), characteristics, coverage, confidence),
        verdict=_worst(verdicts),
    )


def _choose(runs: Sequence[RunView]) -> dict[str, RunView]:
    """Return the run that counts, by pen."""
    chosen: dict[str, RunView] = {}
    for run in runs:
        if run.verdict not in (PASS, FAIL):
            continue
        before = chosen.setdefault(run.pen_serial, run)
        if run.verdict == FAIL and before.verdict == PASS:
            chosen[run.pen_serial] = run
    return chosen


def _characteristics(pens: Sequence[RunView], coverage: float, confidence: float) -> list[LotCharacteristic]:
    by_name: dict[str, list[dict[str, Any]]] = {}
    cites: dict[str, dict[str, None]] = {}
    for run in pens:
        marks = {held["test"]: held["requirements"] for held in run.tests}
        for measurement in run.measurements:
            by_name.setdefault(measurement["name"], []).append(measurement)
            own = [*measurement.get("requirements", ()), *marks.get(measurement.get("test", ""), ())]
            cites[measurement["name"]] = cites.get(measurement["name"], {}) | dict.fromkeys(own)
    return [
        _characteristic(results, tuple(cites[name]), len(pens), coverage, confidence)
        for name, results in by_name.items()
    ]


def _characteristic(
    results: Sequence[dict[str, Any]],
    requirements: tuple[str, ...],
    pens: int,
    coverage: float,
    confidence: float,
) -> LotCharacteristic:
    first = results[0]
    statistics = lot_statement(
        [result["value"] for result in results],
        [result["U"] for result in results],
        Limits(first["lower"], first["upper"]),
        accepted=[is_accepted(result) for result in results],
        units=pens,
        coverage=coverage,
        confidence=confidence,
    )
    return LotCharacteristic(
        name=first["name"],
        characteristic=first["characteristic"],
        setting=first.get("setting"),
        unit=first["unit"],
        lower=first["lower"],
        upper=first["upper"],
        requirements=requirements,
        statistics=statistics,
        verdict=_verdict(shown=statistics.shown, failures=statistics.failures),
        statement=characteristic_in_words(statistics, first["unit"]),
    )


def _requirement(
    id_: str,
    characteristics: Sequence[LotCharacteristic],
    pens: Sequence[RunView],
    coverage: float,
    confidence: float,
) -> LotRequirement:
    lines = [line for line in characteristics if id_ in line.requirements]
    names = {line.name for line in lines}
    unmeasured = [id_ in _unmeasured(run) for run in pens]
    failures = sum(lacks or not names <= _accepted(run) for run, lacks in zip(pens, unmeasured, strict=True))
    reliability = reliability_shown(len(pens), failures, confidence=confidence)
    verdict = _worst({line.verdict for line in lines}) if lines else NOT_SHOWN
    if failures and reliability < coverage:
        verdict = FAIL
    words = requirement_in_words(
        len(lines),
        pens=len(pens),
        failures=failures,
        unmeasured=sum(unmeasured),
        by_interval=verdict == PASS and reliability < coverage,
        reliability=reliability,
        confidence=confidence,
    )
    return LotRequirement(id_, len(lines), len(pens), failures, reliability, verdict, words)


def _accepted(run: RunView) -> set[str]:
    return {measurement["name"] for measurement in run.measurements if is_accepted(measurement)}


def _unmeasured(run: RunView) -> set[str]:
    """Return the requirements of tests that a run noted as having no chance to measure something."""
    lacking = {note["where"].partition("[")[0] for note in run.notes if "where" in note}
    return {
        id_
        for held in run.tests
        if held["test"].rpartition("::")[2] in lacking
        for id_ in held["requirements"]
    }


def _size(
    pens: int, characteristics: Sequence[LotCharacteristic], coverage: float, confidence: float
) -> LotSize:
    measured = [line for line in characteristics if line.statistics.interval is not None]
    tightest = min(measured, key=lambda line: line.statistics.margin or 0.0, default=None)
    plain = success_run(confidence=confidence, reliability=coverage)
    one = attribute_sample_size(confidence=confidence, reliability=coverage, failures=1)
    needed = None if tightest is None else tightest.statistics.needed
    margin = None if tightest is None else tightest.statistics.margin
    name = "" if tightest is None else tightest.name
    words = size_in_words(
        pens,
        success_run=plain,
        with_one_failure=one,
        by_variables=needed,
        tightest=name,
        margin=margin,
        coverage=coverage,
        confidence=confidence,
    )
    return LotSize(pens, plain, one, needed, name, words)


def _verdict(*, shown: bool, failures: int) -> str:
    if shown:
        return PASS
    return FAIL if failures else NOT_SHOWN


def _worst(verdicts: set[str]) -> str:
    return next((verdict for verdict in (FAIL, NOT_SHOWN) if verdict in verdicts), PASS)


def _each(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: infinities become null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value
