"""Dynamic less static extension: what both share drops out, everything else counts."""

from __future__ import annotations

import math

import pytest

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine, exact, scaled
from calibration.stretch import stretch


def both(rim_u: float = 0.0006, static_rim_u: float | None = None) -> tuple[Measured, Measured]:
    names = [
        ("strokes", 0.0007),
        ("rim datum", rim_u),
        ("stage scale", 1.0e-5),
        ("contact threshold", 0.0006),
    ]
    dynamic = combine(1.510, "mm", [Contribution(name, u) for name, u in names])
    names = [("needle lengths", 0.0014), ("rim datum", static_rim_u or rim_u), ("stage scale", 1.2e-5)]
    return dynamic, combine(1.502, "mm", [Contribution(name, u) for name, u in names])


def test_stretch_counts_what_both_share_only_as_far_as_it_differs() -> None:
    found = stretch(*both())
    assert found.value == pytest.approx(0.008)
    sizes = {line.name: line.u for line in found.budget}
    assert sizes["rim datum"] == 0.0
    assert sizes["stage scale"] == pytest.approx(0.2e-5)
    assert sizes["at speed: strokes"] == pytest.approx(0.0007)
    assert sizes["at rest: needle lengths"] == pytest.approx(0.0014)
    assert found.u == pytest.approx(math.hypot(0.0007, 0.0006, 0.0014, 0.2e-5), rel=0.01)


def test_stretch_of_results_that_share_no_rim_datum_is_refused() -> None:
    dynamic, static = both()
    with pytest.raises(EstimateError, match="one rim datum"):
        stretch(*both(0.0006, 0.0009))
    with pytest.raises(EstimateError, match="one rim datum"):
        stretch(exact(1.5, "mm"), static)
    with pytest.raises(EstimateError, match="one rim datum"):
        stretch(dynamic, scaled(static, 1000.0, "µm"))
