"""Curve fits against NIST's certified values and the worked examples of the GUM and of Pearson and York."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.curve_fit import LinearFit, linear_fit, polynomial_fit
from calibration.errors import EstimateError
from calibration.errors_in_both import fit_errors_in_both
from calibration.measured import Contribution, combine, exact

DATA = Path(__file__).parents[1] / "data"
STRD: dict[str, Any] = json.loads((DATA / "nist_strd" / "certified.json").read_text(encoding="utf-8"))["sets"]
THERMOMETER = json.loads((DATA / "gum_h3_thermometer.json").read_text(encoding="utf-8"))
YORK = json.loads((DATA / "pearson_york_published.json").read_text(encoding="utf-8"))

DIGITS = 12.0
"""Correct digits asked of every set, the ill-conditioned ones included; 13 and more are found."""

ROUNDED_AWAY = 1e-15
"""Certified zeros: what is left where decimal data are not exact as floats."""


def correct_digits(found: Any, certified: Any) -> float:
    """Return −log₁₀ of the greatest relative error."""
    expected = np.asarray(certified, dtype=float)
    error = float(np.max(np.abs(np.asarray(found) - expected) / np.abs(expected)))
    return -math.log10(max(error, 1e-17))


def fit_of(name: str) -> LinearFit:
    rows = np.loadtxt(DATA / "nist_strd" / f"{name}.csv", delimiter=",", skiprows=1)
    y = rows[:, 0]
    if name == "longley":
        return linear_fit(np.column_stack([np.ones(len(y)), rows[:, 1:]]), y)
    return polynomial_fit(rows[:, 1], y, STRD[name]["degree"], through_zero=name.startswith("noint")).fit


@pytest.mark.parametrize("name", STRD)
def test_nist_reference_data(name: str) -> None:
    certified, fit = STRD[name], fit_of(name)
    assert correct_digits(fit.coefficients, certified["b"]) >= DIGITS
    if certified["residual_sd"]:
        assert correct_digits(fit.u, certified["sd"]) >= DIGITS
        assert correct_digits(fit.residual_sd, certified["residual_sd"]) >= DIGITS
    else:
        assert fit.residual_sd <= ROUNDED_AWAY
    if "r_squared" in certified:
        assert fit.r_squared == pytest.approx(certified["r_squared"], abs=1e-13)


def test_gum_h3_thermometer() -> None:
    published, t0 = THERMOMETER["published"], THERMOMETER["t0_c"]
    t = np.array(THERMOMETER["reading_c"]) - t0
    curve = polynomial_fit(t, THERMOMETER["correction_c"], 1)
    y1, y2 = curve.fit.coefficients
    u1, u2 = curve.fit.u
    assert (round(y1, 4), round(u1, 4)) == (published["y1"], published["u_y1"])
    assert (round(y2, 5), round(u2, 5)) == (published["y2"], published["u_y2"])
    assert round(curve.fit.residual_sd, 4) == published["s"]
    assert curve.fit.covariance[0, 1] / (u1 * u2) == pytest.approx(published["r"], abs=5e-4)
    at_30 = curve.predict(30.0 - t0, "°C")
    assert (round(at_30.value, 4), round(at_30.u, 4)) == (published["b_30"], published["u_b_30"])
    assert at_30.dof == 9


def test_prediction_on_the_worst_set_keeps_its_digits() -> None:
    """Summing NIST's own eleven coefficients in floats would lose ten digits."""
    rows = np.loadtxt(DATA / "nist_strd" / "filip.csv", delimiter=",", skiprows=1)
    curve = polynomial_fit(rows[:, 1], rows[:, 0], 10)
    predicted = [curve.predict(x) for x in rows[:, 1]]
    misfit = rows[:, 0] - np.array([p.value for p in predicted])
    assert math.sqrt(misfit @ misfit / 71) == pytest.approx(STRD["filip"]["residual_sd"], rel=1e-9)
    # The leverages of all points add up to the number of coefficients.
    leverage = sum((p.u / curve.fit.residual_sd) ** 2 for p in predicted)
    assert leverage == pytest.approx(11, rel=1e-6)


def test_inverse_has_the_uncertainty_of_reading_and_curve() -> None:
    t = np.array(THERMOMETER["reading_c"]) - THERMOMETER["t0_c"]
    curve = polynomial_fit(t, THERMOMETER["correction_c"], 1)
    reading = combine(-0.163, "°C", [Contribution("resolution", 0.001)])
    found = curve.inverse(reading, "°C")
    assert curve.predict(found.value).value == pytest.approx(-0.163, abs=1e-12)
    slope = float(curve.fit.coefficients[1])
    expected = math.hypot(0.001, curve.predict(found.value).u) / slope
    assert found.u == pytest.approx(expected)
    assert [line.name for line in found.budget] == ["reading", "calibration curve"]


def test_inverse_refuses_turning_and_unreached_curves() -> None:
    x = np.linspace(-1.0, 1.0, 9)
    parabola = polynomial_fit(x, x**2, 2)
    with pytest.raises(EstimateError, match="turns back"):
        parabola.inverse(exact(0.5))
    assert parabola.inverse(exact(0.25), between=(0.1, 1.0)).value == pytest.approx(0.5)
    with pytest.raises(EstimateError, match="expected it to reach"):
        polynomial_fit(x, 2 * x, 1).inverse(exact(5.0))
    with pytest.raises(EstimateError, match="flat"):
        polynomial_fit(x, np.ones(9), 1).inverse(exact(1.0))
    with pytest.raises(EstimateError, match="in order"):
        parabola.inverse(exact(0.5), between=(1.0, 0.0))


