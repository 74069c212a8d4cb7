"""Allan deviation: the published figures to their last digit, the intervals' honesty, and refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.allan import AllanDeviation, Noise, allan_deviation, rate_stability
from calibration.errors import EstimateError

Floats = NDArray[np.float64]

PUBLISHED = json.loads(
    (Path(__file__).parents[1] / "data" / "allan_nist_sp1065.json").read_text(encoding="utf-8")
)


def thousand_phases() -> Floats:
    """The 1000 frequencies of NIST SP 1065, 12.4, summed to 1001 phases."""
    number, frequencies = 1234567890, []
    for _ in range(1000):
        frequencies.append(number / 2147483647)
        number = 16807 * number % 2147483647
    return np.concatenate([[0.0], np.cumsum(frequencies)])


def test_nist_thousand_points_to_the_printed_digits() -> None:
    table = PUBLISHED["thousand"]
    found = allan_deviation(thousand_phases(), 1.0, factors=table["factor"])
    assert [f"{value:.6e}" for value in found.deviation] == [f"{value:.6e}" for value in table["deviation"]]


def test_nbs_ten_points_to_the_printed_digits() -> None:
    table = PUBLISHED["ten"]
    found = allan_deviation(np.array(PUBLISHED["ten_phases"]), 1.0, factors=table["factor"])
    assert [f"{value:.5f}" for value in found.deviation] == [f"{value:.5f}" for value in table["deviation"]]


def test_nist_error_bars() -> None:
    printed = PUBLISHED["error_bars"]
    factors = [1, 2, 5, printed["factor"]]
    found = allan_deviation(thousand_phases(), 1.0, factors=factors, probability=printed["probability"])
    assert found.noise[-1] is Noise.WHITE_FREQUENCY
    assert round(float(found.dof[-1]), 3) == printed["dof"]
    # The quantiles of χ² in the table are approximations.
    assert found.low[-1] == pytest.approx(printed["low"], rel=1e-3)
    assert found.high[-1] == pytest.approx(printed["high"], rel=1e-3)


def test_stable32_octaves_with_their_intervals() -> None:
    table = PUBLISHED["octaves"]
    found = allan_deviation(thousand_phases(), 1.0, factors=table["factor"], probability=table["probability"])
    assert set(found.noise) == {Noise.WHITE_FREQUENCY}
    assert [f"{value:.4e}" for value in found.deviation] == [f"{value:.4e}" for value in table["deviation"]]
    # Stable32 approximates the quantiles of χ².
    assert found.low == pytest.approx(table["low"], rel=4e-3)
    assert found.high == pytest.approx(table["high"], rel=4e-3)


Make = Callable[[np.random.Generator, int], Floats]

NOISES: dict[Noise, tuple[Make, Callable[[Floats], Floats]]] = {
    # How to make a phase of it, and the deviation that theory expects with τ₀ = 1 (SP 1065, table 3 and 7.1).
    Noise.WHITE_PHASE: (lambda random, n: random.normal(size=n), lambda tau: math.sqrt(3.0) / tau),
    Noise.WHITE_FREQUENCY: (lambda random, n: np.cumsum(random.normal(size=n)), lambda tau: tau**-0.5),
    Noise.RANDOM_WALK_FREQUENCY: (
        lambda random, n: np.cumsum(np.cumsum(random.normal(size=n))),
        lambda tau: np.sqrt((2.0 * tau**2 + 1.0) / (6.0 * tau)),
    ),
}


@pytest.mark.parametrize("noise", NOISES)
def test_noises_are_named_and_as_large_as_theory_says(noise: Noise) -> None:
    make, expected = NOISES[noise]
    found = allan_deviation(make(np.random.default_rng(4), 100_000), 1.0)
    assert set(found.noise[:8]) == {noise}
    assert found.deviation[:8] == pytest.approx(expected(found.tau_s[:8]), rel=0.1)


@pytest.mark.parametrize("noise", NOISES)
def test_intervals_hold_the_truth_as_often_as_they_say(noise: Noise) -> None:
    make, expected = NOISES[noise]
    random = np.random.default_rng(8)
    held = []
    for _ in range(300):
        found = allan_deviation(make(random, 400), 1.0, factors=[1, 2, 4, 8])
        truth = expected(found.tau_s)
        held.append((found.low <= truth) & (truth <= found.high))
    assert (np.mean(held, axis=0) >= 0.92).all()


def strokes(random: np.random.Generator, n: int = 20_000) -> Floats:
    """Stamps at 100 Hz: 20 µs of trigger noise, 0.1 % jitter, a rate that walks off by 10 ppm a stroke."""
    walk = 1e-5 * np.cumsum(random.normal(size=n))
    periods = 0.01 * (1.0 + 1e-3 * random.normal(size=n) + walk)
    return np.cumsum(periods) + 2e-5 * random.normal(size=n)


def test_stroke_rate_shows_its_three_noises_one_after_another() -> None:
    found = rate_stability(strokes(np.random.default_rng(2)))
    assert found.tau_s[0] == pytest.approx(0.01, rel=1e-3)
    # √3·20 µs/10 ms of stamps and 0.1 % of periods at one stroke.
    assert found.deviation[0] == pytest.approx(math.hypot(math.sqrt(3.0) * 2e-3, 1e-3), rel=0.05)
    assert found.noise[0] is Noise.WHITE_PHASE
    assert Noise.WHITE_FREQUENCY in found.noise
    assert found.noise[-1] is Noise.RANDOM_WALK_FREQUENCY


def test_missed_strokes_and_bounces_change_little() -> None:
    stamps = strokes(np.random.default_rng(2))
    whole = rate_stability(stamps)
    gaps = np.delete(stamps, np.arange(50, len(stamps), 100))
    bounced = np.sort(np.concatenate([stamps, stamps[::97] + 3e-4]))
    assert rate_stability(gaps).deviation == pytest.approx(whole.deviation, rel=0.03)
    assert rate_stability(bounced).deviation == pytest.approx(whole.deviation, rel=1e-9)


@given(st.floats(1e-6, 1e6), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_units_a_constant_phase_and_a_constant_rate_do_not_matter(
    size: float, phase: float, rate: float
) -> None:
    x = np.cumsum(np.random.default_rng(6).normal(size=300))
    plain = allan_deviation(x, 1.0)
    other = allan_deviation(size * (x + phase + rate * np.arange(300)), size)
    assert other.deviation == pytest.approx(plain.deviation, rel=1e-6)
    assert other.tau_s == pytest.approx(size * plain.tau_s)
    assert other.noise == plain.noise


def test_pieces_make_no_difference() -> None:
    x = np.cumsum(np.random.default_rng(7).normal(size=50_001))
    for m in (1, 3, 5000, 25_000):
        second = x[2 * m :] - 2 * x[m:-m] + x[: -2 * m]
        found = allan_deviation(x, 0.5, factors=[m]).deviation[0]
        assert found == pytest.approx(math.sqrt(np.mean(second**2) / 2) / (0.5 * m), rel=1e-12)


X = np.cumsum(np.random.default_rng(1).normal(size=40))


@pytest.mark.parametrize(
    ("phase", "changes", "words"),
    [
        (np.array([]), {}, "0 phases"),
        (X[:7], {}, "7 phases"),
        (X.reshape(4, 10), {}, r"shape \(4, 10\)"),
        (np.where(np.arange(40) == 5, math.nan, X), {}, "expected finite"),
        (np.zeros(40), {}, "without scatter"),
        (np.arange(40.0), {}, "without scatter"),
        (1e200 * X, {}, "beyond the range"),
        (X, {"interval_s": 0.0}, "interval 0.0 s"),
        (X, {"interval_s": math.nan}, "interval nan s"),
        (X, {"factors": []}, "one whole number"),
        (X, {"factors": [1.5]}, "one whole number"),
        (X, {"factors": [0, 1]}, "from 1 to 19"),
        (X, {"factors": [2, 2]}, "from 1 to 19"),
        (X, {"factors": [20]}, "from 1 to 19"),
        (X, {"probability": 0.0}, "probability"),
        (X, {"probability": 1.0}, "probability"),
    ],
)
def test_bad_input_is_refused(phase: Floats, changes: dict[str, object], words: str) -> None:
    with pytest.raises(EstimateError, match=words):
        allan_deviation(phase, **({"interval_s": 1.0} | changes))  # type: ignore[arg-type]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.inf), max_size=60), st.floats(-1.0, 10.0))
def test_any_record_gives_finite_figures_or_a_refusal(phases: list[float], interval_s: float) -> None:
    try:
        found: AllanDeviation = allan_deviation(np.array(phases), interval_s)
    except EstimateError:
        return
    assert np.isfinite(found.deviation).all()
    assert (found.low <= found.deviation).all()
    assert np.isfinite(found.low).all()
    assert np.isfinite(found.high).all()
