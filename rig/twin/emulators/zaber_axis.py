"""One axis of the Zaber controller: its numbers, its flags, and what a motion command makes it do.

The controller counts microsteps from where it believes zero to be. Until homed it believes that it
stood at zero when it was switched on, which is wrong by wherever it really stood; WR says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rig.twin.emulators.zaber_packets import Rejected
from rig.twin.physics.axis import Axis

# The wire carries microsteps/s times this, and microsteps/s² times a ten-thousandth of this.
VELOCITY_FACTOR = 1.6384
ACCEL_FACTOR = 1.6384e-4

# Highest priority first: a reply has room for one.
FLAG_PRIORITY = (
    "FF", "FN", "FZ", "FH", "FV", "FO", "FC", "FM", "FD", "FQ", "FI", "FA", "FR", "FS", "FB", "FP", "FE",
    "FT", "WL", "WV", "WT", "WS", "WM", "WP", "WR", "WH", "NC", "NI", "ND", "NR", "NT", "NU", "NJ", "NB",
)  # fmt: skip
KEPT_WHEN_CLEARED = {"WR"}


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
        step = design.unit_per_microstep
        self.settings: dict[str, int] = {
            "limit.min": 0,
            "limit.max": round(design.travel / step),
            "maxspeed": round(design.speed / step * VELOCITY_FACTOR),
            "accel": round(design.accel / step * ACCEL_FACTOR),
        }
        self._zero = motion.position_at(now())  # the carriage position that is counted as 0
        self._flags = {"WR"}
        self._homing = False
        self._blocked = False
        self._accel = design.accel

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

    def flags(self) -> list[str]:
        """Return the warning flags that stand, the most important one first."""
        self._settle()
        return [flag for flag in FLAG_PRIORITY if flag in self._flags]

    def clear_flags(self) -> None:
        """Clear what can be cleared; a missing reference stays missing."""
        self._settle()
        self._flags &= KEPT_WHEN_CLEARED

    def home(self) -> None:
        """Start towards the home sensor, at carriage position 0."""
        self._interrupt()
        self._go(0.0, self.settings["maxspeed"], self.settings["accel"])
        self._homing = True

    def move_to(self, microsteps: int, speed: int | None = None, accel: int | None = None) -> None:
        """Start towards a counted position, at native speed and acceleration or as set.

        Raises:
            Rejected: beyond the limits, or not a speed or acceleration.
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

    def stop_at_once(self) -> None:
        """Stand still without deceleration."""
        if self._interrupt():
            self.motion.halt(self._now())

    def _go(self, target: float, speed: int, accel: int) -> None:
        """Start the carriage; the ends of its travel are solid, and running into one is a stall."""
        step, now = self.design.unit_per_microstep, self._now()
        self._accel = accel / ACCEL_FACTOR * step
        reached = min(max(target, 0.0), self.design.travel)
        self._blocked = abs(reached - target) > step
        self.motion.move_to(now, reached, speed / VELOCITY_FACTOR * step, self._accel)

    def _interrupt(self) -> bool:
        """Give up the motion under way, flag it, and say whether there was one."""
        self._settle()
        if not self.busy:
            return False
        self._flags.add("NI")
        self._homing = self._blocked = False
        return True

    def _settle(self) -> None:
        """Draw the consequences of a motion that has ended since anyone looked."""
        if self.busy:
            return
        if self._homing:
            self._flags.discard("WR")
            self._zero = 0.0
        if self._blocked:
            self._flags.add("FS")
        self._homing = self._blocked = False
