"""Striking film, on real drivers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rig.errors import ContactNotFound, ForceLimitExceeded, RigError
from rig.fixtures import evaluate_validation
from rig.procedures.penetration import strike_film
from rig.procedures.strokes import prepare_counter
from rig.product import load_product
from rig.twin.truth import film_penetration
from tests.support.real_bench import real_bench
from tests.support.serving import make_world

RATE_PER_MIN, SEED = 7000.0, 1


def true_depth_mm(world: tuple[str, ...], layers: int) -> float:
    told = film_penetration(make_world(world), load_product("office-pen"), seed=SEED)
    row = next(row for row in told if row["layers"] == layers and row["rate_per_min"] == RATE_PER_MIN)
    assert row["set_depth_mm"] is not None
    return row["set_depth_mm"]


@pytest.mark.parametrize(
    ("layers", "world"),
    [
        (1, ()),
        (4, ("contact.missed=0.02", "contact.bounce_mean=0.3")),
        (2, ("pen.tip.needles.bluntness=3.0", "film.site_scatter=0.08")),
        (2, ("film.weakening=0.4", "film.weakening_strokes=900.0", "film.position_mm=41.64")),
    ],
)
def test_the_depth_of_half_the_strokes_is_found(layers: int, world: tuple[str, ...]) -> None:
    changes = (f"film.layers={layers}", *world)
    with real_bench(changes) as bench:
        prepare_counter(bench)
        trace = strike_film(bench, RATE_PER_MIN, layers=layers)
        found = evaluate_validation.penetration(trace, bench.station, bench.product)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.01)
    assert found.d50.value == pytest.approx(true_depth_mm(changes, layers), abs=1.5 * found.d50.U)
    assert found.penetration.value == pytest.approx(layers * 0.126)
    assert found.d50.U < 0.015
    assert np.abs(trace.columns["force_n"] - 1.0).max() < 0.15, "the rim pressed as it should"


def test_every_depth_is_struck_on_a_site_of_its_own_and_the_next_one_is_told() -> None:
    with real_bench(["film.layers=1"]) as bench:
        prepare_counter(bench)
        first = strike_film(bench, RATE_PER_MIN, layers=1, first_site=7)
        second = strike_film(bench, 9000.0, layers=1, first_site=int(first.about["next_site"]))
    sites = [*first.columns["site"], *second.columns["site"]]
    assert sites == [7.0 + number for number in range(len(sites))]
    for trace in (first, second):
        assert (trace.columns["reached"] <= trace.columns["strokes"]).all()
        assert (trace.columns["strokes"] >= 15).all()
        assert (trace.columns["struck_before"] < 25).all()


def test_struck_film_is_not_struck_again() -> None:
    with real_bench(["film.layers=1"]) as bench:
        prepare_counter(bench)
        with pytest.raises(RigError, match=r"65 places.*Stretch fresh film"):
            strike_film(bench, RATE_PER_MIN, layers=1, first_site=60)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.01)


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (("contact.wire_open=true",), "never reach the bed"),
        (("film.puncture_n=1e-6",), "always reach the bed"),
        (("film.position_mm=43.0",), "does not meet the film"),
    ],
)
def test_film_that_cannot_be_measured_is_told_apart(world: tuple[str, ...], words: str) -> None:
    with real_bench(["film.layers=1", "pen.depth.offset_mm=0.15", *world]) as bench:
        prepare_counter(bench)
        with pytest.raises(ContactNotFound, match=words):
            strike_film(bench, RATE_PER_MIN, layers=1)


@pytest.mark.parametrize("stretched", [1, 3])
def test_a_layer_too_many_or_too_few_is_noticed(stretched: int) -> None:
    with real_bench([f"film.layers={stretched}"]) as bench:
        prepare_counter(bench)
        with pytest.raises(ContactNotFound, match=r"2 layers of 0\.126 mm"):
            strike_film(bench, RATE_PER_MIN, layers=2)


def test_a_hard_stop_in_place_of_film_ends_at_the_force_limit() -> None:
    with real_bench(["film.rim_n_per_mm=20000.0"]) as bench:
        prepare_counter(bench)
        with pytest.raises(ForceLimitExceeded):
            strike_film(bench, RATE_PER_MIN, layers=4)
        assert bench.stage.position("z") == pytest.approx(bench.station.nest.safe_mm, abs=0.01)


def test_budget_and_trace_say_what_was_done() -> None:
    with real_bench(["film.layers=2"]) as bench:
        prepare_counter(bench)
        trace = strike_film(bench, RATE_PER_MIN, layers=2)
        found = evaluate_validation.penetration(trace, bench.station, bench.product)
    assert (trace.about["layers"], trace.about["rate_per_min"]) == (2, RATE_PER_MIN)
    assert math.hypot(*(line.u for line in found.d50.budget)) == pytest.approx(found.d50.u, rel=0.02)
    assert found.d50.equation.startswith("d50 =")
