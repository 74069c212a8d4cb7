"""Measured: combination, effective degrees of freedom and coverage factors against the GUM's own figures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine, coverage_factor, exact, scaled

H1 = json.loads((Path(__file__).parents[1] / "data" / "gum_h1_end_gauge.json").read_text(encoding="utf-8"))
END_GAUGE = H1["GUM_H1_end_gauge"]

# GUM table G.2, column 95.45 %.
TABLE_G2 = {
    1: 13.97, 2: 4.53, 3: 3.31, 4: 2.87, 5: 2.65, 6: 2.52, 7: 2.43, 8: 2.37, 9: 2.32, 10: 2.28,
    11: 2.25, 12: 2.23, 13: 2.21, 14: 2.20, 15: 2.18, 16: 2.17, 17: 2.16, 18: 2.15, 19: 2.14, 20: 2.13,
    25: 2.11, 30: 2.09, 35: 2.07, 40: 2.06, 45: 2.06, 50: 2.05, 100: 2.025, math.inf: 2.000,
}  # fmt: skip

wrong_u = st.floats(max_value=0, exclude_max=True) | st.sampled_from([math.nan, math.inf])


@pytest.mark.parametrize(("dof", "k"), TABLE_G2.items())
def test_coverage_factors_are_those_of_the_gum(dof: float, k: float) -> None:
    assert coverage_factor(dof) == pytest.approx(k, abs=0.0051)


def test_gum_h1_end_gauge() -> None:
    parts, inputs, published = (
        END_GAUGE["recomputed"]["components"],
        END_GAUGE["inputs"],
        END_GAUGE["published"],
    )
    budget = [
        Contribution(name, parts[name], inputs[name]["dof"]) for name in ("ls", "d", "dalpha", "dtheta")
    ]
    length = combine(published["l"], "nm", budget)
    assert length.u == pytest.approx(END_GAUGE["recomputed"]["uc"])
    assert round(length.u) == published["uc"]
    assert round(length.dof, 1) == 16.7  # as the GUM prints it, before it cuts it to 16
    assert math.floor(length.dof) == published["veff"]
    assert stdtrit(published["veff"], 0.995) * length.u == pytest.approx(published["U99"], abs=0.7)


def test_the_parts_of_a_sum_that_depend_on_few_repetitions_keep_their_own_degrees_of_freedom() -> None:
    # Comparator of GUM H.1.3.2: 5.8 (24), 3.9 (5), 6.7 (8) nm give 9.7 nm with 25.6 degrees of freedom.
    parts = END_GAUGE["inputs"]["d"]["parts"]
    d = combine(215.0, "nm", [Contribution(str(i), p["u"], p["dof"]) for i, p in enumerate(parts)])
    assert d.u == pytest.approx(END_GAUGE["inputs"]["d"]["u"], abs=0.05)
    assert d.dof == pytest.approx(END_GAUGE["inputs"]["d"]["dof"], abs=0.4)


@given(
    st.lists(st.tuples(st.floats(0, 1e150), st.floats(1, 1e6) | st.just(math.inf)), min_size=1, max_size=8)
)
def test_effective_degrees_of_freedom_lie_between_the_smallest_and_their_sum(
    lines: list[tuple[float, float]],
) -> None:
    result = combine(1.0, "mm", [Contribution("line", u, dof) for u, dof in lines])
    assert max(u for u, _ in lines) <= result.u * (1 + 1e-12)
    assert result.dof >= min(dof for _, dof in lines) * (1 - 1e-9)
    assert pytest.approx(result.k * result.u) == result.U


def test_tiny_uncertainties_do_not_vanish_in_their_fourth_power() -> None:
    assert combine(0.0, "m", [Contribution("fit", 1e-100, 5)]).dof == pytest.approx(5)


def test_an_exact_result_has_no_uncertainty() -> None:
    assert (exact(3).u, exact(3).U, exact(3).dof) == (0.0, 0.0, math.inf)


def test_scaling_takes_budget_and_value_as_read_along() -> None:
    mm = combine(1.5, "mm", [Contribution("strokes", 0.002, 9)], as_read=1.499)
    um = scaled(mm, -1e3, "µm")
    assert (um.value, um.unit, um.as_read) == (-1500.0, "µm", -1499.0)
    assert (um.u, um.dof, um.k) == (2.0, mm.dof, mm.k)
    assert um.budget[0] == Contribution("strokes", 2.0, 9)


def test_a_result_reads_as_metrologists_write_it() -> None:
    assert str(combine(1.2345, "mm", [Contribution("fit", 0.001)])) == "1.2345 ± 0.0020 mm (k = 2.00)"
    assert str(exact(0.0)) == "0"


@given(wrong_u)
def test_a_line_of_a_budget_needs_a_real_uncertainty(u: float) -> None:
    with pytest.raises(EstimateError, match="'fit'"):
        Contribution("fit", u)


@pytest.mark.parametrize("dof", [0.0, -3.0, math.nan])
def test_no_degrees_of_freedom_are_refused_everywhere(dof: float) -> None:
    with pytest.raises(EstimateError, match="degrees of freedom"):
        Contribution("fit", 1.0, dof)
    with pytest.raises(EstimateError, match="degrees of freedom"):
        coverage_factor(dof)
    with pytest.raises(EstimateError, match="degrees of freedom"):
        Measured(1.0, "mm", 0.1, dof, 2.0)


@given(wrong_u)
def test_a_result_needs_a_real_uncertainty(u: float) -> None:
    with pytest.raises(EstimateError):
        Measured(1.0, "mm", u, math.inf, 2.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_result_is_made_of_nonsense(value: float) -> None:
    with pytest.raises(EstimateError, match="finite"):
        combine(value, "mm", [Contribution("fit", 1.0)])
    with pytest.raises(EstimateError, match="finite"):
        exact(value)
    with pytest.raises(EstimateError, match="finite"):
        scaled(exact(1.0), value, "mm")


def test_a_value_without_a_budget_is_no_result() -> None:
    with pytest.raises(EstimateError, match="budget"):
        combine(1.0, "mm", [])
    with pytest.raises(EstimateError, match="scaled by 0"):
        scaled(exact(1.0), 0.0, "mm")


@pytest.mark.parametrize("k", [0.0, -2.0, math.nan, math.inf])
def test_a_coverage_factor_is_a_positive_number(k: float) -> None:
    with pytest.raises(EstimateError, match="k ="):
        Measured(1.0, "mm", 0.1, math.inf, k)
