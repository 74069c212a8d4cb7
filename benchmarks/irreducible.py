"""The time that a run's motions, gates and dwells would take alone, if nothing else cost any.

Found from outside the rig's code: from the bytes that were on the stage's line, from the raw traces that
were kept, and from the product file. In it are all motions that were made. Not in it, so that the ratio
is not flattered: the search for the references, strokes that only served to find the needles, waiting
for a force to settle, every message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rig.product import Product
from rig.records.trace import Trace

# Units of a Zaber's wire: microsteps/s and microsteps/s², times these.
VELOCITY_FACTOR, ACCEL_FACTOR = 1.6384, 1.6384e-4
RAMP_CONSTANTS = 5.0  # so many time constants after a change, the motor is within 1 % of its rate

_ASK = re.compile(r"> .*\|/1 (\d) (\d\d) get pos\b")
_TELL = re.compile(r"< .*\|@01 (\d) (\d\d) OK \S+ \S+ (-?\d+)\b")
_MOVE = re.compile(r"> .*\|/1 (\d) \d\d move abs (-?\d+) (\d+) (\d+)")


@dataclass(frozen=True)
class Irreducible:
    """Parts of the time, s."""

    motion_s: float
    gates_s: float
    dwell_s: float
    pen_s: float

    @property
    def total_s(self) -> float:
        """The sum: each part needs the one before, so they do not overlap."""
        return self.motion_s + self.gates_s + self.dwell_s + self.pen_s


def irreducible(wire: Iterable[str], traces: Sequence[Trace], product: Product) -> Irreducible:
    """Return the irreducible time of a run.

    Args:
        wire: the lines of its wire log.
        traces: all its traces, in order.
        product: what was measured.
    """
    return Irreducible(
        motion_s=sum(_ideal_s(move) for moves in _moves(wire).values() for move in moves),
        gates_s=sum(_gate_s(trace) for trace in traces),
        dwell_s=product.pouch.dwell_s,
        pen_s=_pen_s(traces, product),
    )


@dataclass
class _Move:
    """One motion, in microsteps: whence, whither, and with what speed and acceleration."""

    start: int
    end: int
    speed: float
    accel: float


def _moves(wire: Iterable[str]) -> dict[str, list[_Move]]:
    """Return the motions of each axis; one that was stopped ends where the next begins."""
    moves: dict[str, list[_Move]] = {}
    position: dict[str, int] = {}
    asked = None
    for line in wire:
        if ask := _ASK.search(line):
            asked = ask.groups()
        elif (tell := _TELL.search(line)) and tell.groups()[:2] == asked:
            position[tell[1]] = int(tell[3])
        elif move := _MOVE.search(line):
            axis, start = move[1], position[move[1]]
            made = moves.setdefault(axis, [])
            if made:
                made[-1].end = start
            made.append(
                _Move(start, int(move[2]), int(move[3]) / VELOCITY_FACTOR, int(move[4]) / ACCEL_FACTOR)
            )
    return moves


def _ideal_s(move: _Move) -> float:
    """Return the duration of a motion with a trapezoid, or triangle, of velocity."""
    distance = abs(move.end - move.start)
    if distance * move.accel < move.speed**2:
        return 2 * math.sqrt(distance / move.accel)
    return distance / move.speed + move.speed / move.accel


def _gate_s(trace: Trace) -> float:
    """Return the time of the strokes that a trace holds."""
    if "duty" in trace.columns:
        return len(trace) * 60.0 / float(trace.about["rate_per_min"])
    if "overlap_mm" in trace.about:
        times = trace.columns["time_s"]
        return float(times[-1] - times[0])
    return 0.0


def _pen_s(traces: Sequence[Trace], product: Product) -> float:
    """Return the time that depth drive and motor need between the settings, and one restart."""
    design = product.mechanics
    ramp_s = RAMP_CONSTANTS * design.ramp_s
    # A start from rest takes as long as a change of rate: one at first, one after the restart.
    total_s = product.calibration.restart_s + 2 * ramp_s
    for (depth_mm, rate), (next_depth_mm, next_rate) in pairwise(_settings(traces)):
        travel_s = abs(next_depth_mm - depth_mm) / design.depth_speed_mm_per_s
        total_s += max(travel_s, ramp_s if next_rate != rate else 0.0)  # drive and motor work at once
    return total_s


def _settings(traces: Sequence[Trace]) -> Iterator[tuple[float, float]]:
    for trace in traces:
        if "rate_per_min" in trace.about:
            yield float(trace.about["depth_mm"]), float(trace.about["rate_per_min"])
