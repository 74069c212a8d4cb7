"""What a supply of any dialect has behind its commands: three outputs, of which the first feeds the pen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from rig.twin.emulators.scpi_syntax import ScpiError
from rig.twin.emulators.scpi_values import Number
from rig.twin.physics.supply import Feed, SupplyOutput
from rig.twin.time import TwinTime
from rig.twin.world import World

SAMPLES = 8  # within one measurement
PROTECTION_MARGIN = 1.1  # protection levels reach this far beyond the rating


class Rating(NamedTuple):
    """What an output can be set to, and what it is called by: its rated voltage, V, and current, A."""

    most_v: float
    most_a: float
    rated_v: float
    rated_a: float


class SupplyBench(Protocol):
    """What a supply needs of the bench it is connected to."""

    @property
    def time(self) -> TwinTime:
        """The twin's time."""

    @property
    def world(self) -> World:
        """The truth about the supply."""

    @property
    def supply(self) -> SupplyOutput:
        """The output that the pen hangs on."""

    def feed(self) -> Feed:
        """Return what that output gives now, everything before now having happened."""

    def random(self, name: str) -> np.random.Generator:
        """Return a noise source."""


@dataclass(frozen=True)
class Ranges:
    """What an output takes for each of its settings."""

    volts: Number
    amps: Number
    over_voltage: Number
    over_current: Number


class SupplyOutputs:
    """Three outputs: set, switched and measured by number.

    Args:
        bench: what output 1 is connected to; 2 and 3 are open.
        ratings: of each output.
        over_voltage_on: whether over-voltage protection is on after a reset.
        over_current_delay_s: time until over-current protection acts, after a reset; None where it has
            a level of its own, and acts at once.
        refusal: error number for a channel that does not exist.
    """

    def __init__(
        self,
        bench: SupplyBench,
        ratings: tuple[Rating, ...],
        *,
        over_voltage_on: bool,
        over_current_delay_s: float | None,
        refusal: int,
    ) -> None:
        self._bench, self._truth = bench, bench.world.supply
        self.ratings, self._over_voltage_on, self._refusal = ratings, over_voltage_on, refusal
        self._outputs = [bench.supply, SupplyOutput(self._truth), SupplyOutput(self._truth)]
        self._over_current_delay_s = over_current_delay_s
        self._noise = bench.random("supply")
        self.reset()

    def __getitem__(self, number: int) -> SupplyOutput:
        """Return output ``number``, counted from 1."""
        self.check(number)
        return self._outputs[number - 1]

    def check(self, number: int) -> None:
        """Refuse the number of an output that does not exist."""
        if not 1 <= number <= len(self.ratings):
            raise ScpiError(self._refusal)

    def ranges(self, number: int) -> Ranges:
        """Return what an output takes."""
        self.check(number)
        rating = self.ratings[number - 1]
        return Ranges(
            Number(0.0, 0.0, rating.most_v, "V"),
            Number(rating.rated_a, 0.0, rating.most_a, "A"),
            Number(PROTECTION_MARGIN * rating.rated_v, 0.01, PROTECTION_MARGIN * rating.rated_v, "V"),
            Number(PROTECTION_MARGIN * rating.rated_a, 0.001, PROTECTION_MARGIN * rating.rated_a, "A"),
        )

    def reset(self) -> None:
        """Switch every output off and put its settings to their defaults."""
        now_s = self._bench.time.now()
        for number, output in enumerate(self._outputs, start=1):
            ranges = self.ranges(number)
            output.switch(now_s, False)
            output.set_voltage(now_s, 0.0)
            output.limit_a = ranges.amps.default
            output.guard_voltage_at(ranges.over_voltage.default, enabled=self._over_voltage_on)
            output.over_current_on = False
            delay_s = self._over_current_delay_s
            output.over_current_a = ranges.over_current.default if delay_s is None else None
            output.over_current_delay_s = delay_s or 0.0
            output.clear()

    def set_voltage(self, number: int, volts: float) -> None:
        """Set the voltage of an output."""
        self[number].set_voltage(self._bench.time.now(), volts)

    def switch(self, number: int, on: bool) -> None:
        """Switch an output."""
        self[number].switch(self._bench.time.now(), on)

    def feed(self, number: int) -> Feed:
        """Return what an output gives now."""
        self.check(number)
        if number == 1:
            return self._bench.feed()
        return self[number].deliver(self._bench.time.now(), 0.0)

    def is_limiting(self, number: int) -> bool:
        """Say whether an output holds its current rather than its voltage."""
        return self.feed(number).limited

    async def measure(self, number: int) -> tuple[float, float]:
        """Let the time of a measurement pass; return mean voltage at the terminals, V, and current, A."""
        truth, volts, amps = self._truth, 0.0, 0.0
        for _ in range(SAMPLES):
            await self._bench.time.wait(truth.measure_s / SAMPLES)
            feed = self.feed(number)
            volts += self[number].terminal_v(feed) / SAMPLES
            amps += feed.current_a / SAMPLES
        noise_v, noise_a = self._noise.normal(0.0, (truth.voltage_noise_v, truth.current_noise_a))
        return (
            volts * (1.0 + truth.readback_voltage_error) + float(noise_v),
            amps * (1.0 + truth.readback_current_error) + truth.readback_current_offset_a + float(noise_a),
        )
