"""The truth check: its arithmetic, and a few pens through the whole of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.decision import Outcome
from rig.errors import ConfigError
from rig.studies.coverage import Case, Compared, clopper_pearson, summarise
from rig.twin.population import Law, load_population
from rig.twin.randomness import noise_source
from rig.twin.world import load_world
from tests.support.command import PASS, REFUSED, rig


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # 10 of 10 and 0 of 10: 1 − 0.025^(1/10) = 0.3085; 8 of 10: Clopper and Pearson's own chart, 0.44 to 0.97.
    [(10, 10, 0.6915, 1.0), (0, 10, 0.0, 0.3085), (8, 10, 0.4439, 0.9748)],
)
def test_the_interval_of_a_share(successes: int, count: int, low: float, high: float) -> None:
    assert clopper_pearson(successes, count) == pytest.approx((low, high), abs=1e-4)


def test_a_summary_counts_what_intervals_hold_and_decisions_miss() -> None:
    def at(error: float, conforms: bool, outcome: Outcome) -> Compared:
        return Compared("extension", error, 2.0, conforms, outcome)

    cases = [
        Case(0, (at(1.0, True, Outcome.PASS), Compared("rate", -1.0, 0.5))),
        Case(1, (at(-3.0, False, Outcome.PASS),)),
        Case(2, (at(2.0, True, Outcome.INDETERMINATE),), "late"),
        Case(3, (), "nothing came"),
    ]
    (extension, rate), risks = summarise(cases)
    assert (extension.count, extension.bias, extension.coverage) == (3, 0.0, pytest.approx(2 / 3))
    assert extension.rms == pytest.approx((14 / 3) ** 0.5)
    assert (rate.count, rate.bias, rate.coverage) == (1, -1.0, 0.0)
    assert (risks.judged, risks.accepted_though_out, risks.rejected_though_in, risks.truly_out) == (
        3,
        1,
        1,
        1,
    )


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
    extension = next(row for row in found["measurands"] if row["measurand"] == "extension at speed")
    assert extension["count"] == 6
    assert extension["rms"] < 0.005
    assert extension["mean_half_width"] < 0.005


def test_an_unknown_population_is_refused() -> None:
    said = rig("study", "coverage", "--population", "nope")
    assert said.status == REFUSED
    assert "unknown population 'nope', expected one of: line" in said.text
