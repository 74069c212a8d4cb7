"""The stage as procedures get it: it refuses, slows, watches and explains, and passes on the rest.

What a procedure asks for is never trusted: no motion ends beyond the window of the target that is presented,
none goes fast where the target may touch, the turret turns only when the stage is low, and the controller
holds the same limits and a trigger of its own for when this program cannot act.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from rig.errors import (
    EmergencyStopped,
    ForceLimitExceeded,
    InstrumentError,
    MotionInterrupted,
    OutsideWindow,
)
from rig.instruments.roles import ForceGauge, Identity, Stage
from rig.product import Product
from rig.safety.force_watch import ForceWatch, repeats_beyond_chance
from rig.safety.windows import Window, around_rim, windows
from rig.station import Station

POSITION_TOLERANCE_MM = 0.001
UNSEEN_SHARE = 0.8  # of the limit: a gauge that reads less did not see what opened the chain
LOOK = "Look for something in the way between target and pen, and at gauge and mount"

logger = logging.getLogger(__name__)


class GuardedStage:
    """A stage that keeps a station's limits.

    Args:
        stage: the driver.
        gauge: tells the force, and opens the force chain by its set point.
        station, product: windows and limits.
        halt: stops at once whatever moves, from any thread.
        real_time: whether seconds of a motion are seconds of this process.
    """

    def __init__(
        self,
        stage: Stage,
        gauge: ForceGauge,
        station: Station,
        product: Product,
        *,
        halt: Callable[[], None],
        real_time: bool,
    ) -> None:
        self.role, self.bare = stage.role, stage
        self._stage, self._gauge, self._station = stage, gauge, station
        self._windows = windows(station, product)
        self._window: Window | None = None
        self._highest_mm: float | None = None  # as the controller holds it
        self._set_point_n: float | None = None  # as the gauge holds it
        self._stands_mm: float | None = None
        self._goes_to_mm: float | None = None
        figure = station.figure
        self._watch = ForceWatch(
            gauge,
            stale_s=station.safety.force_stale_s,
            repeats=repeats_beyond_chance(
                figure("force_gauge", "noise_n"), figure("force_gauge", "resolution_n")
            ),
            halt=halt,
            real_time=real_time,
        )

    # What protects without this program

    def prepare(self) -> None:
        """Find the references, then make the controller's own protection stand: limits, trigger, set point.

        Raises:
            EmergencyStopped: the emergency stop is pressed.
            InstrumentError: the force chain is open though nothing presses.
        """
        self._refuse_emergency_stop()
        self.home("z")
        self._refuse_open_chain()
        self.home("turret")
        if self._station.safety.force_chain_input is not None:
            self._stage.stop_on_input("z", self._station.safety.force_chain_input)

    def rim_found(self, rim_mm: float) -> None:
        """Narrow the datum plate's window to a rim that was just found, on the stage's own scale."""
        window = around_rim(self._windows["datum"], rim_mm, self._station)
        self._windows["datum"] = window
        if self._window is not None and self._window.target == window.target:
            self._enter(window)

    def _refuse_emergency_stop(self) -> None:
        channel = self._station.safety.emergency_stop_input
        if channel is None:
            return
        if not self._input(channel):
            raise EmergencyStopped(
                self.role, "the emergency stop is pressed", do="Release it once it is safe to do so"
            )
        self._stage.enable()

    def _refuse_open_chain(self) -> None:
        channel = self._station.safety.force_chain_input
        if channel is not None and not self._input(channel):
            raise InstrumentError(
                self.role,
                f"input {channel}, the force chain, is open though nothing presses",
                expected="a closed chain of the gauge's set point and the targets' overload switches",
                do="Check its wire, the force gauge, and that no target's mount is jammed",
            )

    def _input(self, channel: int) -> bool:
        inputs = self._stage.inputs()
        if len(inputs) < channel:
            raise InstrumentError(
                self.role,
                f"has {len(inputs)} digital inputs",
                expected=f"input {channel}, which [safety] in the station file names",
            )
        return inputs[channel - 1]

    def _enter(self, window: Window) -> None:
        """Let controller and gauge hold a window's limits before anything moves in it."""
        if window.highest_mm != self._highest_mm:
            self._stage.set_limits("z", 0.0, window.highest_mm)
            self._highest_mm = window.highest_mm
        if self._station.safety.force_chain_input is not None:
            if window.force_limit_n != self._set_point_n:
                self._gauge.set_limit_n(window.force_limit_n)
                self._set_point_n = window.force_limit_n
            if self._window is None or window.target != self._window.target:
                self._refuse_open_chain()
        self._window = window

    def _window_at(self, angle: float) -> Window:
        """Return the window of the target that is nearest to an angle of the turret."""
        targets = self._station.nest.targets
        nearest = min(targets, key=lambda target: abs(targets[target] - angle))
        if nearest not in self._windows:
            raise OutsideWindow(f"{nearest} has no window", do="Describe this target in the station file")
        return self._windows[nearest]

    # Force

    def force_n(self, limit_n: float | None = None) -> float:
        """Read the force; above the limit halt, retract and raise.

        Args:
            limit_n: a limit below that of the target; above it, it counts for nothing.

        Raises:
            ForceLimitExceeded: the stage was stopped and retracted.
            ForceUnknown: the gauge cannot be believed; the stage was halted.
        """
        force_n = self._watch.read_n()
        limit_n = min(self._force_limit_n(), math.inf if limit_n is None else limit_n)
        if abs(force_n) > limit_n:
            self._give_way()
            raise ForceLimitExceeded(
                f"{force_n:.2f} N on the gauge; the stage was stopped and retracted",
                expected=f"at most {limit_n:g} N",
                do=LOOK,
            )
        return force_n

    def _force_limit_n(self) -> float:
        return self._station.safety.force_limit_n if self._window is None else self._window.force_limit_n

    def _give_way(self) -> None:
        """Stop and retract."""
        self._stage.halt()
        self.stop()
        self.move_to("z", self._station.nest.safe_mm)

    def _explain(self, interruption: MotionInterrupted) -> NoReturn:
        """Say what stopped the stage by itself: the force chain, or somebody else."""
        self._forget()
        channel = self._station.safety.force_chain_input
        if channel is None or self._input(channel):
            raise interruption
        said = "the gauge does not answer"
        with contextlib.suppress(InstrumentError):
            force_n = self._gauge.read_n()
            said = f"the gauge reads {force_n:.2f} N"
            if abs(force_n) < UNSEEN_SHARE * self._force_limit_n():
                said += ", so it did not see the force"
        self._give_way()
        raise ForceLimitExceeded(
            f"the force chain opened, and the controller stopped the stage; {said}; it was retracted",
            expected=f"at most {self._force_limit_n():g} N",
            do=LOOK,
        ) from interruption

    # The stage's role

    def identify(self) -> Identity:
        """Ask the controller what it is."""
        return self._stage.identify()

    def self_test(self) -> list[str]:
        """Return what the controller finds wrong with itself."""
        return self._stage.self_test()

    def close(self) -> None:
        """Close the link."""
        self._stage.close()

    def home(self, axis: str) -> None:
        """Find the reference of ``axis``: z moves away from the pen by it, and the turret waits for that."""
        if axis == "z":
            self._forget()
            # A controller that lost its reference has lost its limits too: they are written anew.
            self._window, self._highest_mm = None, None
            self._stage.home("z")
            self._stands_mm = 0.0
        else:
            self._refuse_high("turn the turret")
            self._stage.home(axis)
            self._enter(self._window_at(0.0))

    def move_to(self, axis: str, position: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move as asked, where, as fast and as watched as the window of the target allows.

        Raises:
            OutsideWindow: beyond the window, or the turret while the stage is high; nothing has moved.
            ForceLimitExceeded: too much force; the stage was stopped and retracted.
        """
        if axis != "z":
            self._refuse_high("turn the turret")
            self._stage.move_to(axis, position, speed=speed, wait=wait)
            self._enter(self._window_at(position))
        elif position <= self._here_mm():
            self._go(position, speed, wait=wait)
        else:
            self._approach(position, speed, wait=wait)

    def move_by(self, axis: str, distance: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move by a distance. Arguments and errors as for :meth:`move_to`."""
        self.move_to(axis, self._stage.position(axis) + distance, speed=speed, wait=wait)

    def position(self, axis: str) -> float:
        """Return the position of ``axis``."""
        return self._stage.position(axis)

    def is_busy(self, axis: str) -> bool:
        """Say whether ``axis`` moves; raises as :meth:`move_to` when something else has stopped it."""
        try:
            busy = self._stage.is_busy(axis)
        except MotionInterrupted as interruption:
            self._explain(interruption)
        if axis == "z" and not busy:
            self._arrive()
        return busy

    def wait_until_idle(self, axis: str) -> None:
        """Return when ``axis`` stands still."""
        try:
            self._stage.wait_until_idle(axis)
        except MotionInterrupted as interruption:
            self._explain(interruption)
        if axis == "z":
            self._arrive()

    def stop(self, axis: str | None = None) -> None:
        """Stop ``axis``, or all axes, and wait for standstill."""
        self._forget()
        self._stage.stop(axis)

    def halt(self) -> None:
        """Tell all axes to stop and wait for nothing; from a signal handler or a thread, at any moment."""
        self._stage.halt()

    def enable(self) -> None:
        """Switch the drivers on again after an emergency stop."""
        self._stage.enable()

    def inputs(self) -> list[bool]:
        """Return the state of each digital input."""
        return self._stage.inputs()

    def stop_on_input(self, axis: str, channel: int) -> None:
        """Let the controller stop ``axis`` by itself when an input falls."""
        self._stage.stop_on_input(axis, channel)

    def limits(self, axis: str) -> tuple[float, float]:
        """Return the travel limits that the controller holds."""
        return self._stage.limits(axis)

    def set_limits(self, axis: str, minimum: float, maximum: float) -> None:
        """Narrow the present window; the controller holds the limits too.

        Raises:
            OutsideWindow: the maximum is beyond the window.
        """
        if axis == "z":
            window = self._present_window()
            self._refuse_beyond(maximum, window)
            self._window, self._highest_mm = replace(window, highest_mm=maximum), maximum
        self._stage.set_limits(axis, minimum, maximum)

    # Motions of z

    def _approach(self, position_mm: float, speed: float | None, *, wait: bool) -> None:
        """Go towards the pen: at any speed as long as nothing can be met, slowly and watched from there."""
        window = self._present_window()
        self._refuse_beyond(position_mm, window)
        free_to_mm = window.contact_from_mm
        if position_mm <= free_to_mm + POSITION_TOLERANCE_MM:
            self._go(position_mm, speed, wait=wait)
            return
        if speed is None or speed > window.speed_mm_per_s:
            if self._here_mm() < free_to_mm - POSITION_TOLERANCE_MM:
                self._go(free_to_mm, speed, wait=True)
            speed = window.speed_mm_per_s
        blind_s = (position_mm - max(self._here_mm(), free_to_mm)) / speed
        watched = wait and blind_s > self._station.safety.force_stale_s
        self._go(position_mm, speed, wait=wait and not watched)
        while watched and self.is_busy("z"):
            self.force_n()

    def _go(self, position_mm: float, speed: float | None, *, wait: bool) -> None:
        self._stands_mm, self._goes_to_mm = None, position_mm
        self._stage.move_to("z", position_mm, speed=speed, wait=False)
        if wait:
            self._watch.ends()
            self.wait_until_idle("z")
        elif position_mm > self._station.nest.safe_mm:
            self._watch.begins()
        else:
            self._watch.ends()

    def _arrive(self) -> None:
        self._watch.ends()
        self._stands_mm, self._goes_to_mm = self._goes_to_mm, None

    def _forget(self) -> None:
        self._watch.ends()
        self._stands_mm = self._goes_to_mm = None

    def _here_mm(self) -> float:
        return self._stage.position("z") if self._stands_mm is None else self._stands_mm

    def _present_window(self) -> Window:
        if self._window is None:
            self._enter(self._window_at(self._stage.position("turret")))
        assert self._window is not None
        return self._window

    def _refuse_beyond(self, position_mm: float, window: Window) -> None:
        if not position_mm <= window.highest_mm:
            raise OutsideWindow(
                f"{self.role}: asked to go to {position_mm:.3f} mm before {window.target}",
                expected=f"at most {window.highest_mm:.3f} mm",
                do="Correct the plan, or the nest's positions in the station file",
            )

    def _refuse_high(self, what: str) -> None:
        safe_mm, here_mm = self._station.nest.safe_mm, self._here_mm()
        if here_mm > safe_mm + POSITION_TOLERANCE_MM:
            raise OutsideWindow(
                f"{self.role}: asked to {what} with the stage at {here_mm:.3f} mm",
                expected=f"{safe_mm:g} mm or lower",
                do="Retract first",
            )
