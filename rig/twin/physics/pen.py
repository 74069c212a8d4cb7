"""The pen's mechanics: depth drive, motor and crank, stroke by stroke.

The speed varies within a stroke and from stroke to stroke, the top scatters, the cam that sets the
depth is not straight and has backlash. None of this is known to whoever measures the pen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rig.product import Product
from rig.twin.faults import FaultSchedule, first_moment
from rig.twin.physics.needles import NeedleSet
from rig.twin.physics.pen_power import PenPower
from rig.twin.physics.supply import Feed
from rig.twin.world_pen import Pen

PARK_S = 0.15  # time to turn the crank to rest
COAST_S = 0.10  # time for which a stopped motor still turns
SLOWEST_HZ = 15.0
VOLTAGE_CHECKS = 4  # a stroke, while the pen runs on a supply


@dataclass(frozen=True)
class Stroke:
    """One turn of the crank: from its bottom, through its top, to its bottom."""

    start_s: float
    period_s: float
    top_s: float
    top_mm: float
    """Highest reach of a needle of nominal length beyond the rim plane."""

    @property
    def end_s(self) -> float:
        """When the next stroke begins."""
        return self.start_s + self.period_s


class DepthDrive:
    """Moves the crank's centre to the commanded height, at its own speed, with backlash."""

    def __init__(self, pen: Pen) -> None:
        self._drive = pen.depth
        self._from_mm = self._to_mm = 0.0
        self._since_s = 0.0
        self._direction = 1.0

    def command(self, time_s: float, drive_mm: float) -> None:
        """Begin to move to ``drive_mm``."""
        here = self.position_at(time_s)
        if drive_mm != here:
            self._direction = math.copysign(1.0, drive_mm - here)
        self._from_mm, self._to_mm, self._since_s = here, drive_mm, time_s

    def position_at(self, time_s: float) -> float:
        """Return where the drive is, mm of command."""
        way = (time_s - self._since_s) * self._drive.speed_mm_per_s
        distance = self._to_mm - self._from_mm
        return self._to_mm if way >= abs(distance) else self._from_mm + math.copysign(way, distance)

    def reach_at(self, time_s: float) -> float:
        """Return the static reach of a nominal needle beyond the rim plane at top dead centre, mm."""
        return self.reach_for(self.position_at(time_s)) + self._direction * self._drive.backlash_mm / 2

    def reach_for(self, drive_mm: float) -> float:
        """Return the reach for a settled command, half-way between coming from above and from below."""
        drive = self._drive
        ripple = drive.ripple_mm * math.sin(
            2 * math.pi * drive_mm / drive.ripple_period_mm + drive.ripple_phase_rad
        )
        return drive.gain * drive_mm + drive.offset_mm + ripple


