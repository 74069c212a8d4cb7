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
