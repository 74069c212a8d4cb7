"""Opening the instruments a station file names: find the driver, connect, check who answers."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from rig.clock import Clock
from rig.errors import ConfigError, IdentityMismatch
from rig.instruments.roles import Identity, Instrument
from rig.instruments.wirelog import WireLog

GROUP = "rig.instruments"


def find_driver(name: str) -> Callable[..., Any]:
    """Return the driver class registered under ``name``.

    Raises:
        ConfigError: nobody registered it; the message lists what there is.
    """
    found = entry_points(group=GROUP)
    matching = [point for point in found if point.name == name]
    if not matching:
        known = ", ".join(sorted(point.name for point in found))
        raise ConfigError(f"unknown driver {name!r}", expected=f"one of: {known}")
    driver: Callable[..., Any] = matching[0].load()
    return driver


def open_driver(
    role: str,
    driver: str,
    resource: str,
    wire_log: WireLog,
    clock: Clock,
    *,
    timeout_s: float,
    **options: Any,
) -> Any:
    """Open one instrument.

    Raises:
        ConfigError: unknown driver, or options it does not know.
        InstrumentError: it does not answer.
    """
    make = find_driver(driver)
    try:
        return make(role, resource, wire_log, clock, timeout_s=timeout_s, **options)
    except TypeError as error:
        raise ConfigError(f"{role}: driver {driver} does not take these options ({error})") from error


def check_identity(instrument: Instrument, *, model: str, serial: str) -> Identity:
    """Ask an instrument who it is, and refuse another than the station file names.

    Raises:
        IdentityMismatch: another model or serial number answered.
        InstrumentError: no answer.
    """
    identity = instrument.identify()
    if (identity.model, identity.serial) != (model, serial):
        raise IdentityMismatch(
            f"{instrument.role}: model {identity.model!r}, serial number {identity.serial!r} answered",
            expected=f"model {model!r}, serial number {serial!r}",
            do="Connect the right instrument, or enter this one and its certificate in the station file",
        )
    return identity
