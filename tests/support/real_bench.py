"""A bench of real drivers on a twin served in this process: what procedures are tested on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from rig.clock import LinkedClock
from rig.instruments.opening import open_driver
from rig.instruments.wirelog import WireLog
from rig.procedures.bench import Bench
from rig.product import load_product
from rig.station import OPTIONAL_CERTIFICATE_FIGURES, Station, load_station
from tests.support.serving import serving

PATIENCE_S = 20.0  # for a machine that is busy with other things: time-outs are real time on any clock


@contextmanager
def real_bench(
    world: Sequence[str] = (),
    *,
    station: Sequence[str] = (),
    prepared: bool = True,
    timeout_s: float = PATIENCE_S,
) -> Iterator[Bench]:
    """Yield a bench, referenced and retracted; ``world`` and ``station`` are ``a.b=value`` overrides."""
    config = load_station("twin", tuple(station))
    with ExitStack() as stack:
        addresses = stack.enter_context(serving(world))
        host, _, port = addresses["clock"].rpartition(":")
        clock = LinkedClock(host, int(port))
        stack.callback(clock.close)
        bench = _open(config, addresses, clock, stack, timeout_s)
        if prepared:
            bench.prepare()
        yield bench


def _open(
    config: Station, addresses: dict[str, str], clock: LinkedClock, stack: ExitStack, timeout_s: float
) -> Bench:
    product, wire_log = load_product("office-pen"), WireLog()
    opened = {}
    for role, instrument in config.instruments.items():
        resource = addresses[instrument.resource.removeprefix("twin:")]
        opened[role] = open_driver(
            role, instrument.driver, resource, wire_log, clock, timeout_s=timeout_s, **instrument.options
        )
        stack.callback(opened[role].close)
    pen = open_driver(
        "pen",
        config.pen.driver,
        addresses["pen_tcp"],
        wire_log,
        clock,
        timeout_s=timeout_s,
        modbus=product.modbus,
        restart_s=product.calibration.restart_s,
        unlock_key=product.calibration.unlock_key,
    )
    stack.callback(pen.close)
    optional = {role: opened[role] for role in OPTIONAL_CERTIFICATE_FIGURES if role in opened}
    return Bench(
        opened["stage"], opened["force_gauge"], opened["counter"], pen, clock, config, product, optional
    )
