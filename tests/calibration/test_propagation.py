"""Propagation of uncertainty against the worked examples of the GUM, JCGM 101 and EA-4/02."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import EstimateError
from calibration.monte_carlo import monte_carlo
from calibration.propagation import (
    REST,
    Distribution,
    Input,
    Method,
    first_order,
    measure,
    propagate,
)

R, N = Distribution.RECTANGULAR, Distribution.NORMAL
END_GAUGE = json.loads(
    (Path(__file__).parents[1] / "data" / "gum_h1_end_gauge.json").read_text(encoding="utf-8")
)["GUM_H1_end_gauge"]


def rectangular(low: float, high: float) -> Input:
    return Input((low + high) / 2, (high - low) / math.sqrt(12.0), distribution=R)


def end_gauge(ls: Any, d: Any, alpha_s: Any, dalpha: Any, dtheta: Any, theta: Any) -> Any:
    return ls + d - ls * (dalpha * theta + alpha_s * dtheta)


def end_gauge_inputs() -> dict[str, Input]:
    given = END_GAUGE["inputs"]
    u_theta = math.hypot(given["theta_bar"]["u"], given["Delta"]["u"])
    return {
        "ls": Input(given["ls"]["value"], given["ls"]["u"], given["ls"]["dof"], name="standard"),
        "d": Input(given["d"]["value"], given["d"]["u"], given["d"]["dof"]),
        "alpha_s": Input(given["alpha_s"]["value"], given["alpha_s"]["u"], distribution=R),
        "dalpha": Input(0.0, given["dalpha"]["u"], given["dalpha"]["dof"], R),
        "dtheta": Input(0.0, given["dtheta"]["u"], given["dtheta"]["dof"], R),
        "theta": Input(given["theta_bar"]["value"], u_theta),
    }


def test_gum_h1_to_first_order() -> None:
    found, expected = first_order(end_gauge, end_gauge_inputs(), "nm"), END_GAUGE["recomputed"]
    assert found.value == END_GAUGE["published"]["l"]
    assert round(found.u) == END_GAUGE["published"]["uc"]
    assert found.u == pytest.approx(expected["uc"], rel=1e-4)
    assert round(found.dof, 1) == 16.7  # as printed; rounding it down to 16 is the reader's step (G.4.1)
    parts = {line.name: line.u for line in found.budget}
    assert parts["standard"] == pytest.approx(25.0, rel=1e-3)
    assert parts["dtheta"] == pytest.approx(expected["components"]["dtheta"], rel=1e-6)
    assert parts["alpha_s"] == 0.0


def test_gum_h1_by_monte_carlo_has_the_second_order_terms() -> None:
    inputs = {
        name: Input(i.value, i.u, distribution=i.distribution) for name, i in end_gauge_inputs().items()
    }
    found = monte_carlo(end_gauge, inputs, trials=400_000)
    assert found.u == pytest.approx(END_GAUGE["recomputed"]["uc_second"], rel=5e-3)
    assert round(found.u) == END_GAUGE["published"]["uc_second_order"]


def test_ea_4_02_s2_weight_of_10_kg() -> None:
    inputs = {
        "standard": Input(10000.005, 0.0225),
        "drift": rectangular(-0.015, 0.015),
        "difference": Input(0.020, 0.025 / math.sqrt(3)),
        "eccentricity": rectangular(-0.010, 0.010),
        "buoyancy": rectangular(-0.010, 0.010),
    }
    found = first_order(
        lambda standard, drift, difference, eccentricity, buoyancy: (
            standard + drift + difference + eccentricity + buoyancy
        ),
        inputs,
        "g",
    )
    assert found.value == pytest.approx(10000.025, abs=1e-9)
    assert found.u == pytest.approx(0.02926, abs=1e-5)
    assert f"{found.U:.2g}" == "0.059"


def total(a: Any, b: Any, c: Any, d: Any) -> Any:
    return a + b + c + d


@pytest.mark.parametrize(
    ("last", "law", "u", "end"),
    [
        pytest.param(1.0, N, 2.0, 1.959964 * 2, id="9.2.2 normal"),
        pytest.param(1.0, R, 2.0, 2 * math.sqrt(3) * (2 - 0.6**0.25), id="9.2.3 rectangular"),
        pytest.param(10.0, R, math.sqrt(103), 17.01, id="9.2.4 one dominates"),
    ],
)
def test_jcgm101_9_2_additive_model(last: float, law: Distribution, u: float, end: float) -> None:
    inputs = dict.fromkeys("abc", Input(0.0, 1.0, distribution=law)) | {
        "d": Input(0.0, last, distribution=law)
    }
    found = monte_carlo(total, inputs, probability=0.95, trials=400_000)
    assert found.u == pytest.approx(u, rel=4e-3)
    assert found.interval == pytest.approx((-end, end), abs=0.01 * u)


MASS = {
    "m": Input(100_000.0, 0.050),
    "dm": Input(1.234, 0.020),
    "air": rectangular(1.10, 1.30),
    "weight": rectangular(7000.0, 9000.0),
    "reference": rectangular(7950.0, 8050.0),
}


def mass(m: Any, dm: Any, air: Any, weight: Any, reference: Any) -> Any:
    return (m + dm) * (1 + (air - 1.2) * (1 / weight - 1 / reference)) - 100_000.0


def test_jcgm101_9_3_mass_needs_monte_carlo() -> None:
    found = measure(mass, MASS, "mg", digits=1)
    assert found.method is Method.MONTE_CARLO
    assert max(found.low_shift, found.high_shift) > found.tolerance
    assert found.measured.value == pytest.approx(1.2341, abs=5e-4)
    assert found.measured.u == pytest.approx(0.07548, abs=5e-4)
    assert first_order(mass, MASS, "mg").u == pytest.approx(0.0539, abs=5e-5)


def test_jcgm101_9_3_shortest_interval_by_width_and_content() -> None:
    """The place of a shortest interval is noisy: its width and content are what can be tested."""
    found = monte_carlo(mass, MASS, probability=0.95, shortest=True, trials=400_000)
    low, high = found.interval
    assert high - low == pytest.approx(1.3825 - 1.0834, rel=5e-3)
    again = monte_carlo(mass, MASS, trials=200_000, rng=np.random.default_rng(7))
    fresh = np.random.default_rng(8)
    drawn = mass(
        *(fresh.normal(MASS[name].value, MASS[name].u, 200_000) for name in ("m", "dm")),
        *(
            fresh.uniform(*ends, 200_000)
            for ends in ((1.10, 1.30), (7000.0, 9000.0), (7950.0, 8050.0))
        ),
    )  # fmt: skip
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.003)
    assert again.value == pytest.approx(found.value, abs=1e-3)


@pytest.mark.parametrize("x1", [0.0, 0.010, 0.050])
def test_jcgm101_9_4_comparison_loss(x1: float) -> None:
    u = 0.005
    inputs = {"x1": Input(x1, u), "x2": Input(0.0, u)}
    linear = first_order(lambda x1, x2: x1**2 + x2**2, inputs, "1")
    assert linear.value == pytest.approx(x1**2)
    assert linear.u == pytest.approx(2 * x1 * u, abs=1e-12)
    found = propagate(lambda x1, x2: x1**2 + x2**2, inputs, "1", Method.MONTE_CARLO, shortest=True)
    assert found.measured.value == pytest.approx(x1**2 + 2 * u**2, rel=0.01)
    assert found.measured.u == pytest.approx(2 * u * math.sqrt(x1**2 + u**2), rel=0.02)
    if x1 == 0.0:
        assert found.interval == pytest.approx((0.0, -2 * u**2 * math.log(1 - 0.9545)), abs=3e-6)
        assert measure(lambda x1, x2: x1**2 + x2**2, inputs, "1", digits=1).method is Method.MONTE_CARLO


def test_linear_normal_model_keeps_the_first_order() -> None:
    found = measure(lambda a, b: a - b, {"a": Input(3.0, 0.3), "b": Input(1.0, 0.4)}, "mm")
    assert found.method is Method.FIRST_ORDER
    assert (found.measured.value, found.measured.u) == pytest.approx((2.0, 0.5))
    assert max(found.low_shift, found.high_shift) <= found.tolerance
    assert found.interval == pytest.approx((1.0, 3.0), abs=found.tolerance)


def test_expanded_uncertainty_of_monte_carlo_reaches_both_ends_of_the_interval() -> None:
    found = measure(lambda f, k: f / k, {"f": Input(10.0, 0.1), "k": rectangular(0.5, 1.5)}, "mm", digits=1)
    assert found.method is Method.MONTE_CARLO
    assert found.interval is not None
    low, high = found.interval
    slack = 1e-9
    assert found.measured.value - found.measured.U <= low + slack
    assert found.measured.value + found.measured.U >= high - slack
    assert found.measured.budget[-1].name == REST
    assert math.hypot(*(line.u for line in found.measured.budget)) == pytest.approx(
        found.measured.u, rel=0.02
    )


def test_a_model_that_gtc_cannot_follow_or_loses_is_differenced() -> None:
    inputs = {"a": Input(1.0, 0.3), "b": Input(2.0, 0.4)}
    for model in (
        lambda a, b: np.abs(a) + b,
        lambda a, b: np.where(a > 0, a, -a) + b,
        lambda a, b: a + np.interp(b, [0.0, 10.0], [0.0, 10.0]),
        lambda a, b: np.hypot(a, 0.0) + b,
    ):
        assert first_order(model, inputs, "1").u == pytest.approx(0.5)


def test_numpy_functions_are_followed() -> None:
    found = first_order(
        lambda z, tilt: z * np.cos(tilt), {"z": Input(2.0, 0.1), "tilt": Input(0.5, 0.2)}, "mm"
    )
    assert [line.u for line in found.budget] == pytest.approx([0.1 * math.cos(0.5), 0.4 * math.sin(0.5)])


def test_same_seed_same_result_to_the_bit() -> None:
    first, again = (measure(mass, MASS, "mg", digits=1) for _ in range(2))
    assert first == again
    other = measure(mass, MASS, "mg", digits=1, rng=np.random.default_rng(1))
    assert other.measured.value != first.measured.value


def test_without_any_uncertainty_there_is_none() -> None:
    found = measure(lambda a: 2 * a, {"a": Input(3.0, 0.0)}, "1")
    assert (found.measured.value, found.measured.u) == (6.0, 0.0)


@pytest.mark.parametrize(
    ("model", "inputs", "says"),
    [
        (lambda: 1.0, {}, "without inputs"),
        (lambda a: np.sqrt(a), {"a": Input(-1.0, 0.1)}, "expected a finite number"),
        (lambda a: 1 / a, {"a": Input(0.0, 0.1)}, "cannot be evaluated|finite"),
        (lambda b: b, {"a": Input(0.0, 0.1)}, "cannot be evaluated"),
    ],
)
def test_a_model_that_fails_says_so(model: Any, inputs: dict[str, Input], says: str) -> None:
    with pytest.raises(EstimateError, match=says):
        measure(model, inputs, "1")


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(value=numbers, u=numbers, dof=numbers)
@settings(deadline=None)
def test_an_input_is_sound_or_refused(value: float, u: float, dof: float) -> None:
    sound = math.isfinite(value) and math.isfinite(u) and u >= 0 and dof > 0
    if sound:
        assert Input(value, u, dof).u == u
    else:
        with pytest.raises(EstimateError, match="expected"):
            Input(value, u, dof)


@given(a=st.floats(-1e3, 1e3), u=st.floats(1e-6, 1e2), factor=st.floats(-50, 50))
@settings(deadline=None)
def test_a_linear_model_is_exact(a: float, u: float, factor: float) -> None:
    found = first_order(lambda x: factor * x + 1.0, {"x": Input(a, u)}, "1")
    assert found.u == pytest.approx(abs(factor) * u, rel=1e-9, abs=1e-9)


def test_laws_that_do_not_exist_are_refused() -> None:
    with pytest.raises(EstimateError, match="expected one of normal"):
        Input(0.0, 1.0, distribution="cauchy")  # type: ignore[arg-type]
    with pytest.raises(EstimateError, match="expected normal"):
        Input(0.0, 1.0, distribution=Distribution.T)
