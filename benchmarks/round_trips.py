"""Questions per second through a driver, beside the same bytes through a bare socket or terminal.

Both ask the same twin on its virtual clock, so the ratio is what the driver, VISA or pymodbus, and the
checks add. On a real line, whose wire and instrument take milliseconds, it hardly shows.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.figures import Figure, median_s
from rig.clock import Clock
from rig.instruments.opening import open_driver
from rig.instruments.wirelog import WireLog
from rig.product import load_product
from rig.station import load_station
from rig.twin_process import TwinProcess

ASKED = 1000
ANSWERS = 4096  # bytes; longer than any answer here
Ask = Callable[[bytes], bytes]

_TCP = re.compile(r"(?:TCPIP0::|tcp:)([\d.]+)::?(\d+)(?:::SOCKET)?")
_SERIAL = re.compile(r"(?:ASRL|rtu:)(/[^:]+).*")


def measure() -> list[Figure]:
    """Return the rate of each kind of question, and how many times longer than bare bytes it takes."""
    twin = TwinProcess("nominal", "office-pen")
    try:
        with contextlib.ExitStack() as stack:
            clock = twin.clock()
            stack.callback(clock.close)
            return [
                _compared(*case, twin, clock, stack)
                for case in (
                    ("stage", "stage", "stage position, TCP", lambda stage: stage.position("z")),
                    ("counter", "counter", "counter identity, TCP", lambda counter: counter.identify()),
                    ("force_gauge", "force_gauge", "gauge reading, serial", lambda gauge: gauge.read_n()),
                    ("pen", "pen_tcp", "pen register, Modbus TCP", lambda pen: pen.motor_speed_per_min()),
                    ("pen", "pen", "pen register, Modbus RTU", lambda pen: pen.motor_speed_per_min()),
                )
            ]
    finally:
        twin.stop()


def _compared(
    role: str,
    line: str,
    what: str,
    question: Callable[[Any], object],
    twin: TwinProcess,
    clock: Clock,
    stack: contextlib.ExitStack,
) -> Figure:
    log = WireLog(kept=2)
    driver = _open(role, twin.address(line), log, clock)
    stack.callback(driver.close)
    if role == "stage":
        driver.home("z")
    question(driver)
    asked, answer = _last_exchange(log)
    driver_s = median_s(lambda: question(driver), ASKED)
    with _bare(twin.address(line)) as ask:
        bare_s = median_s(lambda: _exchange(ask, asked, len(answer)), ASKED)
    ratio = f"bare {1 / bare_s:.0f} /s: {driver_s / bare_s:.1f} ×"
    return Figure(what, f"{1 / driver_s:.0f} /s", ratio)


def _open(role: str, resource: str, log: WireLog, clock: Clock) -> Any:
    station, product = load_station("twin"), load_product("office-pen")
    if role != "pen":
        config = station.instruments[role]
        return open_driver(role, config.driver, resource, log, clock, timeout_s=2.0, **config.options)
    return open_driver(
        role,
        station.pen.driver,
        resource,
        log,
        clock,
        timeout_s=2.0,
        modbus=product.modbus,
        restart_s=product.calibration.restart_s,
        unlock_key=product.calibration.unlock_key,
    )


def _last_exchange(log: WireLog) -> tuple[bytes, bytes]:
    """Return the bytes of the last question and of its answer."""
    asked, answer = (bytes.fromhex(line.partition("|")[0].split(maxsplit=3)[3]) for line in log.lines())
    return asked, answer


def _exchange(ask: Ask, asked: bytes, length: int) -> None:
    answer = ask(asked)
    while len(answer) < length:
        answer += ask(b"")


@contextlib.contextmanager
def _bare(address: str) -> Iterator[Ask]:
    """Yield a way to send bytes to an address of the twin and to return what comes, without any driver."""
    if tcp := _TCP.fullmatch(address):
        with socket.create_connection((tcp[1], int(tcp[2]))) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def ask(asked: bytes) -> bytes:
                line.sendall(asked)
                return line.recv(ANSWERS)

            yield ask
    elif serial := _SERIAL.fullmatch(address):
        with open(serial[1], "r+b", buffering=0) as terminal:

            def ask_serial(asked: bytes) -> bytes:
                terminal.write(asked)
                return os.read(terminal.fileno(), ANSWERS)

            yield ask_serial
