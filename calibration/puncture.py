"""Each puncture of a slow insertion: found and counted, with what the phantom does before and after.

Needles that are pressed slowly on a phantom deflect it, F = a·d + b·d² together, until the first of them
punctures: from there the force of a steady push falls by steps. The record is cut into straight pieces
(:mod:`calibration.change_points`). An *event* is a cut at which the force drops by four times its own
standard uncertainty, or from which on it falls. Needles that puncture within a few readings of each
other share an event, so events count needles from below.

It refuses records without contact, without a puncture, or with too little before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.change_points import Jump, jumps
from calibration.equation import result
from calibration.errors import EstimateError
from calibration.first_puncture import Known, Level, Piece, force_before
from calibration.gauge_figures import GaugeFigures
from calibration.input_quantity import Distribution, Input
from calibration.measured import Measured
from calibration.phantom_rise import BASELINE_POINTS, CONTACT_SIGMAS, Rise

Floats = NDArray[np.float64]

MINIMUM_POINTS = 60
EVENT_SIGMAS = 4.0
SURE_SIGMAS = 5.0
"""Many places are looked at, and a cut lies where noise favours it: a drop of less than this is believed only
where another event follows soon."""

FRICTION_POINTS = 40
LEVEL_POINTS = 8
LEAST_EXTENT_MM = 0.02
"""Over less than this way no tip punctures, however few events it shows."""

LEAST_BEND_N_PER_MM2 = 0.5
"""A rise may bend so much more than the parabola that fits it."""

SHARES = (0.2, 0.8)
"""Stiffness is the mean slope between these shares of the force at the first puncture."""


@dataclass(frozen=True)
class Event:
    """One or several needles puncture: from ``start_mm`` to ``end_mm`` the force falls by ``drop_n`` ± u.

    ``sigmas`` tells how far it stands out of the noise.
    """

    start_mm: float
    end_mm: float
    drop_n: float
    drop_u_n: float
    sigmas: float

    @property
    def middle_mm(self) -> float:
        """Half-way through it."""
        return 0.5 * (self.start_mm + self.end_mm)


@dataclass(frozen=True)
class Punctures:
    """What a slow insertion shows.

    Args:
        force_per_needle: force of the tip at the first puncture over its number of needles, N.
        stiffness: mean slope from a fifth to four fifths of that force, whole tip, N/mm.
        linear_n_per_mm, square_n_per_mm2: a and b of F = a·d + b·d² up to there, whole tip.
        friction: growth of the force beyond the last puncture, whole tip, N/mm; None when too little follows.
        buried: how far the needles went beyond their punctures, on average, mm.
        contact_mm: where the needles met the phantom.
        events: in order.
        late: how many events came further than the stated way beyond the middle of the drops: bent needles.
    """

    force_per_needle: Measured
    stiffness: Measured
    linear_n_per_mm: float
    square_n_per_mm2: float
    friction: Measured | None
    buried: Measured
    contact_mm: float
    events: tuple[Event, ...]
    late: int


def punctures(
    time_s: Floats,
    position_mm: Floats,
    force_n: Floats,
    *,
    needles: int,
    gauge: GaugeFigures,
    stage_u_mm: float,
    together_mm: float,
) -> Punctures:
    """Find the punctures of a slow insertion and what goes with them.

    Args:
        time_s, position_mm, force_n: the record on the way in, shape (n,), from before contact; the force may
            have an offset.
        needles: how many share the force.
        gauge: what its certificate says.
        stage_u_mm: standard uncertainty of a difference of positions.
        together_mm: straight needles puncture within this way of the most.

    Raises:
        EstimateError: a record that is none, without contact, without puncture, or with too few readings
            before contact or between contact and puncture.
    """
    t, z, f = _checked(time_s, position_mm, force_n, needles, stage_u_mm, together_mm)
    cuts = jumps(z, f, sigma=gauge.reading_u, bend=_bend(z, f, gauge))
    # What falls before the phantom is felt is no puncture.
    felt_n = float(np.median(f[:BASELINE_POINTS])) + CONTACT_SIGMAS * gauge.reading_u
    felt = [cut for cut in cuts if cut.before > felt_n]
    found = _believed([(_event(cut, gauge.rounding_u), cut) for cut in felt], together_mm / 2)
    if not found:
        raise EstimateError("the force never fell: no needle punctured the phantom on the way recorded")
    events, first = [event for event, _ in found], found[0][1]
    rise = Rise.fit(z[: first.index], f[: first.index], gauge)
    drift_u = gauge.drift_n_per_s * float(t[first.index] - t[0]) / math.sqrt(3.0)
    middle_mm, median_mm = _middle(events), _median(events)
    straight = [event for event in events if event.start_mm <= median_mm + together_mm]
    return Punctures(
        _first_force(
            _level(z, f, cuts, first, straight, rise, gauge, needles), first, rise, gauge, drift_u, needles
        ),
        _stiffness(z, f, first, rise, gauge, stage_u_mm),
        rise.linear,
        rise.square,
        _friction(t, z, f, events[-1].end_mm, gauge),
        _buried(z, events, middle_mm, stage_u_mm, needles),
        rise.contact_mm,
        tuple(events),
        len(events) - len(straight),
    )


def _checked(
    time_s: Floats, position_mm: Floats, force_n: Floats, needles: int, stage_u_mm: float, together_mm: float
) -> tuple[Floats, Floats, Floats]:
    t, z, f = (np.asarray(column, dtype=float) for column in (time_s, position_mm, force_n))
    if z.ndim != 1 or not t.shape == z.shape == f.shape or len(z) < MINIMUM_POINTS:
        raise EstimateError(
            f"a record of shapes {t.shape}, {z.shape} and {f.shape}, expected one shape (n,), "
            f"n of {MINIMUM_POINTS} or more"
        )
    if not all(np.isfinite(column).all() for column in (t, z, f)):
        raise EstimateError("a record that is not finite, expected numbers everywhere")
    if needles < 1:
        raise EstimateError(f"a tip of {needles} needles, expected 1 or more")
    for name, size in (("stage u", stage_u_mm), ("together_mm", together_mm)):
        if not (math.isfinite(size) and size >= 0):
            raise EstimateError(f"{name} = {size} mm, expected a finite number, not negative")
    return t, np.maximum.accumulate(z), f


def _bend(z: Floats, f: Floats, gauge: GaugeFigures) -> float:
    """Return how much a record may bend before its peak, N/mm²: as a cubic does, or less."""
    peak = int(np.argmax(f))
    over = f[: peak + 1] - float(np.median(f[:BASELINE_POINTS]))
    untouched = np.flatnonzero(over < CONTACT_SIGMAS * gauge.reading_u)
    way = float(z[peak] - z[untouched[-1]]) if len(untouched) else 0.0
    return 6.0 * float(over[-1]) / way**2 if way > 0 else 0.0


def _event(cut: Jump, rounding_u: float) -> Event:
    """Return what a cut would be as an event; its drop may be nothing."""
    rounding = math.sqrt(2.0) * rounding_u
    fall_u, height_u = math.hypot(cut.fall_u, rounding), math.hypot(cut.u, rounding)
    falls = cut.fall > EVENT_SIGMAS * fall_u
    drop, u = -cut.height + (cut.fall if falls else 0.0), math.hypot(height_u, fall_u if falls else 0.0)
    sigmas = max(-cut.height / height_u, cut.fall / fall_u if falls else 0.0)
    return Event(cut.x, cut.end if falls else cut.x, max(drop, u), u, sigmas)


def _believed(found: list[tuple[Event, Jump]], soon_mm: float) -> list[tuple[Event, Jump]]:
    """Keep events; one that is hardly seen only where another follows soon."""
    kept: list[tuple[Event, Jump]] = []
    for event, cut in reversed(found):
        followed = bool(kept) and kept[-1][0].start_mm - event.end_mm <= soon_mm
        if event.sigmas > (EVENT_SIGMAS if followed else SURE_SIGMAS):
            kept.append((event, cut))
    return kept[::-1]


def _level(
    z: Floats,
    f: Floats,
    cuts: list[Jump],
    first: Jump,
    events: list[Event],
    rise: Rise,
    gauge: GaugeFigures,
    needles: int,
) -> Level:
    """Return the force before the first puncture, whichever reading near the cut came before it."""
    borders = [0, *(cut.index for cut in cuts), len(z)]
    at = borders.index(first.index)
    extent_mm = max(events[-1].end_mm - events[0].start_mm, LEAST_EXTENT_MM)
    known = Known(
        sigma=gauge.reading_u,
        bend=2.0 * rise.square + LEAST_BEND_N_PER_MM2,
        drop_n=max(first.before - rise.offset_n, gauge.reading_u) / needles,
        spacing_mm=extent_mm / needles,
    )
    return force_before(Piece(z, f, borders[at - 1], first.index, borders[at + 1]), known)


def _first_force(
    level: Level, first: Jump, rise: Rise, gauge: GaugeFigures, drift_u: float, needles: int
) -> Measured:
    rectangular = Distribution.RECTANGULAR
    unseen_n = abs(rise.slope_at(first.x)) * first.gap
    return result(
        "f = (F₁ − F₀ + δ_drift + δ_q + δ_place)·g/n",
        lambda F1, F0, drift, q, place, g, n: (F1 - F0 + drift + q + place) * g / n,
        {
            "F1": Input(level.force_n, level.u_n, name="force at the first puncture"),
            "F0": Input(rise.offset_n, rise.offset_u, name="zero"),
            "drift": Input(0.0, drift_u, distribution=rectangular, name="zero drift"),
            "q": Input(0.0, gauge.rounding_u, distribution=rectangular, name="resolution"),
            "place": Input(
                0.0, unseen_n / math.sqrt(12.0), distribution=rectangular, name="puncture between readings"
            ),
            "g": Input(1.0, gauge.gain_u, name="gauge"),
            "n": Input(float(needles), 0.0, name="number of needles"),
        },
        "N",
    )


def _stiffness(
    z: Floats, f: Floats, first: Jump, rise: Rise, gauge: GaugeFigures, stage_u_mm: float
) -> Measured:
    """Return the mean slope between a fifth and four fifths of the force at the first puncture."""
    peak_n = first.before - rise.offset_n
    (low_mm, low_u), (high_mm, high_u) = (
        _place_of(share * peak_n, 0.1 * peak_n, z[: first.index], f[: first.index], rise, gauge)
        for share in SHARES
    )
    force_u = math.hypot(first.before_u, rise.offset_u)
    return result(
        "k = ΔF·g/(z_high − z_low + δ_z)",
        lambda rise, g, high, low, dz: rise * g / (high - low + dz),
        {
            "rise": Input((SHARES[1] - SHARES[0]) * peak_n, (SHARES[1] - SHARES[0]) * force_u, name="force"),
            "g": Input(1.0, gauge.gain_u, name="gauge"),
            "high": Input(high_mm, high_u, name="place of four fifths"),
            "low": Input(low_mm, low_u, name="place of a fifth"),
            "dz": Input(0.0, stage_u_mm, name="stage"),
        },
        "N/mm",
    )


def _place_of(
    level_n: float, half_n: float, z: Floats, f: Floats, rise: Rise, gauge: GaugeFigures
) -> tuple[float, float]:
    """Return where the force passes a level above its zero, and u, from the readings around it."""
    expected = rise.force_at(z)
    near = np.abs(expected - level_n) <= half_n
    if int(near.sum()) < LEVEL_POINTS or np.ptp(z[near]) == 0.0:
        raise EstimateError(
            f"{near.sum()} readings near {level_n:.3g} N, expected {LEVEL_POINTS} or more: insert more slowly"
        )
    middle, half_mm = float(z[near].mean()), float(np.ptp(z[near])) / 2
    x = (z[near] - middle) / half_mm
    design = np.column_stack([np.ones_like(x), x, x * x])
    covariance = np.linalg.inv(design.T @ design)
    c0, c1, c2 = covariance @ (design.T @ (f[near] - rise.offset_n - level_n))
    discriminant = c1 * c1 - 4.0 * c2 * c0
    if c1 <= 0 or discriminant <= 0:
        raise EstimateError(f"the force does not rise near {level_n:.3g} N before the first puncture")
    # The root in the form that stays good where the curvature vanishes.
    root = -2.0 * c0 / (c1 + math.sqrt(discriminant))
    powers = np.array([1.0, root, root * root])
    noise_n = gauge.reading_u * math.sqrt(float(powers @ covariance @ powers))
    slope = (c1 + 2.0 * c2 * root) / half_mm
    return middle + half_mm * float(root), math.hypot(noise_n, gauge.rounding_u) / slope


def _friction(t: Floats, z: Floats, f: Floats, from_mm: float, gauge: GaugeFigures) -> Measured | None:
    after = z > from_mm
    x, y = z[after], f[after]
    spread = float(((x - x.mean()) ** 2).sum()) if len(x) else 0.0
    if len(x) < FRICTION_POINTS or spread == 0.0:
        return None
    slope = float((x - x.mean()) @ (y - y.mean())) / spread
    left = y - y.mean() - slope * (x - x.mean())
    scatter = max(gauge.reading_u, float(np.sqrt((left**2).sum() / (len(x) - 2))))
    length, drift_n = float(x[-1] - x[0]), gauge.drift_n_per_s * float(np.ptp(t[after]))
    return result(
        "r = (b + δ_q + δ_drift)·g",
        lambda b, q, drift, g: (b + q + drift) * g,
        {
            "b": Input(slope, scatter / math.sqrt(spread), name="slope after the last puncture"),
            "q": Input(0.0, gauge.rounding_u * math.sqrt(2.0) / length, name="resolution"),
            "drift": Input(
                0.0,
                drift_n / length / math.sqrt(3.0),
                distribution=Distribution.RECTANGULAR,
                name="zero drift",
            ),
            "g": Input(1.0, gauge.gain_u, name="gauge"),
        },
        "N/mm",
    )


def _middle(events: list[Event]) -> float:
    """Mean place of the punctures, each event weighing as its drop."""
    drops = np.array([event.drop_n for event in events])
    return float(drops @ np.array([event.middle_mm for event in events]) / drops.sum())


def _median(events: list[Event]) -> float:
    """Place at which half of all the drop has come."""
    reached = np.cumsum([event.drop_n for event in events])
    return events[int(np.searchsorted(reached, reached[-1] / 2))].middle_mm


def _buried(z: Floats, events: list[Event], middle_mm: float, stage_u_mm: float, needles: int) -> Measured:
    drops = np.array([event.drop_n for event in events])
    lever = np.array([event.middle_mm for event in events]) - middle_mm
    weights_u = float(np.sqrt(((lever * [event.drop_u_n for event in events]) ** 2).sum()) / drops.sum())
    extent = float(np.sqrt((drops @ (lever**2 + _width(events) ** 2 / 12.0)) / drops.sum()))
    return result(
        "l = z_end − z_p + δ_w + δ_n + δ_z",
        lambda z_end, z_p, w, share, dz: z_end - z_p + w + share + dz,
        {
            "z_end": Input(float(z[-1]), 0.0, name="end of the insertion"),
            "z_p": Input(
                middle_mm, float(np.median(np.diff(z))) / math.sqrt(12.0), name="places of the punctures"
            ),
            "w": Input(0.0, weights_u, name="size of the drops"),
            "share": Input(0.0, extent / math.sqrt(needles), name="needles that drop unequally"),
            "dz": Input(0.0, stage_u_mm, name="stage"),
        },
        "mm",
    )


def _width(events: list[Event]) -> Floats:
    return np.array([event.end_mm - event.start_mm for event in events])
