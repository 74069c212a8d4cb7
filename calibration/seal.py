"""Leak rate of a pouch from the decay of the force that squeezes it.

The gas obeys p·V = n·R·T at constant temperature; the anvil's force is F_gas = A·(p − p₀). The film
relaxes: of each increase of the force a share aᵢ decays with time constant τᵢ. A leak Q (Pa·m³/s) takes
A/V·Q newtons a second. With F_geo(t) the force an ideal pouch would show at the recorded positions, and
Rᵢ(t) = ∫ (1 − e^(−(t−s)/τᵢ)) dF_geo(s) its relaxation, the record is

    F(t) = c·F_geo(t) − Σ bᵢ·Rᵢ(t) − Q·L(t),  L(t) = ∫ A/V·(p² − p₀²)/(p² − p₀²)_start ds

(with L relaxing as any other change of force)

which is linear in c, bᵢ and Q. The gas keeps its pressure while the film relaxes, so p is taken from the
force with the relaxation put back. Reference pouches say what bᵢ/c are and how far they scatter; that
knowledge enters as observations (Bayesian least squares). The channel equivalent to Q is that of
laminar isothermal flow, Q = π d⁴ (p₁² − p₂²)/(256 η L).

The squeezed volume follows from the pressure, V_s = V/(1 + x) with x = F/(A·p₀), whatever height the
pouch has. So a force that falls at the rate R tells of a leak R·V/(A·(1 + x)). It is stated at the set
force of the product, not at the one the squeeze happened to stop at: the drive of a laminar channel is
p² − p₀². Gas that warms at the rate w hides a leak of p₀·V·w/T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.jump import largest_jump
from calibration.measured import Measured

Floats = NDArray[np.float64]

AIR_VISCOSITY_PA_S = 1.82e-5
AMBIENT_PA = 101_325.0
AMBIENT_U_PA = 1_500.0
GAS_K = 294.0
WARMING_U_K_PER_S = 3e-4
"""Standard uncertainty of how fast the gas warms: with a room that changes by a kelvin an hour."""

LEAST_SQUEEZE_N = 0.3
MINIMUM_POINTS = 20
ONE_SIDED_95 = 1.645

EQUATION = (
    "Q = g·(R + B − Z)·V/(A·(1 + F/(A·p)))·D + p·V·w/T; D = S·(2·p + S/A)/(F·(2·p + F/A)), "
    "from the drive at the gas force F to that at S"
)


@dataclass(frozen=True)
class PouchReference:
    """What reference pouches are known to be; ``*_u`` are standard uncertainties.

    Raises:
        EstimateError: a figure that no pouch has, or relaxation terms of different number.
    """

    volume_ml: float
    volume_u_ml: float
    area_mm2: float
    area_u_mm2: float
    relaxation: tuple[float, ...]
    relaxation_u: tuple[float, ...]
    relaxation_time_s: tuple[float, ...]
    channel_length_mm: float

    def __post_init__(self) -> None:
        if not len(self.relaxation) == len(self.relaxation_u) == len(self.relaxation_time_s) >= 1:
            raise EstimateError("relaxation: shares, their u and times of different number, or none")
        sizes = (self.volume_ml, self.area_mm2, self.channel_length_mm)
        for size in (*sizes, *self.relaxation_u, *self.relaxation_time_s):
            if not (math.isfinite(size) and size > 0):
                raise EstimateError(f"a pouch with a figure of {size}, expected more than 0")
        for size in (self.volume_u_ml, self.area_u_mm2, *self.relaxation):
            if not (math.isfinite(size) and size >= 0):
                raise EstimateError(f"a pouch with a figure of {size}, expected 0 or more")
        if sum(self.relaxation) >= 1:
            raise EstimateError(f"the film relaxes by {sum(self.relaxation):.0%} of its force")


@dataclass(frozen=True)
class Leak:
    """Leak rate (Pa·m³/s) at the set force, the channel it equals, and the smallest to be found.

    Channels are diameters in µm; the smallest is found in 95 % of cases with 5 % of false alarms (Currie).
    """

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
    stated_at_n: float,
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
        stated_at_n: force of the gas on the anvil at which the leak is stated.
        noise_n: standard deviation of one force reading.
        gauge_u: relative standard uncertainty of the gauge.
        drift_u_n_per_s: standard uncertainty of what the gauge's zero may drift.
        reference: what intact pouches do.

    Raises:
        EstimateError: too few points, not finite, the pouch was not squeezed, the force jumps while the
            position is held, or the fit is impossible.
    """
    t, z, f = _checked(time_s, position_mm, force_n)
    for name, size, positive in (
        ("noise", noise_n, True),
        ("stated force", stated_at_n, True),
        ("gauge", gauge_u, False),
        ("drift", drift_u_n_per_s, False),
    ):
        if not (math.isfinite(size) and (size > 0 if positive else size >= 0)):
            raise EstimateError(f"{name} {size}, expected a finite number, not negative")
    squeeze = _evaluate(t, z, f, hold_s, noise_n, reference)
    volume, area = reference.volume_ml * 1e-6, reference.area_mm2 * 1e-6
    fit, gas, per_leak = squeeze.fit, squeeze.gas_n, squeeze.loss_per_leak
    inputs = {
        "R": Input(fit.leak * per_leak, fit.noise_u * per_leak, fit.dof, name="scatter of readings"),
        "B": Input(0.0, fit.reference_u * per_leak, name="relaxation of the film"),
        "Z": Input(0.0, drift_u_n_per_s, name="gauge drift"),
        "g": Input(1.0, gauge_u, name="gauge"),
        "V": Input(volume, reference.volume_u_ml * 1e-6, name="pouch volume"),
        "A": Input(area, reference.area_u_mm2 * 1e-6, name="anvil area"),
        "p": Input(AMBIENT_PA, AMBIENT_U_PA, name="air pressure"),
        "w": Input(0.0, WARMING_U_K_PER_S, name="warming of the gas"),
    }

    def model(
        R: Floats, B: Floats, Z: Floats, g: Floats, V: Floats, A: Floats, p: Floats, w: Floats
    ) -> Floats:
        leaks = g * (R + B - Z) * V / (A + gas / p) * _drive_at(stated_at_n, gas, A, p)
        return np.asarray(leaks + p * V * w / GAS_K)

    rate = result(EQUATION, model, inputs, "Pa·m³/s")
    pressure_pa = stated_at_n / area
    u_of_none = math.hypot(fit.noise_u, fit.reference_u, drift_u_n_per_s / per_leak)
    return Leak(
        rate,
        equivalent_channel_um(max(0.0, rate.value), pressure_pa, reference.channel_length_mm),
        equivalent_channel_um(2 * ONE_SIDED_95 * u_of_none, pressure_pa, reference.channel_length_mm),
        fit.residual_n,
    )


