"""Where two bodies begin to touch: a straight baseline, then a force that grows with position.

Model of the rim's datum scan: F = F₀ + d·(z − z₀) before contact, plus k·(z − z₀) after. The stiffness
k is fitted, so what gauge, nest and plate give way drops out; so is the drift d, when the baseline shows
one. The first micrometres of contact are soft (tilt, roughness): they belong to neither line, and are
taken to reach no further before the contact than after it. What a soft beginning or a curved loading
still does to the extrapolated contact is seen from the upper half of the loaded points, which are the
least touched by it, and is a line of the budget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

MINIMUM_BASELINE_POINTS = 4
MINIMUM_LOADED_POINTS = 4
MINIMUM_SLOPED_POINTS = 6
"""A drift is only looked for in a baseline of so many points."""

DRIFT_RISK = 0.01
TOUCHED_SIGMAS = 6.0
STEEPER = 5.0
"""Contact is where the force begins to grow at least so many times faster than the baseline drifts."""

REFINEMENTS = 3


@dataclass(frozen=True)
class ContactPoint:
    """A contact found in a scan: position (mm), stiffness (N/mm), force and noise (N) without it.

    ``stiffness_u_n_per_mm`` has the degrees of freedom of the loaded line, ``loaded_dof``.
    """

    position: Measured
    stiffness_n_per_mm: float
    stiffness_u_n_per_mm: float
    loaded_dof: int
    baseline_n: float
    noise_n: float


@dataclass(frozen=True)
class _Line:
    """A straight line through points: its centre, slope, squared spread, scatter and degrees of freedom."""

    z: float
    f: float
    slope: float
    spread: float
    points: int
    scatter: float
    dof: int

    def at(self, z: float | Floats) -> float | Floats:
        return self.f + self.slope * (z - self.z)

    def variance_at(self, z: float) -> float:
        """Variance of the line's force at ``z``; a slope that was not fitted adds none."""
        tilt = (z - self.z) ** 2 / self.spread if self.spread else 0.0
        return self.scatter**2 * (1.0 / self.points + tilt)

    @property
    def slope_u(self) -> float:
        """Standard uncertainty of the slope; a slope that was not fitted has none."""
        return self.scatter / math.sqrt(self.spread) if self.spread else 0.0


def contact_point(
    position_mm: Floats, force_n: Floats, *, resolution_n: float, soft_n: float
) -> ContactPoint:
    """Find the contact in a scan towards it.

    Args:
        position_mm: positions of the steps, increasing, mm, shape (n,).
        force_n: force after each step, N, shape (n,).
        resolution_n: least step of the gauge, N, more than 0.
        soft_n: forces below this (above the baseline) belong to the soft beginning and are not fitted, N.

    Returns:
        Where the two lines meet, with the uncertainty of both and of their straightness.

    Raises:
        EstimateError: wrong shape, not finite, no contact, contact from the first point, too few points.
    """
    z, f = _checked(position_mm, force_n)
    if not (math.isfinite(resolution_n) and resolution_n > 0 and math.isfinite(soft_n) and soft_n >= 0):
        raise EstimateError(
            f"resolution {resolution_n} N, soft {soft_n} N, expected more than 0, and 0 or more"
        )
    floor_n = resolution_n / math.sqrt(12.0)
    contact_mm, slope = _kink(z, f, floor_n)
    for _ in range(REFINEMENTS):
        free = z < contact_mm - soft_n / slope
        if free.sum() < MINIMUM_BASELINE_POINTS:
            raise EstimateError(
                f"contact from point {int(free.sum())} on, "
                f"expected {MINIMUM_BASELINE_POINTS} or more before it"
            )
        baseline = _baseline(z[free], f[free], floor_n)
        loaded = (z > contact_mm) & (f - baseline.at(z) > soft_n)
        if loaded.sum() < MINIMUM_LOADED_POINTS:
            raise EstimateError(
                f"{int(loaded.sum())} points under more than {soft_n:g} N, "
                f"expected {MINIMUM_LOADED_POINTS} or more"
            )
        line = _fit(z[loaded], f[loaded], max(baseline.scatter, floor_n))
        contact_mm, slope = _meet(baseline, line)
    return _result(z[loaded], f[loaded], baseline, line)


def _checked(position_mm: Floats, force_n: Floats) -> tuple[Floats, Floats]:
    z, f = np.asarray(position_mm, dtype=float), np.asarray(force_n, dtype=float)
    if z.ndim != 1 or z.shape != f.shape:
        raise EstimateError(f"positions {z.shape} and forces {f.shape}, expected one shape (n,)")
    if len(z) < MINIMUM_BASELINE_POINTS + MINIMUM_LOADED_POINTS:
        raise EstimateError(
            f"{len(z)} points, expected {MINIMUM_BASELINE_POINTS + MINIMUM_LOADED_POINTS} or more"
        )
    if not (np.isfinite(z).all() and np.isfinite(f).all()):
        raise EstimateError("positions or forces are not all finite")
    if not (np.diff(z) > 0).all():
        raise EstimateError("positions do not increase from step to step")
    return z, f


