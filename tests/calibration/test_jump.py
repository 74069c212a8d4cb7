"""Jumps in smooth records: found where they are, and not seen where noise or bending alone is."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.jump import largest_jump

NOISE = 0.004


def decay(size: int, random: np.random.Generator) -> np.ndarray:
    time = 0.08 * np.arange(size)
    return 20.0 - 0.6 * (1 - np.exp(-time / 0.7)) - 0.05 * time + NOISE * random.normal(size=size)


def test_a_smooth_decay_has_no_jump() -> None:
    random = np.random.default_rng(1)
    found = [largest_jump(decay(100, random), noise=NOISE) for _ in range(2000)]
    assert not any(jump.is_beyond_chance for jump in found if jump is not None)


@pytest.mark.parametrize("behind", [1, 40, 97])
@pytest.mark.parametrize("size", [-0.1, 0.1])
def test_a_jump_is_found_where_it_is(behind: int, size: float) -> None:
    values = decay(100, np.random.default_rng(2))
    values[behind + 1 :] += size
    jump = largest_jump(values, noise=NOISE)
    assert jump is not None
    assert jump.is_beyond_chance
    assert jump.behind == behind
    assert jump.size == pytest.approx(size, abs=5 * NOISE)


def test_a_noisier_record_than_stated_does_not_jump() -> None:
    values = 20.0 + 0.05 * np.random.default_rng(3).normal(size=100)
    jump = largest_jump(values, noise=NOISE)
    assert jump is not None
    assert not jump.is_beyond_chance


def test_too_few_readings_tell_nothing() -> None:
    assert largest_jump(np.array([1.0, 9.0, 1.0]), noise=NOISE) is None
