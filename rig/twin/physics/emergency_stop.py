"""The emergency stop button: pressed by a schedule or by hand, and locked until somebody releases it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rig.twin.faults import Fault


class EmergencyStop:
    """One button with its chain of contacts. Times are the twin's.

    Args:
        faults: when it is pressed without anybody's doing, and for how long.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._pressed = [(fault.at_s, fault.ends_s) for fault in faults]
        self._cut_off: list[Callable[[], None]] = []

    def on_press(self, cut_off: Callable[[], None]) -> None:
        """Have ``cut_off`` called when somebody presses it by hand."""
        self._cut_off.append(cut_off)

    def pressed_at(self, time_s: float) -> bool:
        """Say whether the chain was open at a moment."""
        return any(from_s <= time_s < to_s for from_s, to_s in self._pressed)

    def press(self, time_s: float) -> None:
        """Press it; it stays pressed."""
        self._pressed.append((time_s, math.inf))
        for cut_off in self._cut_off:
            cut_off()

    def release(self, time_s: float) -> None:
        """Turn it until it springs back."""
        self._pressed = [
            (from_s, min(to_s, time_s) if from_s <= time_s else to_s) for from_s, to_s in self._pressed
        ]
