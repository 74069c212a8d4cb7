"""Propagation of distributions by Monte Carlo (JCGM 101:2008), in blocks until the result has settled.

Blocks are drawn at the same time on all cores, each from a stream of its own: a seed gives one result, to the
bit, on any number of cores. Inputs are independent: what two of them share is an input of its own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from calibration.errors import EstimateError
from calibration.input_quantity import Floats, Input, Model, draw, estimates
from calibration.measured import COVERAGE

BLOCK = 10_000
MAXIMUM_TRIALS = 10_000_000
SEED = 101
"""Where drawing begins when no generator is given."""

WORKERS = min(8, os.cpu_count() or 1)
WAVE = 16
"""So many blocks are under way at most; those drawn beyond what was needed are thrown away."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Distributed:
    """What Monte Carlo found of a result.

    Args:
        value: mean of all trials.
        u: their standard deviation.
        interval: coverage interval.
        probability: its coverage probability.
        trials: how many were drawn.
        tolerance: numerical tolerance aimed at; NaN when the number of trials was given instead.
        settled: whether it was reached.
        end_noise: how far an end of the interval may be off by chance: two standard deviations.
    """

    value: float
    u: float
    interval: Interval
    probability: float
    trials: int
    tolerance: float
    settled: bool
    end_noise: float


