"""The bench: the instruments of a station around one pen, and the moves that are safe on it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rig.clock import Clock
from rig.errors import ForceLimitExceeded
from rig.instruments.roles import Counter, ForceGauge, LeakTester, Park, Pen, Stage, Supply
from rig.product import Product
from rig.station import Station

logger = logging.getLogger("rig.bench")

LEAVE_SPEED_MM_PER_S = 26.0
TARGET_TOLERANCE = 0.05


@dataclass
class Bench:
    """Instruments, clock, and what is known of station and product.

    Every force is read through :meth:`force_n`, which stops the stage before it raises. Instruments that
    a station may do without are in ``optional``, by role, and have a property each that refuses when
    they are missing.
    """

    stage: Stage
    force_gauge: ForceGauge
    counter: Counter
    pen: Pen
    clock: Clock
    station: Station
    product: Product
    optional: dict[str, Any] = field(default_factory=dict)

    @property
    def leak_tester(self) -> LeakTester:
        """The leak tester; raises RefusedToStart on a station without one."""
        tester: LeakTester = self._optional("leak_tester")
        return tester

    @property
    def supply(self) -> Supply:
        """The programmable supply; raises RefusedToStart on a station without one."""
        supply: Supply = self._optional("supply")
        return supply

    def prepare(self) -> None:
        """Write the travel limit into the controller, find the references, retract."""
        nest, safety = self.station.nest, self.station.safety
        self.pen.stop()
        self.stage.home("z")
        self.stage.home("turret")
        self.stage.set_limits("z", 0.0, safety.highest_mm)
        self.stage.move_to("z", nest.safe_mm)

    def present(self, target: str) -> None:
        """Retract, then turn ``target`` towards the pen."""
        angle = self.station.nest.targets[target]
        if abs(self.stage.position("turret") - angle) > TARGET_TOLERANCE:
            self.retract()
            self.stage.move_to("turret", angle)

    def retract(self) -> None:
        """Move the target head away from the pen, to where the turret may turn."""
        self.stage.move_to("z", self.station.nest.safe_mm)

    def force_n(self, *, limit_n: float | None = None) -> float:
        """Read the force; above the limit stop, retract and raise.

        Raises:
            ForceLimitExceeded: the stage was stopped and retracted.
        """
        limit = self.station.safety.force_limit_n if limit_n is None else limit_n
        force = self.force_gauge.read_n()
        if abs(force) > limit:
            self.stage.stop()
            self.retract()
            raise ForceLimitExceeded(
                f"{force:.2f} N on the gauge; the stage was stopped and retracted",
                expected=f"at most {limit:g} N",
                do="Look for something in the way between target and pen",
            )
        return force

    def mean_force_n(self, readings: int) -> float:
        """Return the mean of several readings, each checked against the limit."""
        return sum(self.force_n() for _ in range(readings)) / readings

    def make_safe(self) -> list[str]:
        """Stop and retract stage and pen, switch off what stands in for its cell; never raises.

        Returns:
            What could not be done, as sentences; empty when all is safe.
        """
        problems: list[str] = []
        self._try(problems, "the stage could not be stopped", self.stage.stop)
        self._try(problems, "the stage could not be retracted", self.retract)
        self._try(problems, "the pen could not be stopped", self.pen.stop)
        self._try(problems, "the needles could not be retracted", lambda: self.pen.park(Park.RETRACTED))
        if "supply" in self.optional:
            self._try(problems, "the supply could not be switched off", self.supply.switch_off)
        if "leak_tester" in self.optional:
            self._try(problems, "the part under test may still be under pressure", self.leak_tester.abort)
        return problems

    def _optional(self, role: str) -> Any:
        self.station.require(role)
        return self.optional[role]

    @staticmethod
    def _try(problems: list[str], words: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  # whatever it is, the next action is tried all the same
            problems.append(f"{words}: {error}")
            logger.error("%s: %s", words, error)
