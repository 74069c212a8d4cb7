"""The pen of a world file: how its needles really move, what carries them, and what its firmware knows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rig.config import Section
from rig.twin.parameters import NonNegative, Positive, p


class DepthDrive(Section):
    """From the commanded drive position to the height of the crank's centre."""

    gain: Positive = p(1.018, "1", "extension per commanded millimetre")
    offset_mm: float = p(0.022, "mm", "extension at command zero")
    ripple_mm: NonNegative = p(0.006, "mm", "amplitude of the adjusting cam's error")
    ripple_period_mm: Positive = p(2.7, "mm", "period of the adjusting cam's error along the command")
    ripple_phase_rad: float = p(0.7, "rad", "phase of that error at command zero")
    backlash_mm: NonNegative = p(0.0015, "mm", "difference between coming from above and from below")
    thermal_mm_per_k: float = p(0.0004, "mm/K", "growth of the extension as the motor warms")
    speed_mm_per_s: Positive = p(10.0, "mm/s", "speed of the depth drive")


class Motor(Section):
    """Stroke rate and how it wanders."""

    rate_error: float = p(0.004, "1", "relative error of the running rate")
    maximum_per_min: Positive = p(9800.0, "1/min", "rate at full voltage: no request above it is reached")
    ramp_s: Positive = p(0.05, "s", "time constant of starting and of rate changes")
    droop_per_n: NonNegative = p(0.004, "1/N", "relative loss of rate per newton of mean load")
    period_jitter: NonNegative = p(
        3e-5, "1", "relative scatter of each period by itself (random walk of phase)"
    )
    stamp_jitter: NonNegative = p(1.5e-4, "1", "scatter of each stroke's top, in periods (white phase noise)")
    ripple_1: float = p(0.015, "1", "once-per-stroke variation of speed")
    ripple_2: float = p(0.010, "1", "twice-per-stroke variation of speed")
    ripple_phase_rad: float = p(1.1, "rad", "phase of the speed ripple against the top")
    sag: NonNegative = p(0.01, "1", "relative loss of a rate still held, at no voltage against full voltage")
    warming_k_per_min: NonNegative = p(2.0, "K/min", "warming of the pen's nose while the motor runs")
    current_ma: Positive = p(310.0, "mA", "current at 7000 /min without load")
    stall_ma: Positive = p(1400.0, "mA", "current of a motor that is on and does not turn")


class Crank(Section):
    """The stroke."""

    stroke_error_mm: float = p(0.0, "mm", "full stroke beyond the design's; half of it raises the top")
    ratio_error: float = p(0.0, "1", "crank radius over rod length, beyond the design's")
    top_scatter_mm: NonNegative = p(0.003, "mm", "scatter of the stroke's top from stroke to stroke")
    stretch_mm: float = p(0.006, "mm", "inertial stretch at 100 strokes a second; grows with the square")
    spring_n_per_mm: Positive = p(6.0, "N/mm", "stiffness of the cartridge behind the needles")


class Needles(Section):
    """The tip's needles."""

    length_scatter_mm: NonNegative = p(0.006, "mm", "standard deviation of their lengths")
    shortening_mm: NonNegative = p(0.0, "mm", "length lost to wear, all needles")
    bent: Annotated[int, Field(ge=0)] = p(0, "1", "how many are bent")
    bent_by_mm: NonNegative = p(0.3, "mm", "loss of height of a bent needle")
    circle_mm: Positive = p(1.6, "mm", "radius of the circle they stand on")
    puncture_n: Positive = p(0.030, "N", "force at which a sharp needle punctures the phantom at 1 mm/s")
    bluntness: Annotated[float, Field(ge=1)] = p(1.0, "1", "puncture force relative to a new tip")
    insertions: Annotated[int, Field(ge=0)] = p(0, "1", "insertions each needle has made before")


class Tip(Section):
    """The disposable cartridge, as the pen sees it."""

    present: bool = Field(True, description="a tip is plugged in")
    lot: str = Field("T2611A", description="lot the tip's chip reports")
    use_count: Annotated[int, Field(ge=0)] = p(0, "1", "earlier uses the tip's chip reports")
    number: Annotated[int, Field(ge=0)] = p(0, "1", "which tip of its lot: its needles; 0: by the seed")
    needles: Needles = Needles()


class Firmware(Section):
    """What the pen's electronics hold when the world begins."""

    serial: str = Field("", description="serial number; empty: the product's example")
    model: str = Field("", description="model it answers; empty: the product's")
    version: str = Field("1.4.2", description="firmware version")
    generation: Annotated[int, Field(ge=0)] = p(1, "1", "generation of the table it was born with")
    limiter_works: bool = Field(True, description="depth commands above the limit are refused")
    battery_mv: Positive = p(3950.0, "mV", "battery voltage")
    turnaround_s: NonNegative = p(0.001, "s", "time to answer a request")


class PenPower(Section):
    """What the pen draws, and when its firmware finds the voltage too low."""

    full_mv: Positive = p(3950.0, "mV", "voltage at which the motor reaches maximum_per_min, and less below")
    idle_ma: NonNegative = p(18.0, "mA", "current of the electronics, at full voltage")
    inrush_ma: NonNegative = p(900.0, "mA", "additional current when the motor starts; fades with ramp_s")
    current_ripple: Annotated[float, Field(ge=0, lt=1)] = p(0.12, "1", "twice-per-stroke ripple of current")
    cut_off_mv: NonNegative = p(3050.0, "mV", "voltage below which the firmware switches the motor off")
    cut_off_delay_s: NonNegative = p(0.02, "s", "time for which the voltage must be that low")
    hysteresis_mv: NonNegative = p(150.0, "mV", "how far it must rise above that before the motor runs again")
    brown_out_mv: NonNegative = p(2300.0, "mV", "voltage below which the electronics lose their memory")


class Pen(Section):
    """The pen under test."""

    depth: DepthDrive = DepthDrive()
    motor: Motor = Motor()
    crank: Crank = Crank()
    tip: Tip = Tip()
    firmware: Firmware = Firmware()
    power: PenPower = PenPower()
    rim_radius_mm: Positive = p(4.0, "mm", "radius of the rim")
    expansion_per_k: float = p(17.0e-6, "1/K", "thermal expansion of pen and needles, of their size at 20 °C")
    warming_s: Positive = p(90.0, "s", "time constant with which the pen follows the room")
