"""Where two bodies begin to touch when the force then grows in a curve: F = a + b·z + s·(z − z_c)^p.

For what is softer than a rim: skin phantoms, films, cells. Nobody knows the exponent p of a real contact (1
for a flat punch, 1.5 for a sphere, 2 for a cone, anything between for a worn tip), so nothing is staked on
one: :mod:`calibration.loading_law` weighs all contacts and exponents by their likelihood.

No law holds for a whole curve. It is fitted in windows about the contact, which shrink from 30 % of the rise
to 4 %, or to what noise permits. The contact is their mean, and their scatter, which a soft beginning,
stiffening or a curved baseline brings about, is a line of the budget. Where adhesion pulls the bodies
together they touch at the bottom of the dip, so the window then begins halfway down: the kink is the same.

Refused are curves without contact, with contact from the first point on, and with the way back in them.
Straight loading has an estimator of its own, :mod:`calibration.contact_point`; this one is coarser there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.equation import result
from calibration.errors import EstimateError
from calibration.input_quantity import Input
from calibration.loading_law import TINY, LoadingFit, fit_loading
from calibration.measured import Measured

Floats = NDArray[np.float64]

MINIMUM_POINTS = 40
MINIMUM_SIDE = 8
"""So many points are needed before the contact, and after it."""


class Extent(NamedTuple):
    """How far a window reaches: to a share of the rise and so many sigmas, and how much farther before it."""

    share: float
    sigmas: float
    baseline: int = 2


WINDOWS = (Extent(0.3, 0.0), Extent(0.1, 10.0), Extent(0.04, 30.0))
DIP_WINDOW = Extent(0.3, 0.0, 6)

BLOCKS = 64
"""Neighbours are averaged until a window has no more points than this."""

COARSE_CONTACTS = 20
CONTACTS = 12
GRID = np.linspace(0.0, 1.0, CONTACTS)
REACH = 0.8
"""The next contact is sought within this share of the loaded part, on both sides of the last."""

TOUCHED_SIGMAS = 6.0
DIP_SIGMAS = 4.0
NEIGHBOURS = 5
"""A dip is looked for in the average of so many."""

PARAMETERS, LEAST_DOF = 4.0, 3.0
"""Fitted beside the noise: a, b, s and the contact; a standard deviation needs 3 degrees of freedom."""

LEAST_EVIDENCE = 8.0
"""A kink makes the points e⁸ times likelier than a line, or is none: noise alone reaches e⁵."""

RETREAT = 0.5
"""A force that ends below this share of its rise has been on its way back."""

FIRST_POINT_SIGMAS = 3.0
"""A contact whose first point lies within so many u may have begun before the curve did."""

EQUATION = "z_contact = z_fit + δ_window"


@dataclass(frozen=True)
class ContactEstimate:
    """A contact in numbers, in the units of the curve.

    Args:
        position: of the contact.
        u_fit: standard uncertainty by noise and by the unknown exponent.
        u_window: by what the windows disagree about.
        dof: degrees of freedom of ``u_fit``.
        exponent: mean exponent of the loading.
        noise: standard deviation of one force.
        dip: whether the contact is the bottom of a dip.
    """

    position: float
    u_fit: float
    u_window: float
    dof: float
    exponent: float
    noise: float
    dip: bool


@dataclass(frozen=True)
class _Window:
    """Points ``start`` to ``end`` of a curve, with the contact expected about point ``touch``."""

    start: int
    touch: int
    end: int


@dataclass(frozen=True)
class _Dip:
    """Points of a dip: halfway down, and its bottom."""

    halfway: int
    bottom: int


def curved_contact(position: Floats, force: Floats, *, unit: str = "mm") -> Measured:
    """Find the contact in a force curve of unknown exponent, with its budget.

    Args:
        position: growing towards contact, in ``unit``, shape (n,), n ≥ 40; steps back, as noise makes them,
            are allowed.
        force: at each position, in any unit, growing after contact.
        unit: of the positions.

    Raises:
        EstimateError: see :func:`find_curved_contact`.
    """
    found = find_curved_contact(position, force)
    inputs = {
        "z_fit": Input(found.position, found.u_fit, found.dof, name="noise and exponent of the loading"),
        "window": Input(0.0, found.u_window, name="choice of the window"),
    }
    return result(EQUATION, lambda z_fit, window: z_fit + window, inputs, unit)


def find_curved_contact(position: Floats, force: Floats) -> ContactEstimate:
    """Find the contact in a force curve of unknown exponent, in numbers (arguments as above).

    Raises:
        EstimateError: wrong shape, not finite, too few points, positions that do not advance, no contact,
            contact from the first point on, too little loading, or a way back.
    """
    z, f = _checked(position, force)
    noise = _noise(f)
    rough = _fit(z, f, _window(z, f, _coarse(z, f), WINDOWS[0], noise))
    dip = _find_dip(z, f, _window(z, f, rough.contact, DIP_WINDOW, noise), noise)
    wide = _fit(z, f, _window(z, f, rough.contact, WINDOWS[1], noise, dip))
    close = _fit(z, f, _window(z, f, wide.contact, WINDOWS[2], noise, dip))
    fits = (rough, wide, close)
    contacts = [fit.contact for fit in fits]
    mean = sum(contacts) / len(contacts)
    found = ContactEstimate(
        # The first window is too wide to see a dip.
        position=0.5 * (wide.contact + close.contact) if dip else mean,
        u_fit=max(fit.spread for fit in fits[1:]),
        u_window=math.dist(contacts, [mean] * len(contacts)) / math.sqrt(len(contacts) - 1),
        dof=max(LEAST_DOF, close.independent - PARAMETERS),
        exponent=0.5 * (wide.exponent + close.exponent),
        noise=noise,
        dip=dip is not None,
    )
    _check_rise(z, f, found.position, max(fit.evidence for fit in fits), noise)
    _check_sides(z, found)
    return found


def _checked(position: Floats, force: Floats) -> tuple[Floats, Floats]:
    z, f = np.asarray(position, dtype=float), np.asarray(force, dtype=float)
    if z.ndim != 1 or z.shape != f.shape:
        raise EstimateError(f"positions {z.shape} and forces {f.shape}, expected one shape (n,)")
    if len(z) < MINIMUM_POINTS:
        raise EstimateError(f"{len(z)} points, expected {MINIMUM_POINTS} or more")
    if not (np.isfinite(z).all() and np.isfinite(f).all()):
        raise EstimateError("positions or forces are not all finite")
    z = np.maximum.accumulate(z)
    if not (np.diff(z[:: len(z) // MINIMUM_SIDE]) > 0).all():
        raise EstimateError("positions do not advance all along the curve, expected the way towards contact")
    if f.max() == f.min():
        raise EstimateError(f"no contact in the curve: the force stays at {f[0]:.6g}")
    return z, f


def _noise(f: Floats) -> float:
    """Return the scatter of one force, from second differences: no slope or slow bend counts in it."""
    second = np.abs(f[2:] - 2.0 * f[1:-1] + f[:-2])
    middle = len(second) // 2
    return float(np.partition(second, middle)[middle]) / (0.6745 * math.sqrt(6.0))


def _blocks(z: Floats, f: Floats, most: int) -> tuple[Floats, Floats]:
    """Average neighbours until there are at most ``most``; first points that fill no block are left out."""
    size = -(-len(z) // most)
    if size == 1:
        return z, f
    used = len(z) // size * size
    return z[-used:].reshape(-1, size).mean(axis=1), f[-used:].reshape(-1, size).mean(axis=1)


def _coarse(z: Floats, f: Floats) -> float:
    """Return the contact that the curve as a whole says."""
    z, f = _blocks(z, f, BLOCKS)
    return fit_loading(z, f, z[2 : len(z) - 3 : max(1, len(z) // COARSE_CONTACTS)]).likeliest


def _window(
    z: Floats, f: Floats, contact: float, extent: Extent, noise: float, dip: _Dip | None = None
) -> _Window:
    """Return the window about a contact, or about the bottom of a dip."""
    n = len(z)
    touch = int(np.searchsorted(z, contact)) if dip is None else dip.bottom
    touch = min(max(touch, MINIMUM_SIDE), n - MINIMUM_SIDE)
    before = (
        f[max(0, touch - max(MINIMUM_SIDE, (n - touch) // 2)) : touch]
        if dip is None
        else f[touch : touch + 1]
    )
    level = float(before.sum()) / len(before)
    risen = f[touch:] > level + max(extent.share * (f[-1] - level), extent.sigmas * noise)
    loaded = int(np.argmax(risen)) + 1 if risen.any() else n - touch
    loaded = min(max(loaded, MINIMUM_SIDE), n - touch)
    start = max(0, touch - extent.baseline * loaded) if dip is None else dip.halfway
    return _Window(start, touch, touch + loaded)


def _find_dip(z: Floats, f: Floats, window: _Window, noise: float) -> _Dip | None:
    """Return where the force dips below what the far half of the free way leads one to expect."""
    z, f = z[window.start : window.end], f[window.start : window.end]
    far = (window.touch - window.start) // 2
    if far < 2 * NEIGHBOURS:
        return None
    offset, above = z - z[:far].sum() / far, f - f[:far].sum() / far
    above -= float(offset[:far] @ above[:far]) / max(float(offset[:far] @ offset[:far]), TINY) * offset
    scatter = math.sqrt(float(above[:far] @ above[:far]) / far)
    total = np.concatenate([[0.0], np.cumsum(above)])
    smooth = (total[NEIGHBOURS:] - total[:-NEIGHBOURS]) / NEIGHBOURS
    bottom = int(np.argmin(smooth))
    if -smooth[bottom] < DIP_SIGMAS * max(noise, scatter):
        return None
    shallow = np.nonzero(smooth[:bottom] > 0.5 * smooth[bottom])[0]
    halfway = min(int(shallow[-1]) if len(shallow) else 0, max(0, bottom - NEIGHBOURS))
    return _Dip(window.start + halfway, window.start + bottom + NEIGHBOURS // 2)


def _fit(z: Floats, f: Floats, window: _Window) -> LoadingFit:
    """Weigh contacts on a wide grid, and then on a fine one about what that finds."""
    touch = float(z[window.touch])
    z, f = _blocks(z[window.start : window.end], f[window.start : window.end], BLOCKS)
    lowest, highest = float(z[2]), float(z[-4])
    middle = min(max(touch, lowest), highest)
    reach = REACH * (float(z[-1]) - middle)
    low, high = max(lowest, middle - reach), min(highest, middle + reach)
    if not low < high:
        raise EstimateError("positions hardly advance where the force begins to grow")
    fit = fit_loading(z, f, low + (high - low) * GRID)
    half = max(4.0 * fit.spread, (high - low) / CONTACTS)
    low, high = max(low, fit.contact - half), min(high, fit.contact + half)
    return fit_loading(z, f, low + (high - low) * GRID)


def _check_rise(z: Floats, f: Floats, contact: float, evidence: float, noise: float) -> None:
    """Refuse a force that does not rise beyond its scatter, or comes down again."""
    touch = min(max(int(np.searchsorted(z, contact)), MINIMUM_SIDE), len(z) - MINIMUM_SIDE)
    offset, free = z[:touch] - z[:touch].sum() / touch, f[:touch] - f[:touch].sum() / touch
    free -= float(offset @ free) / max(float(offset @ offset), TINY) * offset
    scatter = max(noise, math.sqrt(float(free @ free) / touch))
    level = float(f[touch - MINIMUM_SIDE : touch].sum()) / MINIMUM_SIDE
    rise = float(f.max()) - level
    last = float(f[-MINIMUM_SIDE // 2 :].max()) - level
    if evidence < LEAST_EVIDENCE or rise < TOUCHED_SIGMAS * scatter:
        raise EstimateError(
            f"no contact in the curve: the force rises by {rise:.3g} with a scatter of {scatter:.3g}, "
            "expected a kink beyond it"
        )
    if last < RETREAT * rise:
        raise EstimateError(
            f"the force falls back from {rise:.3g} to {last:.3g} at the end, "
            "expected the way towards contact only"
        )


def _check_sides(z: Floats, found: ContactEstimate) -> None:
    """Refuse a contact with too few points before or after it."""
    before = int(np.searchsorted(z, found.position))
    reach = FIRST_POINT_SIGMAS * math.hypot(found.u_fit, found.u_window)
    if before < MINIMUM_SIDE or found.position - reach < z[0]:
        raise EstimateError(
            f"contact from point {before} on, perhaps from the first, expected a longer way without contact"
        )
    if len(z) - before < MINIMUM_SIDE:
        raise EstimateError(f"{len(z) - before} points after contact, expected {MINIMUM_SIDE} or more")
