"""Capability indices against the textbook, and their intervals against what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from calibration.capability import Capability, capability, cp_interval, cpk_interval
from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.subgroup import SigmaMethod, d2

Floats = NDArray[np.float64]

LIMITS = Limits(4.0, 16.0)


def test_the_interval_of_cp_is_montgomery_s() -> None:
    """Introduction to Statistical Quality Control, 6th ed., ex. 8.4: Cp 2.29 of 20 pieces, 1.57 to 3.01."""
    cp = cp_interval(2.29, dof=19)
    assert (round(cp.low, 2), round(cp.high, 2)) == (1.57, 3.01)


def test_the_interval_of_cpk_is_bissell_s() -> None:
    """Worked by hand for Cpk 1.33 of 20: 1.33·(1 ± 1.96·√(1/(9·20·1.33²) + 1/(2·19)))."""
    cpk = cpk_interval(1.33, n=20, dof=19)
    half = 1.33 * 1.959964 * math.sqrt(1 / (9 * 20 * 1.33**2) + 1 / (2 * 19))
    assert (cpk.low, cpk.high) == pytest.approx((1.33 - half, 1.33 + half), abs=1e-6)


def test_indices_of_hand_worked_subgroups() -> None:
    """Means 10, 12, 8; every range 2: σ within is 2/d2 = 1 pooled, the overall one is larger."""
    subgroups = [[9.0, 10.0, 11.0], [11.0, 12.0, 13.0], [7.0, 8.0, 9.0]]
    pooled = capability(subgroups, LIMITS)
    assert pooled.within.value == pytest.approx(1.0)
    assert (pooled.within.dof, pooled.n) == (6.0, 9)
    assert pooled.cp is not None
    assert pooled.pp is not None
    assert pooled.cp.value == pytest.approx(2.0)
    assert pooled.cpk.value == pytest.approx(2.0)
    assert pooled.pp.value == pytest.approx(2.0 / math.sqrt(30 / 8))
    by_range = capability(subgroups, Limits(4.0, 15.0), method="range")
    assert by_range.within.value == pytest.approx(2 / d2(3))
    assert by_range.cpk.value == pytest.approx(5 / (3 * 2 / d2(3)))


def test_single_values_take_moving_ranges() -> None:
    found = capability([9.0, 10.0, 11.0, 10.0], Limits(None, 13.0))
    assert found.within.method == "moving range"
    assert found.cp is None
    assert found.pp is None
    assert found.cpk.value == pytest.approx(3.0 / (3 * 1 / d2(2)))
    assert found.ppk.value == pytest.approx(3.0 / (3 * found.overall))


def test_a_mean_outside_the_limits_gives_a_negative_index() -> None:
    assert capability([19.0, 20.0, 21.0], LIMITS).cpk.value < 0


def coverage(method: SigmaMethod, shape: tuple[int, ...]) -> dict[str, float]:
    """Share of intervals that hold the true index, 1.5 for Cp and Pp and 1.0 for Cpk and Ppk."""
    random, runs = np.random.default_rng(21), 800
    held = {"cp": 0, "cpk": 0, "pp": 0, "ppk": 0}
    for values in random.normal(size=(runs, *shape)):
        found: Capability = capability(values, Limits(-3.0, 6.0), method=method)
        for name in held:
            index, truth = getattr(found, name), 1.0 if name.endswith("k") else 1.5
            held[name] += index.low <= truth <= index.high
    return {name: count / runs for name, count in held.items()}


@pytest.mark.parametrize(
    ("method", "shape"), [("pooled", (12, 4)), ("range", (12, 4)), ("sd", (12, 4)), ("pooled", (60,))]
)
def test_intervals_hold_the_truth_as_often_as_they_promise(
    method: SigmaMethod, shape: tuple[int, ...]
) -> None:
    for name, share in coverage(method, shape).items():
        assert share == pytest.approx(0.95, abs=0.03), name


values = arrays(
    np.float64, st.tuples(st.integers(2, 6), st.integers(2, 5)), elements=st.floats(-100, 100, width=32)
)


@given(values, st.floats(-50, 50), st.floats(0.1, 10))
@settings(max_examples=40)
def test_indices_do_not_depend_on_the_unit(subgroups: Floats, shift: float, factor: float) -> None:
    if subgroups.std(axis=1).max() < 1e-3:
        return
    plain = capability(subgroups, Limits(-20.0, 30.0))
    other = capability(subgroups * factor + shift, Limits(-20 * factor + shift, 30 * factor + shift))
    assert other.cpk.value == pytest.approx(plain.cpk.value, rel=1e-6, abs=1e-6)
    assert plain.cpk.low <= plain.cpk.value <= plain.cpk.high
    assert plain.cp is not None
    assert plain.cp.low <= plain.cp.value <= plain.cp.high
    assert plain.cpk.value <= plain.cp.value + 1e-9


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "0 values"),
        ([1.0], "at least 2"),
        ([[1.0], [2.0]], "subgroups of 1"),
        ([2.0, 2.0, 2.0], "no scatter"),
        ([[2.0, 2.0], [3.0, 3.0]], "no scatter"),
        ([1.0, math.nan], "not finite"),
        ([[1.0, 2.0], [1.0]], "equal length"),
        ([[[1.0, 2.0]]], "dimension"),
    ],
)
def test_what_has_no_capability_is_refused(data: object, says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        capability(data, LIMITS)  # type: ignore[arg-type]


def test_limits_and_options_out_of_range_are_refused() -> None:
    with pytest.raises(EstimateError, match="in order"):
        Limits(2.0, 1.0)
    with pytest.raises(EstimateError, match="upper above the lower"):
        capability([1.0, 2.0], Limits(1.0, 1.0))
    with pytest.raises(EstimateError, match="confidence"):
        capability([1.0, 2.0], LIMITS, confidence=1.0)
    with pytest.raises(EstimateError, match="degrees of freedom"):
        cp_interval(1.0, dof=0)
    with pytest.raises(EstimateError, match="not negative"):
        cp_interval(-1.0, dof=5)
    with pytest.raises(EstimateError, match="finite index"):
        cpk_interval(math.nan, n=10, dof=9)
