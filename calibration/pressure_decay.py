"""Leak rate of a part from the fall of the pressure it was filled with, freed of what temperature does.

A part of volume V that is filled and shut off follows p·V = n·R·T. With a leak Q (Pa·m³/s) out of it

    Q = −V·dp/dt + (p·V/T)·dT/dt

so gas that cools looks like a leak, and a room that warms hides one. The gas was heated by being pressed in
and cools with the wall; after the stabilisation what is left of that goes away with few time constants,

    p(t) = p₀ − r·L(t) − Σ aᵢ·(1 − e^(−t/τᵢ)),  L(t) = ∫ q ds,  q = (p² − p_room²)/mean of the same

with t from the beginning of the test step; q is the drive of a laminar channel. The fall r (Pa/s) holds the
leak, the warming of the wall with the room, and what tight parts do too (they creep, and their hoses do).
Tight reference parts say what aᵢ, τᵢ and their own fall are and how far they scatter; aᵢ and τᵢ enter as
observations (Bayesian least squares), so few readings are enough: a tester's own two, at the ends of its
test step, or the whole curve, which knows better than the reference parts. The rest is measured:

    Q = V·(g·(r − r_tight) + d + (w + w_wall)·p/T)

with the sensor's gain g = 1 and drift d = 0, the warming w of the fixture as its probe shows it, and how much
differently the wall may warm, w_wall = 0. The leak is what the part loses beyond tight reference parts, at
the mean pressure of the test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured

Floats = NDArray[np.float64]

EQUATION = "Q = V·(g·(r − r_tight) + d + (w + w_wall)·p/T)"
ONE_SIDED_95 = 1.645
MISFIT_LEVEL = 0.01
FILLED_TO_NOISE = 100.0  # a part that holds less pressure than so many times the noise was not filled
KELVIN = 273.15

FALL, TIGHT, DRIFT = "fall of the pressure", "tight reference parts", "sensor drift"
WARMING, WALL = "warming of the fixture", "wall against fixture"
AT_NO_LEAK = (FALL, TIGHT, DRIFT, WARMING, WALL)


@dataclass(frozen=True)
class TightParts:
    """What tight reference parts do in the same program; ``*_u*`` are standard uncertainties.

    Args:
        volume_ml, volume_u_ml: of part, hoses and tester together.
        settling_pa, settling_u_pa: what the pressure still settles by from the beginning of the test step,
            a term each.
        settling_time_s, settling_time_u_s: time constant of each term.
        fall_pa_per_s, fall_u_pa_per_s: the steady fall that remains.
        wall_u_k_per_s: how differently a part's wall warms than the fixture's probe.

    Raises:
        EstimateError: a figure that no part has, or settling terms of different number.
    """

    volume_ml: float
    volume_u_ml: float
    settling_pa: tuple[float, ...]
    settling_u_pa: tuple[float, ...]
    settling_time_s: tuple[float, ...]
    settling_time_u_s: tuple[float, ...]
    fall_pa_per_s: float
    fall_u_pa_per_s: float
    wall_u_k_per_s: float

    def __post_init__(self) -> None:
        signed = ("settling_pa", "fall_pa_per_s")
        positive = ("volume_ml", "settling_u_pa", "settling_time_s", "settling_time_u_s")
        _check(self, positive=positive, signed=signed)
        terms = {len(getattr(self, name)) for name in (*positive[1:], "settling_pa")}
        if len(terms) != 1 or terms == {0}:
            raise EstimateError("settling: sizes, times and their u of different number, or none")


@dataclass(frozen=True)
class Sensor:
    """What the tester's certificate says of a pressure reading; standard uncertainties.

    Args:
        noise_pa: of one reading, its resolution included.
        gain_u: relative, of a difference of pressures.
        pressure_u_pa: of a pressure above the room's.
        drift_limit_pa_per_s: no more than this drifts the zero.

    Raises:
        EstimateError: a figure that no sensor has.
    """

    noise_pa: float
    gain_u: float
    pressure_u_pa: float
    drift_limit_pa_per_s: float

    def __post_init__(self) -> None:
        _check(self, positive=("noise_pa",))


@dataclass(frozen=True)
class Warming:
    """How the part's fixture warms, by two readings of its probe or a line through more.

    Args:
        temperature_c, temperature_u_k: mean during the cycle.
        rate_k_per_s, rate_u_k_per_s: its slope.

    Raises:
        EstimateError: below absolute zero, not finite, or a negative uncertainty.
    """

    temperature_c: float
    temperature_u_k: float
    rate_k_per_s: float
    rate_u_k_per_s: float

    def __post_init__(self) -> None:
        _check(self, signed=("temperature_c", "rate_k_per_s"))
        if self.temperature_c <= -KELVIN:
            raise EstimateError(f"a temperature of {self.temperature_c} °C")


@dataclass(frozen=True)
class DecayLeak:
    """Leak rate at the mean pressure of the test, and what it rests on.

    ``detection_pa_m3_per_s`` is found in 95 % of cases with 5 % of false alarms (Currie, Anal. Chem. 40
    (1968) 586). ``fall_pa_per_s`` is r, ``settling_pa`` the sum of all aᵢ; ``residual_pa`` the rms misfit.
    """

    rate: Measured
    detection_pa_m3_per_s: float
    fall_pa_per_s: float
    settling_pa: float
    residual_pa: float


def decay_leak(
    time_s: Floats,
    pressure_pa: Floats,
    *,
    room_pa: float,
    warming: Warming,
    tight: TightParts,
    sensor: Sensor,
    as_read: float | None = None,
) -> DecayLeak:
    """Estimate the leak of a part from its pressure in the test step.

    Args:
        time_s: since the test step began, shape (n,), n ≥ 2, growing.
        pressure_pa: above the room's, shape (n,).
        room_pa: absolute pressure of the room.
        warming, tight, sensor: what else is known.
        as_read: the value before corrections, where there are any.

    Raises:
        EstimateError: fewer than two points, not finite, time that does not grow, a part that was not
            filled, or no pressure in the room.
    """
    t, p = _checked(time_s, pressure_pa, sensor)
    if not (math.isfinite(room_pa) and room_pa > 0):
        raise EstimateError(f"a room pressure of {room_pa} Pa, expected more than 0")
    fall, settling_pa, residual_pa = _fit(t, p, room_pa, tight, sensor.noise_pa)
    absolute_pa = float(p.mean()) + room_pa
    kelvin = warming.temperature_c + KELVIN
    inputs = {
        "V": Input(tight.volume_ml * 1e-6, tight.volume_u_ml * 1e-6, name="volume"),
        "g": Input(1.0, sensor.gain_u, name="sensor gain"),
        "r": fall,
        "r_tight": Input(tight.fall_pa_per_s, tight.fall_u_pa_per_s, name=TIGHT),
        "d": Input(
            0.0,
            sensor.drift_limit_pa_per_s / math.sqrt(3.0),
            distribution=Distribution.RECTANGULAR,
            name=DRIFT,
        ),
        "w": Input(warming.rate_k_per_s, warming.rate_u_k_per_s, name=WARMING),
        "w_wall": Input(0.0, tight.wall_u_k_per_s, name=WALL),
        "p": Input(absolute_pa, sensor.pressure_u_pa, name="pressure"),
        "T": Input(kelvin, warming.temperature_u_k, name="temperature"),
    }
    rate = result(EQUATION, _leak, inputs, "Pa·m³/s", as_read=as_read)
    smallest = 2 * ONE_SIDED_95 * math.hypot(*(x.u for x in rate.budget if x.name in AT_NO_LEAK))
    return DecayLeak(rate, smallest, fall.value, settling_pa, residual_pa)


def _leak(*, V: Any, g: Any, r: Any, r_tight: Any, d: Any, w: Any, w_wall: Any, p: Any, T: Any) -> Any:
    return V * (g * (r - r_tight) + d + (w + w_wall) * p / T)


def _checked(time_s: Floats, pressure_pa: Floats, sensor: Sensor) -> tuple[Floats, Floats]:
    t, p = np.asarray(time_s, dtype=float), np.asarray(pressure_pa, dtype=float)
    if t.ndim != 1 or t.shape != p.shape or len(t) < 2:
        raise EstimateError(
            f"a record of shapes {t.shape} and {p.shape}, expected two points or more, of one shape"
        )
    if not (np.isfinite(t).all() and np.isfinite(p).all()):
        raise EstimateError("a record that is not finite")
    if not (t[0] >= 0 and (np.diff(t) > 0).all()):
        raise EstimateError("a record whose time does not grow from 0 or later on")
    if p.min() < FILLED_TO_NOISE * sensor.noise_pa:
        raise EstimateError(f"{p.min():.4g} Pa in the test, expected a part that was filled")
    return t, p


def _fit(
    t: Floats, p: Floats, room_pa: float, tight: TightParts, noise_pa: float
) -> tuple[Input, float, float]:
    """Least squares for p₀, r, aᵢ and τᵢ, with the reference parts as further observations.

    τᵢ enter to first order, by ∂/∂τ of the settling at what the reference parts say. Residuals replace the
    certificate's noise only where a χ² test at 1 % says that they are larger.

    Returns:
        r (Pa/s), Σ aᵢ (Pa) and the rms residual (Pa).
    """
    sizes, times = np.array(tight.settling_pa), np.array(tight.settling_time_s)
    left = np.exp(-t[:, None] / times)
    stretched = sizes * t[:, None] / times**2 * left
    columns = np.column_stack([np.ones_like(t), -_drive(t, p, room_pa), left - 1.0, stretched])
    known_u = np.array([*tight.settling_u_pa, *tight.settling_time_u_s])
    known = np.hstack([np.zeros((len(known_u), 2)), np.diag(1.0 / known_u)])
    design = np.vstack([columns / noise_pa, known])
    target = np.concatenate([p / noise_pa, sizes / tight.settling_u_pa, np.zeros_like(times)])
    size = np.linalg.norm(design, axis=0)
    solution, _, rank, _ = np.linalg.lstsq(design / size, target, rcond=None)
    if rank < design.shape[1]:
        raise EstimateError("the record does not tell leak and settling apart")
    covariance = np.linalg.inv((design / size).T @ (design / size)) / np.outer(size, size)
    residual = p - columns @ (solution / size)
    # The reference parts stand for aᵢ and τᵢ, so only p₀ and r cost a point each.
    freedom = len(t) - 2
    misfit = float(np.sum((residual / noise_pa) ** 2))
    worse, dof = 1.0, math.inf
    if freedom and misfit > chdtri(freedom, MISFIT_LEVEL):
        worse, dof = math.sqrt(misfit / freedom), float(freedom)
    fall = Input(float(solution[1] / size[1]), math.sqrt(covariance[1, 1]) * worse, dof, name=FALL)
    settling_pa = float((solution / size)[2 : 2 + len(sizes)].sum())
    return fall, settling_pa, float(np.sqrt(np.mean(residual**2)))


def _drive(t: Floats, p: Floats, room_pa: float) -> Floats:
    """∫ q dt from the beginning of the test step, s."""
    q = (p + room_pa) ** 2 - room_pa**2
    q = q / q.mean()
    steps = 0.5 * (q[1:] + q[:-1]) * np.diff(t)
    return np.asarray(t[0] * q[0] + np.concatenate([[0.0], np.cumsum(steps)]), dtype=float)


def _check(figures: object, *, positive: Sequence[str] = (), signed: Sequence[str] = ()) -> None:
    for field in fields(figures):  # type: ignore[arg-type]
        for size in np.ravel(getattr(figures, field.name)).tolist():
            if not math.isfinite(size) or (field.name not in signed and size < 0):
                raise EstimateError(f"{field.name} = {size}, expected a finite number, not negative")
            if field.name in positive and size == 0:
                raise EstimateError(f"{field.name} = 0, expected more")