def monte_carlo(
    model: Model, inputs: Mapping[str, Input], *, digits: int = 2, tolerance_share: float = 1.0,
    probability: float = COVERAGE, shortest: bool = False, trials: int | None = None,
    maximum: int = MAXIMUM_TRIALS, rng: np.random.Generator | None = None,
) -> Distributed:  # fmt: skip
    """Propagate the inputs' distributions through the model.

    Blocks of 10⁴ trials are added until twice the standard deviation of the mean of each of y, u and both
    ends of the interval lies within the tolerance (JCGM 101, 7.9.4).

    Args:
        model: function of the inputs' names, for arrays of shape (n,); called from several threads at a time.
        inputs: by the names of the model's arguments.
        digits: significant digits of u that count; the tolerance is half of the last one (7.9.2).
        tolerance_share: aim at this share of it (a fifth, to validate another method by; 8.2).
        probability: coverage probability.
        shortest: give the shortest coverage interval; else the probabilistically symmetric one.
        trials: draw exactly so many, whatever the tolerance.
        maximum: stop after so many even when it has not settled.
        rng: source of random numbers; one with a fixed seed when missing.

    Raises:
        EstimateError: no inputs, a result that is not finite or not one number a trial, options out of range.
    """
    _check(digits, tolerance_share, probability, trials, maximum)
    estimates(inputs)
    source = np.random.Generator(np.random.SFC64(SEED)) if rng is None else rng.spawn(1)[0]
    if trials is not None:
        sizes = [BLOCK] * (trials // BLOCK) + [trials % BLOCK] * (trials % BLOCK > 0)
        values = np.concatenate(list(_blocks(model, inputs, sizes, source)))
        return _summary(values, probability, shortest, math.nan, True)
    return _until_settled(model, inputs, digits, tolerance_share, probability, shortest, maximum, source)


def _blocks(
    model: Model, inputs: Mapping[str, Input], sizes: Sequence[int], rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield a block of results of each size, in order, while the next ones are drawn."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for first in range(0, len(sizes), WAVE):
            wave = sizes[first : first + WAVE]
            yield from pool.map(run, repeat(model), repeat(inputs), wave, rng.spawn(len(wave)))


def _until_settled(
    model: Model, inputs: Mapping[str, Input], digits: int, share: float, probability: float,
    shortest: bool, maximum: int, rng: np.random.Generator,
) -> Distributed:  # fmt: skip
    size = max(BLOCK, math.ceil(100 / (1 - probability)))
    most = max(2, maximum // size)
    figures = np.empty((most, 4))
    blocks: list[Floats] = []
    tolerance, settled = 0.0, False
    for block in _blocks(model, inputs, [size] * most, rng):
        figures[len(blocks)] = [block.mean(), block.std(ddof=1), *_interval(block, probability, shortest)]
        blocks.append(block)
        seen = figures[: len(blocks)]
        tolerance = share * numerical_tolerance(float(seen[:, 1].mean()), digits)
        if len(blocks) >= 2:
            noise = 2.0 * seen.std(axis=0, ddof=1) / math.sqrt(len(blocks))
            settled = bool((noise <= tolerance).all())
        if settled:
            break
    return _summary(np.concatenate(blocks), probability, shortest, tolerance, settled)


def numerical_tolerance(u: float, digits: int) -> float:
    """Return half a unit of the last of ``digits`` significant digits of ``u`` (JCGM 101, 7.9.2)."""
    if u == 0:
        return 0.0
    return 0.5 * 10.0 ** (math.floor(math.log10(u)) - digits + 1)


def run(model: Model, inputs: Mapping[str, Input], count: int, rng: np.random.Generator) -> Floats:
    """Return the model's results for ``count`` draws of all inputs, shape (count,).

    Raises:
        EstimateError: the model does not take arrays, or a result is not finite.
    """
    drawn = {name: draw(source, count, rng) for name, source in inputs.items()}
    try:
        with np.errstate(all="ignore"):
            results = np.asarray(model(**drawn), dtype=float)
    except (TypeError, ValueError) as error:
        raise EstimateError(
            f"the model does not take arrays of {', '.join(inputs)} ({error}): write it with operators and "
            "numpy functions, numpy.where in place of if"
        ) from error
    if results.shape not in ((), (count,)):
        raise EstimateError(f"the model gives {results.shape} for {count} trials, expected one number each")
    broken = int((~np.isfinite(results)).sum())
    if broken:
        raise EstimateError(
            f"the model is not finite in {broken} of {count} trials: an input reaches too far"
        )
    return np.broadcast_to(results, (count,))


def coverage_interval(values: Floats, probability: float = COVERAGE, *, shortest: bool = False) -> Interval:
    """Return the ends of a coverage interval of drawn values (JCGM 101, 7.7).

    The place of a shortest interval is noisier than its width.

    Raises:
        EstimateError: fewer values than the probability needs, or not finite.
    """
    _check_probability(probability)
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 1 / (1 - probability) or not np.isfinite(values).all():
        raise EstimateError(
            f"{values.shape} values for coverage of {probability:g}, "
            f"expected finite ones, shape (n,), n ≥ {math.ceil(1 / (1 - probability))}"
        )
    return _interval(values, probability, shortest)


def _interval(values: Floats, probability: float, shortest: bool) -> Interval:
    inside = min(int(probability * len(values) + 0.5), len(values) - 1)
    if shortest:
        ordered = np.sort(values)
        first = int(np.argmin(ordered[inside:] - ordered[:-inside]))
        return float(ordered[first]), float(ordered[first + inside])
    low = max(0, int((len(values) - inside) / 2 + 0.5) - 1)
    # One after the other: numpy looks for two places at once far more slowly than for one.
    below = np.partition(values, low + inside)[: low + inside + 1]
    return float(np.partition(below, low)[low]), float(below[low + inside])


def _summary(
    values: Floats, probability: float, shortest: bool, tolerance: float, settled: bool
) -> Distributed:
    interval = _interval(values, probability, shortest)
    u = float(values.std(ddof=1))
    noise = _end_noise(values, probability)
    return Distributed(float(values.mean()), u, interval, probability, len(values), tolerance, settled, noise)


def _end_noise(values: Floats, probability: float) -> float:
    """Return two standard deviations of the ends of a symmetric interval: what ranks scatter by.

    How many of n values lie below a quantile p scatters by √(n·p·(1 − p)); the values at so many ranks more
    and less tell what that means in their unit (Kendall and Stuart, vol. 1, 10.10).
    """
    n, tail = len(values), (1.0 - probability) / 2.0
    ranks = 2.0 * math.sqrt(n * tail * (1.0 - tail))
    places = [
        int(min(n - 1, max(0, round(share * n + off))))
        for share in (tail, 1.0 - tail)
        for off in (-ranks, ranks)
    ]
    first, second, third, fourth = np.partition(values, places)[places]
    return float(max(second - first, fourth - third)) / 2.0


def _check(digits: int, share: float, probability: float, trials: int | None, maximum: int) -> None:
    _check_probability(probability)
    if digits not in (1, 2, 3):
        raise EstimateError(f"{digits} significant digits, expected 1, 2 or 3")
    if not 0 < share <= 1:
        raise EstimateError(f"share {share} of the tolerance, expected more than 0, at most 1")
    least = 100 / (1 - probability)
    if trials is not None and trials < least:
        raise EstimateError(f"{trials} trials, expected {math.ceil(least)} or more for {probability:g}")
    if maximum < 2 * BLOCK:
        raise EstimateError(f"at most {maximum} trials, expected {2 * BLOCK} or more")


def _check_probability(probability: float) -> None:
    if not 0 < probability < 1:
        raise EstimateError(f"coverage probability {probability}, expected between 0 and 1")
