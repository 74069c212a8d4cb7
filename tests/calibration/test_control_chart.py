"""Chart factors to the printed digits, charts against hand-worked numbers, rules against drawn patterns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from calibration.control_chart import Chart, Factors, factors, individuals, x_bar_r, x_bar_s
from calibration.control_rules import NELSON, RULES, WESTERN_ELECTRIC, signals
from calibration.errors import EstimateError
from calibration.subgroup import c4, d2, d2_star, d3, individual_sigma, within_sigma
from tests.support.published import rows

Floats = NDArray[np.float64]

CONSTANTS = rows("spc_constants.csv")
NAMES = ("A2", "A3", "c4", "B3", "B4", "B5", "B6", "d2", "d3", "D3", "D4")


@pytest.mark.parametrize("row", CONSTANTS, ids=lambda row: f"n={row['n']}")
def test_factors_agree_with_the_published_table_and_with_another_integration(row: dict[str, str]) -> None:
    found: Factors = factors(int(row["n"]))
    for name in NAMES:
        assert getattr(found, name) == pytest.approx(float(row[f"{name}_published"]), abs=1e-3), name
        assert getattr(found, name) == pytest.approx(float(row[f"{name}_recomputed"]), abs=6e-7), name


def test_constants_are_exact_where_a_closed_form_is_known() -> None:
    assert d2(2) == pytest.approx(2 / math.sqrt(math.pi), abs=1e-11)
    assert d2(3) == pytest.approx(3 / math.sqrt(math.pi), abs=1e-11)
    assert d3(2) == pytest.approx(math.sqrt(2 - 4 / math.pi), abs=1e-10)
    assert c4(2) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-15)
    assert c4(10_000) == pytest.approx(1 - 1 / (4 * 9999), abs=1e-9)


def test_d2_star_gives_the_factors_of_the_gauge_manual() -> None:
    """K1, K2, K3 of AIAG MSA 4 and d2* for one subgroup of fifteen (3.55333, appendix C)."""
    assert round(1 / d2_star(3, 1), 4) == 0.5231
    assert round(1 / d2_star(10, 1), 4) == 0.3146
    assert d2_star(15, 1) == pytest.approx(3.55333, abs=2e-4)


def test_large_subgroups_have_constants_too() -> None:
    random = np.random.default_rng(5)
    ranges = np.ptp(random.normal(size=(2000, 300)), axis=1)
    assert d2(300) == pytest.approx(ranges.mean(), abs=4 * d3(300) / math.sqrt(2000))
    assert d3(300) == pytest.approx(ranges.std(), rel=0.08)


@pytest.mark.parametrize("n", [1, 0, -3, 10_001])
def test_sizes_without_constants_are_refused(n: int) -> None:
    with pytest.raises(EstimateError, match="subgroups of"):
        factors(n)


# Four subgroups of three: means 2, 5, 3, 4; ranges 2, 2, 4, 0.
SUBGROUPS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [1.0, 3.0, 5.0], [4.0, 4.0, 4.0]]


def test_x_bar_r_is_the_textbook_s() -> None:
    charts = x_bar_r(SUBGROUPS)
    f = factors(3)
    assert charts.location.points == pytest.approx([2, 5, 3, 4])
    assert (charts.location.centre, charts.spread.centre) == pytest.approx((3.5, 2.0))
    assert charts.location.upper == pytest.approx(3.5 + f.A2 * 2)
    assert charts.location.lower == pytest.approx(3.5 - f.A2 * 2)
    assert (charts.spread.lower, charts.spread.upper) == pytest.approx((0.0, f.D4 * 2))
    assert charts.sigma.value == pytest.approx(2 / d2(3))


def test_x_bar_s_is_the_textbook_s() -> None:
    charts = x_bar_s(SUBGROUPS)
    f, s_bar = factors(3), (1 + 1 + 2 + 0) / 4
    assert charts.location.upper == pytest.approx(3.5 + f.A3 * s_bar)
    assert (charts.spread.lower, charts.spread.upper) == pytest.approx((0.0, f.B4 * s_bar))
    assert charts.spread.points == pytest.approx([1, 1, 2, 0])


def test_individuals_have_the_usual_factors() -> None:
    charts = individuals([5.0, 7.0, 6.0, 9.0])
    mean_range = 2.0
    assert charts.location.upper == pytest.approx(6.75 + 2.6587 * mean_range, abs=1e-4)
    assert charts.spread.upper == pytest.approx(3.2665 * mean_range, abs=1e-4)
    assert charts.spread.points == pytest.approx([2, 1, 3])


def test_limits_learned_once_watch_what_follows() -> None:
    learned = individuals([5.0, 7.0, 6.0, 9.0, 8.0, 6.0]).location
    later = learned.continued([7.0, 30.0, -20.0])
    assert (later.centre, later.upper, later.lower) == (learned.centre, learned.upper, learned.lower)
    assert later.outside == (1, 2)
    with pytest.raises(EstimateError, match="not finite"):
        learned.continued([7.0, math.nan])


@pytest.mark.parametrize(("method", "dof"), [("pooled", 40.0), ("range", 36.5), ("sd", 38.2)])
def test_sigma_within_is_unbiased_and_its_dof_are_known(method: str, dof: float) -> None:
    """Ten subgroups of five: R̄/d2 has 36.5 degrees of freedom in the d2* tables (Duncan 1974, D3)."""
    random = np.random.default_rng(11)
    found = [within_sigma(random.normal(size=(10, 5)), method) for _ in range(800)]  # type: ignore[arg-type]
    assert found[0].dof == pytest.approx(dof, abs=0.3)
    values = np.array([sigma.value for sigma in found])
    expected = 1.0 if method != "pooled" else c4(41)
    assert values.mean() == pytest.approx(expected, abs=4 * values.std() / math.sqrt(800))
    assert values.std() == pytest.approx(1 / math.sqrt(2 * dof), rel=0.1)


def test_sigma_of_single_values_scatters_as_stated() -> None:
    random = np.random.default_rng(12)
    values = np.array([individual_sigma(random.normal(size=30)).value for _ in range(2000)])
    dof = individual_sigma(random.normal(size=30)).dof
    assert values.mean() == pytest.approx(1.0, abs=4 * values.std() / math.sqrt(2000))
    assert values.std() == pytest.approx(math.sqrt(1 / (2 * (dof - 0.25))), rel=0.06)


def chart(*z: float) -> Chart:
    return Chart("drawn", np.array(z), centre=0.0, lower=-3.0, upper=3.0, sigma=1.0)


PATTERNS = [
    ("western electric 1", (0, 3.1, 0, -3.1), (1, 3)),
    ("western electric 2", (2.1, 0, 2.1, 0, 2.1, -2.1), (2, 4)),
    ("western electric 2", (2.1, -2.1, 0, 2.1), ()),
    ("western electric 3", (1.1, 1.1, 0.5, 1.1, 1.1, 0.5, 1.1), (4,)),
    ("western electric 4", (0.1,) * 9, (7, 8)),
    ("western electric 4", (*(0.1,) * 7, 0.0, *(0.1,) * 7), ()),
    ("nelson 1", (-3.1, 3.0), (0,)),
    ("nelson 2", (-0.1,) * 9, (8,)),
    ("nelson 3", (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5), (5,)),
    ("nelson 3", (0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -0.1), (5, 6)),
    ("nelson 4", (0.1, -0.1) * 7, (13,)),
    ("nelson 4", (*(0.1, -0.1) * 6, 0.1, 0.2), ()),
    ("nelson 5", (-2.1, -2.1), (1,)),
    ("nelson 6", (-1.1,) * 4, (3,)),
    ("nelson 7", (0.9, -0.9) * 8, (14, 15)),
    ("nelson 8", (1.1, -1.1) * 4, (7,)),
    ("nelson 8", (1.1, -1.1, 1.1, 0.9) * 3, ()),
]


@pytest.mark.parametrize(("rule", "points", "fired"), PATTERNS)
def test_a_rule_fires_where_its_pattern_is_complete(
    rule: str, points: tuple[float, ...], fired: tuple[int, ...]
) -> None:
    assert signals(chart(*points), [rule]) == {rule: fired}


def test_every_rule_has_a_pattern_above() -> None:
    assert {rule for rule, _, _ in PATTERNS} == set(RULES) == {*WESTERN_ELECTRIC, *NELSON}


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-5, 5)))
@settings(max_examples=40)
def test_rules_see_both_sides_alike_and_forget_the_future(points: Floats) -> None:
    fired, mirrored = signals(chart(*points), RULES), signals(chart(*-points), RULES)
    assert fired == mirrored
    shorter = signals(chart(*points[:-1]), RULES) if len(points) > 1 else {}
    for name, early in shorter.items():
        assert early == tuple(i for i in fired[name] if i < len(points) - 1)


def first_signals(rules: tuple[str, ...]) -> Floats:
    """Points until the first signal, in 2500 processes in control."""
    z = np.random.default_rng(7).normal(size=(2500, 900))
    fired = np.zeros(z.shape, dtype=bool)
    for rule in rules:
        fired |= RULES[rule].fires(z)
    assert fired.any(axis=1).mean() > 0.9
    runs: Floats = 1.0 + np.where(fired.any(axis=1), fired.argmax(axis=1), z.shape[1])
    return runs


def test_false_alarms_come_as_often_as_published() -> None:
    """Average run length in control with the four Western Electric rules: 91.75 (Champ and Woodall 1987)."""
    runs = first_signals(WESTERN_ELECTRIC)
    assert runs.mean() == pytest.approx(91.75, abs=4 * runs.std() / math.sqrt(len(runs)))


def test_the_first_rule_alone_alarms_once_in_370_points() -> None:
    z = np.random.default_rng(8).normal(size=1_000_000)
    alarms = int(RULES["nelson 1"].fires(z).sum())
    expected = 1_000_000 / 370.398
    assert alarms == pytest.approx(expected, abs=4 * math.sqrt(expected))


@pytest.mark.parametrize(
    ("subgroups", "says"),
    [
        ([], "dimension"),
        ([[]], "0 values"),
        ([[1.0, 2.0]], "one subgroup"),
        ([[1.0], [2.0]], "subgroups of 1"),
        ([[1.0, 2.0], [3.0]], "equal length"),
        ([[1.0, 2.0], [3.0, math.nan]], "1 not finite"),
        ([[1.0, 1.0], [2.0, 2.0]], "no scatter"),
        ([[0.1, 0.1, 0.1], [0.3, 0.3, 0.3]], "no scatter"),
        ([[1e200, 1.0], [2.0, 3.0]], "expected no more"),
        ([["a", "b"]], "expected numbers"),
    ],
)
def test_what_cannot_be_charted_is_refused(subgroups: object, says: str) -> None:
    for make in (x_bar_r, x_bar_s):
        with pytest.raises(EstimateError, match=says):
            make(subgroups)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0], [1.0, math.inf], [[1.0, 2.0]]])
def test_what_has_no_moving_range_is_refused(values: list[float]) -> None:
    with pytest.raises(EstimateError):
        individuals(values)


def test_unknown_rules_methods_and_charts_without_scatter_are_refused() -> None:
    with pytest.raises(EstimateError, match="nelson 9"):
        signals(chart(0.0), ["nelson 9"])
    with pytest.raises(EstimateError, match="more than 0"):
        signals(Chart("flat", np.zeros(3), 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(EstimateError, match="moving range"):
        within_sigma(SUBGROUPS, "moving range")
    with pytest.raises(EstimateError, match="0 subgroups"):
        d2_star(3, 0)
