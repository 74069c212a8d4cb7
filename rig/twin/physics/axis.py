"""The commanded motion of one axis: pieces of constant acceleration, past, present and planned.

Kinematics only: an axis here is ideal and goes where it is told. Scale errors, compliance and travel
limits are added by whoever owns it. The unit of length is the owner's (mm, or degrees for a turret).
"""

from __future__ import annotations

import bisect
import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Instruments integrate over the recent past (a counter's gate); nothing looks further back than this.
HISTORY_S = 60.0


class _Piece(NamedTuple):
    """Motion from ``start_s`` until the next piece starts; the last one lasts for ever."""

    start_s: float
    position: float
    velocity: float
    accel: float

    def position_at(self, time_s: float) -> float:
        t = max(0.0, time_s - self.start_s)
        return self.position + (self.velocity + 0.5 * self.accel * t) * t

    def velocity_at(self, time_s: float) -> float:
        return self.velocity + self.accel * max(0.0, time_s - self.start_s)


class Axis:
    """One axis, at rest at ``position`` until it is told to move.

    A command at time t replaces what was planned after t and starts from the position and velocity
    the axis has at t, so a move that interrupts another one is as smooth as any. Times are in seconds
    and must not run backwards from command to command.
    """

    def __init__(self, position: float = 0.0) -> None:
        self._pieces = [_Piece(0.0, position, 0.0, 0.0)]
        self._arrays: tuple[Floats, ...] | None = None

    def position_at(self, time_s: float) -> float:
        """Return the position at ``time_s``: past (at least the last 60 s), present or as planned."""
        return self._piece_at(time_s).position_at(time_s)

    def positions_at(self, times_s: Floats) -> Floats:
        """Return the positions at an array of times, of the same shape."""
        if self._arrays is None:
            self._arrays = tuple(np.array(self._pieces, dtype=np.float64).T)
        starts, positions, velocities, accels = self._arrays
        index = np.maximum(np.searchsorted(starts, times_s, side="right") - 1, 0)
        t = np.maximum(0.0, times_s - starts[index])
        result: Floats = positions[index] + (velocities[index] + 0.5 * accels[index] * t) * t
        return result

    def velocity_at(self, time_s: float) -> float:
        """Return the velocity at ``time_s``, per second."""
        return self._piece_at(time_s).velocity_at(time_s)

    def busy_at(self, time_s: float) -> bool:
        """Say whether a motion is under way at ``time_s``."""
        return time_s < self.ends_at()

    def highest_between(self, from_s: float, to_s: float) -> tuple[float, float]:
        """Return when within a stretch of time the axis is highest, and where it is then.

        Where it jumps (a slip), the place it jumps from counts too.
        """
        if from_s >= self.ends_at():
            return from_s, self._pieces[-1].position
        first = max(0, bisect.bisect_right(self._pieces, from_s, key=lambda piece: piece.start_s) - 1)
        moments = [from_s, to_s]
        before = self._pieces[first]
        highest = (from_s, before.position_at(from_s))
        for piece in itertools.islice(self._pieces, first, None):
            if piece.start_s > to_s:
                break
            if piece.start_s > from_s:
                moments.append(piece.start_s)
                highest = max(highest, (piece.start_s, before.position_at(piece.start_s)), key=_place)
            if piece.accel:
                moments.append(piece.start_s - piece.velocity / piece.accel)
            before = piece
        inside = ((at_s, self.position_at(at_s)) for at_s in moments if from_s <= at_s <= to_s)
        return max(highest, *inside, key=_place)

    def leaves(self, low: float, high: float, from_s: float) -> tuple[float, float] | None:
        """Return when after ``from_s`` the axis leaves a range as planned, and by which end; None if never.

        An axis that is outside already leaves it when it moves further away.
        """
        starts = [piece.start_s for piece in self._pieces[1:]] + [math.inf]
        for piece, end_s in zip(self._pieces, starts, strict=True):
            if end_s <= from_s:
                continue
            found = [
                (at_s, bound)
                for bound, outwards in ((low, -1.0), (high, 1.0))
                if (at_s := _passes(piece, max(from_s, piece.start_s), end_s, bound, outwards)) is not None
            ]
            if found:
                return min(found)
        return None

    def ends_at(self) -> float:
        """Return the time at which the last commanded motion ends: 0 before any, ∞ when it never does."""
        last = self._pieces[-1]
        return math.inf if last.velocity else last.start_s

    def move_to(self, time_s: float, target: float, speed: float, accel: float) -> None:
        """Move to ``target`` and rest there: a trapezoid of velocity, or a triangle when it is near.

        Args:
            speed: largest speed, > 0. An axis that is faster already slows down to it first.
            accel: acceleration and deceleration, > 0.
        """
        position, velocity = self._state_at(time_s)
        rest = target - position - velocity * abs(velocity) / (2 * accel)  # left after braking at once
        sign = math.copysign(1.0, rest or velocity)
        distance, v = sign * (target - position), sign * velocity
        peak = min(speed, math.sqrt(max(0.0, accel * distance + v * v / 2)))
        to_peak = (peak * peak - v * v) / (2 * accel * _sign(peak - v))
        cruise = max(0.0, distance - to_peak - peak * peak / (2 * accel))
        self._replace(
            time_s,
            (abs(peak - v) / accel, sign * _sign(peak - v) * accel),
            (cruise / peak if peak else 0.0, 0.0),
            (peak / accel, -sign * accel),
            rest_at=target,
        )

    def move_velocity(self, time_s: float, velocity: float, accel: float) -> None:
        """Change to ``velocity`` and keep it until told otherwise."""
        change = velocity - self.velocity_at(time_s)
        self._replace(time_s, (abs(change) / accel, _sign(change) * accel), keep=velocity)

    def stop(self, time_s: float, decel: float) -> None:
        """Come to rest with deceleration ``decel``."""
        self.move_velocity(time_s, 0.0, decel)

    def halt(self, time_s: float) -> None:
        """Stand still at once, where the axis is."""
        self.set_position(time_s, self.position_at(time_s))

    def set_position(self, time_s: float, value: float) -> None:
        """Stand still at ``value`` from ``time_s`` on, without having moved there."""
        self._replace(time_s, rest_at=value)

    def shift(self, time_s: float, by: float) -> None:
        """Be elsewhere by ``by`` from ``time_s`` on, and go on as planned from there."""
        piece = self._piece_at(time_s)
        here = _Piece(time_s, piece.position_at(time_s), piece.velocity_at(time_s), piece.accel)
        kept = [piece for piece in self._pieces if piece.start_s < time_s]
        planned = [here, *(piece for piece in self._pieces if piece.start_s > time_s)]
        self._pieces = kept + [piece._replace(position=piece.position + by) for piece in planned]
        self._arrays = None

    def _state_at(self, time_s: float) -> tuple[float, float]:
        piece = self._piece_at(time_s)
        return piece.position_at(time_s), piece.velocity_at(time_s)

    def _piece_at(self, time_s: float) -> _Piece:
        if time_s >= (last := self._pieces[-1]).start_s:  # an axis at rest is asked most often
            return last
        index = bisect.bisect_right(self._pieces, time_s, key=lambda piece: piece.start_s)
        return self._pieces[max(0, index - 1)]

    def _replace(
        self, time_s: float, *phases: tuple[float, float], rest_at: float | None = None, keep: float = 0.0
    ) -> None:
        """Plan ``phases`` (duration, acceleration) from ``time_s`` on, then rest or ``keep`` a velocity.

        The last piece gets the exact target and velocity, not the sums of rounded steps.
        """
        position, velocity = self._state_at(time_s)
        kept = [piece for piece in self._pieces if piece.start_s < time_s]
        old = sum(piece.start_s < time_s - HISTORY_S for piece in kept) - 1
        self._pieces = kept[max(0, old) :]
        start_s = time_s
        for duration_s, accel in phases:
            if duration_s > 0:
                piece = _Piece(start_s, position, velocity, accel)
                self._pieces.append(piece)
                start_s += duration_s
                position, velocity = piece.position_at(start_s), piece.velocity_at(start_s)
        self._pieces.append(_Piece(start_s, position if rest_at is None else rest_at, keep, 0.0))
        self._arrays = None


def _place(moment: tuple[float, float]) -> float:
    return moment[1]


def _passes(piece: _Piece, from_s: float, to_s: float, bound: float, outwards: float) -> float | None:
    """Return when within a stretch of its time a piece passes ``bound`` on its way outwards."""
    beyond = outwards * (piece.position_at(from_s) - bound)
    velocity, accel = outwards * piece.velocity_at(from_s), outwards * piece.accel
    if beyond >= 0:
        moves_on = velocity > 0 or (velocity == 0 and accel > 0)
        return from_s if moves_on else None
    # beyond + velocity·t + accel/2·t² = 0, the earlier root at which it moves outwards.
    root = velocity * velocity - 2 * accel * beyond
    if root < 0 or velocity + math.sqrt(root) <= 0:
        return None
    after_s = -2 * beyond / (velocity + math.sqrt(root))
    return from_s + after_s if from_s + after_s < to_s else None


def _sign(value: float) -> float:
    return math.copysign(1.0, value)
