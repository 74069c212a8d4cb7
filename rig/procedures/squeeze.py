"""Squeezing a pouch: press to a set force, hold the position, record how the force decays."""

from __future__ import annotations

import numpy as np

from rig.errors import ContactNotFound
from rig.procedures.bench import Bench
from rig.procedures.diagnosis import check_gauge_lives
from rig.procedures.gauge_zero import unloaded_n
from rig.records.trace import Trace
from rig.safety.windows import POUCH_TRAVEL_MM

PRESS_MM_PER_S = 6.0
SLOW_MM_PER_S = 1.5
SLOW_FROM_SHARE = 0.6
SAMPLE_S = 0.08
POLL_S = 0.008
ZERO_READINGS = 10
LEAVE_MM = 0.5


def squeeze_pouch(bench: Bench) -> Trace:
    """Squeeze the pouch and hold; the gauge's zero is read before and after.

    Returns:
        Trace with columns ``time_s`` (from the first reading), ``position_mm`` and ``force_n`` (free of
        the zero, drift between the two zeros taken out linearly); ``hold_s`` in its description.

    Raises:
        ContactNotFound: no pouch under the anvil.
        GaugeDrift: the zeros differ by more than the gauge's certificate explains.
        ForceLimitExceeded: more force than the station allows for a pouch.
    """
    nest, pouch = bench.station.nest, bench.product.pouch
    bench.present("anvil")
    bench.stage.move_to("z", nest.pouch_mm - LEAVE_MM)
    start_s = bench.clock.now()
    first_zero_n = unloaded_n(bench, ZERO_READINGS)
    rows = [(0.0, bench.stage.position("z"), first_zero_n)]
    bench.watch.begins("Squeeze of the pouch", x="time_s", y="force_n")
    _press(bench, first_zero_n, start_s, rows)
    hold_s = bench.clock.now() - start_s
    held_mm = bench.stage.position("z")
    while (passed_s := bench.clock.now() - start_s) < hold_s + pouch.dwell_s:
        rows.append((passed_s, held_mm, _force_n(bench)))
        bench.watch.point(passed_s, rows[-1][-1] - first_zero_n)
        bench.clock.sleep(SAMPLE_S)
    bench.watch.ends()
    bench.stage.move_to("z", nest.pouch_mm - LEAVE_MM)
    last_s, last_zero_n = bench.clock.now() - start_s, unloaded_n(bench, ZERO_READINGS)
    time_s, position_mm, force_n = np.array(rows).T
    zero_n = first_zero_n + (last_zero_n - first_zero_n) * time_s / last_s
    return Trace(
        "squeeze",
        {"time_s": time_s, "position_mm": position_mm, "force_n": force_n - zero_n},
        {
            "hold_s": hold_s,
            "zero_before_n": first_zero_n,
            "zero_after_n": last_zero_n,
            "x": "time_s",
            "y": "force_n",
        },
    )


def _press(bench: Bench, zero_n: float, start_s: float, rows: list[tuple[float, float, float]]) -> None:
    """Drive the anvil down until the set force is reached, recording on the way."""
    nest, wanted_n = bench.station.nest, bench.product.pouch.squeeze_n
    bottom_mm = nest.pouch_mm + POUCH_TRAVEL_MM
    for speed, share in ((PRESS_MM_PER_S, SLOW_FROM_SHARE), (SLOW_MM_PER_S, 1.0)):
        bench.stage.move_to("z", bottom_mm, speed=speed, wait=False)
        while (force := _force_n(bench)) - zero_n < share * wanted_n:
            rows.append((bench.clock.now() - start_s, bench.stage.position("z"), force))
            bench.watch.point(rows[-1][0], force - zero_n)
            bench.clock.sleep(POLL_S)
            if not bench.stage.is_busy("z"):
                bench.retract()
                check_gauge_lives(bench)
                raise ContactNotFound(
                    f"only {force - zero_n:.2f} N at {bottom_mm:g} mm",
                    expected=f"{wanted_n:g} N from a pouch under the anvil",
                    do="Load a pouch",
                )
        bench.stage.stop("z")


def _force_n(bench: Bench) -> float:
    return bench.force_n(limit_n=bench.station.safety.pouch_force_limit_n)
