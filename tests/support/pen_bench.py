"""The pen's mechanics played by hand, for tests of its firmware: they only take notes."""

from __future__ import annotations

import numpy as np

from rig.product import Product, load_product
from rig.twin.faults import FaultSchedule, parse_fault
from rig.twin.physics.room import Room
from rig.twin.physics.supply import Feed
from rig.twin.randomness import noise_source
from rig.twin.time import TwinTime
from tests.support.serving import make_world

PRODUCT = load_product("office-pen")


class FakeMechanics:
    """Takes notes of what the firmware asks of the machine."""

    def __init__(self) -> None:
        self.running = False
        self.parked: str | None = "retracted"
        self.command_mm = -1.0
        self.rate_per_min = -1.0
        self.load_v = 3.95

    @property
    def switched_on(self) -> bool:
        return self.running

    def start(self, time_s: float) -> None:
        self.running, self.parked = True, None

    def stop(self, time_s: float) -> None:
        self.running = False

    def park(self, time_s: float, where: str) -> None:
        self.parked = where

    def parked_at(self, time_s: float) -> str | None:
        return self.parked

    def set_rate(self, time_s: float, per_min: float) -> None:
        self.rate_per_min = per_min

    def command_depth(self, time_s: float, drive_mm: float) -> None:
        self.command_mm = drive_mm

    def speed_per_min_at(self, time_s: float) -> float:
        return self.rate_per_min if self.running else 0.0

    def current_ma_at(self, time_s: float) -> float:
        return 310.4

    def temperature_rise_k(self, time_s: float) -> float:
        return -30.0

    def feed_at(self, time_s: float) -> Feed:
        return Feed(self.load_v, 0.0)

    def takes_start_at(self, time_s: float) -> bool:
        return self.load_v >= 3.05

    def is_dark_at(self, time_s: float) -> bool:
        return self.load_v < 2.3

    def is_hot_at(self, time_s: float) -> bool:
        return False


class FakeBench:
    """What the firmware sees of a bench; ``overrides`` are of the world, such as ``pen.tip.use_count=1``."""

    def __init__(self, *overrides: str, product: Product = PRODUCT, seed: int = 1) -> None:
        self.world, self.product, self.time = make_world(overrides), product, TwinTime()
        self.faults = FaultSchedule(map(parse_fault, self.world.faults), self.time.now)
        self.room = Room(self.world, self.faults)
        self.pen = FakeMechanics()
        self.pen.load_v = self.world.pen.firmware.battery_mv / 1000.0
        self._seed = seed

    def random(self, name: str) -> np.random.Generator:
        return noise_source(self._seed, name)
