"""The bench: the instruments of a station around one pen, and the moves that are safe on it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rig.clock import Clock, WallClock
from rig.errors import EmergencyStopped, InstrumentError, StageFault
from rig.guardian import Guardian
from rig.instruments.roles import Counter, ForceGauge, LeakTester, Park, Pen, Stage, Supply
from rig.procedures.gauge_zero import Zeros
from rig.procedures.watch import Watcher
from rig.product import Product
from rig.safety.guarded_stage import GuardedStage
from rig.station import Station

logger = logging.getLogger("rig.bench")

TARGET_TOLERANCE = 0.05


@dataclass
class Bench:
    """Instruments, clock, and what is known of station and product.

    ``stage`` is handed over as a driver, and is guarded from then on: see :mod:`rig.safety`. Every force is
    read through :meth:`force_n`, which stops the stage before it raises. Instruments that a station may do
    without are in ``optional``, by role, and have a property each that refuses when they are missing. A
    ``guardian`` makes the bench safe when this process is killed. ``emergency_stop`` is what told of one
    while the bench was made safe. ``watch`` is shown what procedures take, as they take it.
    """

    stage: Stage
    force_gauge: ForceGauge
    counter: Counter
    pen: Pen
    clock: Clock
    station: Station
    product: Product
    optional: dict[str, Any] = field(default_factory=dict)
    guardian: Guardian | None = None
    emergency_stop: EmergencyStopped | None = None
    zeros: Zeros = field(default_factory=Zeros)
    watch: Watcher = field(default_factory=Watcher)

    def __post_init__(self) -> None:
        driver = self.stage.bare if isinstance(self.stage, GuardedStage) else self.stage
        self._guarded = GuardedStage(
            driver,
            self.force_gauge,
            self.station,
            self.product,
            halt=self.halt,
            real_time=isinstance(self.clock, WallClock),
        )
        self.stage = self._guarded

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
        """Stop the pen, find the references, let the controller hold its limits; the stage stays at home."""
        self._guard()
        self.pen.stop()
        self._guarded.prepare()

    def present(self, target: str) -> None:
        """Retract, then turn ``target`` towards the pen."""
        self._guard()
        angle = self.station.nest.targets[target]
        if abs(self.stage.position("turret") - angle) > TARGET_TOLERANCE:
            if self.stage.position("z") > self.station.nest.safe_mm:
                self.retract()
            self.stage.move_to("turret", angle, wait=False)
            self.retract()  # from below, where there is time for it meanwhile
            self.stage.wait_until_idle("turret")

    def retract(self) -> None:
        """Move the target head away from the pen, to where the turret may turn."""
        self.stage.move_to("z", self.station.nest.safe_mm)

    def stand_clear(self) -> None:
        """Stop the pen and retract the stage, so that a person may reach in."""
        self.pen.stop()
        self.retract()

    @contextlib.contextmanager
    def retracting(self) -> Iterator[None]:
        """Retract while the block does something with the pen, which must be at rest."""
        self.stage.move_to("z", self.station.nest.safe_mm, wait=False)
        yield
        self.stage.wait_until_idle("z")

    def rim_is_at(self, rim_mm: float) -> None:
        """Keep the datum plate from going far beyond a rim that was just found, on the stage's own scale."""
        self._guarded.rim_found(rim_mm)

    def force_n(self, *, limit_n: float | None = None) -> float:
        """Read the force; above the limit stop, retract and raise.

        Raises:
            ForceLimitExceeded: the stage was stopped and retracted.
            ForceUnknown: the gauge cannot be believed; the stage was stopped.
        """
        return self._guarded.force_n(limit_n)

    def mean_force_n(self, readings: int) -> float:
        """Return the mean of several readings, each checked against the limit."""
        return sum(self.force_n() for _ in range(readings)) / readings

    def halt(self) -> None:
        """Tell stage and pen to stop, without waiting for either; at any moment, from any thread."""
        for instrument in (self.stage, self.pen):
            try:
                instrument.halt()
            except InstrumentError as error:
                logger.info("%s could not be halted at once: %s", instrument.role, error)

    def make_safe(self) -> list[str]:
        """Stop and retract stage and pen, switch off what stands in for its cell; never raises.

        Both are told to stop before anything is waited for; a line that is out of step is put in order
        after that.

        Returns:
            What could not be done, as sentences; empty when all is safe.
        """
        problems: list[str] = []
        self.halt()
        self._try(problems, "the stage could not be stopped", self.stage.stop)
        self._try(problems, "the stage could not be retracted", self._retract_or_home)
        self._try(problems, "the pen could not be stopped", self.pen.stop)
        self._try(problems, "the needles could not be retracted", lambda: self.pen.park(Park.RETRACTED))
        if "supply" in self.optional:
            self._try(problems, "the supply could not be switched off", self.supply.switch_off)
        if "leak_tester" in self.optional:
            self._try(problems, "the part under test may still be under pressure", self.leak_tester.abort)
        if self.guardian is not None:
            self.guardian.stands_down()
        return problems

    def _guard(self) -> None:
        """Have somebody watch over this process from now on, where the bench outlives it."""
        if self.guardian is not None:
            self.guardian.watches()

    def _retract_or_home(self) -> None:
        """Retract; an axis that lost its reference finds it again, which leads away from the pen too."""
        try:
            self.retract()
        except EmergencyStopped:
            raise
        except StageFault as fault:
            logger.warning("the stage is homed because it could not be retracted: %s", fault)
            self.stage.home("z")

    def _optional(self, role: str) -> Any:
        self.station.require(role)
        return self.optional[role]

    def _try(self, problems: list[str], words: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001  # whatever it is, the next action is tried all the same
            if isinstance(error, EmergencyStopped):
                self.emergency_stop = error
            problems.append(f"{words}: {error}")
            logger.error("%s: %s", words, error)
