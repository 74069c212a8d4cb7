"""The output of a programmable supply: what it gives into a load, with its protections and its leads.

The load asks for power, as a pen with a regulated motor does: the lower the voltage, the more current it
draws. What the output stage is told and what it does differ by its errors, its settling and its leads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rig.twin.world import Supply


@dataclass(frozen=True)
class Feed:
    """What reaches a load: voltage there, V, current, A, and whether the source limits that current."""

    load_v: float
    current_a: float
    limited: bool = False


NOTHING = Feed(0.0, 0.0)


class SupplyOutput:
    """One output with its leads.

    Args:
        supply: the truth about it.

    Attributes:
        limit_a: the current it holds when the load wants more.
        over_voltage_v, over_voltage_on: above this its protection switches it off.
        over_current_on: whether a current of :attr:`over_current_a` for :attr:`over_current_delay_s`
            switches it off; None for being limited to whatever current.
        over_voltage_tripped, over_current_tripped: which protection did; it stays off until cleared.
    """

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._from_v = self._to_v = self._set_v = 0.0
        self._since_s = 0.0
        self._too_much_since_s = math.inf
        self.is_on = False
        self.limit_a = 0.0
        self.over_voltage_v, self.over_voltage_on = math.inf, False
        self.over_current_on, self.over_current_delay_s = False, 0.0
        self.over_current_a: float | None = None
        self.over_voltage_tripped = self.over_current_tripped = False

    @property
    def set_v(self) -> float:
        """The voltage it was told."""
        return self._set_v

    @property
    def tripped(self) -> bool:
        """Whether a protection keeps it off."""
        return self.over_voltage_tripped or self.over_current_tripped

    def set_voltage(self, time_s: float, volts: float) -> None:
        """Begin to go to a voltage."""
        self._from_v, self._since_s = self.source_v(time_s), time_s
        self._set_v, self._to_v = volts, max(0.0, self._true_v(volts))
        self._guard_voltage()

    def guard_voltage_at(self, volts: float, *, enabled: bool) -> None:
        """Set the over-voltage protection."""
        self.over_voltage_v, self.over_voltage_on = volts, enabled
        self._guard_voltage()

    def switch(self, time_s: float, on: bool) -> None:
        """Switch the output; a tripped one stays off."""
        if on and not self.is_on:
            self._from_v, self._since_s = 0.0, time_s
        self._too_much_since_s = math.inf
        self.is_on = on and not self.tripped
        self._guard_voltage()

    def clear(self) -> None:
        """Forget the trips; the output stays off until it is switched on."""
        self.over_voltage_tripped = self.over_current_tripped = False
        self._guard_voltage()

    def source_v(self, time_s: float) -> float:
        """Return the voltage behind the output's resistance: settling exponentially to what was set."""
        left = math.exp(-(time_s - self._since_s) / self._supply.settle_s)
        return self._to_v + (self._from_v - self._to_v) * left

    def deliver(self, time_s: float, power_w: float) -> Feed:
        """Return what reaches a load that draws ``power_w``.

        A load of constant power P behind a resistance R sees V = (V₀ + √(V₀² − 4·P·R)) / 2; where the root
        does not exist, it collapses to V₀/2. Limited to a current, the load gets that much less voltage.
        """
        if not self.is_on:
            return NOTHING
        feed = self._into(self.source_v(time_s), power_w)
        self._guard_current(time_s, feed)
        return feed if self.is_on else NOTHING

    def _into(self, source_v: float, power_w: float) -> Feed:
        if power_w <= 0.0 or source_v <= 0.0:
            return Feed(source_v, 0.0)
        resistance = self._supply.output_ohm + self._supply.lead_ohm
        load_v = (source_v + math.sqrt(max(0.0, source_v**2 - 4.0 * power_w * resistance))) / 2.0
        current_a = power_w / load_v
        if current_a <= self.limit_a:
            return Feed(load_v, current_a)
        return Feed(load_v * self.limit_a / current_a, self.limit_a, limited=True)

    def terminal_v(self, feed: Feed) -> float:
        """Return the voltage at the output's own terminals, before the leads."""
        return feed.load_v + feed.current_a * self._supply.lead_ohm

    def _true_v(self, volts: float) -> float:
        return volts * (1.0 + self._supply.voltage_error) + self._supply.voltage_offset_v

    def _guard_voltage(self) -> None:
        if self.is_on and self.over_voltage_on and self._to_v > self.over_voltage_v:
            self.over_voltage_tripped, self.is_on = True, False

    def _guard_current(self, time_s: float, feed: Feed) -> None:
        level_a = self.over_current_a
        too_much = feed.limited if level_a is None else feed.current_a >= level_a
        self._too_much_since_s = min(self._too_much_since_s, time_s) if too_much else math.inf
        if self.over_current_on and time_s - self._too_much_since_s >= self.over_current_delay_s:
            self.over_current_tripped, self.is_on = True, False
