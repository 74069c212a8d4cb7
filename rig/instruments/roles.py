"""The jobs on the bench. A driver fulfils a role; everything above asks for the role only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True)
class Identity:
    """What an instrument says it is."""

    maker: str
    model: str
    serial: str
    firmware: str


@runtime_checkable
class Instrument(Protocol):
    """What every driver can do."""

    role: str

    def identify(self) -> Identity:
        """Ask the instrument what it is."""

    def self_test(self) -> list[str]:
        """Return what is wrong with the instrument, a sentence each; nothing moves."""

    def close(self) -> None:
        """Close the link; the instrument stays as it is."""


class Stage(Instrument, Protocol):
    """A motion controller with named axes; positions in the axis' own unit (mm, or ° for the turret)."""

    def home(self, axis: str) -> None:
        """Find the reference of ``axis`` and wait until done."""

    def move_to(self, axis: str, position: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move to an absolute position, at ``speed`` (unit/s) or the axis' default."""

    def move_by(self, axis: str, distance: float, *, speed: float | None = None, wait: bool = True) -> None:
        """Move by a distance."""

    def position(self, axis: str) -> float:
        """Return the position of ``axis``."""

    def is_busy(self, axis: str) -> bool:
        """Say whether ``axis`` moves."""

    def wait_until_idle(self, axis: str) -> None:
        """Return when ``axis`` stands still; raise when it ended otherwise than as asked."""

    def stop(self, axis: str | None = None) -> None:
        """Stop ``axis``, or all axes, with deceleration, and wait for standstill."""

    def halt(self) -> None:
        """Tell all axes to stop and wait for nothing: for a signal handler, or a thread, at any moment."""

    def enable(self) -> None:
        """Switch the drivers on again after an emergency stop; nothing moves by it."""

    def inputs(self) -> list[bool]:
        """Return the state of each digital input, the first one first."""

    def stop_on_input(self, axis: str, channel: int) -> None:
        """Let the controller stop ``axis`` by itself when input ``channel`` (1, 2, …) falls."""

    def limits(self, axis: str) -> tuple[float, float]:
        """Return the travel limits that the controller holds."""

    def set_limits(self, axis: str, minimum: float, maximum: float) -> None:
        """Write travel limits into the controller, which then refuses to leave them by itself."""


class ForceGauge(Instrument, Protocol):
    """Axial force in newtons; compression positive."""

    def read_n(self) -> float:
        """Return the live reading."""

    def peak_n(self) -> float:
        """Return the largest compression since peaks were cleared."""

    def clear_peaks(self) -> None:
        """Forget the peaks."""

    def zero(self) -> None:
        """Make the present force zero and clear the peaks."""

    def set_limit_n(self, limit_n: float) -> None:
        """Let the gauge open its set-point output by itself above ``limit_n`` of compression."""


class Counter(Instrument, Protocol):
    """Times and ratios of an electrical signal. Arrays are float lists in s, Hz or 1."""

    def set_input(
        self, *, level_v: float, slope: Literal["positive", "negative"], coupling: Literal["DC", "AC"]
    ) -> None:
        """Set how an edge is recognised."""

    def frequency_hz(self, *, gate_s: float) -> float | None:
        """Return the mean frequency over a gate, or None without a signal."""

    def duty(self, count: int, *, timeout_s: float) -> list[float]:
        """Return for up to ``count`` cycles the share in which the signal was high; fewer without one."""

    def pulse_widths_s(self, count: int, *, timeout_s: float) -> list[float]:
        """Return up to ``count`` lengths of the high state."""

    def time_stamps_s(self, count: int, *, timeout_s: float) -> list[float]:
        """Return up to ``count`` moments of the chosen edge, from an arbitrary origin."""


class LeakStep(StrEnum):
    """Where in its cycle a leak tester is."""

    IDLE = "idle"
    PRE_FILL = "pre-fill"
    PRE_DUMP = "pre-dump"
    FILL = "fill"
    STABILISE = "stabilise"
    TEST = "test"
    DUMP = "dump"


@dataclass(frozen=True)
class LeakProgram:
    """What a leak tester does in a cycle: pressures in Pa above the room's, times in s.

    A filled part below ``fill_minimum_pa`` or above ``fill_maximum_pa`` ends the cycle with an alarm;
    a fall of more than ``reject_pa_per_s`` is the tester's own verdict, which the rig does not use.
    """

    number: int
    fill_pa: float
    fill_minimum_pa: float
    fill_maximum_pa: float
    reject_pa_per_s: float
    fill_s: float
    stabilise_s: float
    test_s: float
    dump_s: float


@dataclass(frozen=True)
class LeakState:
    """A leak tester at this moment."""

    program: int
    running: bool
    step: LeakStep
    pressure_pa: float


@dataclass(frozen=True)
class LeakResult:
    """What a leak tester says of a cycle: pressure at the end of its test step, mean fall during it."""

    program: int
    cycle: int
    pressure_pa: float
    fall_pa_per_s: float


class LeakTester(Instrument, Protocol):
    """A pressure-decay tester; it runs a cycle by itself, while the rig does something else."""

    def load_program(self, program: LeakProgram) -> None:
        """Write a program and read it back; raises InstrumentRejected when it is not kept as written."""

    def start(self, program: int) -> int:
        """Start a cycle, once, and return its number at once; raises InstrumentRejected while one runs."""

    def state(self) -> LeakState:
        """Return what the tester does now."""

    def temperature_c(self) -> float:
        """Return the temperature of the part's fixture."""

    def room_pressure_pa(self) -> float:
        """Return the absolute pressure of the room."""

    def result(self, cycle: int) -> LeakResult:
        """Return the result of a cycle that has ended; raises InstrumentRejected when it was an alarm."""

    def abort(self) -> None:
        """End a cycle that was started here and may still run; without one, do nothing."""


@dataclass(frozen=True)
class SupplyReading:
    """What a supply measures at its terminals."""

    voltage_v: float
    current_a: float


class Supply(Instrument, Protocol):
    """One output of a programmable supply, which stands in for the pen's cell."""

    def limit(self, *, voltage_v: float, current_a: float) -> None:
        """Write over-voltage protection and current limit and read them back; needed before all else."""

    def set_voltage(self, voltage_v: float) -> None:
        """Set the voltage; raises InstrumentRejected above the limit."""

    def switch_on(self) -> None:
        """Switch the output on; raises InstrumentRejected before limits were set."""

    def switch_off(self) -> None:
        """Switch the output off."""

    def is_on(self) -> bool:
        """Say whether the output is on; a protection may have switched it off."""

    def is_limiting(self) -> bool:
        """Say whether the output holds its current limit and not its voltage."""

    def has_tripped(self) -> bool:
        """Say whether a protection has switched the output off."""

    def measure(self) -> SupplyReading:
        """Return voltage and current, each a mean over the supply's measuring time."""


class Park(StrEnum):
    """Where the needles rest."""

    RETRACTED = "retracted"
    EXTENDED = "extended"


@dataclass(frozen=True)
class PenStatus:
    """What the pen says of itself."""

    running: bool
    park: Park | None
    error_flags: int
    set_depth_mm: float
    set_rate_per_min: float
    motor_speed_per_min: float
    motor_current_ma: float
    battery_mv: float
    temperature_c: float
    tip_present: bool
    tip_lot: str
    tip_use_count: int
    errors: tuple[str, ...] = ()
    """What ``error_flags`` say, in words."""


class Pen(Instrument, Protocol):
    """The device under test, on its service interface."""

    def status(self) -> PenStatus:
        """Return what the pen says of itself."""

    def set_depth(self, depth_mm: float) -> None:
        """Command the depth; raises InstrumentRejected when the pen refuses."""

    def set_rate(self, rate_per_min: float) -> None:
        """Command the stroke rate."""

    def start(self) -> None:
        """Start the strokes."""

    def stop(self) -> None:
        """Stop the strokes."""

    def park(self, where: Park) -> None:
        """Move the needles to rest, retracted or extended; strokes must be stopped."""

    def halt(self) -> None:
        """Tell the motor to stop and wait for nothing: for a signal handler, or a thread, at any moment."""

    def motor_speed_per_min(self) -> float:
        """Return the speed the motor reports."""

    def unlock_service(self) -> None:
        """Allow writing to the calibration bank."""

    def lock_service(self) -> None:
        """Forbid it again."""

    def service_unlocked(self) -> bool:
        """Say whether the calibration bank can be written."""

    def read_active_bank(self, words: int) -> list[int]:
        """Return the first ``words`` 16-bit words of the table in use."""

    def read_shadow_bank(self, words: int) -> list[int]:
        """Return what the shadow bank holds."""

    def write_shadow_bank(self, words: Sequence[int]) -> None:
        """Write 16-bit words into the shadow bank; the table in use does not change."""

    def commit(self) -> None:
        """Make the shadow bank the table in use; raises InstrumentRejected with the pen's reason."""

    def active_crc(self) -> int:
        """Return the CRC-32 of the table in use."""

    def active_generation(self) -> int:
        """Return the generation of the table in use."""

    def restart(self) -> None:
        """Restart the pen and wait until it answers with its identity."""

    def await_answer(self) -> None:
        """Wait until the pen answers with its identity, as long as a restart may take, or raise."""
