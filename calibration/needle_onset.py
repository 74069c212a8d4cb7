"""Where the first of many springs touches: needles of different length against a plate.

Each of n needles is a spring of its own: F = F₀ + (k/n)·Σ max(0, z − zᵢ), so the slope grows by a step with
every needle that touches, to k when all do. The longest stands a few micrometres before the next and is
felt with the n-th part of a soft spring; a gauge that resolves 10 mN does not see it alone. The curve is
therefore read in two steps. A smooth beginning (needles of a normal law: mean z̄, standard deviation σ)
is fitted, and gives F₀, k, z̄ and σ of these needles well. Then tips of n needles are drawn, each brought to
that mean and standard deviation; every one is fitted to the scan, to first order around the smooth fit,
and weighed by its likelihood. What the weighted tips say of their longest needle is the result, and their
spread is what the scan does not tell.

Refuses a scan that begins or ends among the needles, and needles that stand apart as no drawn tip's do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

MINIMUM_POINTS = 16
MINIMUM_FREE_POINTS = 6
MINIMUM_NEEDLES = 2
PARAMETERS = 4
TIPS = 2500
ODD_TIPS, ODD_DOF = 0.25, 2
"""This share of the drawn tips has lengths of Student's law: a needle may stand apart, though few do."""

LEAST_TIPS = 60.0
"""Where fewer of the drawn tips carry the weight, likelihood is believed less until so many do."""

BEND_SIGMAS = 4.0
"""The slope changes within so many standard deviations of the needles about their mean."""

SIGMA_LIMITS_MM = (1e-3, 0.1)
"""Of the smooth beginning. Tips may be more even than the lower of them, once they are weighed."""

NOISE_MARGIN = 1.4
"""A misfit beyond so many times the noise from step to step is none of chance."""

TOUCHED_SIGMAS = 12.0
"""A scan in which the force grows by less than so many times the noise has no contact."""

INDEPENDENT = 1e-9


@dataclass(frozen=True)
class Scan:
    """Force against position, towards the needles.

    Args:
        position_mm: corrected places of the steps, increasing, mm, shape (n,).
        force_n: mean force at each, N, shape (n,).
        noise_n: standard deviation of such a mean to expect of the gauge, resolution included, N.

    Raises:
        EstimateError: wrong shape, too few points, not finite, not increasing, no noise at all.
    """

    position_mm: Floats
    force_n: Floats
    noise_n: float

    def __post_init__(self) -> None:
        z, f = np.asarray(self.position_mm, dtype=float), np.asarray(self.force_n, dtype=float)
        if z.ndim != 1 or z.shape != f.shape or len(z) < MINIMUM_POINTS:
            raise EstimateError(
                f"positions {z.shape} and forces {f.shape}, expected one shape (n,), n ≥ {MINIMUM_POINTS}"
            )
        if not (np.isfinite(z).all() and np.isfinite(f).all() and (np.diff(z) > 0).all()):
            raise EstimateError("positions and forces are not all finite, or positions do not increase")
        if not (math.isfinite(self.noise_n) and self.noise_n > 0):
            raise EstimateError(f"noise_n = {self.noise_n}, expected a finite number, more than 0")


@dataclass(frozen=True)
class FirstNeedle:
    """Contact of the longest needle (mm) with what fit and unknown lengths give to u, and the rest."""

    first_mm: float
    fit_u_mm: float
    tips_u_mm: float
    dof: float
    sigma_mm: float
    sigma_u_mm: float
    stiffness_n_per_mm: float
    misfit_n: float


def first_needle(scan: Scan, needles: int) -> FirstNeedle:
    """Find where the longest of ``needles`` needles touches, and how much they differ.

    Raises:
        EstimateError: no contact, contact at the first points, a scan that ends among the needles, needles
            that do not stand as those of one tip do, too few needles.
    """
    if needles < MINIMUM_NEEDLES:
        raise EstimateError(f"{needles} needles, expected {MINIMUM_NEEDLES} or more")
    return _weigh_tips(scan, _fit_smooth(scan), _tips(needles))


@dataclass(frozen=True)
class _Smooth:
    """Force without contact (N), stiffness (N/mm), mean and standard deviation of the contacts (mm)."""

    force_n: float
    stiffness: float
    mean_mm: float
    sigma_mm: float

    def reduced(self, z: Floats) -> Floats:
        return (z - self.mean_mm) / self.sigma_mm

    def curve(self, z: Floats) -> Floats:
        """Force that needles of a normal law give, N."""
        force: Floats = self.force_n + self.stiffness * self.sigma_mm * _onset(self.reduced(z))
        return force

    def slopes(self, z: Floats) -> Floats:
        """Derivatives of the curve by its four parameters, shape (n, 4)."""
        u = self.reduced(z)
        touching = ndtr(u)
        by_sigma = self.stiffness * (_onset(u) - u * touching)
        return np.stack([np.ones_like(u), self.sigma_mm * _onset(u), -self.stiffness * touching, by_sigma], 1)


def _onset(u: Floats) -> Floats:
    """Mean of max(0, u − x) over standard normal x: u·Φ(u) + φ(u)."""
    mean: Floats = u * ndtr(u) + np.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi)
    return mean


