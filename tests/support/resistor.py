"""A bench of which only a resistor on the supply's output exists."""

from __future__ import annotations

import numpy as np

from rig.twin.physics.supply import Feed, SupplyOutput
from rig.twin.time import TwinTime
from rig.twin.world import World

PERFECT = {
    "voltage_error": 0.0, "voltage_offset_v": 0.0, "readback_voltage_error": 0.0,
    "readback_current_error": 0.0, "readback_current_offset_a": 0.0, "voltage_noise_v": 0.0,
    "current_noise_a": 0.0, "settle_s": 1e-6, "output_ohm": 0.0, "lead_ohm": 0.0, "serial": "MY59002187",
}  # fmt: skip


class Resistor:
    """Draws V/R; the supply in front of it is perfect unless ``truth`` says otherwise."""

    def __init__(self, ohm: float = 10.0, **truth: float) -> None:
        self.world = World.model_validate({"supply": {**PERFECT, **truth}})
        self.time = TwinTime(virtual=True)
        self.supply = SupplyOutput(self.world.supply)
        self._ohm = ohm

    def feed(self) -> Feed:
        """Return what the resistor gets now."""
        now_s = self.time.now()
        return self.supply.deliver(now_s, self.supply.source_v(now_s) ** 2 / self._ohm)

    def random(self, name: str) -> np.random.Generator:
        """Return a noise source."""
        return np.random.default_rng(len(name))
