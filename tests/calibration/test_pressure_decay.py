"""Leak rates of simulated parts that settle with two times and creep, in a room that drifts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration import equation, pressure_decay
from calibration.errors import EstimateError
from calibration.input_quantity import Input, Model
from calibration.measured import Measured
from calibration.pressure_decay import DecayLeak, Sensor, TightParts, Warming, decay_leak
from calibration.propagation import first_order

Floats = NDArray[np.float64]

TIGHT = TightParts(
    volume_ml=12.0,
    volume_u_ml=0.15,
    settling_pa=(0.6, 28.0),
    settling_u_pa=(0.4, 2.0),
    settling_time_s=(1.0, 7.2),
    settling_time_u_s=(0.1, 0.3),
    fall_pa_per_s=0.22,
    fall_u_pa_per_s=0.03,
    wall_u_k_per_s=1e-4,
)
SENSOR = Sensor(noise_pa=0.4, gain_u=0.001, pressure_u_pa=30.0, drift_limit_pa_per_s=0.01)
ROOM_PA, FILL_PA, TEST_S = 100_800.0, 30_000.0, 10.0
PROBE_NOISE_K = 0.0008
CURVE_S = np.arange(0.1, TEST_S, 0.2)
ENDS_S = np.array([0.0, TEST_S])
RUNS = 400


@dataclass(frozen=True)
class Part:
    """What one run is fed with, and its true leak."""

    pressure_pa: Floats
    warming: Warming
    leak: float


def part(rng: np.random.Generator, leak: float, time_s: Floats) -> Part:
    """Simulate a part as the reference parts scatter, by integrating p·V = n·R·T."""
    volume = rng.normal(TIGHT.volume_ml, TIGHT.volume_u_ml) * 1e-6
    room_k, warming = rng.normal(294.0, 0.5), rng.uniform(-4e-4, 4e-4)
    wall = warming + rng.normal(0.0, TIGHT.wall_u_k_per_s)
    settling = zip(
        rng.normal(TIGHT.settling_pa, TIGHT.settling_u_pa),
        rng.normal(TIGHT.settling_time_s, TIGHT.settling_time_u_s),
        strict=True,
    )
    creep = rng.normal(TIGHT.fall_pa_per_s, TIGHT.fall_u_pa_per_s)
    fine = np.linspace(0.0, TEST_S, 201)
    start_pa = ROOM_PA + FILL_PA * rng.normal(1.0, 0.004)
    mean_drive = (start_pa - 5.0 * leak / volume) ** 2 - ROOM_PA**2
    absolute = np.full_like(fine, start_pa)
    for i in range(1, len(fine)):
        drive = (absolute[i - 1] ** 2 - ROOM_PA**2) / mean_drive
        absolute[i] = absolute[i - 1] - leak * drive / volume * (fine[i] - fine[i - 1])
    absolute *= 1.0 + (wall * fine) / room_k
    for size_pa, tau_s in settling:
        absolute -= size_pa * (1.0 - np.exp(-fine / tau_s))
    # Parts that creep slow down; what reference parts showed is the mean over the test.
    absolute -= creep * TEST_S * (1.0 - np.exp(-fine / 45.0)) / (1.0 - math.exp(-TEST_S / 45.0))
    gauge = np.interp(time_s, fine, absolute) - ROOM_PA
    gauge = gauge * rng.normal(1.0, SENSOR.gain_u) + rng.normal(0.0, SENSOR.pressure_u_pa / 2)
    gauge += rng.uniform(-1, 1) * SENSOR.drift_limit_pa_per_s * time_s
    gauge += rng.normal(0.0, SENSOR.noise_pa, len(time_s))
    rate_u_k_per_s = PROBE_NOISE_K * math.sqrt(2.0) / 20.0
    shown = Warming(room_k - 273.15, 0.2, warming + rng.normal(0.0, rate_u_k_per_s), rate_u_k_per_s)
    return Part(gauge, shown, leak)


def estimate(part: Part, time_s: Floats, *, tight: TightParts = TIGHT, sensor: Sensor = SENSOR) -> DecayLeak:
    return decay_leak(
        time_s, part.pressure_pa, room_pa=ROOM_PA, warming=part.warming, tight=tight, sensor=sensor
    )


def to_first_order(
    equation: str, model: Model, inputs: Mapping[str, Input], unit: str, as_read: float | None
) -> Measured:
    """Propagate without the comparison with Monte Carlo, which takes ten times as long as all the rest."""
    return first_order(model, inputs, unit).explained(equation, "first order", as_read=as_read)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure_decay, "result", to_first_order)


@cache
def estimates(leak: float, *, curve: bool, seed: int = 20) -> list[DecayLeak]:
    """Estimate :data:`RUNS` parts of one leak."""
    rng = np.random.default_rng(seed)
    time_s = CURVE_S if curve else ENDS_S
    return [estimate(part(rng, leak, time_s), time_s) for _ in range(RUNS)]


@pytest.mark.parametrize("curve", [True, False])
@pytest.mark.parametrize("leak", [0.0, 5e-6, 1e-4, 1e-3])
def test_95_percent_intervals_hold_the_truth(leak: float, curve: bool) -> None:
    found = [leak_.rate for leak_ in estimates(leak, curve=curve)]
    held = np.mean([abs(rate.value - leak) <= 1.96 / rate.k * rate.U for rate in found])
    # 95 % ± 1.9 % are what 400 runs of a perfect estimator show in all but 8 of 100 cases.
    assert 0.92 <= held <= 0.985
    errors = np.array([rate.value - leak for rate in found])
    assert abs(errors.mean()) <= 0.3 * np.mean([rate.u for rate in found])


def test_the_curve_knows_more_than_its_ends() -> None:
    curve, ends = estimates(0.0, curve=True), estimates(0.0, curve=False)
    assert np.mean([x.rate.u for x in curve]) < 0.8 * np.mean([x.rate.u for x in ends])
    assert np.mean([x.settling_pa for x in curve]) == pytest.approx(sum(TIGHT.settling_pa), rel=0.03)


@pytest.mark.parametrize("curve", [True, False])
def test_the_detection_limit_is_kept(curve: bool) -> None:
    tight = estimates(0.0, curve=curve)
    limit = float(np.median([x.detection_pa_m3_per_s for x in tight]))
    assert limit == pytest.approx(1.645 * 2 * np.mean([x.rate.u for x in tight]), rel=0.02)
    assert np.mean([x.rate.value > limit / 2 for x in tight]) <= 0.10
    just = estimates(limit, curve=curve, seed=21)
    assert np.mean([x.rate.value > limit / 2 for x in just]) >= 0.90


def test_what_the_equation_says() -> None:
    # 5 Pa in 10 s out of 12 mL is 6·10⁻⁶ Pa·m³/s; warming by 1 mK/s hides 0.012·130 798/294.15 of it.
    tight = replace(TIGHT, settling_pa=(0.0, 0.0), fall_pa_per_s=0.0)
    pressure = FILL_PA - 0.5 * ENDS_S
    still = decay_leak(
        ENDS_S, pressure, room_pa=ROOM_PA, warming=Warming(21.0, 0.1, 0.0, 0.0), tight=tight, sensor=SENSOR
    )
    assert still.rate.value == pytest.approx(6e-6, rel=1e-6)
    warm = decay_leak(
        ENDS_S, pressure, room_pa=ROOM_PA, warming=Warming(21.0, 0.1, 1e-3, 0.0), tight=tight, sensor=SENSOR
    )
    hidden = 12e-6 * (ROOM_PA + FILL_PA - 2.5) / 294.15 * 1e-3
    assert warm.rate.value - still.rate.value == pytest.approx(hidden, rel=1e-6)
    assert still.rate.equation == "Q = V·(g·(r − r_tight) + d + (w + w_wall)·p/T)"


@pytest.mark.parametrize("curve", [True, False])
def test_monte_carlo_says_the_same(monkeypatch: pytest.MonkeyPatch, curve: bool) -> None:
    time_s = CURVE_S if curve else ENDS_S
    usual = part(np.random.default_rng(4), 1e-4, time_s)
    quick = estimate(usual, time_s).rate
    monkeypatch.setattr(pressure_decay, "result", equation.result)
    full = estimate(usual, time_s).rate
    assert full.value == pytest.approx(quick.value, abs=0.03 * quick.u)
    assert pytest.approx(quick.U, rel=0.05) == full.U


def test_the_budget_names_what_it_is_made_of() -> None:
    (first, *_) = estimates(1e-4, curve=True)
    lines = {line.name: line.u for line in first.rate.budget}
    assert lines["volume"] == pytest.approx(1e-4 * 0.15 / 12.0, rel=0.05)
    assert lines["tight reference parts"] == pytest.approx(12e-6 * 0.03, rel=0.01)
    assert lines["sensor drift"] == pytest.approx(12e-6 * 0.01 / math.sqrt(3), rel=0.01)
    assert {"fall of the pressure", "warming of the fixture", "wall against fixture"} <= set(lines)


def test_a_curve_of_another_shape_is_believed_less() -> None:
    rng = np.random.default_rng(8)
    usual = part(rng, 0.0, CURVE_S)
    wobbling = replace(usual, pressure_pa=usual.pressure_pa + 5.0 * np.sin(6.0 * CURVE_S))
    assert estimate(wobbling, CURVE_S).rate.u > 2 * estimate(usual, CURVE_S).rate.u
    assert estimate(wobbling, CURVE_S).residual_pa == pytest.approx(5.0 / math.sqrt(2.0), rel=0.1)


SOUND = Part(FILL_PA - 0.5 * CURVE_S, Warming(21.0, 0.1, 0.0, 1e-5), 6e-6)


@pytest.mark.parametrize(
    ("time_s", "pressure_pa", "words"),
    [
        (CURVE_S[:0], SOUND.pressure_pa[:0], "two points"),
        (CURVE_S[:1], SOUND.pressure_pa[:1], "two points"),
        (CURVE_S, SOUND.pressure_pa[:-1], "of one shape"),
        (CURVE_S, SOUND.pressure_pa * math.nan, "not finite"),
        (CURVE_S + math.inf, SOUND.pressure_pa, "not finite"),
        (np.zeros_like(CURVE_S), SOUND.pressure_pa, "does not grow"),
        (CURVE_S - 1.0, SOUND.pressure_pa, "does not grow"),
        (CURVE_S, np.zeros_like(CURVE_S), "expected a part that was filled"),
        (CURVE_S, -SOUND.pressure_pa, "expected a part that was filled"),
    ],
)
def test_records_of_no_test_are_refused(time_s: Floats, pressure_pa: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(replace(SOUND, pressure_pa=pressure_pa), time_s)


@pytest.mark.parametrize("room_pa", [0.0, -1.0, math.nan, math.inf])
def test_no_room_has_such_a_pressure(room_pa: float) -> None:
    with pytest.raises(EstimateError, match="room pressure"):
        decay_leak(
            CURVE_S, SOUND.pressure_pa, room_pa=room_pa, warming=SOUND.warming, tight=TIGHT, sensor=SENSOR
        )


wrong = st.sampled_from([math.nan, math.inf, -math.inf, -1e-6])


@given(name=st.sampled_from(sorted(set(vars(TIGHT)) - {"settling_pa", "fall_pa_per_s"})), value=wrong)
def test_reference_parts_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(EstimateError, match=name):
        replace(TIGHT, **{name: (value, value) if name.startswith("settling") else value})


@given(name=st.sampled_from(sorted(vars(SENSOR))), value=wrong)
def test_sensors_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(EstimateError, match=name):
        replace(SENSOR, **{name: value})


@pytest.mark.parametrize("name", ["volume_ml", "settling_u_pa", "settling_time_s", "settling_time_u_s"])
def test_nothing_is_no_figure_of_a_part(name: str) -> None:
    with pytest.raises(EstimateError, match=f"{name} = 0"):
        replace(TIGHT, **{name: (0.5, 0.0) if name.startswith("settling") else 0.0})


@pytest.mark.parametrize("terms", [(), (0.6,)])
def test_settling_terms_come_together(terms: tuple[float, ...]) -> None:
    with pytest.raises(EstimateError, match="of different number, or none"):
        replace(TIGHT, settling_time_s=terms)


@pytest.mark.parametrize(
    "changes",
    [{"temperature_c": -273.15}, {"rate_k_per_s": math.nan}, {"rate_u_k_per_s": -1.0}],
)
def test_no_fixture_warms_so(changes: dict[str, float]) -> None:
    with pytest.raises(EstimateError):
        replace(SOUND.warming, **changes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e5, 1e6) | st.just(math.nan), max_size=8))
def test_any_record_gives_a_finite_result_or_a_refusal(pressure: list[float]) -> None:
    try:
        found = estimate(replace(SOUND, pressure_pa=np.array(pressure)), CURVE_S[: len(pressure)])
    except EstimateError:
        return
    assert math.isfinite(found.rate.value)
    assert math.isfinite(found.rate.U)
