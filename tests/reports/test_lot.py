"""What a lot's runs show: which of them count, what every characteristic and requirement comes to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from calibration.errors import EstimateError
from reports.lot import FAIL, NOT_SHOWN, PASS, Lot, lot_of
from reports.lot_words import percent
from rig.records.view import RunView

DEPTHS = np.random.default_rng(4).normal(1.25, 0.004, 93)
TESTS = [
    {"test": "test_depth", "title": "…", "requirements": ["PEN-DEPTH"]},
    {"test": "test_limit", "title": "…", "requirements": ["PEN-LIMIT"]},
]


def result(test: str, name: str, value: float, U: float, limits: tuple[float, float]) -> dict[str, Any]:
    accepted = limits[0] <= value - U and value + U <= limits[1]
    return {
        "test": test, "name": name, "characteristic": name.partition(" ")[0], "value": value, "U": U,
        "unit": "mm" if U else "1", "lower": limits[0], "upper": limits[1], "accepted": accepted,
        "verdict": PASS if accepted else FAIL,
    }  # fmt: skip


def pen(number: int, *, depth_mm: float | None = None, verdict: str = PASS) -> RunView:
    """A run of a pen: its depth at a setting, unless it could not be measured, and its limiter, counted."""
    results = [result("test_limit", "limiter", 1, 0.0, (1, 1)) | {"requirements": ["PEN-LIFE"]}]
    if depth_mm is not None:
        at = {"setting": {"depth_mm": 1.25, "rate_per_min": 7000.0}}
        depth = result("test_depth", "extension [1.25 mm @ 7000 /min]", depth_mm, 0.003, (1.2, 1.3))
        results.insert(0, depth | at)
    return RunView(
        run_id=f"run-{number}-{verdict}", plan="p", product="office-pen", station="twin-1", lot="L-1",
        pen_serial=f"NP{number:06d}", verdict=verdict, measurements=results, tests=TESTS,
    )  # fmt: skip


def good_pens(count: int) -> list[RunView]:
    return [pen(number, depth_mm=DEPTHS[number]) for number in range(count)]


def verdicts(lot: Lot) -> dict[str, str]:
    return {line.characteristic: line.verdict for line in lot.characteristics}


@pytest.fixture(scope="module")
def fifty_nine() -> Lot:
    return lot_of(good_pens(59))


def test_fifty_nine_good_pens_show_ninety_five_ninety_five(fifty_nine: Lot) -> None:
    assert (fifty_nine.name, fifty_nine.verdict, len(fifty_nine.pens)) == ("L-1", PASS, 59)
    depth, limiter = fifty_nine.characteristics
    interval = depth.statistics.interval
    assert interval is not None
    assert (round(interval.k, 3), depth.verdict) == (2.339, PASS)
    assert f"{interval.lower:.5g} to {interval.upper:.5g} mm" in depth.statement
    assert "mean ± 2.339 s" in depth.statement
    assert limiter.statistics.by == "count"
    assert limiter.statement.startswith("59 of 59 pens were accepted: with 95 % confidence at least 95.0 %")


def test_requirements_are_those_of_tests_and_of_characteristics(fifty_nine: Lot) -> None:
    found = {line.id: (line.verdict, line.results, line.failures) for line in fifty_nine.requirements}
    assert found == {"PEN-DEPTH": (PASS, 1, 0), "PEN-LIFE": (PASS, 1, 0), "PEN-LIMIT": (PASS, 1, 0)}
    assert "95.0 % of pens conform" in fifty_nine.requirements[0].statement


def test_the_size_is_justified_both_ways(fifty_nine: Lot) -> None:
    size = fifty_nine.size
    assert (size.success_run, size.with_one_failure) == (59, 93)
    assert size.by_variables is not None
    assert size.by_variables < 59
    assert size.tightest.startswith("extension")
    assert f"needs {size.by_variables}" in size.statement


def test_too_few_pens_fail_nothing_and_show_too_little() -> None:
    lot = lot_of(good_pens(12))
    assert verdicts(lot) == {"extension": PASS, "limiter": NOT_SHOWN}
    assert lot.verdict == NOT_SHOWN
    assert "only 12 were tested" in lot.size.statement


def test_a_bad_pen_fails_its_characteristic_and_its_requirement_only() -> None:
    runs = good_pens(59)
    runs[7] = pen(7, depth_mm=1.31, verdict=FAIL)
    lot = lot_of(runs)
    assert verdicts(lot) == {"extension": FAIL, "limiter": PASS}
    assert {line.id: line.verdict for line in lot.requirements}["PEN-LIMIT"] == PASS
    assert {line.id: line.failures for line in lot.requirements}["PEN-DEPTH"] == 1
    assert (lot.verdict, lot.failed_pens) == (FAIL, ("NP000007",))


def test_what_no_pen_gave_a_chance_to_measure_is_shown_of_none() -> None:
    runs = [pen(number, verdict=FAIL) for number in range(59)]
    for run in runs:
        run.tests = [
            *TESTS,
            {"test": "plan.py::test_rate", "title": "…", "requirements": ["PEN-LIMIT", "PEN-RATE"]},
        ]
        run.notes = [{"text": "no table fits", "where": "test_rate[0.25 mm @ 5000 /min]"}]
    lot = lot_of(runs)
    found = {line.id: line for line in lot.requirements}
    assert {id_: line.verdict for id_, line in found.items()} == {
        "PEN-LIFE": PASS, "PEN-LIMIT": FAIL, "PEN-DEPTH": NOT_SHOWN, "PEN-RATE": FAIL,
    }  # fmt: skip
    assert (found["PEN-LIMIT"].failures, found["PEN-RATE"].results) == (59, 0)
    assert "Of 59 a result could not be measured." in found["PEN-RATE"].statement


def test_a_requirement_that_intervals_show_says_that_counting_shows_less() -> None:
    depth = {line.id: line for line in lot_of(good_pens(12)).requirements}["PEN-DEPTH"]
    assert depth.verdict == PASS
    assert "at least 77.9 % of pens conform. That is by count; the tolerance interval" in depth.statement


def test_ninety_three_pens_bear_one_failure_by_the_exact_binomial() -> None:
    runs = good_pens(93)
    runs[7] = pen(7, depth_mm=1.31, verdict=FAIL)
    lot = lot_of(runs)
    assert lot.characteristics[0].statistics.by == "count"
    assert "92 of 93 pens were accepted" in lot.characteristics[0].statement
    assert lot.verdict == PASS


def test_a_pen_that_could_not_be_measured_has_failed() -> None:
    runs = good_pens(59)
    runs[3] = pen(3, verdict=FAIL)
    lot = lot_of(runs)
    depth = next(line for line in lot.characteristics if line.characteristic == "extension")
    assert (depth.statistics.values, depth.statistics.failures, depth.verdict) == (58, 1, FAIL)


def test_a_pen_counts_once_and_a_failure_is_not_tested_away() -> None:
    failed, passed = pen(1, depth_mm=1.31, verdict=FAIL), pen(1, depth_mm=1.25)
    for runs in ([failed, passed], [passed, failed]):
        lot = lot_of([*runs, pen(2, depth_mm=1.25)])
        assert len(lot.pens) == 2
        assert (lot.failed_pens, lot.repeated) == (("NP000001",), (passed.run_id,))


def test_runs_that_broke_are_named_and_count_for_nothing() -> None:
    broken = pen(5, depth_mm=1.25, verdict="ERROR")
    lot = lot_of([*good_pens(60)[:5], broken, *good_pens(60)[6:]])
    assert len(lot.pens) == 59
    assert (lot.broken, lot.unfinished) == ((broken.run_id,), ("NP000005",))
    assert lot.verdict == NOT_SHOWN, "a pen is still to be tested"
    again = lot_of([broken, *good_pens(59)])
    assert (again.broken, again.unfinished, again.verdict) == ((broken.run_id,), (), PASS)


def test_a_lot_without_a_single_verdict_shows_nothing() -> None:
    lot = lot_of([pen(1, verdict="ABORTED")])
    assert (lot.pens, lot.unfinished, lot.verdict) == ((), ("NP000001",), NOT_SHOWN)
    assert json.dumps(lot.to_json(), allow_nan=False)
    with pytest.raises(EstimateError, match="coverage"):
        lot_of(good_pens(3), coverage=1.0)


def test_another_share_can_be_asked_for() -> None:
    lot = lot_of(good_pens(29), coverage=0.9)
    assert (lot.verdict, lot.size.success_run) == (PASS, 29)


def test_as_json_it_is_whole(fifty_nine: Lot) -> None:
    told = json.loads(json.dumps(fifty_nine.to_json(), allow_nan=False))
    assert told["verdict"] == PASS
    assert told["characteristics"][0]["statistics"]["interval"]["k"] == pytest.approx(2.3390842)
    assert told["size"]["success_run"] == 59


@pytest.mark.parametrize(
    ("share", "words"), [(0.95, "95 %"), (0.9497, "94.9 %"), (0.9999, "99.9 %"), (0.0, "0.0 %")]
)
def test_shares_are_never_rounded_up(share: float, words: str) -> None:
    assert percent(share) == words
