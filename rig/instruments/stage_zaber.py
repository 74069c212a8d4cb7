"""Zaber controllers with ASCII protocol (X series, firmware 7) as the rig's stage.

A motion either ended where it was told to, or it raises: after every wait the warning flags are read,
and a fault or an interruption is an error that names the flag in words. An axis without reference is
neither moved nor believed. Motions are never repeated after a lost answer.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from rig.clock import Clock
from rig.config import check_model
from rig.errors import (
    EmergencyStopped,
    InstrumentError,
    InstrumentRejected,
    InstrumentReplyError,
    MotionInterrupted,
    StageFault,
)
from rig.instruments.roles import Identity
from rig.instruments.wirelog import WireLog
from rig.instruments.zaber_ascii import Reply, ZaberPort, number_of
from rig.instruments.zaber_axes import ACCEL_FACTOR, VELOCITY_FACTOR, AxisOptions, motion_time_s
from rig.instruments.zaber_flags import (
    EMERGENCY,
    FLAGS,
    INTERRUPTED,
    RELEASE,
    UNREFERENCED,
    error_of,
    in_words,
    is_fault,
)
from rig.instruments.zaber_limits import ZaberLimits

DEFAULT_POLL_S = 0.005
DEFAULT_HOME_TIMEOUT_S = 60.0
PATIENCE = 2.0  # a motion may take so many times as long as computed …
PATIENCE_S = 2.0  # … and so much longer

ENABLED = "e"  # of a trigger: armed for as many times as it takes

logger = logging.getLogger(__name__)


class ZaberStage:
    """The stage on a Zaber controller.

    Args:
        role: the instrument's role, for messages.
        resource: VISA resource string, TCP or serial.
        wire_log: keeps every message.
        clock: the rig's time, for waiting.
        timeout_s: how long one answer may take.
        axes: name → table of ``number``, ``unit_per_microstep``, ``speed`` and ``accel``.
        device: the controller's address in its chain.
        checksum: send check values.
        poll_s: pause between two looks at a motion that takes longer than computed.
        home_timeout_s: how long finding the reference may take.

    Raises:
        ConfigError: an axis' table is wrong.
        InstrumentDisconnected: the resource cannot be opened.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        clock: Clock,
        *,
        timeout_s: float,
        axes: Mapping[str, Mapping[str, Any]],
        device: int = 1,
        checksum: bool = True,
        poll_s: float = DEFAULT_POLL_S,
        home_timeout_s: float = DEFAULT_HOME_TIMEOUT_S,
    ) -> None:
        self.role = role
        self._axes = {
            name: check_model(AxisOptions, dict(table), source=f"{role}.axes.{name}")
            for name, table in axes.items()
        }
        self._clock, self._poll_s, self._home_timeout_s = clock, poll_s, home_timeout_s
        self._ends_s: dict[str, float] = {}  # axis → when its motion should end, on the rig's clock
        self._told: set[tuple[str, str]] = set()
        self._port = ZaberPort(
            role, resource, wire_log, timeout_s=timeout_s, device=device, checksum=checksum
        )
        self._limits = ZaberLimits(role, self._port)

    def identify(self) -> Identity:
        """Ask the controller what it is; the model is its device id."""
        model, serial, firmware = (
            self._port.request(0, f"get {name}", repeat=True).data
            for name in ("device.id", "system.serial", "version")
        )
        self._port.expect_serial(serial)
        return Identity("Zaber", model, serial, firmware)

    def close(self) -> None:
        """Close the link; an axis that moves goes on moving."""
        self._port.close()

    def home(self, axis: str) -> None:
        """Find the reference of ``axis`` and wait until done.

        Raises:
            StageFault: it was not found.
        """
        number = self._axis(axis).number
        self._limits.forget()  # a controller without reference may have forgotten more
        self._acknowledge(axis)
        self._command(number, "home")
        self._ends_s.pop(axis, None)
        self.wait_until_idle(axis)

    def move_to(self, axis: str, position: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move to an absolute position at ``speed`` (unit/s) or the axis' default; wait unless told not to.

        Raises:
            StageFault: not homed, or the motion ended otherwise than as asked.
            InstrumentRejected: the position is beyond the controller's travel limits.
        """
        here, busy = self._read_position(axis)
        target = self._microsteps(axis, position)
        self._move(axis, "abs", target, target - here, speed, interrupts=busy)
        if wait:
            self.wait_until_idle(axis)

    def move_by(self, axis: str, distance: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move by a distance. Arguments and errors as for :meth:`move_to`."""
        _, busy = self._read_position(axis)
        steps = self._microsteps(axis, distance)
        self._move(axis, "rel", steps, steps, speed, interrupts=busy)
        if wait:
            self.wait_until_idle(axis)

    def position(self, axis: str) -> float:
        """Return the position of ``axis``.

        Raises:
            StageFault: the axis has no reference, or a fault is flagged.
        """
        return self._read_position(axis)[0] * self._axis(axis).unit_per_microstep

    def is_busy(self, axis: str) -> bool:
        """Say whether ``axis`` moves; raises as :meth:`wait_until_idle` when its motion has ended wrongly."""
        reply = self._poll(axis)
        if not reply.busy:
            self._check_end(axis, reply)
        return reply.busy

    def wait_until_idle(self, axis: str) -> None:
        """Return when ``axis`` stands still.

        Raises:
            MotionInterrupted: something else than the rig ended the motion.
            EmergencyStopped: the emergency stop did.
            StageFault: another fault or a missing reference is flagged, or the axis moved for much longer
                than computed and was stopped.
        """
        expected_s, limit_s = self._time_left(axis)
        self._check_end(axis, self._await_standstill(axis, expected_s, limit_s))

    def stop(self, axis: str | None = None) -> None:
        """Stop ``axis``, or all axes, with deceleration, and wait for standstill.

        Each axis is told before any is waited for, and an axis that cannot be told keeps none of the
        others from stopping; the first error is raised at the end.
        """
        names = list(self._axes) if axis is None else [axis]
        errors: list[InstrumentError] = []
        for step in (self._tell_to_stop, self._see_stopped):
            for name in names:
                try:
                    step(name)
                except InstrumentError as error:
                    errors.append(error)
        if errors:
            raise errors[0]

    def halt(self) -> None:
        """Send "stop" for all axes at once and wait for nothing; at any moment, from any thread.

        The answer is passed over when it comes, by its message id. :meth:`stop` then sees to the rest.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        self._port.halt()

    def enable(self) -> None:
        """Switch the drivers on again after an emergency stop.

        Raises:
            EmergencyStopped: it is still pressed.
        """
        self._command(0, "driver enable", repeat=True)

    def inputs(self) -> list[bool]:
        """Return the state of every digital input, the first one first."""
        words = self._port.request(0, "io get di", repeat=True).data.split()
        if set(words) - {"0", "1"}:
            raise InstrumentReplyError(self.role, f"inputs {words}", expected="0 or 1 for each")
        return [word == "1" for word in words]

    def stop_on_input(self, axis: str, channel: int) -> None:
        """Arm a trigger of the controller: ``axis`` stops by itself when input ``channel`` falls to 0.

        Raises:
            InstrumentRejected: the controller has no such input or no triggers.
            InstrumentReplyError: the trigger is not armed afterwards.
        """
        number = self._axis(axis).number
        for words in (f"when io di {channel} == 0", f"action a {number} stop", "enable"):
            self._port.request(0, f"trigger {channel} {words}", repeat=True)
        states = self._port.request(0, "trigger show", repeat=True).data.split()
        if states[channel - 1 : channel] != [ENABLED]:
            raise InstrumentReplyError(
                self.role,
                f"triggers {' '.join(states)}",
                expected=f"{ENABLED!r} for trigger {channel}, which was just enabled",
                do="Do not move the stage; check the controller's model and firmware",
            )

    def limits(self, axis: str) -> tuple[float, float]:
        """Return the travel limits that the controller holds, in the axis' own unit."""
        number, unit = self._axis(axis).number, self._axis(axis).unit_per_microstep
        minimum, maximum = self._limits.read(number)
        return minimum * unit, maximum * unit

    def self_test(self) -> list[str]:
        """Return what the controller flags, as sentences; empty when it is well. Nothing moves."""
        wrong = []
        for axis in self._axes:
            listed = self._port.request(self._axis(axis).number, "warnings", repeat=True).data
            flags = set(listed.split()[1:]) - UNREFERENCED - INTERRUPTED
            wrong += [f"{axis}: {in_words({flag})}" for flag in sorted(flags)]
        return wrong

    def set_limits(self, axis: str, minimum: float, maximum: float) -> None:
        """Write travel limits into the controller and read them back; it then refuses to leave them.

        Raises:
            InstrumentRejected: the controller refuses them.
            InstrumentReplyError: it holds others than were written.
        """
        if minimum >= maximum:
            raise InstrumentError(
                self.role,
                f"travel limits {minimum:g} to {maximum:g} for {axis}",
                expected="minimum < maximum",
            )
        number = self._axis(axis).number
        self._limits.write(axis, number, self._microsteps(axis, minimum), self._microsteps(axis, maximum))

    def _axis(self, name: str) -> AxisOptions:
        try:
            return self._axes[name]
        except KeyError:
            known = ", ".join(sorted(self._axes))
            raise InstrumentError(self.role, f"no axis {name!r}", expected=f"one of: {known}") from None

    def _microsteps(self, axis: str, value: float) -> int:
        if not math.isfinite(value):
            raise InstrumentError(self.role, f"{axis} cannot move to or by {value}", expected="a number")
        return round(value / self._axis(axis).unit_per_microstep)

    def _poll(self, axis: str) -> Reply:
        return self._port.request(self._axis(axis).number, "", repeat=True)

    def _read_position(self, axis: str) -> tuple[int, bool]:
        """Return the position in microsteps, which can be believed, and whether the axis moves."""
        reply = self._port.request(self._axis(axis).number, "get pos", repeat=True)
        self._raise_faults(axis, self._flags(axis, reply))
        return number_of(self.role, reply), reply.busy

    def _move(
        self, axis: str, kind: str, steps: int, distance: int, speed: float | None, *, interrupts: bool
    ) -> None:
        """Start a motion, and note when it should end."""
        options = self._axis(axis)
        unit = options.unit_per_microstep
        velocity = round((options.speed if speed is None else speed) / unit * VELOCITY_FACTOR)
        accel = max(1, round(options.accel / unit * ACCEL_FACTOR))
        reply = self._command(options.number, f"move {kind} {steps} {velocity} {accel}")
        if interrupts or self._flags(axis, reply) & INTERRUPTED:
            self._acknowledge(axis)  # the interruption was ours: it says nothing about this motion
        duration_s = motion_time_s(abs(distance), velocity / VELOCITY_FACTOR, accel / ACCEL_FACTOR)
        self._ends_s[axis] = self._clock.now() + duration_s

    def _command(self, number: int, words: str, *, repeat: bool = False) -> Reply:
        """Send what drives a motor; a driver that is off because of the emergency stop is said to be."""
        try:
            return self._port.request(number, words, repeat=repeat)
        except InstrumentRejected as refusal:
            if refusal.reason != "DRIVERDISABLED":
                raise
            listed = self._port.request(number, "warnings", repeat=True).data
            if not EMERGENCY & set(listed.split()):
                raise
            raise EmergencyStopped(self.role, "the emergency stop is pressed", do=RELEASE) from refusal

    def _check_end(self, axis: str, reply: Reply) -> None:
        """Raise when the flags of an axis that stands still say that its motion did not end as asked."""
        flags = self._flags(axis, reply)
        self._raise_faults(axis, flags)
        if flags & INTERRUPTED:
            self._acknowledge(axis)
            what = f"{axis}: {in_words(flags & INTERRUPTED)}"
            raise MotionInterrupted(self.role, what, do="Let nothing else drive the axis, and start again")

    def _time_left(self, axis: str) -> tuple[float, float]:
        """Return how long the motion under way should take from now on, and how long it may, in s."""
        ends_s = self._ends_s.pop(axis, None)
        if ends_s is None:
            return 0.0, self._home_timeout_s
        expected_s = max(0.0, ends_s - self._clock.now())
        return expected_s, expected_s * PATIENCE + PATIENCE_S

    def _await_standstill(self, axis: str, expected_s: float, limit_s: float) -> Reply:
        """Sleep through the motion as computed, then look until it is over, but not for ever."""
        self._clock.sleep(expected_s)
        reply = self._poll(axis)
        if not reply.busy:
            return reply
        deadline_s = self._clock.now() + limit_s - expected_s
        while reply.busy:
            if self._clock.now() > deadline_s:
                self._tell_to_stop(axis)
                raise StageFault(
                    self.role,
                    f"{axis} still moved after {limit_s:.1f} s and was told to stop",
                    expected="standstill",
                    do="Look whether something drives or blocks the axis",
                )
            self._clock.sleep(self._poll_s)
            reply = self._poll(axis)
        return reply

    def _tell_to_stop(self, axis: str) -> None:
        self._ends_s.pop(axis, None)
        self._port.request(self._axis(axis).number, "stop", repeat=True)

    def _see_stopped(self, axis: str) -> None:
        """Wait for standstill; that the motion was interrupted is what was asked for."""
        reply = self._await_standstill(axis, 0.0, PATIENCE_S)
        flags = self._flags(axis, reply)
        if flags & INTERRUPTED:
            self._acknowledge(axis)
        self._raise_faults(axis, flags - UNREFERENCED - EMERGENCY)  # either way it stands

    def _flags(self, axis: str, reply: Reply) -> set[str]:
        """Return all flags that stand; the reply shows only the most important one."""
        if reply.flag == "--":
            return set()
        listed = self._port.request(self._axis(axis).number, "warnings", repeat=True).data
        flags = {reply.flag, *listed.split()[1:]}
        for flag in sorted(flags - UNREFERENCED - INTERRUPTED):
            if not is_fault(flag) and (axis, flag) not in self._told:
                self._told.add((axis, flag))
                logger.warning("%s: %s warns %s (%s)", self.role, axis, flag, FLAGS.get(flag, "unknown"))
        return flags

    def _raise_faults(self, axis: str, flags: set[str]) -> None:
        """Raise what makes a position unbelievable. A fault that was raised is acknowledged."""
        error = error_of(self.role, axis, flags)
        if error is None:
            return
        if not flags & EMERGENCY and any(is_fault(flag) for flag in flags):
            self._acknowledge(axis)
        raise error

    def _acknowledge(self, axis: str) -> None:
        self._port.request(self._axis(axis).number, "warnings clear")
