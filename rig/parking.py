"""Parking a bench that a run has left without a word: whatever still answers is stopped and retracted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rig.clock import Clock, WallClock
from rig.connect import OpenStation, open_clock
from rig.errors import RigError
from rig.instruments.opening import check_identity, open_driver
from rig.instruments.roles import Identity, Pen
from rig.instruments.wirelog import WireLog
from rig.product import Product
from rig.station import OPTIONAL_CERTIFICATE_FIGURES, Station


@dataclass(frozen=True)
class Parked:
    """A bench as it was left.

    Args:
        problems: what could not be done, as sentences; empty when all is safe.
        pen: the pen in the nest, to be asked; None when it does not answer.
    """

    problems: list[str]
    pen: Pen | None


class Absent:
    """Stands where an instrument does not answer: whatever it is told to do raises what kept it away."""

    def __init__(self, role: str, error: RigError) -> None:
        self.role, self._error = role, error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def missing(*arguments: object, **more: object) -> Any:
            raise self._error

        return missing


@contextlib.contextmanager
def parked(station: Station, product: Product) -> Iterator[Parked]:
    """Open what answers of a real station and make it safe; its pen can be asked while the block lasts."""
    with contextlib.ExitStack() as stack:
        clock: Clock = WallClock()
        with contextlib.suppress(RigError):  # the bench of a twin that is gone; its instruments say so
            clock = open_clock(station, None, stack)
        opened = {
            role: _open(
                stack, role, config.driver, config.resource, WireLog(), clock,
                model=config.model, serial=config.serial, timeout_s=config.timeout_s, **config.options,
            )
            for role, config in station.instruments.items()
        }  # fmt: skip
        pen = _open(
            stack, "pen", station.pen.driver, station.pen.resource, WireLog(), clock,
            model=product.model, serial=None, timeout_s=station.pen.timeout_s, modbus=product.modbus,
            restart_s=product.calibration.restart_s, unlock_key=product.calibration.unlock_key,
            **station.pen.options,
        )  # fmt: skip
        optional = {role: opened[role] for role in OPTIONAL_CERTIFICATE_FIGURES if role in opened}
        identity = Identity("", product.model, "", "")
        bench = OpenStation(
            station, product, clock, opened["stage"], opened["force_gauge"], opened["counter"], pen,
            identity, optional,
        ).bench()  # fmt: skip
        yield Parked(bench.make_safe(), None if isinstance(pen, Absent) else pen)


def _open(
    stack: contextlib.ExitStack, role: str, *where: Any, model: str, serial: str | None, **options: Any
) -> Any:
    """Open an instrument and check who answers, as a run does; where it does not, return an absent one."""
    try:
        instrument = open_driver(role, *where, **options)
        stack.callback(instrument.close)
        check_identity(instrument, model=model, serial=serial or instrument.identify().serial)
    except RigError as error:
        return Absent(role, error)
    return instrument
