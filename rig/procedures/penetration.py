"""Striking layered film: how many strokes go through it to the bed, at one set depth after another.

The rim is pressed onto the film with a set force, at a place no needle has struck, with the needles at the
shallowest setting; then they are let out to the set depth and the closings of the contact are counted. The
set depth is halved down to where the strokes begin to get through, then stepped finely across.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from calibration.penetration import strokes_counted
from rig.errors import ContactNotFound, InstrumentError, RigError
from rig.procedures.bench import Bench
from rig.procedures.strokes import run_at
from rig.product import Setting
from rig.records.trace import Trace

FROM_BELOW_MM = 0.05
CREEP_MM_PER_S = 0.8
STEP_MM = 0.004
SETTLE_S = 0.012
ZERO_READINGS = 4
FORCE_READINGS = 2
TOUCH_SHARE = 0.3
PRELOAD_TOLERANCE = 0.05
PERIODS_TO_WAIT = 2.5
SETTLING_STROKES = 2

COARSE_MM = 0.03
FINE_MM = 0.005
FINE_STEPS = (0, -1, 1, -2, 2, -3, 3)
MOST_FINE = 15
FEW, MANY = 0.25, 0.75
"""Stepping ends where so small and so large a share of the strokes got through."""


@dataclass
class _Film:
    """The film under the rim: the next place to strike, where the rim pressed last, and what was counted."""

    bench: Bench
    layers: int
    rate_per_min: float
    site: int
    pressed_mm: float | None = None
    rows: list[tuple[float, ...]] = field(default_factory=list)


def strike_film(bench: Bench, rate_per_min: float, *, layers: int, first_site: int = 0) -> Trace:
    """Count the strokes that go through a film, at set depths around that of half of them.

    Args:
        rate_per_min: stroke rate.
        layers: how many layers are stretched.
        first_site: the first place on the film that no needle has struck; ``next_site`` in the trace's
            description is that of the next measurement.

    Returns:
        Trace with a row for each site: ``set_depth_mm``, ``site``, ``reached`` of ``strokes``,
        ``struck_before`` (strokes on the site before counting began) and ``force_n`` of the rim, free of
        the zero.

    Raises:
        ContactNotFound: no film where it should be, or no depth at which the strokes begin to reach the bed.
        RigError: no fresh film left.
        ForceLimitExceeded: more force than the station allows.
    """
    film = _Film(bench, layers, rate_per_min, first_site)
    shallowest = Setting(bench.product.depth.minimum_mm, rate_per_min)
    bench.retract()
    run_at(bench, shallowest)
    title = f"Strokes through {layers} layers at {rate_per_min:.0f} /min"
    bench.watch.begins(title, x="set_depth_mm", y="reached_share")
    try:
        _fine(film, _coarse(film))
    finally:
        bench.watch.ends()
        bench.retract()
        bench.pen.set_depth(shallowest.depth_mm)
    set_depth_mm, site, reached, strokes, struck_before, force_n = np.array(film.rows).T
    return Trace(
        f"film {layers} layers {rate_per_min:.0f} per min",
        {
            "set_depth_mm": set_depth_mm,
            "site": site,
            "reached": reached,
            "strokes": strokes,
            "struck_before": struck_before,
            "force_n": force_n,
        },
        {
            "layers": layers,
            "rate_per_min": rate_per_min,
            "next_site": film.site,
            "x": "set_depth_mm",
            "y": "reached",
        },
    )


def depth_step_mm(bench: Bench) -> float:
    """Return the least step in which the pen takes a set depth, mm."""
    return bench.product.modbus.registers["set_depth_um"].scale / 1e3


def _coarse(film: _Film) -> float:
    """Return a depth near that at which half the strokes get through, by halving."""
    product = film.bench.product
    thickness_mm, doubt_mm = film.layers * product.film.layer_mm, product.mechanics.maximum_extension_error_mm
    low_mm = max(product.depth.minimum_mm, thickness_mm - doubt_mm)
    high_mm = min(product.depth.maximum_mm, thickness_mm + product.film.deepest_shortfall_mm + doubt_mm)
    while high_mm - low_mm > max(COARSE_MM, 2 * depth_step_mm(film.bench)):
        middle_mm = (low_mm + high_mm) / 2
        if _visit(film, middle_mm) < 0.5:
            low_mm = middle_mm
        else:
            high_mm = middle_mm
    return (low_mm + high_mm) / 2


def _fine(film: _Film, middle_mm: float) -> None:
    """Step across the depth, and on until few strokes get through on one side and most on the other."""
    step_mm = max(FINE_MM, depth_step_mm(film.bench))
    at = {step: _visit(film, middle_mm + step * step_mm) for step in FINE_STEPS}
    while len(at) < MOST_FINE:
        shares = [share for _, share in sorted(at.items())]
        # A single site may be an easy or a hard one: the one next to it must be on the same side of half.
        if min(shares) > FEW or max(shares[:2]) > 0.5:
            step = min(at) - 2
        elif max(shares) < MANY or min(shares[-2:]) < 0.5:
            step = max(at) + 2
        else:
            return
        at[step] = _visit(film, middle_mm + step * step_mm)
    depths_mm, few = [row[0] for row in film.rows], min(at.values()) <= FEW
    if few and max(at.values()) >= MANY:
        return
    raise ContactNotFound(
        f"between {min(depths_mm):.3f} and {max(depths_mm):.3f} mm "
        + ("most strokes never reach the bed" if few else "most strokes always reach the bed")
        + f" through {film.layers} layers at {film.rate_per_min:.0f} /min",
        expected="a depth at which half of them do",
        do="Check the number of layers and the contact wire; a worn tip, or film too thin or thick for the "
        "pen's dial, shows like this too",
    )


def _visit(film: _Film, depth_mm: float) -> float:
    """Strike a fresh site at a set depth; return the share of strokes that reach the bed."""
    bench, plan, pen = film.bench, film.bench.product.film, film.bench.pen
    dial, step_mm = bench.product.depth, depth_step_mm(film.bench)
    depth_mm = round(min(max(depth_mm, dial.minimum_mm), dial.maximum_mm) / step_mm) * step_mm
    force_n = _press_on_fresh_site(film)
    pressed_s = bench.clock.now()
    pen.set_depth(depth_mm)
    period_s = _period_s(film)
    travel_s = (depth_mm - dial.minimum_mm) / bench.product.mechanics.depth_speed_mm_per_s
    bench.clock.sleep(travel_s + SETTLING_STROKES * period_s)
    before = (bench.clock.now() - pressed_s) / period_s
    timeout_s = max(0.01, math.ceil(PERIODS_TO_WAIT * period_s * 1e3) / 1e3)
    stamps = bench.counter.time_stamps_s(plan.readings, timeout_s=timeout_s)
    bench.force_n()
    reached, strokes = strokes_counted(stamps, readings=plan.readings, timeout_s=timeout_s, period_s=period_s)
    bench.retract()
    pen.set_depth(dial.minimum_mm)
    film.rows.append((depth_mm, film.site, reached, strokes, before, force_n))
    film.site += 1
    share = reached / max(1, strokes)
    bench.watch.point(depth_mm, share)
    return share


def _press_on_fresh_site(film: _Film) -> float:
    """Turn to the next site and press the rim on it; return the force."""
    bench, nest, preload_n = film.bench, film.bench.station.nest, film.bench.product.film.preload_n
    if film.site >= nest.film_sites:
        raise RigError(
            f"all {nest.film_sites} places on the film were struck",
            expected="a place that no needle has struck",
            do="Stretch fresh film",
        )
    bench.retract()
    off_mm = (film.site - (nest.film_sites - 1) / 2) * nest.film_site_mm
    bench.stage.move_to("turret", nest.targets["film"] + math.degrees(off_mm / nest.film_radius_mm))
    zero_n = bench.mean_force_n(ZERO_READINGS)
    if film.pressed_mm is None:
        film.pressed_mm = _creep_to_film(film, zero_n)
    else:
        bench.stage.move_to("z", film.pressed_mm - FROM_BELOW_MM)
        bench.stage.move_to("z", film.pressed_mm)
        bench.clock.sleep(SETTLE_S)
    force_n = bench.mean_force_n(FORCE_READINGS) - zero_n
    while force_n < (1 - PRELOAD_TOLERANCE) * preload_n:
        film.pressed_mm += STEP_MM
        bench.stage.move_to("z", film.pressed_mm)
        bench.clock.sleep(SETTLE_S)
        force_n = bench.mean_force_n(FORCE_READINGS) - zero_n
    if force_n > (1 + PRELOAD_TOLERANCE) * preload_n:
        film.pressed_mm -= STEP_MM
    return force_n


def _creep_to_film(film: _Film, zero_n: float) -> float:
    """Creep until the rim touches the film; return where.

    The film must be where its thickness puts it: a layer more or less would go into the result.
    """
    bench, nest, plan = film.bench, film.bench.station.nest, film.bench.product.film
    top_mm = nest.film_mm - film.layers * plan.layer_mm
    nearest_mm, farthest_mm = top_mm - nest.film_range_mm, top_mm + nest.film_range_mm
    touched_n = zero_n + TOUCH_SHARE * plan.preload_n
    bench.stage.move_to("z", nearest_mm)
    found = bench.force_n() < touched_n
    if found:
        bench.stage.move_to("z", farthest_mm, speed=CREEP_MM_PER_S, wait=False)
        while found and bench.force_n() < touched_n:
            found = bench.stage.is_busy("z")
    if not found:
        raise ContactNotFound(
            f"the rim does not meet the film between {nearest_mm:.3f} and {farthest_mm:.3f} mm",
            expected=f"{film.layers} layers of {plan.layer_mm:g} mm on a bed near {nest.film_mm:g} mm",
            do="Stretch as many layers of film as are stated",
        )
    bench.stage.stop("z")
    bench.clock.sleep(SETTLE_S)
    return bench.stage.position("z")


def _period_s(film: _Film) -> float:
    """Return the time of a stroke, from what the pen reports."""
    per_min = film.bench.pen.motor_speed_per_min()
    if per_min <= 0:
        raise InstrumentError(
            "pen",
            "the motor stopped while the needles were on the film",
            expected=f"{film.rate_per_min:.0f} strokes a minute",
            do="Check battery and motor, and stretch fresh film",
        )
    return 60.0 / per_min