def _fit_smooth(scan: Scan) -> _Smooth:
    z, f = np.asarray(scan.position_mm, dtype=float), np.asarray(scan.force_n, dtype=float)
    free_n = float(np.median(f[:MINIMUM_FREE_POINTS]))
    loaded = f > free_n + (f.max() - free_n) / 2
    if f.max() - free_n < TOUCHED_SIGMAS * scan.noise_n or loaded.sum() < 3:
        raise EstimateError(f"no contact in the scan: the force stays within {np.ptp(f):.3g} N")
    stiffness, offset = np.polyfit(z[loaded] - z[0], f[loaded], 1)
    if not stiffness > 0:
        raise EstimateError("the force does not grow after contact: something gave way")
    mean_mm = float(np.clip(z[0] + (free_n - offset) / stiffness, z[0], z[-1]))
    start = np.array([free_n, stiffness, mean_mm, math.sqrt(SIGMA_LIMITS_MM[0] * SIGMA_LIMITS_MM[1])])
    low = [-np.inf, 0.0, z[0] - 1.0, SIGMA_LIMITS_MM[0]]
    high = [np.inf, np.inf, z[-1] + 1.0, SIGMA_LIMITS_MM[1]]
    fitted = least_squares(
        lambda p: _Smooth(*p).curve(z) - f, start, jac=lambda p: _Smooth(*p).slopes(z), bounds=(low, high),
        x_scale=[scan.noise_n, stiffness, start[3], start[3]],
    )  # fmt: skip
    smooth = _Smooth(*(float(value) for value in fitted.x))
    bend_mm = BEND_SIGMAS * smooth.sigma_mm
    if (z < smooth.mean_mm - bend_mm).sum() < MINIMUM_FREE_POINTS:
        raise EstimateError(
            f"needles touch from the first points on, expected {MINIMUM_FREE_POINTS} or more before contact"
        )
    if (z > smooth.mean_mm + bend_mm).sum() < MINIMUM_FREE_POINTS:
        raise EstimateError(
            f"the scan ends while needles still come to touch, "
            f"expected {MINIMUM_FREE_POINTS} points or more where all do"
        )
    return smooth


@lru_cache(maxsize=4)
def _tips(needles: int) -> Floats:
    """Return drawn tips: contacts of mean 0 and standard deviation 1, the longest first, shape (tips, n)."""
    random, odd = np.random.default_rng(needles), round(ODD_TIPS * TIPS)
    drawn = random.normal(size=(TIPS, needles))
    drawn[:odd] = random.standard_t(ODD_DOF, size=(odd, needles))
    drawn -= drawn.mean(axis=1, keepdims=True)
    tips: Floats = np.sort(drawn / drawn.std(axis=1, keepdims=True), axis=1)
    return tips


def _weigh_tips(scan: Scan, smooth: _Smooth, tips: Floats) -> FirstNeedle:
    """Fit every tip to the scan, to first order around the smooth fit, and weigh it by its likelihood."""
    z, f = np.asarray(scan.position_mm, dtype=float), np.asarray(scan.force_n, dtype=float)
    q, r = np.linalg.qr(smooth.slopes(z))
    if np.abs(np.diag(r)).min() < INDEPENDENT * np.abs(np.diag(r)).max():
        raise EstimateError("no point where the slope changes, expected finer steps of the scan")
    # Two curves of one mean and standard deviation differ only where the slope changes.
    bend = np.abs(smooth.reduced(z)) <= BEND_SIGMAS
    curves = np.clip(smooth.reduced(z[bend])[:, None, None] - tips, 0.0, None).mean(axis=2).T
    misfits = np.tile(f - smooth.curve(z), (len(tips), 1))
    misfits[:, bend] -= smooth.stiffness * smooth.sigma_mm * (curves - _onset(smooth.reduced(z[bend])))
    taken = misfits @ q
    squares = (misfits**2).sum(axis=1) - (taken**2).sum(axis=1)
    change = np.linalg.solve(r, taken.T)
    dof = len(z) - PARAMETERS
    misfit_n = math.sqrt(float(squares.min()) / dof)
    loaded = smooth.reduced(z) > -BEND_SIGMAS  # where an unsteady stage makes noise, too
    expected_n = max(_step_noise_n(f), _step_noise_n(f[loaded]), scan.noise_n)
    if misfit_n > NOISE_MARGIN * expected_n:
        raise EstimateError(
            f"the slope does not grow as with the needles of one tip: misfit {misfit_n * 1e3:.2g} mN, "
            f"expected {expected_n * 1e3:.2g} mN; does a needle stand apart from the others?"
        )
    noise_n = max(misfit_n, scan.noise_n)
    sigmas = np.maximum(smooth.sigma_mm + change[3], 0.0)
    weights = _weights((squares - squares.min()) / (2.0 * noise_n**2))
    firsts = smooth.mean_mm + change[2] + sigmas * tips[:, 0]
    first_mm = float(weights @ firsts)
    sigma_mm = float(weights @ sigmas)
    spread = noise_n * np.linalg.inv(r)[2:]  # of mean and sigma
    fit_variance = float(weights @ ((spread[0] + tips[:, :1] * spread[1]) ** 2).sum(axis=1))
    sigma_variance = float(weights @ (sigmas - sigma_mm) ** 2 + (spread[1] ** 2).sum())
    return FirstNeedle(
        first_mm, math.sqrt(fit_variance), math.sqrt(float(weights @ (firsts - first_mm) ** 2)), dof,
        sigma_mm, math.sqrt(sigma_variance), smooth.stiffness + float(weights @ change[1]), misfit_n,
    )  # fmt: skip


def _step_noise_n(f: Floats) -> float:
    """Noise of a step, N, from second differences, which a smooth misfit leaves alone."""
    return math.sqrt(float((np.diff(f, 2) ** 2).mean()) / 6.0)


def _weights(halves: Floats) -> Floats:
    """Return weights of tips from half their χ²; flattened until enough tips share them."""
    while True:
        weights: Floats = np.exp(-halves)
        weights /= weights.sum()
        if 1.0 / float(weights @ weights) >= LEAST_TIPS:
            return weights
        halves = halves / 2.0
