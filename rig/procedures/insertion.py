"""Pressing the parked needles into the phantom, recording force against position.

At the line's speed the force of the whole tip shows; slowly, the puncture of each needle.
"""

from __future__ import annotations

import math

import numpy as np

from rig.errors import PenStopped
from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import DEPTH_TOLERANCE_MM, pen_status
from rig.procedures.gauge_zero import unloaded_n
from rig.records.trace import Trace

STAND_OFF_MM = 0.5
SLOW_STAND_OFF_MM = 0.25
TOUCH_N = 0.04
ZERO_READINGS = 8


def insert_needles(bench: Bench) -> Trace:
    """Insert the needles, at rest and extended, into the phantom.

    Returns:
        Trace with columns ``position_mm`` and ``force_n`` (free of the zero), on the way in.

    Raises:
        ForceLimitExceeded: more force than the station allows.
        PenStopped: the pen did not hold its needles out all the time.
        GaugeDrift: the gauge's zero is not what it was.
    """
    plan, stage = bench.product.phantom, bench.stage
    touch_mm = _present_needles(bench)
    stage.move_to("z", touch_mm - STAND_OFF_MM)
    zero_n = unloaded_n(bench, ZERO_READINGS)
    stage.move_to("z", touch_mm + plan.travel_mm, speed=plan.speed_mm_per_s, wait=False)
    rows = []
    bench.watch.begins("Insertion into the phantom", x="position_mm", y="force_n")
    while stage.is_busy("z"):
        rows.append((stage.position("z"), bench.force_n() - zero_n))
        bench.watch.point(*rows[-1])
    bench.watch.ends()
    _withdraw(bench)
    position_mm, force_n = np.array(rows).T
    return Trace(
        "insertion",
        {"position_mm": position_mm, "force_n": force_n},
        {"zero_n": zero_n, "speed_mm_per_s": plan.speed_mm_per_s, "x": "position_mm", "y": "force_n"},
    )


def insert_slowly(bench: Bench) -> Trace:
    """Insert the needles so slowly that their punctures can be told from each other.

    The way to the first touch is gone at the line's speed; the needles deflect the phantom by far more
    before they puncture.

    Returns:
        Trace with columns ``time_s`` (from the first reading), ``position_mm`` and ``force_n`` (as read), on
        the way in, from before the phantom is met.

    Raises:
        As :func:`insert_needles`.
    """
    plan, stage = bench.product.phantom, bench.stage
    touch_mm = _present_needles(bench)
    deepest_mm = touch_mm + plan.travel_mm
    stage.move_to("z", touch_mm - bench.product.mechanics.maximum_extension_error_mm - SLOW_STAND_OFF_MM)
    zero_n = unloaded_n(bench, ZERO_READINGS)
    start_s, rows = bench.clock.now(), []
    bench.watch.begins("Slow insertion into the phantom", x="position_mm", y="force_n")
    for speed, stop_n in ((plan.speed_mm_per_s, TOUCH_N), (plan.slow_mm_per_s, math.inf)):
        stage.move_to("z", deepest_mm, speed=speed, wait=False)
        while stage.is_busy("z"):
            rows.append((bench.clock.now() - start_s, stage.position("z"), bench.force_n()))
            bench.watch.point(rows[-1][1], rows[-1][2] - zero_n)
            if rows[-1][-1] - zero_n > stop_n:
                stage.stop("z")
                break
    bench.watch.ends()
    _withdraw(bench)
    time_s, position_mm, force_n = np.array(rows).T
    return Trace(
        "slow insertion",
        {"time_s": time_s, "position_mm": position_mm, "force_n": force_n},
        {"speed_mm_per_s": plan.slow_mm_per_s, "x": "position_mm", "y": "force_n"},
    )


def _present_needles(bench: Bench) -> float:
    """Park the needles extended before the phantom; return where the stage is when the two should touch."""
    plan = bench.product.phantom
    bench.pen.stop()
    bench.pen.set_depth(plan.extension_mm)
    bench.pen.park(Park.EXTENDED)
    bench.present("phantom")
    return bench.station.nest.phantom_mm - plan.extension_mm


def _withdraw(bench: Bench) -> None:
    """Retract, see that pen and gauge are what they were before, and park the needles."""
    bench.retract()
    status, held_mm = pen_status(bench), bench.product.phantom.extension_mm
    if status.park is not Park.EXTENDED or abs(status.set_depth_mm - held_mm) > DEPTH_TOLERANCE_MM:
        raise PenStopped(
            bench.pen.role,
            f"its needles are {status.park or 'between their rests'} at {status.set_depth_mm:g} mm",
            expected=f"needles held out at {held_mm:g} mm all through the insertion",
            do="The pen has booted anew, or its motor gives way: look after its battery and run again",
        )
    unloaded_n(bench, ZERO_READINGS)
    bench.pen.park(Park.RETRACTED)
