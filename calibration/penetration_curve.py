"""Real penetration against set depth, from films of several thicknesses at one stroke rate.

Each film gives a point: at its d50 the needles go as deep as it is thick. Between two films the curve is
taken as straight. Its slope is less than 1 where the shortfall grows with depth; how it grows between two
films nobody saw, so a part of its change is a line of the budget. Refused: a set depth outside the films.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.measured import Measured
from calibration.penetration import Penetration
from calibration.plate_distance import rectangular

EQUATION = "p = t·[n₁ + (n₂ − n₁)·(d − d₁)/(d₂ − d₁)] + δ_bend"

BEND_SHARE = 0.25
"""A steadily growing shortfall bends the curve by no more than this share of its change between two films."""


def penetration_at(points: Sequence[Penetration], set_depth_mm: float) -> Measured:
    """Return the real penetration at a set depth, mm.

    Args:
        points: films of different numbers of the same layers, at one stroke rate, in any order.

    Raises:
        EstimateError: fewer than two films, a d50 that does not grow with the layers, or a set depth
            outside their d50.
    """
    below, above = _around(points, set_depth_mm)
    layer_mm, layer_u_mm = below.penetration.value / below.layers, below.penetration.u / below.layers
    more = above.layers - below.layers
    change_mm = above.d50.value - below.d50.value - more * layer_mm
    bend_mm = BEND_SHARE * abs(change_mm)
    inputs = {
        "t": Input(layer_mm, layer_u_mm, name="film thickness"),
        "d1": Input(below.d50.value, below.d50.u, below.d50.dof, name="d50 of the thinner film"),
        "d2": Input(above.d50.value, above.d50.u, above.d50.dof, name="d50 of the thicker film"),
        "bend": rectangular(-bend_mm, bend_mm, "between the films"),
    }

    def model(*, t: Any, d1: Any, d2: Any, bend: Any) -> Any:
        return t * (below.layers + more * (set_depth_mm - d1) / (d2 - d1)) + bend

    return result(EQUATION, model, inputs, "mm")


def _around(points: Sequence[Penetration], set_depth_mm: float) -> tuple[Penetration, Penetration]:
    """Return the films on both sides of a set depth."""
    films = sorted(points, key=lambda point: point.layers)
    if len(films) < 2:
        raise EstimateError(f"{len(films)} films, expected two or more of different thickness")
    for thinner, thicker in pairwise(films):
        if not (thinner.layers < thicker.layers and thinner.d50.value < thicker.d50.value):
            raise EstimateError(
                f"{thinner.layers} layers pierced at {thinner.d50.value:.3f} mm and {thicker.layers} at "
                f"{thicker.d50.value:.3f} mm, expected different films, the thicker one pierced deeper"
            )
    first_mm, last_mm = films[0].d50.value, films[-1].d50.value
    if not (math.isfinite(set_depth_mm) and first_mm <= set_depth_mm <= last_mm):
        raise EstimateError(
            f"set depth {set_depth_mm} mm, expected one from {first_mm:.3f} to {last_mm:.3f} mm, "
            "where there were films"
        )
    return next(pair for pair in pairwise(films) if set_depth_mm <= pair[1].d50.value)
