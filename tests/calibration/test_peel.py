"""Peel strength against seals simulated here: a creeping front, waves, noise; and what is no peel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.gauge_figures import GaugeFigures
from calibration.measured import Contribution as Line
from calibration.measured import Measured, combine
from calibration.peel import Peel, peel_strength, rank_agreement, set_mean

Floats = NDArray[np.float64]

GAUGE = GaugeFigures(resolution_n=0.01, noise_n=0.003, gain_u=0.0005, drift_n_per_s=0.0005)
SPEED_MM_PER_S, READING_S, SUBSTEPS = 250 / 60, 0.0045, 8


@dataclass(frozen=True)
class Pull:
    """A record and the truth behind it, in N/15 mm."""

    time_s: Floats
    travel_mm: Floats
    pull_n: Floats
    mean: float
    maximum: float


def pull(seed: int, *, seal_mm: float = 20.0, level_n: float = 2.4) -> Pull:
    """A seal that creeps open: the force follows its strength along the way, after a steep beginning."""
    random = np.random.default_rng(seed)
    z = np.arange(0.0, 24.0, SPEED_MM_PER_S * READING_S / SUBSTEPS)
    starts = random.uniform(1.5, 2.2)
    ends = starts + seal_mm
    along = z - starts
    waves = 0.06 * np.sin(2 * np.pi * along / random.uniform(0.9, 2.0) + random.uniform(0, 6))
    waves += 0.04 * np.sign(np.sin(2 * np.pi * along / random.uniform(0.15, 0.3)))
    width = 15.0 + random.normal(0, 0.05)
    per_width = level_n * (1 + waves + 0.5 * np.exp(-np.clip(along, 0, None) / 0.5)) * width / 15.0
    force = np.where(
        along < 0, per_width[np.argmax(along >= 0)] * np.clip(z - 0.7, 0, None) / (starts - 0.7), per_width
    )
    force = np.where(z > ends, 0.0, force)
    first = int(np.argmax(along >= 0))
    middle = (along >= 0.2 * seal_mm) & (along <= 0.8 * seal_mm)
    gain = 1 + 0.0005 * random.normal()
    zero = random.normal(0, 0.0014)
    sensed, way = np.convolve(force, np.full(4, 0.25))[: len(z)][::SUBSTEPS], z[::SUBSTEPS]
    time = READING_S * np.arange(len(way))
    read = sensed * gain + zero + random.uniform(-1, 1) * 5e-4 * time + random.normal(0, 0.003, len(way))
    scale = 15.0 / width
    return Pull(
        time,
        way,
        np.round(read / 0.01) * 0.01,
        float(force[middle].mean()) * scale,
        float(force[first:].max()) * scale,
    )


def estimate(record: Pull, **changes: object) -> Peel:
    figures = {
        "width_mm": 15.0,
        "width_u_mm": 0.05,
        "shares": (0.2, 0.8),
        "gauge": GAUGE,
        "zero_u_n": 0.0014,
    } | changes
    return peel_strength(record.time_s, record.travel_mm, record.pull_n, **figures)  # type: ignore[arg-type]


def test_the_mean_is_held_by_its_interval() -> None:
    records = [pull(seed) for seed in range(100)]
    found = [estimate(record).mean for record in records]
    errors = np.array([one.value - record.mean for one, record in zip(found, records, strict=True)])
    assert abs(errors.mean()) < 0.3 * found[0].u
    assert 0.9 <= np.mean([abs(error) <= one.U for error, one in zip(errors, found, strict=True)]) <= 1.0
    assert all(one.U < 0.02 for one in found)


def test_maximum_place_of_failure_and_waves() -> None:
    for seed in range(10):
        record = pull(seed)
        found = estimate(record)
        assert found.maximum.value == pytest.approx(record.maximum, abs=1.5 * found.maximum.U)
        assert found.peeled_mm == pytest.approx(20.0, abs=0.6)
        assert 0.02 < found.waviness < 0.12


def test_a_film_that_tears_fails_early() -> None:
    assert estimate(pull(1, seal_mm=8.0)).peeled_mm == pytest.approx(8.0, abs=0.6)


def test_a_wide_specimen_is_not_stronger() -> None:
    record = pull(2)
    assert estimate(record, width_mm=30.0).mean.value == pytest.approx(estimate(record).mean.value / 2)


def test_the_budget_names_what_is_uncertain() -> None:
    names = {line.name for line in estimate(pull(3)).mean.budget}
    assert names >= {"readings along the peel", "zero", "zero drift", "resolution", "gauge", "width"}


def measured(value: float, u: float = 0.01, unit: str = "N/15 mm") -> Measured:
    return combine(value, unit, [Line("all", u)])


def test_a_set_is_as_uncertain_as_its_specimens_differ() -> None:
    found = set_mean([measured(2.2), measured(2.4), measured(2.6)])
    assert found.value == pytest.approx(2.4)
    assert found.u == pytest.approx(math.hypot(0.2 / math.sqrt(3), 0.01), rel=0.02)
    assert found.dof == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("specimens", [[], [measured(1.0)], [measured(1.0), measured(1.0, unit="N")]])
def test_no_set_is_refused(specimens: list[Measured]) -> None:
    with pytest.raises(EstimateError, match="2 or more"):
        set_mean(specimens)


def test_weak_seals_that_leak_go_together_and_chance_does_not() -> None:
    strengths = [measured(v) for v in (2.6, 2.5, 2.4, 2.2, 1.9, 1.2, 1.0)]
    leaks = [measured(v, 1e-6, "Pa·m³/s") for v in (1e-6, 2e-6, 3e-6, 9e-6, 2e-5, 8e-4, 4e-3)]
    found = rank_agreement(strengths, leaks)
    assert found.correlation == pytest.approx(-1.0)
    assert found.p_value < 0.005
    shuffled = [leaks[i] for i in (3, 0, 5, 1, 6, 2, 4)]
    assert rank_agreement(strengths, shuffled).p_value > 0.05


def test_ranks_agree_with_scipy_s() -> None:
    from scipy.stats import spearmanr

    random = np.random.default_rng(3)
    a, b = random.normal(size=9), random.normal(size=9)
    found = rank_agreement([measured(v) for v in a], [measured(v) for v in b])
    assert found.correlation == pytest.approx(float(spearmanr(a, b).statistic))


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([1, 2, 3], [1, 2, 3], "4 or more"),
        ([1, 2, 3, 4], [1, 2, 3], "4 or more"),
        ([1] * 4, [1, 2, 3, 4], "equal"),
    ],
)
def test_what_has_no_order_is_refused(a: list[float], b: list[float], words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        rank_agreement([measured(v) for v in a], [measured(v) for v in b])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: replace(r, pull_n=0 * r.pull_n), "no seal"),
        (lambda r: replace(r, pull_n=-r.pull_n), "no seal"),
        (lambda r: replace(r, pull_n=r.pull_n + 1.0), "still held"),
        (lambda r: replace(r, pull_n=np.where(r.travel_mm > 9, math.nan, r.pull_n)), "not finite"),
        (lambda r: replace(r, travel_mm=r.travel_mm[::-1]), "does not grow"),
        (lambda r: replace(r, travel_mm=r.travel_mm[:-1]), "shape"),
        (lambda r: Pull(r.time_s[:3], r.travel_mm[:3], r.pull_n[:3], 0, 0), "shape"),
    ],
)
def test_what_is_no_peel_is_refused(change: object, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(change(pull(1)))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width_mm": 0.0}, "width"),
        ({"width_u_mm": -1.0}, "width u"),
        ({"zero_u_n": math.nan}, "zero u"),
        ({"shares": (0.8, 0.2)}, "middle"),
        ({"shares": (0.2, 1.2)}, "middle"),
    ],
)
def test_impossible_figures_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(pull(1), **changes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=40, max_size=80))
def test_any_record_gives_finite_results_or_a_refusal(force: list[float]) -> None:
    n = len(force)
    try:
        found = estimate(Pull(0.01 * np.arange(n), 0.1 * np.arange(n), np.array(force), 0, 0))
    except EstimateError:
        return
    assert math.isfinite(found.mean.value)
    assert math.isfinite(found.maximum.U)
