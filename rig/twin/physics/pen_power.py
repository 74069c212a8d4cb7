"""What feeds the pen, and what the pen does when it is fed badly: its own cell, or a supply in its place.

A supply on the battery contacts takes over while its output is on. The motor's controller draws the same
power at any voltage, so a falling voltage raises the current. Below its cut-off the firmware switches the
motor off, and takes no start until the voltage has risen well above it.
"""

from __future__ import annotations

import math

from rig.twin.physics.supply import Feed, SupplyOutput
from rig.twin.world_pen import Pen


class PenPower:
    """The pen's battery contacts and the watch on their voltage.

    Args:
        pen: the truth about this pen.

    Attributes:
        supply: what was connected instead of the cell; the bench does.
        is_cut_off: whether the firmware refuses to run the motor.
    """

    def __init__(self, pen: Pen) -> None:
        self._power, self._cell_v = pen.power, pen.firmware.battery_mv / 1000.0
        self.supply: SupplyOutput | None = None
        self.is_cut_off = self._cell_v < pen.power.cut_off_mv / 1000.0
        self._low_since_s = math.inf

    @property
    def is_external(self) -> bool:
        """Whether the pen runs on the supply."""
        return self.supply is not None and self.supply.is_on

    def rests_on_cell(self, load_v: float) -> bool:
        """Say whether the voltage is that of the pen's own cell, which does not change and is enough."""
        return load_v == self._cell_v and not self.is_external and not self.is_cut_off

    def demand_w(self, motor_ma: float) -> float:
        """Return the power drawn with a motor current as it is at full voltage."""
        return (self._power.idle_ma + motor_ma) * self._power.full_mv * 1e-6

    def feed(self, time_s: float, motor_ma: float) -> Feed:
        """Return voltage and current at the contacts."""
        power_w = self.demand_w(motor_ma)
        if self.supply is not None and self.supply.is_on:
            return self.supply.deliver(time_s, power_w)
        return Feed(self._cell_v, power_w / self._cell_v)

    def fullness(self, load_v: float) -> float:
        """Return a voltage as a share of that at which the motor reaches its greatest rate."""
        return load_v / (self._power.full_mv / 1000.0)

    def is_low(self, load_v: float) -> bool:
        """Say whether a voltage is below the cut-off."""
        return load_v * 1000.0 < self._power.cut_off_mv

    def is_dark(self, load_v: float) -> bool:
        """Say whether a voltage is too low for the electronics to live on."""
        return load_v * 1000.0 < self._power.brown_out_mv

    def watch(self, time_s: float, load_v: float) -> bool:
        """Tell the firmware the voltage of a moment; return whether the motor must stop now.

        Hysteresis: cut off after ``cut_off_delay_s`` below ``cut_off_mv``, free again above
        ``cut_off_mv + hysteresis_mv``.
        """
        power = self._power
        if self.is_cut_off:
            self.is_cut_off = load_v * 1000.0 < power.cut_off_mv + power.hysteresis_mv
            self._low_since_s = math.inf
            return False
        self._low_since_s = min(self._low_since_s, time_s) if self.is_low(load_v) else math.inf
        self.is_cut_off = time_s - self._low_since_s >= power.cut_off_delay_s
        return self.is_cut_off
