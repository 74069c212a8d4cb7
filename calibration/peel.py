"""Strength of a seal that is pulled open: mean and maximum force, where it failed, a set of specimens.

A peel begins with slack and the stretch of the film, has a peak where the front starts, and ends where the
force is gone (after ASTM F88 and EN 868-5: force per 15 mm of width). The mean is taken over the same middle
fraction of the peeled way for every specimen of a set, weighted by travel. It refuses records in which the
force never ends: a specimen that still holds has no middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.gauge_figures import GaugeFigures
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured

Floats = NDArray[np.float64]

REFERENCE_WIDTH_MM = 15.0
MINIMUM_POINTS = 40
HOLD_SIGMAS = 8.0
HOLD_SHARE = 0.15
"""The seal holds while the force is above this share of its median pull."""

UNIT = "N/15 mm"
FEWEST_PAIRS = 4
ORDERS = 20_000


@dataclass(frozen=True)
class Peel:
    """One specimen.

    Args:
        mean: force over the middle fraction, N/15 mm.
        maximum: largest force, N/15 mm.
        starts_mm: travel at the peak that begins the peel; ``fails_mm`` at which the force was gone.
        waviness: standard deviation of the force over the middle fraction, relative: waves, stick and slip.
    """

    mean: Measured
    maximum: Measured
    starts_mm: float
    fails_mm: float
    waviness: float

    @property
    def peeled_mm(self) -> float:
        """Travel from the first peak to the end."""
        return self.fails_mm - self.starts_mm


def peel_strength(
    time_s: ArrayLike,
    travel_mm: ArrayLike,
    pull_n: ArrayLike,
    *,
    width_mm: float,
    width_u_mm: float,
    shares: tuple[float, float],
    gauge: GaugeFigures,
    zero_u_n: float,
) -> Peel:
    """Evaluate the record of one specimen.

    Args:
        time_s, travel_mm, pull_n: the record, shape (n,); the pull positive and free of the gauge's zero.
        width_mm, width_u_mm: of the specimen.
        shares: where the mean begins and ends, as shares of the peeled way, 0 ≤ first < second ≤ 1.
        gauge: what its certificate says.
        zero_u_n: standard uncertainty of the zero that was taken off.

    Raises:
        EstimateError: a record that is none, no seal, a seal that never failed, or impossible figures.
    """
    t, z, f = _checked(time_s, travel_mm, pull_n)
    _check_figures(width_mm, width_u_mm, shares, zero_u_n)
    peak, end = _ends(z, f, gauge)
    low_mm, high_mm = (float(z[peak] + share * (z[end] - z[peak])) for share in shares)
    inside = (z >= low_mm) & (z <= high_mm)
    if int(inside.sum()) < MINIMUM_POINTS // 2:
        raise EstimateError(
            f"{inside.sum()} readings in the middle of the peel, expected {MINIMUM_POINTS // 2}"
        )
    x, y = z[inside], f[inside]
    mean_n = float(np.trapezoid(y, x) / (x[-1] - x[0]))
    common = {
        "zero": Input(0.0, zero_u_n, name="zero"),
        "drift": Input(0.0, gauge.drift_n_per_s * float(t[end] - t[0]) / math.sqrt(3.0),
                       distribution=Distribution.RECTANGULAR, name="zero drift"),
        "q": Input(0.0, gauge.rounding_u, distribution=Distribution.RECTANGULAR, name="resolution"),
        "g": Input(1.0, gauge.gain_u, name="gauge"),
        "w": Input(width_mm, width_u_mm, name="width"),
    }  # fmt: skip
    return Peel(
        _per_width("F_mean", mean_n, _mean_u(y), common, "readings along the peel"),
        _maximum(f, peak, gauge, common),
        float(z[peak]),
        float(z[end]),
        float(y.std()) / mean_n,
    )


def _per_width(
    symbol: str,
    force_n: float,
    u: float,
    common: dict[str, Input],
    name: str,
    *,
    as_read: float | None = None,
) -> Measured:
    return result(
        f"σ = ({symbol} + δ_zero + δ_drift + δ_q)·g·15 mm/w",
        lambda F, zero, drift, q, g, w: (F + zero + drift + q) * g * REFERENCE_WIDTH_MM / w,
        {"F": Input(force_n, u, name=name)} | common,
        UNIT,
        as_read=as_read,
    )


def _maximum(f: Floats, peak: int, gauge: GaugeFigures, common: dict[str, Input]) -> Measured:
    """Return the largest force: the true peak falls between readings, the largest reading is one of many."""
    rise = max(0.0, float(f[peak] - f[max(0, peak - 6)]) / 6.0)
    return result(
        "σ = (F_max + δ_peak + δ_n + δ_zero + δ_drift + δ_q)·g·15 mm/w",
        lambda F, between, n, zero, drift, q, g, w: (F + between + n + zero + drift + q) * g
        * REFERENCE_WIDTH_MM / w,
        {
            "F": Input(float(f[peak]), 0.0, name="largest reading"),
            "between": Input(rise / 2, rise / math.sqrt(12.0), distribution=Distribution.RECTANGULAR,
                             name="peak between readings"),
            "n": Input(0.0, gauge.reading_u, name="noise of a reading"),
        }
        | common,
        UNIT,
        as_read=float(f[peak]) * REFERENCE_WIDTH_MM / common["w"].value,
    )  # fmt: skip


def _mean_u(y: Floats) -> float:
    """Standard uncertainty of a mean of readings that follow a wave: from what neighbours differ by.

    Half the mean square successive difference is the variance of what is not a slow wave (von Neumann, Ann.
    Math. Stat. 12 (1941) 367).
    """
    return float(np.sqrt((np.diff(y) ** 2).sum() / 2.0 / (len(y) - 1) / len(y)))


def _ends(z: Floats, f: Floats, gauge: GaugeFigures) -> tuple[int, int]:
    """Return the index of the peak that begins the peel, and of the last reading that still holds."""
    held = f > HOLD_SIGMAS * gauge.reading_u
    if int(held.sum()) < MINIMUM_POINTS // 2:
        raise EstimateError(f"a pull above the noise in only {held.sum()} readings: there was no seal")
    holds = np.flatnonzero(f > max(HOLD_SHARE * float(np.median(f[held])), HOLD_SIGMAS * gauge.reading_u))
    end = int(holds[-1])
    if end >= len(f) - 2:
        raise EstimateError("the seal still held at the end of the record: pull further")
    # The front starts where the film first gives way by more than it ever slips: at the largest pull.
    first_third = int(holds[0]) + max(1, (end - int(holds[0])) // 3)
    return int(holds[0] + np.argmax(f[holds[0] : first_third])), end


def _checked(time_s: ArrayLike, travel_mm: ArrayLike, pull_n: ArrayLike) -> tuple[Floats, Floats, Floats]:
    t, z, f = (np.asarray(column, dtype=float) for column in (time_s, travel_mm, pull_n))
    if z.ndim != 1 or not t.shape == z.shape == f.shape or len(z) < MINIMUM_POINTS:
        raise EstimateError(
            f"a record of shapes {t.shape}, {z.shape} and {f.shape}, expected one shape (n,), "
            f"n of {MINIMUM_POINTS} or more"
        )
    if not all(np.isfinite(column).all() for column in (t, z, f)):
        raise EstimateError("a record that is not finite, expected numbers everywhere")
    if (np.diff(z) < 0).any() or z[-1] <= z[0]:
        raise EstimateError("the travel does not grow, expected a pull in one direction")
    return t, z, f


def _check_figures(width_mm: float, width_u_mm: float, shares: tuple[float, float], zero_u_n: float) -> None:
    if not (math.isfinite(width_mm) and width_mm > 0):
        raise EstimateError(f"a width of {width_mm} mm, expected more than 0")
    for name, size in (("width u", width_u_mm), ("zero u", zero_u_n)):
        if not (math.isfinite(size) and size >= 0):
            raise EstimateError(f"{name} = {size}, expected a finite number, not negative")
    if not 0 <= shares[0] < shares[1] <= 1:
        raise EstimateError(
            f"a middle from {shares[0]} to {shares[1]} of the peel, expected 0 ≤ first < second ≤ 1"
        )


def set_mean(specimens: Sequence[Measured]) -> Measured:
    """Return the mean strength of a lot from a set of its specimens.

    How the specimens differ tells how far the set's mean may be from the lot's (Student); what they share,
    the gauge above all, is not averaged away.

    Raises:
        EstimateError: fewer than two specimens, or of different units.
    """
    if len(specimens) < 2 or len({specimen.unit for specimen in specimens}) != 1:
        raise EstimateError(f"{len(specimens)} specimens, expected 2 or more of one unit")
    values = np.array([specimen.value for specimen in specimens])
    scatter = float(values.std(ddof=1)) / math.sqrt(len(values))
    shared = float(np.mean([specimen.u for specimen in specimens]))
    return result(
        "σ_lot = mean(σ) + δ_measurement",
        lambda mean, measurement: mean + measurement,
        {
            "mean": Input(float(values.mean()), scatter, len(values) - 1.0, name="scatter of the specimens"),
            "measurement": Input(0.0, shared, name="measurement of a specimen"),
        },
        specimens[0].unit,
    )


@dataclass(frozen=True)
class Agreement:
    """How two characteristics of the same units go together: Spearman's rank correlation, and its p value."""

    correlation: float
    p_value: float
    units: int


