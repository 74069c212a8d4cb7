"""The sterile pouch under the anvil: gas that is squeezed, a film that relaxes, a channel that leaks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rig.twin.physics.force_history import ForceHistory
from rig.twin.world import Environment, Pouch

Floats = NDArray[np.float64]

AIR_VISCOSITY_PA_S = 1.82e-5
STEP_S = 0.004
REFERENCE_PRESSURE_PA = 35e3


def channel_flow(pressure_pa: float, outside_pa: float, diameter_m: float, length_m: float) -> float:
    """Return the laminar isothermal flow through a channel, Pa·m³/s: π d⁴ (p₁² − p₂²) / (256 η L)."""
    drive = max(0.0, pressure_pa**2 - outside_pa**2)
    return math.pi * diameter_m**4 * drive / (256.0 * AIR_VISCOSITY_PA_S * length_m)


class PouchUnderAnvil:
    """Force of the pouch on the anvil, marched in time.

    Args:
        pouch, environment: the truth.
        squeeze_mm: how far the anvil has pressed the pouch at given moments; negative before it touches.
    """

    def __init__(
        self, pouch: Pouch, environment: Environment, squeeze_mm: Callable[[Floats], Floats]
    ) -> None:
        self._pouch, self._outside_pa, self._squeeze_mm = pouch, environment.pressure_pa, squeeze_mm
        self._area_m2 = pouch.area_mm2 * 1e-6
        self._volume_m3 = pouch.volume_ml * 1e-6
        self._gas_pa_m3 = self._outside_pa * self._volume_m3
        self._branches = [0.0] * len(pouch.relaxation)
        self._elastic_n = 0.0
        self._history = ForceHistory()

    def leak_pa_m3_per_s(self, gauge_pressure_pa: float) -> float:
        """Return the loss of gas at a pressure above the room's."""
        pouch = self._pouch
        channel = channel_flow(
            self._outside_pa + gauge_pressure_pa,
            self._outside_pa,
            pouch.channel_um * 1e-6,
            pouch.channel_length_mm * 1e-3,
        )
        return channel + pouch.permeation_pa_m3_per_s * gauge_pressure_pa / REFERENCE_PRESSURE_PA

    @property
    def largest_n(self) -> float:
        """The largest force so far, N."""
        return self._history.largest_n

    def force_n(self, times_s: Floats) -> Floats:
        """Return the force on the anvil at recent moments, N."""
        self._march(float(times_s.max()))
        return self._history.at(times_s)

    def most_n(self, times_s: Floats) -> Floats:
        """Return what the force cannot exceed: that of a pouch that neither leaks nor relaxes."""
        squeezed_m3 = self._area_m2 * np.clip(self._squeeze_mm(times_s), 0.0, None) * 1e-3
        volumes_m3 = np.maximum(0.05 * self._volume_m3, self._volume_m3 - squeezed_m3)
        gauge_pa = self._outside_pa * self._volume_m3 / volumes_m3 - self._outside_pa
        forces_n: Floats = gauge_pa * self._area_m2
        return forces_n

    def _march(self, until_s: float) -> None:
        if until_s <= self._history.now_s:
            return
        # Nothing happens to a pouch that is not touched, so long waits need not be walked through.
        if self._elastic_n == 0.0 and self._squeeze_mm(np.array([until_s]))[0] <= 0:
            self._history.add(until_s, 0.0)
            return
        times_s = self._history.steps_to(until_s, STEP_S)
        for time_s, squeeze_mm in zip(times_s.tolist(), self._squeeze_mm(times_s).tolist(), strict=True):
            self._step(time_s, time_s - self._history.now_s, squeeze_mm)

    def _step(self, time_s: float, step_s: float, squeeze_mm: float) -> None:
        squeezed_m3 = self._area_m2 * max(0.0, squeeze_mm) * 1e-3
        volume_m3 = max(0.05 * self._volume_m3, self._volume_m3 - squeezed_m3)
        gauge_pa = max(0.0, self._gas_pa_m3 / volume_m3 - self._outside_pa) if squeezed_m3 else 0.0
        self._gas_pa_m3 -= self.leak_pa_m3_per_s(gauge_pa) * step_s
        elastic_n = gauge_pa * self._area_m2
        change_n, self._elastic_n = elastic_n - self._elastic_n, elastic_n
        force_n = elastic_n * (1.0 - sum(self._pouch.relaxation))
        terms = zip(self._pouch.relaxation, self._pouch.relaxation_time_s, strict=True)
        for i, (share, time_constant_s) in enumerate(terms):
            decay = math.exp(-step_s / time_constant_s)
            self._branches[i] = self._branches[i] * decay + share * change_n * math.exp(
                -0.5 * step_s / time_constant_s
            )
            force_n += self._branches[i]
        self._history.add(time_s, max(0.0, force_n))
