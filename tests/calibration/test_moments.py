"""Moments put together from parts are those of the whole, however large the mean is beside the scatter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.capability import capability, indices
from calibration.errors import EstimateError
from calibration.limits import Limits
from calibration.moments import Moments, grouped, moments_of, together, within
from calibration.subgroup import within_sigma

parts = st.lists(st.lists(st.floats(-1e6, 1e6), max_size=6), max_size=8)


def close(found: Moments, values: list[float]) -> None:
    assert found.n == len(values)
    if values:
        size = max(1.0, max(map(abs, values)))
        assert found.mean == pytest.approx(np.mean(values), abs=1e-12 * size)
        assert found.m2 == pytest.approx(np.var(values) * len(values), rel=1e-9, abs=1e-11 * size**2)
    else:
        assert (found.mean, found.m2) == (0.0, 0.0)


@given(parts)
def test_parts_together_are_the_whole(some: list[list[float]]) -> None:
    values = [value for part in some for value in part]
    close(moments_of(values), values)
    close(together(map(moments_of, some)), values)


@given(parts, st.data())
def test_many_parts_by_group_are_each_group_s_whole(some: list[list[float]], data: st.DataObject) -> None:
    group = [data.draw(st.integers(0, 2)) for _ in some]
    known = [moments_of(part) for part in some]
    n, mean, m2 = (
        np.array([getattr(one, name) for one in known], dtype=float) for name in ("n", "mean", "m2")
    )
    found = grouped(np.array(group, dtype=np.int64), n, mean, m2, 3)
    for number in range(3):
        of_group = [part for part, of in zip(some, group, strict=True) if of == number]
        close(found[number], [value for part in of_group for value in part])
    whole, one_by_one = found.within(slice(0, 3)), within(found[number] for number in range(3))
    assert (whole is None) == (one_by_one is None)
    if whole is not None and one_by_one is not None:
        assert (whole.value, whole.dof) == (pytest.approx(one_by_one.value), one_by_one.dof)


def test_a_small_scatter_about_a_large_mean_is_kept() -> None:
    values = [1e9 + 0.001 * number for number in range(1000)]
    exact = 0.001 * math.sqrt((1000**2 - 1) / 12 * 1000 / 999)
    found = together(moments_of(values[start : start + 10]) for start in range(0, 1000, 10))
    assert found.sd == pytest.approx(exact, rel=1e-6)
    assert moments_of(values).sd == pytest.approx(exact, rel=1e-6)


def test_the_standard_deviation_needs_two_values() -> None:
    assert moments_of([]).sd is None
    assert moments_of([1.0]).sd is None
    assert moments_of([1.0, 3.0]).sd == pytest.approx(math.sqrt(2))


def test_values_too_large_to_be_squared_are_not_finite_and_raise_nothing() -> None:
    assert not math.isfinite(moments_of([1e200, -1e200]).m2)
    assert not math.isfinite(moments_of([1e200]).plus(moments_of([-1e200])).m2)
    one, none = np.ones(2), np.zeros(2)
    assert not math.isfinite(
        grouped(np.zeros(2, dtype=np.int64), one, np.array([1e200, -1e200]), none, 1)[0].m2
    )


def test_within_is_the_pooled_sigma_of_subgroups() -> None:
    values = np.random.default_rng(1).normal(3.0, 0.1, size=(7, 4))
    found, wanted = within(moments_of(list(row)) for row in values), within_sigma(values, "pooled")
    assert found is not None
    assert (found.value, found.dof, found.method) == (pytest.approx(wanted.value), wanted.dof, wanted.method)
    assert within([moments_of([1.0]), moments_of([])]) is None


@pytest.mark.parametrize("limits", [Limits(2.5, 3.5), Limits(None, 3.5), Limits(2.5, None)])
def test_indices_of_moments_are_those_of_the_values(limits: Limits) -> None:
    values = np.random.default_rng(1).normal(3.0, 0.1, size=(7, 4))
    wanted, one = capability(values, limits), moments_of(list(values.ravel()))
    pp, ppk = indices(limits, mean=one.mean, sigma=one.sd or 0.0, n=one.n, dof=one.n - 1)
    for found, index in ((pp, wanted.pp), (ppk, wanted.ppk)):
        assert (found is None) == (index is None)
        if found is not None and index is not None:
            assert (found.value, found.low, found.high) == pytest.approx((index.value, index.low, index.high))


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_without_scatter_there_is_no_index(sigma: float) -> None:
    with pytest.raises(EstimateError, match="no scatter"):
        indices(Limits(0.0, 1.0), mean=0.5, sigma=sigma, n=5, dof=4)
