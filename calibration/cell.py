"""A cell as two terminals show it: open-circuit voltage by state of charge, and a resistance.

The cell emulated by a supply, and nothing more: it has no memory, no temperature and no ageing. The state of
charge counts from 0 (empty) to 1 (full).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import EstimateError

Floats = NDArray[np.float64]

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Cell:
    """A cell by its open-circuit curve.

    Between the points the curve is a monotone cubic (Fritsch and Carlson 1980), so that it never rises
    where the cell gets emptier.

    Args:
        socs: states of charge of the points, strictly increasing, from 0 to 1; two or more.
        open_circuit_v: open-circuit voltage at each, V, strictly increasing.
        resistance_ohm: internal resistance, Ω.
        capacity_mah: charge from full to empty, mA·h.

    Raises:
        EstimateError: points that are no such curve, or a figure that is not finite or out of its range.
    """

    socs: tuple[float, ...]
    open_circuit_v: tuple[float, ...]
    resistance_ohm: float
    capacity_mah: float

    def __post_init__(self) -> None:
        if len(self.socs) != len(self.open_circuit_v) or len(self.socs) < 2:
            raise EstimateError(
                f"{len(self.socs)} states of charge and {len(self.open_circuit_v)} voltages, expected "
                "as many of the one as of the other, two or more"
            )
        _check_rising("states of charge", self.socs)
        _check_rising("open-circuit voltages", self.open_circuit_v)
        if (self.socs[0], self.socs[-1]) != (0.0, 1.0):
            raise EstimateError(
                f"states of charge from {self.socs[0]:g} to {self.socs[-1]:g}, expected 0 to 1"
            )
        if self.open_circuit_v[0] <= 0:
            raise EstimateError(f"{self.open_circuit_v[0]:g} V in an empty cell, expected more than 0")
        if not (np.isfinite(self.resistance_ohm) and self.resistance_ohm >= 0):
            raise EstimateError(f"a resistance of {self.resistance_ohm} Ω, expected 0 or more")
        if not (np.isfinite(self.capacity_mah) and self.capacity_mah > 0):
            raise EstimateError(f"a capacity of {self.capacity_mah} mA·h, expected more than 0")

    def voltage_v(self, soc: float, current_a: float) -> float:
        """Return the terminal voltage, V, at a state of charge while the cell gives ``current_a``.

        V = OCV(soc) − I·R, and never below 0.

        Raises:
            EstimateError: a state of charge outside 0 to 1, or a current that is not finite.
        """
        if not 0.0 <= soc <= 1.0:
            raise EstimateError(f"a state of charge of {soc}, expected 0 to 1")
        if not np.isfinite(current_a):
            raise EstimateError(f"a current of {current_a} A, expected a finite number")
        return max(0.0, self._open_circuit_v(soc) - current_a * self.resistance_ohm)

    def soc_after(self, soc: float, current_a: float, seconds: float) -> float:
        """Return the state of charge after a current has flowed, by counting the charge; within 0 to 1.

        Raises:
            EstimateError: a state of charge outside 0 to 1, or a charge that is not finite.
        """
        spent = current_a * 1000.0 * seconds / SECONDS_PER_HOUR / self.capacity_mah
        if not 0.0 <= soc <= 1.0 or not np.isfinite(spent):
            raise EstimateError(f"{current_a} A for {seconds} s from a state of charge of {soc}")
        return min(1.0, max(0.0, soc - spent))

    def soc_at(self, open_circuit_v: float) -> float:
        """Return the state of charge at which the cell without load shows a voltage.

        Raises:
            EstimateError: the cell never shows it.
        """
        from scipy.optimize import brentq

        empty_v, full_v = self.open_circuit_v[0], self.open_circuit_v[-1]
        if not empty_v <= open_circuit_v <= full_v:
            raise EstimateError(f"{open_circuit_v} V, expected a cell's {empty_v:g} to {full_v:g} V")
        return float(brentq(lambda soc: self._open_circuit_v(soc) - open_circuit_v, 0.0, 1.0))

    def _open_circuit_v(self, soc: float) -> float:
        # Rounding must not lift the curve beyond its own ends.
        return float(np.clip(self._curve(soc), self.open_circuit_v[0], self.open_circuit_v[-1]))

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(self.socs, self.open_circuit_v)


def _check_rising(name: str, values: Sequence[float]) -> None:
    numbers = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(numbers).all() and (np.diff(numbers) > 0).all()):
        raise EstimateError(f"{name} {list(values)}, expected finite numbers, each above the one before")