def rank_agreement(strengths: Sequence[Measured], leaks: Sequence[Measured]) -> Agreement:
    """Compare peel strength and leak rate of the same pouches: a weak seal should leak more (negative).

    The p value is the share of random orders that agree or disagree at least as much.

    Raises:
        EstimateError: fewer than four pouches, different numbers of both, or all equal.
    """
    from scipy.stats import rankdata

    a, b = (np.array([measured.value for measured in results]) for results in (strengths, leaks))
    if a.shape != b.shape or len(a) < FEWEST_PAIRS:
        raise EstimateError(
            f"{len(a)} strengths and {len(b)} leaks, expected {FEWEST_PAIRS} or more of the same"
        )
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        raise EstimateError("all strengths or all leaks are equal: there is no order to compare")
    x, y = (ranks - ranks.mean() for ranks in (rankdata(a), rankdata(b)))
    size = math.sqrt(float(x @ x) * float(y @ y))
    orders = np.random.default_rng(1).permuted(np.tile(y, (ORDERS, 1)), axis=1)
    # The order that was found is one of them, so that chance is never said to be impossible.
    as_far = 1 + int((np.abs(orders @ x) >= abs(float(x @ y)) - 1e-9 * size).sum())
    return Agreement(float(x @ y) / size, as_far / (ORDERS + 1), len(a))
