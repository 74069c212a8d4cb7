"""Peeling a pouch's seal: the grip takes a specimen and pulls it open at a steady speed. Destructive."""

from __future__ import annotations

import numpy as np

from rig.errors import ContactNotFound, RefusedToStart
from rig.procedures.bench import Bench
from rig.records.trace import Trace

SECONDS_PER_MIN = 60.0
ZERO_READINGS = 10
LEAST_PULL_N = 0.2


def peel_seal(bench: Bench) -> Trace:
    """Pull one specimen open. The operator has laid it in, and lays in the next one after it.

    Returns:
        Trace with columns ``time_s``, ``travel_mm`` of the grip and ``force_n`` as read: a pull is negative.
        Its description has the zero before the pull.

    Raises:
        RefusedToStart: the station has no grip, or not the travel; nothing has moved.
        ContactNotFound: nothing was in the grip.
        ForceLimitExceeded: more force than the station allows for a pouch.
    """
    plan, stage, home_mm = bench.product.peel, bench.stage, _grip_home_mm(bench)
    bench.present("grip")
    stage.move_to("z", home_mm)
    zero_n = sum(_force_n(bench) for _ in range(ZERO_READINGS)) / ZERO_READINGS
    start_s, rows = bench.clock.now(), []
    bench.watch.begins("Peel of the seal", x="travel_mm", y="force_n")
    stage.move_to("z", home_mm - plan.travel_mm, speed=plan.speed_mm_per_min / SECONDS_PER_MIN, wait=False)
    while stage.is_busy("z"):
        position_mm = stage.position("z")
        rows.append((bench.clock.now() - start_s, home_mm - position_mm, _force_n(bench)))
        bench.watch.point(rows[-1][1], rows[-1][2] - zero_n)
    bench.watch.ends()
    bench.retract()
    time_s, travel_mm, force_n = np.array(rows).T
    if zero_n - float(force_n.min()) < LEAST_PULL_N:
        raise ContactNotFound(
            f"at most {zero_n - float(force_n.min()):.2f} N on {plan.travel_mm:g} mm of pulling",
            expected=f"a seal in the grip, that holds {LEAST_PULL_N:g} N or more",
            do="Lay a specimen into the grip",
        )
    return Trace(
        "peel",
        {"time_s": time_s, "travel_mm": travel_mm, "force_n": force_n},
        {
            "zero_n": zero_n,
            "zero_readings": ZERO_READINGS,
            "speed_mm_per_min": plan.speed_mm_per_min,
            "x": "travel_mm",
            "y": "force_n",
        },
    )


def _grip_home_mm(bench: Bench) -> float:
    nest, plan = bench.station.nest, bench.product.peel
    if nest.grip_mm is None or "grip" not in nest.targets:
        raise RefusedToStart(
            f"station {bench.station.name!r} has no grip",
            expected="nest.grip_mm and nest.targets.grip in its station file",
            do="Use a station that has one",
        )
    if nest.grip_mm < plan.travel_mm:
        raise RefusedToStart(
            f"the grip cannot pull {plan.travel_mm:g} mm from {nest.grip_mm:g} mm",
            expected=f"peel.travel_mm of at most {nest.grip_mm:g}",
            do="Shorten the travel in the product file",
        )
    return nest.grip_mm


def _force_n(bench: Bench) -> float:
    return bench.force_n(limit_n=bench.station.safety.pouch_force_limit_n)
