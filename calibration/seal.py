"""Leak rate of a pouch from the decay of the force that squeezes it.

The gas obeys p·V = n·R·T at constant temperature; the anvil's force is F_gas = A·(p − p₀). The film
relaxes: of each increase of the force a share aᵢ decays with time constant τᵢ. A leak Q (Pa·m³/s) takes
A/V·Q newtons a second. With F_geo(t) the force an ideal pouch would show at the recorded positions, and
Rᵢ(t) = ∫ (1 − e^(−(t−s)/τᵢ)) dF_geo(s) its relaxation, the record is

    F(t) = c·F_geo(t) − Σ bᵢ·Rᵢ(t) − Q·L(t),  L(t) = ∫ A/V·(p² − p₀²)/(p² − p₀²)_start ds

(with L relaxing as any other change of force)

which is linear in c, bᵢ and Q. Reference pouches say what bᵢ/c are and how far they scatter; that
knowledge enters as observations (Bayesian least squares). The channel equivalent to Q is that of
laminar isothermal flow, Q = π d⁴ (p₁² − p₂²)/(256 η L).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

AIR_VISCOSITY_PA_S = 1.82e-5
AMBIENT_PA = 101_325.0
AMBIENT_U_PA = 1_500.0
TOUCH_N = 0.15
MINIMUM_POINTS = 20
ONE_SIDED_95 = 1.645


@dataclass(frozen=True)
class PouchReference:
    """What reference pouches are known to be; ``*_u`` are standard uncertainties."""

    volume_ml: float
    volume_u_ml: float
    area_mm2: float
    area_u_mm2: float
    relaxation: tuple[float, ...]
    relaxation_u: tuple[float, ...]
    relaxation_time_s: tuple[float, ...]
    channel_length_mm: float


@dataclass(frozen=True)
class Leak:
    """Leak rate (Pa·m³/s) at the squeeze, the channel it equals (µm), and the smallest one this run could find."""

    rate: Measured
    channel_um: float
    detection_um: float
    residual_n: float


def leak_rate(
    time_s: Floats,
    position_mm: Floats,
    force_n: Floats,
    *,
    hold_s: float,
    noise_n: float,
    gauge_u: float,
    drift_u_n_per_s: float,
    reference: PouchReference,
) -> Leak:
    """Estimate the leak of a squeezed pouch.

    Args:
        time_s, position_mm, force_n: the record from before touch to the end of the dwell, shape (n,); the
            force already free of the gauge's zero.
        hold_s: moment from which the position is held; only the record after it is fitted.
        noise_n: standard deviation of one force reading.
        gauge_u: relative standard uncertainty of the gauge.
        drift_u_n_per_s: standard uncertainty of what the gauge's zero may drift.
        reference: what intact pouches do.

    Raises:
        EstimateError: too few points, not finite, the pouch was never touched, or the fit is impossible.
    """
    t, z, f = (np.asarray(a, dtype=float) for a in (time_s, position_mm, force_n))
    if not (t.ndim == 1 and t.shape == z.shape == f.shape) or len(t) < MINIMUM_POINTS:
        raise EstimateError(
            f"a record of shape {t.shape}, expected {MINIMUM_POINTS} points or more, of one shape"
        )
    if not (
        np.isfinite(t).all() and np.isfinite(z).all() and np.isfinite(f).all() and (np.diff(t) > 0).all()
    ):
        raise EstimateError("a record that is not finite, or whose time does not grow")
    if f.max() < 2 * TOUCH_N:
        raise EstimateError(f"the pouch was never squeezed: at most {f.max():.3g} N")
    held = t >= hold_s
    if int(held.sum()) < MINIMUM_POINTS:
        raise EstimateError(f"{int(held.sum())} points of dwell, expected {MINIMUM_POINTS} or more")
    volume, area = reference.volume_ml * 1e-6, reference.area_mm2 * 1e-6
    touch_mm = _touch(z, f, volume, area)
    gas_m3 = np.maximum(0.05 * volume, volume - area * np.clip(z - touch_mm, 0, None) * 1e-3)
    ideal_n = area * AMBIENT_PA * (volume / gas_m3 - 1.0)
    columns = [ideal_n] + [-_relaxed(t, ideal_n, tau) for tau in reference.relaxation_time_s]
    lost = _lost_per_leak(t, f, area, gas_m3, held)
    terms = zip(reference.relaxation, reference.relaxation_time_s, strict=True)
    columns.append(sum((share * _relaxed(t, lost, tau) for share, tau in terms), -lost))
    scale, start = float(f[held][0] / ideal_n[held][0]), float(f[held][0])
    estimate, u, residual = _fit(np.column_stack(columns)[held], f[held], noise_n, scale, reference)
    sensitivity = area / float(gas_m3[held][0])
    # The leak is read through A/V; V itself is the volume less what the squeeze displaced.
    displaced = 1.0 - float(gas_m3[held][0]) / volume
    volume_rel = reference.volume_u_ml / reference.volume_ml / (1 - displaced)
    area_rel = reference.area_u_mm2 / reference.area_mm2 / (1 - displaced)
    budget = [
        Contribution("fit and reference pouches", u, float(held.sum()) - len(columns)),
        Contribution("gauge drift", drift_u_n_per_s / sensitivity),
        Contribution("gauge", abs(estimate) * gauge_u),
        Contribution("pouch volume", abs(estimate) * volume_rel),
        Contribution("anvil area", abs(estimate) * area_rel),
        Contribution("air pressure", abs(estimate) * AMBIENT_U_PA / AMBIENT_PA),
    ]
    rate = combine(estimate, "Pa·m³/s", budget)
    pressure = start / area
    smallest = 2 * ONE_SIDED_95 * math.hypot(u, drift_u_n_per_s / sensitivity)
    return Leak(
        rate,
        equivalent_channel_um(max(0.0, estimate), pressure, reference.channel_length_mm),
        equivalent_channel_um(smallest, pressure, reference.channel_length_mm),
        residual,
    )


def equivalent_channel_um(leak_pa_m3_per_s: float, gauge_pressure_pa: float, length_mm: float) -> float:
    """Return the diameter (µm) of the channel that leaks so much: d = (256 η L Q / π (p₁² − p₂²))^¼."""
    drive = (AMBIENT_PA + gauge_pressure_pa) ** 2 - AMBIENT_PA**2
    if drive <= 0:
        raise EstimateError(f"a squeeze pressure of {gauge_pressure_pa} Pa drives no leak")
    fourth = 256 * AIR_VISCOSITY_PA_S * length_mm * 1e-3 * leak_pa_m3_per_s / (math.pi * drive)
    return float(fourth**0.25 * 1e6)


def _touch(z: Floats, f: Floats, volume: float, area: float) -> float:
    """Position at which the anvil first touches, from the gas law at the largest squeeze."""
    strongest = int(np.argmax(f))
    squeezed_mm = volume / area * (1.0 - 1.0 / (1.0 + f[strongest] / (area * AMBIENT_PA))) * 1e3
    return float(z[strongest] - squeezed_mm)


def _relaxed(t: Floats, force: Floats, tau: float) -> Floats:
    """∫ (1 − e^(−(t−s)/τ)) dF(s), step by step."""
    kept = np.zeros_like(t)
    for i in range(1, len(t)):
        step = t[i] - t[i - 1]
        kept[i] = kept[i - 1] * math.exp(-step / tau) + (force[i] - force[i - 1]) * math.exp(
            -0.5 * step / tau
        )
    return np.asarray(force - force[0] - kept, dtype=float)


def _lost_per_leak(t: Floats, f: Floats, area: float, gas_m3: Floats, held: NDArray[np.bool_]) -> Floats:
    """∫ A/V · q dt, q the drive of a laminar channel relative to the start of the dwell; N per Pa·m³/s."""
    drive = (AMBIENT_PA + np.clip(f, 0, None) / area) ** 2 - AMBIENT_PA**2
    rate = area / gas_m3 * drive / drive[held][0]
    steps = 0.5 * (rate[1:] + rate[:-1]) * np.diff(t)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _fit(
    columns: Floats, f: Floats, noise_n: float, scale: float, reference: PouchReference
) -> tuple[float, float, float]:
    """Least squares with the reference pouches as further observations; returns Q, u(Q), rms residual."""
    known = np.zeros((len(reference.relaxation), columns.shape[1]))
    for i, spread in enumerate(reference.relaxation_u):
        known[i, 1 + i] = 1.0 / (scale * spread)
    wanted = np.array(reference.relaxation) / np.array(reference.relaxation_u)
    design = np.vstack([columns / noise_n, known])
    target = np.concatenate([f / noise_n, wanted])
    size = np.linalg.norm(design, axis=0)
    solution, _, rank, _ = np.linalg.lstsq(design / size, target, rcond=None)
    if rank < columns.shape[1]:
        raise EstimateError("the dwell does not tell leak and relaxation apart")
    covariance = np.linalg.inv((design / size).T @ (design / size)) / np.outer(size, size)
    coefficients = solution / size
    residual = f - columns @ coefficients
    worse = max(1.0, float(np.sqrt(np.mean((residual / noise_n) ** 2))))
    return (
        float(coefficients[-1]),
        math.sqrt(covariance[-1, -1]) * worse,
        float(np.sqrt(np.mean(residual**2))),
    )
