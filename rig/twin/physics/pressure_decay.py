"""A part on a leak tester: gas that warms as it is pressed in and cools at the wall, and a leak.

The gas is ideal. Whatever the valve makes of the pressure heats or cools the gas as an adiabatic change does,
ΔT = T·(1 − 1/γ)·Δp/p; what the wall does not swallow at once goes away with two time constants. The wall
follows the room, which drifts and swings. The part's volume grows slowly under pressure.
"""

from __future__ import annotations

import math
from enum import Enum

from rig.twin.physics.pouch import REFERENCE_PRESSURE_PA, channel_flow
from rig.twin.world import Environment, LeakTester

STEP_S = 0.01
ADIABATIC = 1.0 - 1.0 / 1.4
KELVIN = 273.15


class Valve(Enum):
    """What the part is connected to."""

    ROOM = "room"
    SUPPLY = "supply"
    NOTHING = "nothing"


class PartOnTester:
    """Pressure in the part, marched to the moment of the question.

    Args:
        tester, environment: the truth.
    """

    def __init__(self, tester: LeakTester, environment: Environment) -> None:
        self._truth = tester
        self._room_pa, self._room_c = environment.pressure_pa, environment.temperature_c
        self._valve, self._supply_pa = Valve.ROOM, 0.0
        self._now_s = 0.0
        self._gauge_pa = self._creep_m3 = self._gas_per_k = 0.0
        self._fast_k = self._slow_k = 0.0

    def leak_pa_m3_per_s(self, gauge_pa: float) -> float:
        """Return the loss of gas at a pressure above the room's."""
        truth = self._truth
        channel = channel_flow(
            self._room_pa + gauge_pa, self._room_pa, truth.channel_um * 1e-6, truth.channel_length_mm * 1e-3
        )
        return channel + truth.permeation_pa_m3_per_s * gauge_pa / REFERENCE_PRESSURE_PA

    def room_c(self, time_s: float) -> float:
        """Return the air temperature at the tester."""
        truth = self._truth
        swing = truth.room_swing_k * math.sin(2 * math.pi * time_s / truth.room_swing_s)
        return self._room_c + truth.room_drift_k_per_h * time_s / 3600.0 + swing

    def turn(self, valve: Valve, time_s: float, *, supply_pa: float = 0.0) -> None:
        """Turn the valve at a moment; ``supply_pa`` is the supply's pressure above the room's."""
        self.gauge_pa(time_s)
        self._valve, self._supply_pa = valve, supply_pa
        self._gas_per_k = self._absolute_pa() * self._volume_m3() / self._gas_k()

    def gauge_pa(self, time_s: float) -> float:
        """Return the pressure above the room's at a moment that has come."""
        while self._now_s < time_s:
            left_s = time_s - self._now_s
            settled = self._valve is Valve.ROOM and abs(self._gauge_pa) < 1e-3
            step_s = left_s if settled else min(STEP_S, left_s)
            self._now_s = time_s if step_s == left_s else self._now_s + step_s
            self._step(step_s)
        return self._gauge_pa

    def _step(self, step_s: float) -> None:
        truth = self._truth
        self._fast_k *= math.exp(-step_s / truth.fast_time_s)
        self._slow_k *= math.exp(-step_s / truth.slow_time_s)
        grown_m3 = truth.creep_ml_per_kpa * 1e-9 * self._gauge_pa
        self._creep_m3 += (grown_m3 - self._creep_m3) * (1.0 - math.exp(-step_s / truth.creep_time_s))
        leak = self.leak_pa_m3_per_s(self._gauge_pa)
        if self._valve is Valve.NOTHING:
            self._gas_per_k -= leak / self._gas_k() * step_s
            self._gauge_pa = self._gas_per_k * self._gas_k() / self._volume_m3() - self._room_pa
            return
        supplied_pa = self._supply_pa * (1.0 + truth.fill_error) - leak * truth.supply_pa_s_per_pa_m3
        wanted_pa = max(0.0, supplied_pa) if self._valve is Valve.SUPPLY else 0.0
        change_pa = (wanted_pa - self._gauge_pa) * (1.0 - math.exp(-step_s / truth.fill_time_s))
        self._warm(ADIABATIC * self._gas_k() * change_pa / self._absolute_pa())
        self._gauge_pa += change_pa

    def _warm(self, rise_k: float) -> None:
        self._fast_k += self._truth.fast_share * rise_k
        self._slow_k += self._truth.slow_share * rise_k

    def _absolute_pa(self) -> float:
        return self._room_pa + self._gauge_pa

    def _volume_m3(self) -> float:
        return self._truth.volume_ml * 1e-6 + self._creep_m3

    def _gas_k(self) -> float:
        wall_c = self.room_c(self._now_s - self._truth.wall_lag_s)
        return KELVIN + wall_c + self._fast_k + self._slow_k