def _kink(z: Floats, f: Floats, floor_n: float) -> tuple[float, float]:
    """Return contact (mm) and stiffness (N/mm) of the two lines that fit best, one on each side of a point.

    Raises:
        EstimateError: one line does as well as two, or the force falls: no contact.
    """
    fronts, backs = _misfit_of_first(z, f), _misfit_of_first(z[::-1], f[::-1])[::-1]
    splits = np.arange(MINIMUM_BASELINE_POINTS, len(z) - MINIMUM_LOADED_POINTS + 1)
    misfits = fronts[splits - 1] + backs[splits]
    split = int(splits[np.argmin(misfits)])
    before, after = _fit(z[:split], f[:split], floor_n), _fit(z[split:], f[split:], floor_n)
    noise_n = max(math.sqrt(float(misfits.min()) / len(z)), floor_n)
    if after.slope <= 0 or float(f[split:].max()) - before.f < TOUCHED_SIGMAS * noise_n:
        raise EstimateError(f"no contact in the scan: the force stays within {np.ptp(f):.3g} N")
    if after.slope < STEEPER * abs(before.slope):
        raise EstimateError(
            f"no kink in the force ({before.slope:.3g} then {after.slope:.3g} N/mm): contact from the first "
            f"point on, or none, expected a flat beginning"
        )
    return _meet(before, after)


def _misfit_of_first(z: Floats, f: Floats) -> Floats:
    """Return, for each count of first points, the squared misfit to their own straight line; shape (n,)."""
    z, f = z - z.mean(), f - f.mean()
    count = np.arange(1.0, len(z) + 1)
    sz, sf = np.cumsum(z), np.cumsum(f)
    szz, szf, sff = np.cumsum(z * z), np.cumsum(z * f), np.cumsum(f * f)
    spread = szz - sz**2 / count
    cross, height = szf - sz * sf / count, sff - sf**2 / count
    with np.errstate(divide="ignore", invalid="ignore"):
        misfit = np.where(spread > 0, height - cross**2 / spread, 0.0)
    return np.maximum(misfit, 0.0)


def _baseline(z: Floats, f: Floats, floor_n: float) -> _Line:
    """Fit the force without contact: its mean, or a sloping line when drift is beyond chance (t test)."""
    sloped = _fit(z, f, floor_n)
    beyond_chance = abs(sloped.slope) > stdtrit(sloped.dof, 1 - DRIFT_RISK / 2) * sloped.slope_u
    if beyond_chance and len(z) >= MINIMUM_SLOPED_POINTS:
        return sloped
    scatter = max(float(f.std(ddof=1)), floor_n)
    return _Line(float(z.mean()), float(f.mean()), 0.0, 0.0, len(z), scatter, len(z) - 1)


def _fit(z: Floats, f: Floats, floor_n: float) -> _Line:
    """Straight line; its scatter is at least ``floor_n``."""
    centre, mean = float(z.mean()), float(f.mean())
    spread = float(((z - centre) ** 2).sum())
    slope = float((z - centre) @ (f - mean)) / spread
    misfit = f - mean - slope * (z - centre)
    dof = max(1, len(z) - 2)
    scatter = max(math.sqrt(float(misfit @ misfit) / dof), floor_n)
    return _Line(centre, mean, slope, spread, len(z), scatter, dof)


def _meet(baseline: _Line, loaded: _Line) -> tuple[float, float]:
    """Return where two lines cross (mm), and how much steeper the second is (N/mm)."""
    slope = loaded.slope - baseline.slope
    if slope <= 0:
        raise EstimateError("the force does not grow after contact")
    return float(loaded.z - (loaded.f - baseline.at(loaded.z)) / slope), slope


def _result(z: Floats, f: Floats, baseline: _Line, line: _Line) -> ContactPoint:
    contact, slope = _meet(baseline, line)
    budget = [
        Contribution("fit of the loaded line", math.sqrt(line.variance_at(contact)) / slope, line.dof),
        Contribution("force without contact", math.sqrt(baseline.variance_at(contact)) / slope, baseline.dof),
        Contribution("straightness of the loading", _bend_u(z, f, baseline, line), line.dof),
    ]
    position = combine(contact, "mm", budget)
    slope_u = math.hypot(line.slope_u, baseline.slope_u)
    return ContactPoint(position, slope, slope_u, line.dof, float(baseline.at(contact)), baseline.scatter)


def _bend_u(z: Floats, f: Floats, baseline: _Line, line: _Line) -> float:
    """Return what a soft beginning or a curved loading costs, mm.

    The upper half of the points extrapolates to another contact. As far as noise does not explain the
    difference (variances of nested fits subtract) it is taken for the standard uncertainty of this.
    """
    half = len(z) // 2
    upper = _fit(z[half:], f[half:], line.scatter)
    contact, slope = _meet(baseline, line)
    if upper.slope <= baseline.slope:
        raise EstimateError("the force stops growing after contact: something gave way")
    other, _ = _meet(baseline, upper)
    unit = line.scatter / slope
    noise = unit**2 * (
        1 / upper.points + (contact - upper.z) ** 2 / upper.spread
        - 1 / line.points - (contact - line.z) ** 2 / line.spread
    )  # fmt: skip
    return math.sqrt(max(0.0, (other - contact) ** 2 - max(0.0, noise)))
