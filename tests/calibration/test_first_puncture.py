"""The force before the first puncture: a needle that hides behind another one, and one that does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.first_puncture import Known, Level, Piece, force_before

Floats = NDArray[np.float64]

SIGMA_N, STEP_MM, SLOPE, DROP_N = 0.004, 4.2e-4, 0.9, 0.016
FIRST, RECORDS = 200, 60
KNOWN = Known(sigma=SIGMA_N, bend=1.0, drop_n=0.022, spacing_mm=0.005)


def record(seed: int, *, apart: int) -> tuple[Piece, float]:
    """Return a rise that falls twice, ``apart`` readings apart, cut at the second fall; and its force."""
    z = STEP_MM * np.arange(2 * FIRST + apart)
    f = SLOPE * z
    f[FIRST:] -= DROP_N
    f[FIRST + apart :] -= DROP_N
    noise = np.random.default_rng(seed).normal(0.0, SIGMA_N, len(z))
    return Piece(z, f + noise, 0, FIRST + apart, len(z)), SLOPE * STEP_MM * (FIRST - 0.5)


def naive(piece: Piece) -> float:
    """Return what a line through everything before the cut is there."""
    z, f = piece.z[: piece.cut], piece.f[: piece.cut]
    return float(np.polyval(np.polyfit(z, f, 1), 0.5 * (piece.z[piece.cut - 1] + piece.z[piece.cut])))


@pytest.mark.parametrize("apart", [10, 20, 40])
def test_a_needle_that_hides_before_another_one_is_found(apart: int) -> None:
    pairs = [record(seed, apart=apart) for seed in range(RECORDS)]
    found = [(force_before(piece, KNOWN), true) for piece, true in pairs]
    assert np.mean([abs(level.force_n - true) < 2 * level.u_n for level, true in found]) > 0.85
    missed_n = np.sqrt(np.mean([(level.force_n - true) ** 2 for level, true in found]))
    naive_n = np.sqrt(np.mean([(naive(piece) - true) ** 2 for piece, true in pairs]))
    assert missed_n < naive_n


def test_what_hides_nothing_is_hardly_changed() -> None:
    z = STEP_MM * np.arange(2 * FIRST)
    found: list[Level] = []
    for seed in range(RECORDS):
        f = SLOPE * z + np.random.default_rng(seed).normal(0.0, SIGMA_N, len(z))
        f[FIRST:] -= DROP_N
        found.append(force_before(Piece(z, f, 0, FIRST, len(z)), KNOWN))
    true = SLOPE * STEP_MM * (FIRST - 0.5)
    assert np.mean([abs(level.force_n - true) < 2 * level.u_n for level in found]) > 0.88
    assert np.median([level.u_n for level in found]) < 2e-3
    assert np.median([level.slope for level in found]) == pytest.approx(SLOPE, rel=0.1)


@settings(max_examples=40)
@given(
    first=st.integers(0, 20), before=st.integers(3, 80), after=st.integers(3, 80),
    step_mm=st.sampled_from([0.0, 1e-5, 1e-3]), seed=st.integers(0, 99),
)  # fmt: skip
def test_pieces_of_any_length_give_numbers(
    first: int, before: int, after: int, step_mm: float, seed: int
) -> None:
    z = step_mm * np.arange(first + before + after)
    f = np.random.default_rng(seed).normal(0.0, SIGMA_N, len(z))
    level = force_before(Piece(z, f, first, first + before, len(z)), KNOWN)
    assert np.isfinite([level.force_n, level.u_n, level.slope]).all()
    assert level.u_n > 0
