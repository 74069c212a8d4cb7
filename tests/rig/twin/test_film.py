"""Needles through film: what a stroke must reach, and what changes it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rig.product import load_product
from rig.twin.physics.film import FilmUnderNeedles
from rig.twin.physics.needles import NeedleSet
from rig.twin.physics.pen import PenMechanics, Stroke
from rig.twin.truth import film_penetration
from rig.twin.world import load_world

NEEDLES, TOP_MM = 12, 0.5
CERTAIN = (
    "film.needle_scatter=0.0",
    "film.site_scatter=0.0",
    "film.stroke_scatter=0.0",
    "film.thickness_scatter_mm=0.0",
    "pen.tip.needles.length_scatter_mm=0.0",
)


def film(*changes: str) -> FilmUnderNeedles:
    """Return a film and the needles over it, without scatter but for ``changes``."""
    world, product = load_world("nominal", (*CERTAIN, *changes)), load_product("office-pen")
    random = np.random.default_rng(5)
    needles = NeedleSet(world.pen.tip.needles, NEEDLES, random)
    pen = PenMechanics(world.pen, product, random, needles)
    return FilmUnderNeedles(
        world.film,
        pen,
        bluntness=np.full(NEEDLES, world.pen.tip.needles.bluntness),
        reach_mm=needles.reach_mm(),
        spring_n_per_mm=world.pen.crank.spring_n_per_mm,
        random=random,
    )


def needed_mm(
    one: FilmUnderNeedles, *, rate_hz: float = 100.0, overlap_mm: float = 0.0, place: float = 0.0
) -> float:
    """Return what a stroke with its top at ``TOP_MM`` must reach to touch the bed."""
    return one.gap_mm(Stroke(0.0, 1.0 / rate_hz, 0.5 / rate_hz, TOP_MM), overlap_mm, place)


def test_without_resistance_the_needles_reach_the_bed_as_soon_as_the_film_is_passed() -> None:
    assert needed_mm(film("film.puncture_n=1e-9")) == pytest.approx(4 * 0.1265, abs=1e-3)


def test_the_dent_obeys_the_force_before_puncture() -> None:
    """One layer without grip or rates: F = a·d + b·d² holds at puncture."""
    one = film("film.layers=1", "film.grip=0.0", "film.rate_exponent=0.0", "film.bed_exponent=0.0")
    dent = needed_mm(one) - 0.1265
    assert 0.010 * dent + 0.20 * dent**2 == pytest.approx(0.026)


def test_more_layers_blunter_needles_and_slower_strokes_cost_more() -> None:
    def shortfall(layers: int, *changes: str, rate_hz: float = 100.0) -> float:
        return needed_mm(film(f"film.layers={layers}", *changes), rate_hz=rate_hz) - layers * 0.1265

    assert shortfall(1) < shortfall(2) < shortfall(4)
    assert shortfall(2) < shortfall(2, "pen.tip.needles.bluntness=2.0")
    assert shortfall(2, rate_hz=150.0) < shortfall(2, rate_hz=80.0)


def test_the_speed_at_the_film_is_the_crank_s() -> None:
    """The needles' speed 0.5 mm below their top, by differences of the crank's own formula."""
    stroke_mm, ratio, rate_hz = 2.5, 0.15, 100.0
    angle = np.linspace(0.0, np.pi, 2_000_001)
    drop = stroke_mm / 2 * ((1 - np.cos(angle)) + ratio / 4 * (1 - np.cos(2 * angle)))
    speed = float(np.interp(TOP_MM, drop, np.gradient(drop, angle))) * 2 * np.pi * rate_hz
    fixed = ("film.layers=1", "film.grip=0.0", "film.rate_exponent=0.0", "film.bed_exponent=0.5")
    dent = needed_mm(film(*fixed), rate_hz=rate_hz) - 0.1265
    assert (0.010 * dent + 0.20 * dent**2) * math.sqrt(speed) == pytest.approx(0.026, rel=1e-3)


def test_pressing_the_rim_domes_the_film_and_a_lifted_rim_is_farther_away() -> None:
    pressed, level, lifted = (needed_mm(film(), overlap_mm=mm) for mm in (0.04, 0.0, -0.02))
    assert level - pressed == pytest.approx(0.006, abs=1e-6), "1 N from 0.04 mm, 6 µm a newton"
    assert 0.019 < lifted - level < 0.022
    assert film().rim_n(np.array([-0.1, 0.0, 0.04])) == pytest.approx([0.0, 0.0, 1.0])


def test_a_site_gives_way_the_more_it_was_struck_and_another_one_is_fresh() -> None:
    one = film()
    first = needed_mm(one)
    for _ in range(200):
        last = needed_mm(one)
    assert 0.004 < first - last < 0.02
    assert needed_mm(one, place=1.0) == pytest.approx(first)
    assert needed_mm(one, place=0.04) < first, "the same holes"


def test_strokes_that_do_not_meet_the_film_leave_it_as_it_was() -> None:
    one = film()
    for _ in range(50):
        assert needed_mm(one, overlap_mm=-1.0) == math.inf
    assert needed_mm(one) == pytest.approx(needed_mm(film()))


@pytest.mark.parametrize("layers", [1, 4])
def test_the_truth_is_where_half_the_strokes_on_fresh_sites_get_through(layers: int) -> None:
    scatter = [f"film.layers={layers}", "film.needle_scatter=0.1", "film.site_scatter=0.05"]
    scatter += ["film.stroke_scatter=0.1", "film.thickness_scatter_mm=0.001"]
    one = film(*scatter)
    half_mm = one.reach_of_half(100.0, 1.0, 0.0, strokes=4000)
    stroke = Stroke(0.0, 0.01, 0.005, half_mm)
    reached = [one.gap_mm(stroke, 0.04, float(place)) < half_mm for place in range(1500)]
    assert np.mean(reached) == pytest.approx(0.5, abs=0.05)


def test_the_truth_names_the_set_depth_or_that_the_dial_has_none() -> None:
    office = film_penetration(load_world("nominal"), load_product("office-pen"), seed=1)
    assert {row["layers"] for row in office} == {1, 2, 4}
    for row in office:
        assert row["extension_mm"] is not None
        assert row["shortfall_mm"] is not None
        assert row["extension_mm"] - row["shortfall_mm"] == pytest.approx(row["thickness_mm"])
        assert row["set_depth_mm"] == pytest.approx(row["extension_mm"] / 1.018 - 0.045, abs=0.02)
    compact = film_penetration(load_world("nominal", ["film.layers=1"]), load_product("compact-pen"), seed=1)
    shallow = [row["set_depth_mm"] for row in compact if row["layers"] == 1]
    assert shallow == [None] * 3, "0.2 mm is the shallowest this pen can be set to"
