"""The truth check: its arithmetic, and a few pens through the whole of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from calibration.decision import Outcome
from calibration.measured import Contribution, combine
from rig.errors import ConfigError
from rig.product import Rule, load_product
from rig.studies.coverage import COMPARED, Case, Compared, half_width_95, summarise
from rig.studies.coverage_report import render, to_json
from rig.studies.coverage_risk import Judged, clopper_pearson, promised, risks
from rig.studies.measurands import MEASURANDS
from rig.twin.population import Law, load_population
from rig.twin.randomness import noise_source
from rig.twin.world import load_world
from tests.support.command import PASS, REFUSED, rig

GUARD = Rule(name="guard_band")
RIGHT, TURNED_AWAY = Judged(Outcome.PASS, True, False), Judged(Outcome.INDETERMINATE, True, False)
WRONG, FAR = Judged(Outcome.PASS, False, False), Judged(Outcome.PASS, False, True)
CAUGHT = Judged(Outcome.FAIL, False, True)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # 10 of 10 and 0 of 10: 1 − 0.025^(1/10) = 0.3085; 8 of 10: Clopper and Pearson's own chart, 0.44 to 0.97.
    [(10, 10, 0.6915, 1.0), (0, 10, 0.0, 0.3085), (8, 10, 0.4439, 0.9748), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_share(successes: int, count: int, low: float, high: float) -> None:
    assert clopper_pearson(successes, count) == pytest.approx((low, high), abs=1e-4)


def test_the_interval_is_of_95_percent_by_student_s_law() -> None:
    assert half_width_95(combine(1.0, "mm", [Contribution("u", 2.0)])) == pytest.approx(
        2 * 1.959964, rel=1e-5
    )
    assert half_width_95(combine(1.0, "mm", [Contribution("u", 2.0, 4.0)])) == pytest.approx(
        2 * 2.776445, rel=1e-5
    )


def test_a_summary_counts_what_intervals_hold_and_decisions_miss() -> None:
    def at(error: float, judged: Judged) -> Compared:
        return Compared("extension", error, 2.0, judged, GUARD)

    cases = [
        Case(0, (at(1.0, RIGHT), Compared("rim_datum", -1.0, 0.5))),
        Case(1, (at(-3.0, WRONG),)),
        Case(2, (at(2.0, TURNED_AWAY),), "late"),
        Case(3, (), "nothing came"),
    ]
    (extension, datum), (found,) = summarise(cases)
    assert (extension.count, extension.bias, extension.coverage) == (3, 0.0, pytest.approx(2 / 3))
    assert (extension.title, extension.unit) == ("Extension at speed", "mm")
    assert extension.rms == pytest.approx((14 / 3) ** 0.5)
    assert (datum.count, datum.bias, datum.coverage) == (1, -1.0, 0.0)
    assert (found.characteristic, found.judged, found.truly_out) == ("extension.as_found", 3, 1)


def test_coverage_is_off_its_aim_when_its_interval_lies_beyond_it() -> None:
    def summary(held: int, count: int) -> bool:
        errors = [0.0] * held + [2.0] * (count - held)
        (row,), _ = summarise([Case(i, (Compared("rim_datum", e, 1.0),)) for i, e in enumerate(errors)])
        return row.off_aim

    assert not summary(19, 20)
    assert not summary(20, 20)
    assert not summary(920, 1000)  # 90.1 to 93.6 %
    assert summary(900, 1000)
    assert summary(1000, 1000)


def test_each_kind_of_wrong_decision_is_a_share_of_its_own() -> None:
    judged = [RIGHT] * 90 + [TURNED_AWAY] * 4 + [WRONG] * 2 + [FAR] + [CAUGHT] * 3
    found = risks("extension", "extension.as_found", GUARD, judged)
    assert (found.judged, found.truly_out) == (100, 6)
    assert (found.specific.count, found.specific.of) == (3, 93)
    assert (found.consumer.count, found.consumer.of) == (3, 100)
    assert (found.producer.count, found.producer.of) == (4, 100)
    assert (found.beyond_guard.count, found.beyond_guard.of) == (1, 100)
    assert (found.consumer.low, found.consumer.high) == pytest.approx((0.00623, 0.08518), abs=1e-4)


def test_a_risk_is_kept_as_long_as_its_interval_allows() -> None:
    def kept(wrong: int, rule: Rule) -> bool:
        return risks("x", "x", rule, [WRONG] * wrong + [RIGHT] * (100 - wrong)).kept

    assert kept(5, GUARD)
    assert not kept(10, GUARD)
    assert kept(10, Rule())
    assert not kept(5, Rule(name="global_risk", max_risk=0.01, prior_mean=0.0, prior_sd=1.0))


@pytest.mark.parametrize(
    ("rule", "kind", "greatest"),
    [
        (Rule(), "specific", 0.5),
        (Rule(name="guard_band", factor=1.0), "specific", 0.02275),
        (Rule(name="guard_band", factor=0.83), "specific", 0.0485),
        (Rule(name="specific_risk", max_risk=0.03), "specific", 0.03),
        (Rule(name="global_risk", max_risk=0.001, prior_mean=0.0, prior_sd=1.0), "global", 0.001),
    ],
)
def test_what_a_rule_promises(rule: Rule, kind: str, greatest: float) -> None:
    assert promised(rule).kind == kind
    assert promised(rule).greatest == pytest.approx(greatest, abs=1e-4)


def report(cases: list[Case], width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    render(cases, *summarise(cases), console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_the_report_marks_what_missed_its_aim_and_what_was_wrongly_accepted() -> None:
    sound = [Case(i, (Compared("extension", 0.0 if i % 20 else 3.0, 2.0, RIGHT, GUARD),)) for i in range(40)]
    text = report(sound)
    assert "coverage aimed at: 95 % ± 1.5 %: ✔ no interval excludes it" in text
    assert "✔ accepted though out by more than the guard band: 0 of 40" in text
    assert "stated risks: ✔ none exceeded" in text
    off = [Case(i, (Compared("extension", 3.0, 2.0, FAR, GUARD),)) for i in range(40)]
    text = report([*off, Case(40, (), "the pouch burst")])
    assert "aimed at: 95 % ± 1.5 %: ✘ extension" in text
    assert "✘ accepted though out by more than the guard band: 40 of 40 (extension.as_found 40)" in text
    assert "stated risks: ✘ exceeded: extension.as_found" in text
    assert "pen 40: the pouch burst" in text


def test_the_report_fits_a_terminal_of_80_columns() -> None:
    rule = Rule(name="global_risk", max_risk=0.001, prior_mean=0.0, prior_sd=1.0)
    names = [name for name in COMPARED if MEASURANDS[name].judged_as]

    def case(pen: int) -> Case:
        error = -1.2345e-5 if pen % 20 == 0 else -1.2345e-6
        return Case(pen, tuple(Compared(name, error, 1e-5, RIGHT, rule) for name in names))

    text = report([case(pen) for pen in range(1000)], width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text.replace(" … ", "")
    assert all(MEASURANDS[name].judged_as in text for name in names)


def test_a_machine_reads_the_same() -> None:
    cases = [Case(0, (Compared("extension", 0.0, 2.0, RIGHT, GUARD),))]
    told = json.loads(json.dumps(to_json(cases, *summarise(cases))))
    (risk,) = told["risks"]
    assert risk["kept"] is True
    assert risk["promise"] == {"kind": "specific", "greatest": pytest.approx(0.02275, abs=1e-5)}
    assert set(risk["consumer"]) == {"count", "of", "low", "high"}
    assert told["measurands"][0]["off_aim"] is False


@pytest.mark.parametrize("name", sorted(MEASURANDS))
def test_what_is_judged_is_a_characteristic_of_the_product(name: str) -> None:
    judged_as, product = MEASURANDS[name].judged_as, load_product("office-pen")
    assert not judged_as or product.characteristics[judged_as].unit == MEASURANDS[name].unit


def test_every_draw_of_the_population_that_ships_is_a_world() -> None:
    population = load_population("line")
    for pen in range(20):
        load_world("nominal", population.draw(noise_source(0, f"pen {pen}")))


def test_a_law_draws_what_it_says() -> None:
    random = noise_source(1, "law")
    draws = [float(Law(key="k", law="uniform", a=1.0, b=2.0).draw(random)[2:]) for _ in range(200)]
    assert 1.0 <= min(draws) < 1.1 < 1.9 < max(draws) <= 2.0
    floor = Law(key="k", law="normal", a=0.0, b=1.0, at_least=0.5)
    assert min(float(floor.draw(random)[2:]) for _ in range(50)) == 0.5


def test_a_law_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('title = "t"\nvaries = [{ key = "k", law = "uniform", a = 2.0, b = 1.0 }]\n')
    with pytest.raises(ConfigError, match="not below a"):
        load_population(str(file))


def test_a_few_pens_are_found_within_their_uncertainty() -> None:
    said = rig("study", "coverage", "--pens", "3", "--seed", "5", "--json")
    assert said.status == PASS, said
    found = json.loads(said.out)
    assert found["pens"] == 3
    assert found["problems"] == []
    rows = {row["measurand"]: row for row in found["measurands"]}
    assert {"rim_datum", "extension", "rate", "rate_1s", "jitter", "leak", "insertion_force"} <= rows.keys()
    assert (rows["extension"]["count"], rows["rim_datum"]["count"]) == (6, 3)
    assert rows["extension"]["rms"] < 0.005
    assert rows["extension"]["mean_half_width"] < 0.005
    judged = {risk["characteristic"] for risk in found["risks"]}
    assert judged == {MEASURANDS[name].judged_as for name in rows} - {""}
    assert all(risk["beyond_guard"]["count"] == 0 for risk in found["risks"])


def test_an_unknown_population_is_refused() -> None:
    said = rig("study", "coverage", "--population", "nope")
    assert said.status == REFUSED
    assert "refused: unknown population 'nope', expected one of:" in said.text
    assert "line" in said.text