def test_known_uncertainties_weigh_and_are_believed() -> None:
    x, u = np.array([0.0, 1.0, 2.0]), np.array([0.1, 0.2, 0.1])
    curve = polynomial_fit(x, np.array([1.0, 2.5, 3.0]), 1, u_y=u)
    weights = np.diag(1 / u**2)
    design = np.column_stack([np.ones(3), x])
    expected = np.linalg.inv(design.T @ weights @ design)
    assert curve.fit.covariance == pytest.approx(expected)
    assert math.isinf(curve.fit.dof)
    through = polynomial_fit(x[:2], [1.0, 2.0], 1, u_y=u[:2])
    assert math.isnan(through.fit.residual_sd)
    assert through.predict(0.0).u == pytest.approx(0.1)


def test_pearson_york_errors_in_both_variables() -> None:
    with (DATA / "pearson_york.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x, y, wx, wy = (np.array([float(row[key]) for row in rows]) for key in ("x", "y", "weight_x", "weight_y"))
    curve = fit_errors_in_both(x, y, u_x=wx**-0.5, u_y=wy**-0.5)
    assert curve.fit.coefficients == pytest.approx([YORK["intercept"], YORK["slope"]], rel=1e-9)
    expected = [YORK["sd_intercept_york2004"], YORK["sd_slope_york2004"]]
    assert curve.fit.u == pytest.approx(expected, rel=1e-7)
    assert curve.fit.residual_sd**2 == pytest.approx(YORK["chi2_red"], rel=1e-8)
    scaled = list(YORK["sd_scaled_cantrell"].values())
    assert curve.fit.u * curve.fit.residual_sd == pytest.approx(scaled, rel=1e-7)
    assert curve.predict(0.0).u == pytest.approx(expected[0], rel=1e-7)


def test_errors_in_both_follow_a_curve_too() -> None:
    x = np.linspace(1.0, 3.0, 12)
    y = 1.0 + 0.5 * x - 0.2 * x**2
    curve = fit_errors_in_both(x, y, 2, u_x=np.full(12, 1e-3), u_y=np.full(12, 1e-3))
    assert curve.fit.coefficients == pytest.approx([1.0, 0.5, -0.2], rel=1e-9)


GOOD = [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("x", "y", "degree", "options", "says"),
    [
        ([], [], 1, {}, "expected one shape"),
        ([1.0], [1.0], 1, {}, "1 different x"),
        ([1.0] * 4, GOOD, 1, {}, "1 different x"),
        (GOOD, GOOD[:3], 1, {}, "expected one shape"),
        ([GOOD], [GOOD], 1, {}, "expected one shape"),
        ([0.0, 1.0, math.nan, 3.0], GOOD, 1, {}, "not all finite"),
        ([0.0, 1.0, 2.0, 1e99], GOOD, 1, {}, "points from"),
        (GOOD, GOOD, -1, {}, "degree"),
        (GOOD, GOOD, 0, {"through_zero": True}, "degree"),
        (GOOD[:2], GOOD[:2], 1, {}, "at least one more"),
        (GOOD, GOOD, 1, {"u_y": [0.1, 0.1, 0.0, 0.1]}, "more than 0"),
        (GOOD, GOOD, 1, {"u_y": [0.1, 0.1, -0.1, 0.1]}, "more than 0"),
        (GOOD, GOOD, 1, {"u_y": [0.1]}, "more than 0"),
    ],
)
def test_bad_points_are_refused(
    x: list[float], y: list[float], degree: int, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(EstimateError, match=says):
        polynomial_fit(x, y, degree, **options)


def test_bad_input_to_the_other_fits_is_refused() -> None:
    with pytest.raises(EstimateError, match="depends on theirs"):
        linear_fit([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]], [1.0, 2.0, 3.0])
    with pytest.raises(EstimateError, match="expected \\(n, p\\)"):
        linear_fit([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(EstimateError, match="u\\(x\\)"):
        fit_errors_in_both(GOOD, GOOD, u_x=[0.0] * 4, u_y=[0.1] * 4)
    with pytest.raises(EstimateError, match="degree 0"):
        fit_errors_in_both(GOOD, GOOD, 0, u_x=[0.1] * 4, u_y=[0.1] * 4)
    with pytest.raises(EstimateError, match="expected a finite"):
        polynomial_fit(GOOD, GOOD, 1).predict(math.nan)


@given(
    coefficients=st.lists(st.integers(-1000, 1000), min_size=1, max_size=6),
    x=st.lists(st.integers(-50, 50), min_size=8, max_size=20, unique=True),
)
@settings(deadline=None, max_examples=50)
def test_an_exact_polynomial_comes_back_exactly(coefficients: list[int], x: list[int]) -> None:
    y = [sum(c * at**j for j, c in enumerate(coefficients)) for at in x]
    curve = polynomial_fit(x, y, len(coefficients) - 1)
    assert curve.fit.coefficients.tolist() == coefficients
    assert curve.fit.residual_sd == 0.0


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=12), st.integers(-1, 4))
@settings(deadline=None)
def test_any_points_are_fitted_or_refused(points: list[tuple[float, float]], degree: int) -> None:
    x, y = (np.array([point[i] for point in points]) for i in (0, 1))
    try:
        curve = polynomial_fit(x, y, degree)
    except EstimateError:
        return
    assert np.isfinite(curve.fit.coefficients).all()
    assert np.isfinite(curve.fit.u).all()
