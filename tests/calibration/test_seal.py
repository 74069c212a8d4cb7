"""Leak rate by squeeze-force decay, against pouches simulated here: gas law, relaxing film, channel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.seal import Leak, PouchReference, equivalent_channel_um, leak_rate

Floats = NDArray[np.float64]

REFERENCE = PouchReference(
    volume_ml=5.0,
    volume_u_ml=0.1,
    area_mm2=570.0,
    area_u_mm2=6.0,
    relaxation=(0.030, 0.045),
    relaxation_u=(0.001, 0.0015),
    relaxation_time_s=(0.7, 6.0),
    channel_length_mm=10.0,
)
NOISE_N, RESOLUTION_N, SAMPLE_S, DWELL_S, SQUEEZE_N = 0.003, 0.01, 0.05, 8.0, 20.0
DRIFT_N_PER_S = 0.0002
POUCHES = 80


@dataclass(frozen=True)
class Record:
    """A squeeze: its columns, when the dwell began, and how much the pouch truly leaks at the set force."""

    time_s: Floats
    position_mm: Floats
    force_n: Floats
    hold_s: float
    leak: float


@cache
def squeeze(channel_um: float) -> list[Record]:
    """Squeeze pouches that differ from the reference as its uncertainties say; all at once, for speed."""
    random = np.random.default_rng(int(channel_um) + 1)
    normal = lambda centre, u: centre + u * random.normal(size=POUCHES)  # noqa: E731
    volume, area = normal(5.0, 0.1) * 1e-6, normal(570.0, 6.0) * 1e-6
    outside, gain = normal(101_325.0, 1_500.0), normal(1.0, 0.001)
    shares, times = np.stack([normal(0.030, 0.001), normal(0.045, 0.0015)]), np.array([[0.7], [6.0]])
    touch = random.uniform(0.2, 0.3, POUCHES)
    conductance = math.pi * (channel_um * 1e-6) ** 4 / (256 * 1.82e-5 * 0.01)
    substeps = 10
    step = SAMPLE_S / substeps
    z, gas, elastic = np.zeros(POUCHES), outside * volume, np.zeros(POUCHES)
    branches, force = np.zeros((2, POUCHES)), np.zeros(POUCHES)
    hold = np.full(POUCHES, math.inf)
    leak = conductance * ((outside + SQUEEZE_N / area) ** 2 - outside**2)
    rows = [(z, force)]
    while len(rows) * SAMPLE_S < 3.0 + DWELL_S:
        fresh = np.isinf(hold) & (force >= SQUEEZE_N)
        hold[fresh] = (len(rows) - 1) * SAMPLE_S
        speed = np.where(np.isfinite(hold), 0.0, np.where(force < 0.6 * SQUEEZE_N, 6.0, 1.5))
        for _ in range(substeps):
            z = z + speed * step
            space = volume - area * np.clip(z - touch, 0, None) * 1e-3
            pressure = np.maximum(np.where(z > touch, gas / space, outside), outside)
            flow = conductance * (pressure**2 - outside**2)
            gas = gas - flow * step
            change = area * (pressure - outside) - elastic
            elastic = elastic + change
            branches = branches * np.exp(-step / times) + shares * change * np.exp(-step / 2 / times)
            force = elastic * (1 - shares.sum(axis=0)) + branches.sum(axis=0)
        rows.append((z, force))
    time, position, true_force = SAMPLE_S * np.arange(len(rows)), *np.array(rows).swapaxes(0, 1)
    drift = time[:, None] * random.normal(0, DRIFT_N_PER_S, POUCHES)
    read = true_force * gain + drift + random.normal(0, NOISE_N, true_force.shape)
    read = np.round(read / RESOLUTION_N) * RESOLUTION_N
    ends = [time <= begin + DWELL_S for begin in hold]
    return [
        Record(time[end], position[end, i], read[end, i], float(hold[i]), float(leak[i]))
        for i, end in enumerate(ends)
    ]


def estimate(record: Record, *, stated_at_n: float = SQUEEZE_N) -> Leak:
    return leak_rate(
        record.time_s,
        record.position_mm,
        record.force_n,
        hold_s=record.hold_s,
        stated_at_n=stated_at_n,
        noise_n=math.hypot(NOISE_N, RESOLUTION_N / math.sqrt(12)),
        gauge_u=0.001,
        drift_u_n_per_s=DRIFT_N_PER_S,
        reference=REFERENCE,
    )


@cache
def estimates(channel_um: float) -> list[Leak]:
    return [estimate(record) for record in squeeze(channel_um)]


@pytest.mark.parametrize("channel_um", [0.0, 25.0, 60.0])
def test_leaks_are_found_without_bias_and_with_honest_intervals(channel_um: float) -> None:
    truth = np.array([record.leak for record in squeeze(channel_um)])
    rates = [leak.rate for leak in estimates(channel_um)]
    errors = np.array([rate.value for rate in rates]) - truth
    u = np.array([rate.u for rate in rates])
    assert abs(errors.mean()) < (0.4 if channel_um < 50 else 0.8) * u.mean()
    assert errors.std() == pytest.approx(u.mean(), rel=0.25)  # 80 pouches know it to 8 %
    held = np.abs(errors) <= np.array([rate.U for rate in rates])
    assert held.mean() >= 0.88


def test_the_detection_limit_is_below_25_micrometres_and_true() -> None:
    limits = [leak.detection_um for leak in estimates(0.0)]
    assert max(limits) < 25
    found = lambda leaks: np.mean([leak.rate.value > 1.645 * leak.rate.u for leak in leaks])  # noqa: E731
    assert found(estimates(0.0)) <= 0.10
    assert found(estimates(math.ceil(max(limits)))) >= 0.93


def test_the_channel_is_found_from_its_leak() -> None:
    channels = [leak.channel_um for leak in estimates(25.0)]
    assert np.mean(channels) == pytest.approx(25.0, rel=0.02)
    residuals = [leak.residual_n for leak in estimates(25.0)]
    assert np.mean(residuals) == pytest.approx(math.hypot(NOISE_N, RESOLUTION_N / math.sqrt(12)), rel=0.1)


def test_a_channel_and_its_flow_belong_together() -> None:
    # Q = π d⁴ (p₁² − p₂²)/(256 η L): 25 µm × 10 mm under 35 kPa, by hand.
    flow = math.pi * 25e-6**4 * (136_325.0**2 - 101_325.0**2) / (256 * 1.82e-5 * 0.010)
    assert equivalent_channel_um(flow, 35_000.0, 10.0) == pytest.approx(25.0)
    assert equivalent_channel_um(0.0, 35_000.0, 10.0) == 0.0


def test_a_gauge_that_drifts_is_a_line_of_the_budget() -> None:
    (line,) = (line for line in estimates(0.0)[0].rate.budget if line.name == "gauge drift")
    assert line.u == pytest.approx(DRIFT_N_PER_S * 5e-6 / 1.36 / 570e-6, rel=0.05)


def test_a_leak_is_stated_at_the_set_force_whatever_the_squeeze_stopped_at() -> None:
    record = squeeze(25.0)[0]
    there, double = estimate(record).rate, estimate(record, stated_at_n=2 * SQUEEZE_N).rate
    pressure = SQUEEZE_N / (REFERENCE.area_mm2 * 1e-6)
    drive = lambda gauge: (101_325.0 + gauge) ** 2 - 101_325.0**2  # noqa: E731
    assert double.value / there.value == pytest.approx(drive(2 * pressure) / drive(pressure), rel=1e-3)


def test_a_large_leak_is_known_as_well_as_the_pouch_is() -> None:
    rate = estimates(60.0)[0].rate
    assert rate.equation.startswith("Q = g·(R + B − Z)")
    lines = {line.name: line.u for line in rate.budget}
    assert lines["pouch volume"] == pytest.approx(0.02 * rate.value, rel=0.05)
    # 1/(A + F/p) with F/(A·p) = 0.36, times S·(2p + S/A)/(F·(2p + F/A)) that is next to 1.
    assert lines["anvil area"] == pytest.approx(6 / 570 / 1.36 * rate.value, rel=0.1)
    assert lines["air pressure"] == pytest.approx(1500 / 101_325 * 0.36 / 1.36 * rate.value, rel=0.15)


SOUND = Record(
    SAMPLE_S * np.arange(200),
    np.minimum(0.06 * np.arange(200), 2.0),
    np.minimum(0.6 * np.arange(200), 20.0),
    hold_s=1.7,
    leak=0.0,
)


def test_the_sound_example_the_refusals_start_from_is_accepted() -> None:
    assert math.isfinite(estimate(SOUND).rate.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_s": SOUND.time_s[:0], "position_mm": SOUND.time_s[:0], "force_n": SOUND.time_s[:0]}, "shape"),
        ({"force_n": SOUND.force_n[:1]}, "shape"),
        ({"force_n": SOUND.force_n * math.nan}, "not finite"),
        ({"position_mm": SOUND.position_mm + math.inf}, "not finite"),
        ({"time_s": np.zeros(200)}, "does not grow"),
        ({"force_n": np.zeros(200)}, "expected a squeezed pouch"),
        ({"force_n": np.where(SOUND.time_s < 1.6, SOUND.force_n, 0.0)}, "expected a squeezed pouch"),
        ({"hold_s": 9.5}, "points of dwell"),
        ({"hold_s": math.nan}, "0 points of dwell"),
    ],
)
def test_records_of_no_squeeze_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(replace(SOUND, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"volume_ml": 0.0},
        {"area_mm2": math.nan},
        {"area_u_mm2": -1.0},
        {"relaxation": ()},
        {"relaxation": (0.6, 0.6)},
        {"relaxation_u": (0.0, 0.001)},
        {"relaxation_time_s": (0.7,)},
        {"channel_length_mm": -10.0},
    ],
)
def test_references_of_no_pouch_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(EstimateError):
        replace(REFERENCE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["noise_n", "gauge_u", "drift_u_n_per_s", "stated_at_n"])
@pytest.mark.parametrize("wrong", [-1e-3, math.nan, math.inf])
def test_impossible_uncertainties_are_refused(name: str, wrong: float) -> None:
    figures = {"noise_n": 0.003, "gauge_u": 0.001, "drift_u_n_per_s": 0.0, "stated_at_n": 20.0, name: wrong}
    with pytest.raises(EstimateError, match="expected a finite number"):
        leak_rate(SOUND.time_s, SOUND.position_mm, SOUND.force_n, hold_s=1.7, reference=REFERENCE, **figures)


@pytest.mark.parametrize(
    ("leak", "pressure"), [(-1e-6, 35e3), (math.nan, 35e3), (1e-5, 0.0), (1e-5, math.nan)]
)
def test_no_channel_is_made_of_nonsense(leak: float, pressure: float) -> None:
    with pytest.raises(EstimateError):
        equivalent_channel_um(leak, pressure, 10.0)


@settings(max_examples=40)
@given(st.lists(st.floats(-30, 30) | st.just(math.nan), min_size=15, max_size=60), st.floats(0, 3))
def test_any_record_gives_a_finite_result_or_a_refusal(force: list[float], hold_s: float) -> None:
    count = len(force)
    record = Record(SOUND.time_s[:count], SOUND.position_mm[:count], np.array(force), hold_s, 0.0)
    try:
        found = estimate(record)
    except EstimateError:
        return
    assert math.isfinite(found.rate.value)
    assert math.isfinite(found.rate.U)


@pytest.mark.parametrize("channel_um", [0.0, 60.0])
def test_a_pouch_that_slips_is_no_leak(channel_um: float) -> None:
    """A step of the force is refused, however the rest decays; a decay without one is not."""
    record = squeeze(channel_um)[0]
    assert estimate(record)
    slipped = np.where(record.time_s > record.hold_s + 3.0, record.force_n - 0.2, record.force_n)
    with pytest.raises(EstimateError, match=r"the force jumps by -0\.(19|2\d) N 3\.0 s into the dwell"):
        estimate(replace(record, force_n=slipped))