class PenMechanics:
    """The pen as a machine. Times are the twin's; they must not go backwards.

    Args:
        pen: the truth about this pen.
        product: its design, which the truth departs from.
        random: noise of the strokes.
        needles: the tip that is plugged in.
        faults: when the motor stalls or is too hot; by itself it does neither.
    """

    def __init__(
        self,
        pen: Pen,
        product: Product,
        random: np.random.Generator,
        needles: NeedleSet,
        faults: FaultSchedule | None = None,
    ) -> None:
        self._stalls = [] if faults is None else faults.of("pen", "stalls")
        self._heats = [] if faults is None else faults.of("pen", "overheats")
        self.needles = needles
        self._pen, self._random = pen, random
        self.drive = DepthDrive(pen)
        self._stroke_mm = product.mechanics.stroke_mm + pen.crank.stroke_error_mm
        self._ratio = max(0.0, product.mechanics.crank_ratio + pen.crank.ratio_error)
        self.power = PenPower(pen)
        self._load_v = self.power.feed(0.0, 0.0).load_v
        self._asked_per_min = product.calibration.rates_per_min[0]
        self._start_s, self._stop_s = 0.0, math.inf
        self._stroke: Stroke | None = None
        self._stalls_s = math.inf
        self._stalled_turn: float | None = None
        self._is_straining = False
        self._speed_hz = 0.0
        self._warm_k, self._warm_since_s = 0.0, 0.0
        self._parked: str | None = "retracted"
        self._parked_from_s = 0.0
        self.load_n = 0.0
        """Mean force on the needles during the last stroke; the bench sets it."""

    # What the firmware commands

    def start(self, time_s: float) -> None:
        """Switch the motor on."""
        if self.running:
            self._stop_s = math.inf  # still coasting: drive on
            return
        self._parked, self._stop_s = None, math.inf
        if self._stalls_at(time_s):
            self._is_straining = True
            return
        self._stalled_turn = None
        self._speed_hz, self._warm_since_s, self._start_s = SLOWEST_HZ, time_s, time_s
        self._stroke = self._make_stroke(time_s)

    def stop(self, time_s: float) -> None:
        """Switch the motor off; it coasts, and its last stroke is finished."""
        self._is_straining = False
        if self.running and self._stop_s == math.inf:
            self._stop_s = time_s + COAST_S

    def set_rate(self, time_s: float, per_min: float) -> None:
        """Ask for a stroke rate; it is approached with the motor's time constant."""
        self._asked_per_min = per_min

    def command_depth(self, time_s: float, drive_mm: float) -> None:
        """Move the depth drive."""
        self.drive.command(time_s, drive_mm)

    def park(self, time_s: float, where: str) -> None:
        """Turn the crank to rest at its bottom (retracted) or its top (extended)."""
        if self._stalls_at(time_s):
            self._parked = None
        else:
            self._stalled_turn = None
            self._parked, self._parked_from_s = where, time_s + PARK_S

    # What it is doing

    @property
    def running(self) -> bool:
        """Whether the crank turns."""
        return self._stroke is not None

    @property
    def switched_on(self) -> bool:
        """Whether the motor is on, or the crank still turns."""
        return self.running or self._is_straining

    def parked_at(self, time_s: float) -> str | None:
        """Return where the needles rest: "retracted", "extended", or None while anything moves."""
        return None if self.switched_on or time_s < self._parked_from_s else self._parked

    def speed_per_min_at(self, time_s: float) -> float:
        """Return the speed of the crank, strokes a minute."""
        return self._speed_hz * 60.0 if self.running else 0.0

    def current_ma_at(self, time_s: float) -> float:
        """Return the motor current."""
        if self._is_straining:
            return self._pen.motor.stall_ma
        return (
            self._pen.motor.current_ma * (self._speed_hz * 60.0 / 7000.0 + 0.5 * self.load_n)
            if self.running
            else 0.0
        )

    def feed_at(self, time_s: float) -> Feed:
        """Return voltage and current at the battery contacts, inrush and ripple included."""
        return self.power.feed(time_s, self._draw_ma(time_s))

    def is_dark_at(self, time_s: float) -> bool:
        """Say whether the voltage is too low for the electronics to live on."""
        return self.power.is_dark(self.feed_at(time_s).load_v)

    def takes_start_at(self, time_s: float) -> bool:
        """Say whether the voltage is high enough for the firmware to run the motor."""
        load_v = self.feed_at(time_s).load_v
        self.power.watch(time_s, load_v)
        too_low = not self.running and self.power.is_low(load_v)
        return not (self.power.is_cut_off or too_low)

    def is_hot_at(self, time_s: float) -> bool:
        """Say whether the motor is too hot for the firmware to run it."""
        return math.isfinite(first_moment(self._heats, time_s, math.nextafter(time_s, math.inf)))

    def temperature_rise_k(self, time_s: float) -> float:
        """Return how much warmer the pen's nose is than when the world began."""
        minutes = (time_s - self._warm_since_s) / 60.0 if self.running else 0.0
        return self._warm_k + self._pen.motor.warming_k_per_min * minutes

    def static_reach_mm(self, time_s: float) -> float:
        """Return the reach of a nominal needle at rest: far below the rim when retracted."""
        if self._parked == "extended" and not self.running and time_s >= self._parked_from_s:
            return self._top_mm(time_s)
        drop_mm = self._stroke_mm if self._stalled_turn is None else self._drop_mm(self._stalled_turn)
        return self._top_mm(time_s) - drop_mm

    # Strokes

    def next_end_s(self) -> float:
        """Return when the present stroke ends; never, when nothing turns or the motor will have stalled."""
        if self._stroke is None or self._stalls_s < self._stroke.end_s:
            return math.inf
        return self._stroke.end_s

    def stall_if_due(self, time_s: float) -> None:
        """Let the crank stand where the motor stalled, if it has by now."""
        stroke = self._stroke
        if stroke is None or self._stalls_s > time_s:
            return
        self._stalled_turn = (self._stalls_s - stroke.start_s) / stroke.period_s
        self._is_straining = self._stalls_s < self._stop_s
        self._stand_still(self._stalls_s)

    def finish_stroke(self) -> Stroke:
        """Return the present stroke, whose end has come, and begin the next unless the motor stopped."""
        done = self._stroke
        assert done is not None, "no stroke is under way"
        self._watch_voltage(done)
        hot_s = first_moment(self._heats, done.start_s, done.end_s)
        if math.isfinite(hot_s):
            self.stop(hot_s)
        target_hz = self.rate_hz_for(self._asked_per_min) * (1.0 - self._pen.motor.droop_per_n * self.load_n)
        decay = math.exp(-done.period_s / self._pen.motor.ramp_s)
        self._speed_hz = target_hz + (self._speed_hz - target_hz) * decay
        if done.end_s >= self._stop_s:
            self._stand_still(done.end_s)
        else:
            self._stroke = self._make_stroke(done.end_s)
        return done

    def rate_hz_for(self, per_min: float) -> float:
        """Return the unloaded running rate for a requested one, at the voltage there is."""
        motor, fullness = self._pen.motor, self.power.fullness(self._load_v)
        held = per_min * (1.0 + motor.rate_error) * (1.0 - motor.sag * (1.0 - fullness))
        return min(held, motor.maximum_per_min * fullness) / 60.0

    def stretch_mm(self, rate_hz: float) -> float:
        """Return how much further inertia carries the needles at speed; grows with the rate's square."""
        return self._pen.crank.stretch_mm * (rate_hz / 100.0) ** 2

    def crank_shift_mm(self) -> float:
        """Return how much the top is raised by a longer stroke than designed."""
        return self._pen.crank.stroke_error_mm / 2

    def contact_angle(self, overlap_mm: float) -> float:
        """Return the crank angle (rad, from the top) at which the tip is ``overlap_mm`` below its top.

        The crank: (s/2)·[(1 − cos θ) + (λ/4)·(1 − cos 2θ)] = overlap. With x = 1 − cos θ that is
        quadratic in x. An overlap beyond the stroke gives π.
        """
        ratio, drop = self._ratio, 2.0 * overlap_mm / self._stroke_mm
        if drop >= 2.0:
            return math.pi
        x = drop if ratio < 1e-9 else ((1 + ratio) - math.sqrt((1 + ratio) ** 2 - 2 * ratio * drop)) / ratio
        return math.acos(max(-1.0, 1.0 - x))

    def delay_of(self, stroke: Stroke, angle: float) -> float:
        """Return the time from the top to a crank angle (rad), with the speed's ripple within the turn."""
        motor = self._pen.motor
        phase = motor.ripple_phase_rad
        wobble = motor.ripple_1 * (math.sin(angle + phase) - math.sin(phase))
        wobble += 0.5 * motor.ripple_2 * (math.sin(2 * angle + phase) - math.sin(phase))
        return stroke.period_s / (2 * math.pi) * (angle + wobble)

    def _draw_ma(self, time_s: float) -> float:
        if self._is_straining:
            return self._pen.motor.stall_ma
        if not self.running or self._stop_s < math.inf:
            return 0.0
        power, stroke = self._pen.power, self._stroke
        assert stroke is not None
        inrush_ma = power.inrush_ma * math.exp(-(time_s - self._start_s) / self._pen.motor.ramp_s)
        turn = (time_s - stroke.start_s) / stroke.period_s
        # Twice a turn the crank pushes the needles, and twice it coasts.
        wave = 1.0 + power.current_ripple * math.sin(4.0 * math.pi * turn)
        return self.current_ma_at(time_s) * wave + inrush_ma

    def _watch_voltage(self, stroke: Stroke) -> None:
        if self.power.rests_on_cell(self._load_v):
            return
        checks = VOLTAGE_CHECKS if self.power.is_external else 1
        for check in range(1, checks + 1):
            time_s = stroke.start_s + stroke.period_s * check / checks
            self._load_v = self.feed_at(time_s).load_v
            if self.power.watch(time_s, self._load_v):
                self.stop(time_s)

    def _top_mm(self, time_s: float) -> float:
        warming = self._pen.depth.thermal_mm_per_k * self.temperature_rise_k(time_s)
        return self.drive.reach_at(time_s) + self.crank_shift_mm() + warming

    def _stalls_at(self, time_s: float) -> bool:
        return math.isfinite(first_moment(self._stalls, time_s, math.nextafter(time_s, math.inf)))

    def _stand_still(self, time_s: float) -> None:
        self._warm_k, self._warm_since_s = self.temperature_rise_k(time_s), time_s
        self._stroke, self._parked, self._speed_hz, self.load_n = None, None, 0.0, 0.0

    def _drop_mm(self, turn: float) -> float:
        """Return how far the crank is below its top, a share of a turn after its bottom."""
        angle = 2.0 * math.pi * (turn - 0.5)
        lowered = (1.0 - math.cos(angle)) + self._ratio / 4.0 * (1.0 - math.cos(2.0 * angle))
        return self._stroke_mm / 2.0 * lowered

    def _make_stroke(self, start_s: float) -> Stroke:
        motor, crank = self._pen.motor, self._pen.crank
        walk, white, scatter = self._random.normal(size=3)
        period_s = (1.0 + motor.period_jitter * walk) / self._speed_hz
        top_s = start_s + period_s * (0.5 + motor.stamp_jitter * white)
        top_mm = self._top_mm(start_s) + self.stretch_mm(self._speed_hz) + crank.top_scatter_mm * scatter
        self._stalls_s = first_moment(self._stalls, start_s, start_s + period_s)
        return Stroke(start_s, period_s, top_s, top_mm)
