"""One axis of the Zaber controller: its numbers, its flags, and what a motion command makes it do.

The controller counts microsteps from where it believes zero to be. Until homed it believes that it
stood at zero when it was switched on, which is wrong by wherever it really stood; WR says so.

The ends of its travel are solid: an axis that would run beyond one stalls there. The limits hold for
every kind of motion but homing, and do not change while it moves. A driver that the emergency stop
switched off has lost its reference: nobody knows what was done to the carriage meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rig.twin.emulators.zaber_packets import Rejected
from rig.twin.physics.axis import Axis, Floats

# The wire carries microsteps/s times this, and microsteps/s² times a ten-thousandth of this.
VELOCITY_FACTOR = 1.6384
ACCEL_FACTOR = 1.6384e-4

# Highest priority first: a reply has room for one.
FLAG_PRIORITY = (
    "FF", "FN", "FZ", "FH", "FV", "FO", "FC", "FM", "FD", "FQ", "FI", "FA", "FR", "FS", "FB", "FP", "FE",
    "FT", "WL", "WV", "WT", "WS", "WM", "WP", "WR", "WH", "NC", "NI", "ND", "NR", "NT", "NU", "NJ", "NB",
)  # fmt: skip
KEPT_WHEN_CLEARED = {"WR"}
STOPPED_BY_HARDWARE, SWITCHED_OFF, STALLED, BEYOND_LIMIT = "FH", "FO", "FS", "FE"
KEPT_WHILE_OFF = {STOPPED_BY_HARDWARE, SWITCHED_OFF}


@dataclass(frozen=True)
class AxisDesign:
    """What an axis is built as, in its own unit (mm or degrees)."""

    unit_per_microstep: float
    travel: float
    speed: float
    accel: float


class ZaberAxis:
    """An axis as the controller sees it, in microsteps and native velocity and acceleration.

    Args:
        design: how it is built.
        motion: where its carriage really is.
        now: the time in seconds.
    """

    def __init__(self, design: AxisDesign, motion: Axis, now: Callable[[], float]) -> None:
        self.design, self.motion, self._now = design, motion, now
        self._jammed = False
        self.power_up()

    def power_up(self) -> None:
        """Stand still, with the settings of the factory and without a reference."""
        step = self.design.unit_per_microstep
        self.settings: dict[str, int] = {
            "limit.min": 0,
            "limit.max": round(self.design.travel / step),
            "maxspeed": round(self.design.speed / step * VELOCITY_FACTOR),
            "accel": round(self.design.accel / step * ACCEL_FACTOR),
        }
        if self.motion.busy_at(self._now()):
            self.motion.halt(self._now())
        self._zero = self.motion.position_at(self._now())  # the carriage position that is counted as 0
        self._flags = {"WR"}
        self._homing = False
        self._ends_in: str | None = None  # the flag that the motion under way ends in
        self._enabled = True
        self._accel = self.design.accel

    @property
    def busy(self) -> bool:
        """Whether the axis moves."""
        return self.motion.busy_at(self._now())

    @property
    def position(self) -> int:
        """The position in microsteps, as counted."""
        self._settle()
        return round((self.motion.position_at(self._now()) - self._zero) / self.design.unit_per_microstep)

    @position.setter
    def position(self, microsteps: int) -> None:
        """Count on from ``microsteps``; the carriage does not move."""
        if self.busy:
            raise Rejected("STATUSBUSY")
        here = self.motion.position_at(self._now())
        self._zero = here - microsteps * self.design.unit_per_microstep
        self._flags.discard("WR")

    def positions(self, times_s: Floats) -> Floats:
        """Return the positions in microsteps, as counted, at recent moments of the motion under way."""
        counted: Floats = np.round(
            (self.motion.positions_at(times_s) - self._zero) / self.design.unit_per_microstep
        )
        return counted

    def flags(self) -> list[str]:
        """Return the warning flags that stand, the most important one first."""
        self._settle()
        return [flag for flag in FLAG_PRIORITY if flag in self._flags]

    def clear_flags(self) -> None:
        """Clear what can be cleared; a missing reference stays missing."""
        self._settle()
        self._flags &= KEPT_WHEN_CLEARED | (set() if self._enabled else KEPT_WHILE_OFF)

    def home(self) -> None:
        """Start towards the home sensor, at carriage position 0.

        Raises:
            Rejected: the driver is off.
        """
        self._interrupt()
        self._go(0.0, self.settings["maxspeed"], self.settings["accel"], homing=True)

    def move_to(self, microsteps: int, speed: int | None = None, accel: int | None = None) -> None:
        """Start towards a counted position, at native speed and acceleration or as set.

        Raises:
            Rejected: beyond the limits, or not a speed or acceleration, or the driver is off.
        """
        speed = self.settings["maxspeed"] if speed is None else speed
        accel = self.settings["accel"] if accel is None else accel
        within = self.settings["limit.min"] <= microsteps <= self.settings["limit.max"]
        if not within or speed <= 0 or accel <= 0:
            raise Rejected("BADDATA")
        self._interrupt()
        self._go(self._zero + microsteps * self.design.unit_per_microstep, speed, accel)

    def move_by(self, microsteps: int, speed: int | None = None, accel: int | None = None) -> None:
        """Start towards a position relative to the present one. Raises as :meth:`move_to`."""
        self.move_to(self.position + microsteps, speed, accel)

    def move_velocity(self, speed: int, accel: int | None = None) -> None:
        """Start towards the limit in the direction of the signed native ``speed``; 0 stops."""
        if speed == 0:
            self.stop()
        else:
            self.move_to(self.settings["limit.max" if speed > 0 else "limit.min"], abs(speed), accel)

    def stop(self) -> None:
        """Come to rest, with the acceleration of the motion that is interrupted."""
        if self._interrupt():
            self.motion.stop(self._now(), self._accel)
            self._keep_within(0.0, self.design.travel, STALLED)

    def stop_at_once(self) -> None:
        """Stand still without deceleration."""
        if self._interrupt():
            self.motion.halt(self._now())

    def enable(self) -> None:
        """Switch the driver on."""
        self._enabled = True
        self._flags -= KEPT_WHILE_OFF

    def disable(self) -> None:
        """Switch the driver off."""
        self.stop_at_once()
        self._enabled = False
        self._flags.add(SWITCHED_OFF)

    # What happens to it

    def cut_off(self) -> None:
        """Lose the driver's supply: stand still, and know of no reference."""
        self.stop_at_once()
        self._enabled = False
        self._flags |= {STOPPED_BY_HARDWARE, "WR"}

    def jam(self) -> None:
        """Be blocked: a motion stalls, and every later one until :meth:`free`."""
        self._jammed = True
        if self.busy:
            self._stall()

    def free(self) -> None:
        """Be blocked no longer."""
        self._jammed = False

    def slip(self, down: float) -> None:
        """Let the carriage sink by ``down``, in its unit, uncounted; a negative one lifts it."""
        now = self._now()
        here = self.motion.position_at(now)
        by = min(max(here - down, 0.0), self.design.travel) - here
        self.motion.shift(now, by)
        self._zero += by
        if self._homing:  # the sensor is where it was
            self._go(0.0, self.settings["maxspeed"], self.settings["accel"], homing=True)
        self._keep_within(0.0, self.design.travel, STALLED)

    def _stall(self) -> None:
        self.motion.halt(self._now())
        self._homing, self._ends_in = False, None
        self._flags.add(STALLED)

    def _go(self, target: float, speed: int, accel: int, *, homing: bool = False) -> None:
        """Start the carriage; running into an end of its travel is a stall."""
        if not self._enabled:
            raise Rejected("DRIVERDISABLED")
        step, now = self.design.unit_per_microstep, self._now()
        self._accel = accel / ACCEL_FACTOR * step
        reached = min(max(target, 0.0), self.design.travel)
        self._ends_in = STALLED if abs(reached - target) > step else None
        self.motion.move_to(now, reached, speed / VELOCITY_FACTOR * step, self._accel)
        self._homing = homing
        if not homing:
            limits = [self._zero + self.settings[name] * step for name in ("limit.min", "limit.max")]
            self._keep_within(limits[0], limits[1], BEYOND_LIMIT)
        self._keep_within(0.0, self.design.travel, STALLED)
        if self._jammed:
            self._stall()

    def _keep_within(self, low: float, high: float, flag: str) -> None:
        """End a motion that would pass a bound where it does, in ``flag``.

        One that starts outside may come in. Where a slow deceleration carries an axis that far is known
        when it is planned.
        """
        slack = 0.5 * self.design.unit_per_microstep
        if left := self.motion.leaves(low - slack, high + slack, self._now()):
            self.motion.halt(left[0])
            self._ends_in = flag

    def _interrupt(self) -> bool:
        """Give up the motion under way, flag it, and say whether there was one."""
        self._settle()
        if not self.busy:
            return False
        self._flags.add("NI")
        self._homing, self._ends_in = False, None
        return True

    def _settle(self) -> None:
        """Draw the consequences of a motion that has ended since anyone looked."""
        if self.busy:
            return
        if self._homing and self._ends_in is None:
            self._flags.discard("WR")
            self._zero = 0.0
        if self._ends_in is not None:
            self._flags.add(self._ends_in)
        self._homing, self._ends_in = False, None