def bare_leak_rate(
    time_s: Floats,
    position_mm: Floats,
    force_n: Floats,
    *,
    hold_s: float,
    stated_at_n: float,
    noise_n: float,
    reference: PouchReference,
) -> float:
    """Return the leak that a record shows as it is, Pa·m³/s: without uncertainty (see :func:`leak_rate`).

    Raises:
        EstimateError: as :func:`leak_rate`.
    """
    t, z, f = _checked(time_s, position_mm, force_n)
    squeeze = _evaluate(t, z, f, hold_s, noise_n, reference)
    area = reference.area_mm2 * 1e-6
    return squeeze.fit.leak * float(_drive_at(stated_at_n, squeeze.gas_n, area, AMBIENT_PA))


def _drive_at(stated_n: Any, gas_n: Any, area: Any, ambient_pa: Any) -> Any:
    """Return the drive of a laminar channel at one force of the gas over that at another."""
    return stated_n * (2.0 * ambient_pa + stated_n / area) / (gas_n * (2.0 * ambient_pa + gas_n / area))


@dataclass(frozen=True)
class _Squeeze:
    """The fit of a dwell, the force of the gas when it began, and N/s that a leak of 1 Pa·m³/s takes."""

    fit: _Fit
    gas_n: float
    loss_per_leak: float


def _evaluate(
    t: Floats, z: Floats, f: Floats, hold_s: float, noise_n: float, reference: PouchReference
) -> _Squeeze:
    held = t >= hold_s
    if int(held.sum()) < MINIMUM_POINTS:
        raise EstimateError(f"{int(held.sum())} points of dwell, expected {MINIMUM_POINTS} or more")
    if f[held][0] < LEAST_SQUEEZE_N:
        raise EstimateError(f"{f[held][0]:.3g} N when the dwell begins, expected a squeezed pouch")
    jump = largest_jump(f[held], noise=noise_n)
    if jump is not None and jump.is_beyond_chance:
        at_s = float(t[held][jump.behind] - hold_s)
        raise EstimateError(
            f"the force jumps by {jump.size:+.2f} N {at_s:.1f} s into the dwell, as no leak makes it"
        )
    volume, area = reference.volume_ml * 1e-6, reference.area_mm2 * 1e-6
    gas_n = _gas_force(t, f, reference)
    squeezed = _squeezed(z, gas_n, volume, area)
    ideal_n = area * AMBIENT_PA * (volume / squeezed - 1.0)
    columns = _columns(t, ideal_n, _lost_per_leak(t, gas_n, area, squeezed, held), reference)
    scale = float(gas_n[held][0] / ideal_n[held][0])
    fit = _fit(columns[held], f[held], noise_n, scale, reference)
    return _Squeeze(fit, float(gas_n[held][0]), area / float(squeezed[held][0]))


def equivalent_channel_um(leak_pa_m3_per_s: float, gauge_pressure_pa: float, length_mm: float) -> float:
    """Return the diameter (µm) of the channel that leaks so much: d = (256 η L Q / π (p₁² − p₂²))^¼."""
    drive = (AMBIENT_PA + gauge_pressure_pa) ** 2 - AMBIENT_PA**2
    if not (math.isfinite(drive) and gauge_pressure_pa > 0):
        raise EstimateError(f"a squeeze pressure of {gauge_pressure_pa} Pa drives no leak")
    if not (0 <= leak_pa_m3_per_s < math.inf and 0 < length_mm < math.inf):
        raise EstimateError(f"no channel of {length_mm} mm leaks {leak_pa_m3_per_s} Pa·m³/s")
    fourth = 256 * AIR_VISCOSITY_PA_S * length_mm * 1e-3 * leak_pa_m3_per_s / (math.pi * drive)
    return float(fourth**0.25 * 1e6)


