"""Stroke rate and jitter as results: budgets, coverage, deaf to bounces and missed strokes, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.stroke_rate import StrokeRate, bare_rate_per_min, stroke_rate, whole_strokes

Floats = NDArray[np.float64]

PERIOD_S = 60.0 / 7000.0


def stamps(n: int, random: np.random.Generator, *, stamp: float = 0.0, period: float = 0.0) -> Floats:
    """``n`` stamps whose noises are given in periods."""
    phase = np.cumsum(1 + period * random.normal(size=n)) + stamp * random.normal(size=n)
    return PERIOD_S * phase


def estimate(stamps_s: Floats) -> StrokeRate:
    return stroke_rate(stamps_s, time_base_u=0.0)


def rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def test_the_two_noises_are_told_apart() -> None:
    random = np.random.default_rng(4)
    line = estimate(stamps(500, random, stamp=1.5e-4))
    ends = estimate(stamps(500, random, period=1.5e-4))
    assert (line.method, ends.method) == ("line fit", "end points")
    assert line.stamp_noise_s == pytest.approx(1.5e-4 * PERIOD_S, rel=0.15)
    assert line.period_noise_s < 0.1 * line.stamp_noise_s
    assert ends.period_noise_s == pytest.approx(1.5e-4 * PERIOD_S, rel=0.15)


@pytest.mark.parametrize(("stamp", "period"), [(1.5e-4, 3e-5), (0.0, 1e-3)])
@pytest.mark.parametrize("missed", [0.0, 0.05])
def test_jitter_is_the_scatter_of_the_periods_with_an_honest_uncertainty(
    stamp: float, period: float, missed: float
) -> None:
    random = np.random.default_rng(9)
    truth = 100 * math.hypot(period, math.sqrt(2) * stamp)
    found = []
    for _ in range(80):
        kept = random.random(84) >= missed
        kept[[0, -1]] = True
        found.append(estimate(stamps(84, random, stamp=stamp, period=period)[kept]).jitter)
    assert np.mean([jitter.value for jitter in found]) == pytest.approx(truth, rel=0.04)
    held = [abs(jitter.value - truth) <= jitter.U for jitter in found]
    assert np.mean(held) >= 0.88


def test_a_jitter_that_hides_behind_the_tops_scatter_is_held_by_its_interval() -> None:
    """The edges scatter by more than the strokes jitter, and by how much is itself known from few strokes."""
    random = np.random.default_rng(17)
    held, as_read = [], []
    for _ in range(120):
        stamp, period, edge = random.uniform(2e-5, 5e-4), random.uniform(0, 1e-4), random.uniform(3e-4, 14e-4)
        said = edge * math.sqrt(random.chisquare(30) / 30)
        record = stamps(20, random, stamp=math.hypot(stamp, edge), period=period)
        jitter = stroke_rate(record, time_base_u=0.0, edge_scatter=said).jitter
        truth = 100 * math.hypot(period, math.sqrt(2) * stamp)
        held.append(abs(jitter.value - truth) <= jitter.U)
        as_read.append(jitter.as_read)
        assert jitter.value >= 0
    assert np.mean(held) >= 0.90
    assert np.mean(as_read) > 0.1  # what the edges feign is twice what the strokes do


def test_a_rate_under_a_load_of_which_little_is_known_is_held_by_its_interval() -> None:
    random = np.random.default_rng(18)
    held = []
    for _ in range(120):
        record = stamps(20, random, stamp=random.uniform(3e-4, 14e-4), period=random.uniform(0, 1e-4))
        loss = random.uniform(0, 2) * 2.5e-4 * (1 + 0.05 * random.normal())
        rate = stroke_rate(
            record * (1 + loss), time_base_u=1e-7, droop=2.5e-4, load_u=0.05, usual_jitter=1e-4
        ).rate
        held.append(abs(rate.value - 7000) <= rate.U)
    assert np.mean(held) >= 0.90


@pytest.mark.parametrize("missed", [0.002, 0.05])
def test_bounces_and_missed_strokes_do_not_hurt(missed: float) -> None:
    random = np.random.default_rng(3)
    errors, held = [], 0
    for _ in range(60):
        clean = stamps(84, random, stamp=1.5e-4, period=3e-5)
        kept = clean[random.random(84) >= missed]
        bounced = kept[random.random(len(kept)) < 0.05]
        disturbed = np.sort(np.concatenate([kept, bounced + random.uniform(2e-6, 30e-6, len(bounced))]))
        result = estimate(disturbed)
        assert result.strokes - result.missed == len(kept)
        errors.append(result.rate.value - bare_rate_per_min(clean))
        held += abs(result.rate.value * PERIOD_S / 60 - 1) <= result.rate.U * PERIOD_S / 60
    assert rms(np.array(errors)) < 0.3 * 3e-5 / math.sqrt(83) * 7000
    assert held / 60 >= 0.88


def test_a_second_of_strokes_gives_the_rate_to_a_part_in_a_hundred_thousand() -> None:
    rate = estimate(stamps(118, np.random.default_rng(1), stamp=1.5e-4, period=3e-5)).rate
    assert rate.U / rate.value < 1e-5
    assert rate.value == pytest.approx(7000.0, rel=1e-5)


def test_the_time_base_is_a_line_of_its_own() -> None:
    rate = stroke_rate(stamps(24, np.random.default_rng(1), stamp=1e-4), time_base_u=1e-3).rate
    (line,) = (line for line in rate.budget if line.name == "counter time base")
    assert line.u == pytest.approx(1e-3 * rate.value)


def test_perfect_stamps_claim_no_more_than_their_number_format() -> None:
    result = estimate(1e6 + np.arange(24) * 2.0**-7)
    assert result.rate.value == pytest.approx(60 * 128, rel=1e-9)
    assert 0 < result.rate.u < 1e-3


def test_long_records_are_evaluated_in_pieces_to_the_same_result() -> None:
    long = stamps(10_000, np.random.default_rng(6), stamp=1.5e-4, period=3e-5)
    assert estimate(long).rate.value == pytest.approx(7000.0, rel=2e-6)


def test_a_filled_stroke_is_marked() -> None:
    filled = np.delete(np.arange(12.0), 5)
    strokes, where = whole_strokes(np.array([*filled[:3], 2.004, *filled[3:]]))
    assert strokes == pytest.approx(np.arange(12.0))
    assert where.nonzero()[0].tolist() == [5]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.array([]), "0 stamps"),
        (np.array([1.0]), "1 stamps"),
        (np.arange(7.0), "7 stamps"),
        (np.full(10, 3.0), "do not increase"),
        (np.arange(10.0)[::-1], "do not increase"),
        (np.arange(20.0).reshape(2, 10), "shape"),
        (np.array([*range(9), math.nan]), "finite"),
        (np.array([*range(9), math.inf]), "finite"),
        (np.delete(np.arange(12.0), [4, 7, 9]), "left no stamp"),
        (np.sort(np.concatenate([np.arange(5.0), np.arange(5.0) + 1e-3])), "5 strokes among 10"),
    ],
)
def test_stamps_of_no_strokes_are_refused(wrong: Floats, words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        estimate(wrong)


@pytest.mark.parametrize("wrong", [-1e-9, math.nan, math.inf])
def test_an_impossible_time_base_is_refused(wrong: float) -> None:
    with pytest.raises(EstimateError, match="time base"):
        stroke_rate(np.arange(24.0), time_base_u=wrong)


@pytest.mark.parametrize("wrong", [-1e-3, math.nan, math.inf])
def test_an_impossible_droop_is_refused(wrong: float) -> None:
    with pytest.raises(EstimateError):
        stroke_rate(np.arange(24.0), time_base_u=0.0, droop=wrong)


def test_the_rate_is_raised_by_the_droop_and_the_value_as_read_is_kept() -> None:
    rate = stroke_rate(stamps(24, np.random.default_rng(1)), time_base_u=0.0, droop=1e-3).rate
    assert rate.as_read == pytest.approx(7000.0)
    assert rate.value == pytest.approx(7007.0, rel=1e-5)
    assert rate.u == pytest.approx(7.0 / math.sqrt(3), rel=0.02)
    reach = rate.U
    assert reach == pytest.approx(0.9545 * 7.0, rel=0.02)  # 95.45 % of a rectangle, not two of its u


def test_the_bare_rate_is_the_one_before_corrections() -> None:
    record = stamps(24, np.random.default_rng(1), stamp=1e-4)
    loaded = stroke_rate(record, time_base_u=0.0, droop=1e-3).rate
    assert bare_rate_per_min(record) == pytest.approx(loaded.as_read, rel=1e-12)


@pytest.mark.parametrize("name", ["load_u", "edge_scatter", "usual_jitter"])
@pytest.mark.parametrize("wrong", [-1e-3, math.nan])
def test_impossible_figures_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(EstimateError, match="expected"):
        stroke_rate(np.arange(24.0), time_base_u=0.0, **{name: wrong})


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=40))
def test_any_stamps_give_a_finite_result_or_a_refusal(numbers: list[float]) -> None:
    try:
        result = estimate(np.sort(np.array(numbers)))
    except EstimateError:
        return
    assert math.isfinite(result.rate.value)
    assert result.rate.value > 0
    assert math.isfinite(result.rate.U)
    assert math.isfinite(result.jitter.U)


def test_a_scatter_of_the_tops_larger_than_what_was_seen_leaves_a_bound_and_no_certainty() -> None:
    random = np.random.default_rng(4)
    stamps = np.cumsum(8.57e-3 * (1 + 3e-5 * random.normal(size=24)))
    jitter = stroke_rate(stamps, time_base_u=0.0, edge_scatter=5e-3).jitter
    assert jitter.u > 0
    assert jitter.value - jitter.U <= 0.003 <= jitter.value + jitter.U
