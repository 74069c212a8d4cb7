"""Using a tip up: slow insertions into the phantom, with the pen running in it between them."""

from __future__ import annotations

from dataclasses import dataclass

from rig.instruments.roles import Park
from rig.procedures.bench import Bench
from rig.procedures.insertion import insert_slowly
from rig.procedures.strokes import run_at
from rig.product import Setting
from rig.records.trace import Trace

SECONDS_PER_MIN = 60.0
WATCH_S = 1.0
"""While the pen runs in the phantom, the force is looked at so often."""


@dataclass(frozen=True)
class WornInsertion:
    """A slow insertion, and how many each needle has made by then, itself included."""

    count: int
    trace: Trace


def wear_tip(bench: Bench) -> list[WornInsertion]:
    """Insert slowly, use the tip, let the phantom rest, and so on, as the product plans it.

    Returns:
        A record an insertion; ``count`` stands in the trace's description too.

    Raises:
        ForceLimitExceeded: more force than the station allows.
    """
    plan = bench.product.wear
    done: list[WornInsertion] = []
    made = 0
    for number in range(plan.insertions):
        if number:
            made += _use(bench) if plan.run_s else 0
            bench.clock.sleep(plan.rest_s)
        made += 1
        trace = insert_slowly(bench)
        about = {**trace.about, "insertions": made, "rest_s": plan.rest_s}
        done.append(WornInsertion(made, Trace(f"{trace.name} {made}", trace.columns, about)))
    return done


def _use(bench: Bench) -> int:
    """Run the pen in the phantom as deep as the slow insertions go; return the strokes it made."""
    plan, phantom = bench.product.wear, bench.product.phantom
    run_at(bench, Setting(phantom.extension_mm, plan.rate_per_min))
    bench.stage.move_to("z", bench.station.nest.phantom_mm - phantom.extension_mm + phantom.travel_mm)
    start_s = bench.clock.now()
    while (left_s := start_s + plan.run_s - bench.clock.now()) > 0:
        bench.clock.sleep(min(WATCH_S, left_s))
        bench.force_n()
    speed_per_min = bench.pen.motor_speed_per_min()
    strokes = round(speed_per_min / SECONDS_PER_MIN * (bench.clock.now() - start_s))
    bench.retract()
    bench.pen.stop()
    bench.pen.park(Park.RETRACTED)
    return strokes