def _checked(time_s: Floats, position_mm: Floats, force_n: Floats) -> tuple[Floats, Floats, Floats]:
    t, z, f = (np.asarray(a, dtype=float) for a in (time_s, position_mm, force_n))
    if not (t.ndim == 1 and t.shape == z.shape == f.shape) or len(t) < MINIMUM_POINTS:
        raise EstimateError(
            f"a record of shape {t.shape}, expected {MINIMUM_POINTS} points or more, of one shape"
        )
    if not all(np.isfinite(column).all() for column in (t, z, f)) or not (np.diff(t) > 0).all():
        raise EstimateError("a record that is not finite, or whose time does not grow")
    return t, z, f


def _gas_force(t: Floats, f: Floats, reference: PouchReference) -> Floats:
    """Return the force of the gas, N: what was recorded, with what the film has relaxed put back."""
    shares, times = np.array(reference.relaxation), np.array(reference.relaxation_time_s)
    stiff = 1.0 - float(shares.sum())
    relaxing, last = np.zeros_like(shares), 0.0
    gas = np.zeros_like(f)
    for i, step in enumerate(np.diff(t, prepend=t[0])):
        half = np.exp(-0.5 * step / times)
        kept = relaxing * half**2
        gas[i] = (f[i] - float(kept.sum()) + last * float(shares @ half)) / (stiff + float(shares @ half))
        relaxing, last = kept + shares * half * (gas[i] - last), gas[i]
    return np.maximum(gas, 0.0)


def _squeezed(z: Floats, gas_n: Floats, volume: float, area: float) -> Floats:
    """Return the gas volume at each position, m³; where the anvil touches follows from the largest force."""
    strongest = int(np.argmax(gas_n))
    pressed_m3 = volume * (1.0 - 1.0 / (1.0 + gas_n[strongest] / (area * AMBIENT_PA)))
    displaced_m3 = np.clip(pressed_m3 + area * (z - z[strongest]) * 1e-3, 0.0, 0.95 * volume)
    return np.asarray(volume - displaced_m3, dtype=float)


def _columns(t: Floats, ideal_n: Floats, lost: Floats, reference: PouchReference) -> Floats:
    """Return the record's response to c, each bᵢ, and Q; shape (n, terms + 2)."""
    times = reference.relaxation_time_s
    relaxed = [share * _relaxed(t, lost, tau) for share, tau in zip(reference.relaxation, times, strict=True)]
    return np.column_stack([ideal_n, *(-_relaxed(t, ideal_n, tau) for tau in times), sum(relaxed, -lost)])


def _relaxed(t: Floats, force: Floats, tau: float) -> Floats:
    """∫ (1 − e^(−(t−s)/τ)) dF(s), step by step."""
    kept = np.zeros_like(t)
    for i in range(1, len(t)):
        step = t[i] - t[i - 1]
        kept[i] = kept[i - 1] * math.exp(-step / tau) + (force[i] - force[i - 1]) * math.exp(
            -0.5 * step / tau
        )
    return np.asarray(force - force[0] - kept, dtype=float)


def _lost_per_leak(t: Floats, gas_n: Floats, area: float, gas_m3: Floats, held: NDArray[np.bool_]) -> Floats:
    """∫ A/V · q dt, q the drive of a laminar channel relative to the start of the dwell; N per Pa·m³/s."""
    drive = (AMBIENT_PA + gas_n / area) ** 2 - AMBIENT_PA**2
    rate = area / gas_m3 * drive / drive[held][0]
    steps = 0.5 * (rate[1:] + rate[:-1]) * np.diff(t)
    return np.concatenate([[0.0], np.cumsum(steps)])


@dataclass(frozen=True)
class _Fit:
    """Leak when the dwell began (Pa·m³/s), u from readings and from reference pouches, dof, rms residual."""

    leak: float
    noise_u: float
    reference_u: float
    dof: float
    residual_n: float


def _fit(columns: Floats, f: Floats, noise_n: float, scale: float, reference: PouchReference) -> _Fit:
    """Least squares with what reference pouches say as further observations."""
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
    residual = f - columns @ (solution / size)
    rms_n = float(np.sqrt(np.mean(residual**2)))
    # What each observation, of u = 1, moves the leak by: those of readings and those of reference pouches.
    moves = np.linalg.pinv(design / size)[-1] / size[-1]
    return _Fit(
        float(solution[-1] / size[-1]),
        float(np.linalg.norm(moves[: len(f)])) * max(1.0, rms_n / noise_n),
        float(np.linalg.norm(moves[len(f) :])),
        float(len(f) - columns.shape[1]),
        rms_n,
    )
