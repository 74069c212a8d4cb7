"""Real penetration between films."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine
from calibration.penetration import Penetration
from calibration.penetration_curve import penetration_at
from calibration.transition import Transition

LAYER_MM, LAYER_U_MM, D50_U_MM = 0.126, 0.001, 0.002
SHAPE = Transition(0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)


def film(layers: int, d50_mm: float) -> Penetration:
    def measured(value: float, u: float) -> Measured:
        return combine(value, "mm", [Contribution("all", u)])

    thickness = measured(layers * LAYER_MM, layers * LAYER_U_MM)
    return Penetration(layers, measured(d50_mm, D50_U_MM), thickness, SHAPE)


FILMS = [film(1, 0.22), film(4, 0.66), film(2, 0.36)]


@pytest.mark.parametrize("one", FILMS, ids=lambda one: f"{one.layers} layers")
def test_the_curve_goes_through_its_films(one: Penetration) -> None:
    assert penetration_at(FILMS, one.d50.value).value == pytest.approx(one.penetration.value, abs=1e-4)


def test_half_way_it_is_as_uncertain_as_films_and_way_between() -> None:
    found = penetration_at(FILMS, 0.29)
    slope = LAYER_MM / 0.14
    bend = 0.25 * (0.14 - LAYER_MM) / math.sqrt(3.0)
    lines = [slope * D50_U_MM / 2, slope * D50_U_MM / 2, 1.5 * LAYER_U_MM, bend]
    assert found.value == pytest.approx(1.5 * LAYER_MM, abs=1e-4)
    assert found.u == pytest.approx(math.hypot(*lines), rel=0.03)


def test_it_grows_with_the_set_depth_but_more_slowly() -> None:
    depths = [0.22 + 0.02 * step for step in range(23)]
    values = [penetration_at(FILMS, depth).value for depth in depths]
    steps = [b - a for a, b in pairwise(values)]
    assert all(0 < step < 0.02 for step in steps)


@pytest.mark.parametrize(
    ("films", "set_depth_mm", "words"),
    [
        ([], 0.3, "0 films"),
        (FILMS[:1], 0.22, "1 films"),
        ([film(1, 0.2), film(1, 0.3)], 0.25, "different films"),
        ([film(1, 0.4), film(2, 0.3)], 0.35, "pierced deeper"),
        (FILMS, 0.21, "expected one from 0.220 to 0.660"),
        (FILMS, 0.70, "expected one from"),
        (FILMS, math.nan, "expected one from"),
    ],
)
def test_outside_the_films_nothing_is_said(films: list[Penetration], set_depth_mm: float, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        penetration_at(films, set_depth_mm)
