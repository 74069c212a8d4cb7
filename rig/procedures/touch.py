"""Feeling for a contact: creep until a force is felt, then scan through the contact step by step."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rig.procedures.bench import Bench
from rig.procedures.gauge_zero import unloaded_n

Floats = NDArray[np.float64]


def creep(
    bench: Bench,
    nearest_mm: float,
    farthest_mm: float,
    *,
    speed_mm_per_s: float,
    touch_n: float,
    zero_readings: int,
) -> float | None:
    """Move from a place without contact towards the pen until ``touch_n`` more is felt than there.

    Returns:
        Where the stage stopped, mm; None when nothing was felt: the stage is retracted then.

    Raises:
        ForceLimitExceeded: more force than the station allows.
        GaugeDrift: the gauge's zero is not what it was.
    """
    bench.stage.move_to("z", nearest_mm)
    zero_n = unloaded_n(bench, zero_readings)
    return feel(bench, farthest_mm, zero_n, speed_mm_per_s=speed_mm_per_s, touch_n=touch_n)


def feel(
    bench: Bench, farthest_mm: float, zero_n: float, *, speed_mm_per_s: float, touch_n: float
) -> float | None:
    """Move on towards the pen until the force is ``touch_n`` above ``zero_n``.

    Returns:
        Where the stage stopped, mm; None when nothing was felt: the stage is retracted then.

    Raises:
        ForceLimitExceeded: more force than the station allows.
    """
    stage = bench.stage
    stage.move_to("z", farthest_mm, speed=speed_mm_per_s, wait=False)
    while bench.force_n() - zero_n < touch_n:
        if not stage.is_busy("z"):
            bench.retract()
            return None
    stage.stop("z")
    return stage.position("z")


def scan(
    bench: Bench,
    positions_mm: Iterable[float],
    *,
    title: str,
    settle_s: float,
    readings: int,
    most_n: float,
) -> tuple[Floats, Floats]:
    """Step through positions and read the force at each, until it has grown by ``most_n``.

    Args:
        positions_mm: where to go, in order.
        title: what is touched, for whoever looks on.
        settle_s, readings: how long to stand before how many readings.
        most_n: growth of the force that ends it.

    Returns:
        Where the stage stood, mm, and the mean of ``readings`` there, N; shape (n,).

    Raises:
        ForceLimitExceeded: more force than the station allows.
    """
    places: list[float] = []
    forces: list[float] = []
    bench.watch.begins(title, x="position_mm", y="force_n")
    for position_mm in positions_mm:
        bench.stage.move_to("z", position_mm)
        bench.clock.sleep(settle_s)
        places.append(bench.stage.position("z"))
        forces.append(bench.mean_force_n(readings))
        bench.watch.point(places[-1], forces[-1])
        if forces[-1] - forces[0] > most_n:
            break
    bench.watch.ends()
    return np.array(places), np.array(forces)
