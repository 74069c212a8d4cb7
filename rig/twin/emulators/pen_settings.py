"""What the pen's firmware keeps in RAM, and which values it takes for each setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rig.product import Product
from rig.twin.emulators.modbus_slave import Exc, Refused
from rig.twin.world_pen import Firmware

# The motor takes from half the slowest to 1.25 × the fastest calibrated rate.
SLOWEST, FASTEST = 0.5, 1.25


@dataclass(frozen=True)
class Ram:
    """What a restart forgets. It is replaced, never changed, so a refused request leaves no trace."""

    set_depth_um: float
    set_rate_per_min: float
    depth_limit_um: float
    shadow: tuple[int, ...]
    echo: int = 0
    unlocked: bool = False
    commit_result: int = 0

    def with_shadow(self, offset: int, words: Sequence[int]) -> Ram:
        """Return the RAM with ``words`` in the shadow bank from ``offset`` on.

        Raises:
            Refused: the service lock is closed.
        """
        if not self.unlocked:
            raise Refused(Exc.DEVICE_FAILURE)
        after = self.shadow[offset + len(words) :]
        return replace(self, shadow=self.shadow[:offset] + tuple(words) + after)


class Settings:
    """The firmware's checks of settings.

    Attributes:
        checks: by register name, what makes the RAM with a new value out of the present one, or
            raises :class:`Refused`.
    """

    def __init__(self, product: Product, firmware: Firmware) -> None:
        self._product, self._firmware = product, firmware
        self.checks: dict[str, Callable[[Ram, float], Ram]] = {
            "echo": lambda ram, value: replace(ram, echo=int(value)),
            "set_depth_um": self._depth,
            "set_rate_per_min": self._rate,
            "depth_limit_um": self._limit,
            "service_unlock": self._unlock,
        }

    def at_power_on(self) -> Ram:
        """Return what the RAM holds after switching on."""
        return Ram(
            set_depth_um=self._product.depth.minimum_mm * 1000,
            set_rate_per_min=self._product.calibration.rates_per_min[0],
            depth_limit_um=self._highest_um,
            shadow=(0,) * self._product.modbus.registers["shadow_bank"].words,
        )

    @property
    def _highest_um(self) -> float:
        return self._product.depth.maximum_mm * 1000

    def _depth(self, ram: Ram, value: float) -> Ram:
        too_deep = value > min(ram.depth_limit_um, self._highest_um) and self._firmware.limiter_works
        if too_deep or value < self._product.depth.minimum_mm * 1000:
            raise Refused(Exc.ILLEGAL_VALUE)
        return replace(ram, set_depth_um=value)

    def _rate(self, ram: Ram, value: float) -> Ram:
        rates = self._product.calibration.rates_per_min
        if not SLOWEST * rates[0] <= value <= FASTEST * rates[-1]:
            raise Refused(Exc.ILLEGAL_VALUE)
        return replace(ram, set_rate_per_min=value)

    def _limit(self, ram: Ram, value: float) -> Ram:
        if not ram.set_depth_um <= value <= self._highest_um:
            raise Refused(Exc.ILLEGAL_VALUE)
        return replace(ram, depth_limit_um=value)

    def _unlock(self, ram: Ram, value: float) -> Ram:
        return replace(ram, unlocked=value == self._product.calibration.unlock_key)
