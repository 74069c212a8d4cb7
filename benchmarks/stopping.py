"""From what goes wrong to the bytes of "stop" on the wires of stage and pen, on the wall clock.

A twin on the wall clock, with a relay before its stage and its pen that notes when a stop comes by; the
stage moves, the pen runs, and the program waits for a reading of the gauge when it happens.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import ROOT, Figure
from rig.clock import WallClock
from rig.connect import open_station
from rig.errors import InstrumentDisconnected, RigError
from rig.fixtures.stopping import STOPPING
from rig.instruments.wirelog import WireLog
from rig.procedures.bench import Bench
from rig.product import Setting, load_product
from rig.station import Station, load_station

TIMES = 10
AIM_MS = 100
SETTING = Setting(1.25, 7000.0)
FROM_MM, TO_MM, SPEED_MM_PER_S = 38.0, 41.5, 0.5
UNDER_WAY_S = 0.15
SOON_S, HUNG_S = 0.01, 1.0
WRITE_SINGLE = 6
STAGE_STOP = b" 99 stop"


class Relay:
    """Passes bytes on between a client and ``target``, and notes when ``stop`` came by first.

    Args:
        target: host and port of the instrument.
        stop: bytes of its stop.
    """

    def __init__(self, target: tuple[str, int], stop: bytes) -> None:
        self._target, self._stop = target, stop
        self.stopped_s: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(self._target)
            for line in (client, server):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.stopped_s is None and self._stop in data:
                    self.stopped_s = time.monotonic()
                sink.sendall(data)
        for line in (source, sink):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


Cause = Callable[[Bench, list[float]], None]
"""Makes something go wrong, and appends when it did, s of the monotonic clock."""


def measure() -> list[Figure]:
    """Return the time from each event to either stop: the median and the worst of some tries."""
    logging.getLogger("rig").setLevel(logging.ERROR)  # that the stage is stopped is what is measured
    with contextlib.ExitStack() as stack:
        relays, bench = _bench(stack)
        STOPPING.listen()
        stack.callback(STOPPING.restore)
        stack.enter_context(STOPPING.halting(bench.halt))
        stale_s = bench.station.safety.force_stale_s
        cases: list[tuple[str, Cause, float]] = [
            ("Ctrl-C", lambda bench, happened: _signalled(signal.SIGINT, happened), 0.0),
            ("Ctrl-C twice", lambda bench, happened: _signalled(signal.SIGINT, happened, times=2), 0.0),
            ("SIGTERM", lambda bench, happened: _signalled(signal.SIGTERM, happened), 0.0),
            ("SIGHUP", lambda bench, happened: _signalled(signal.SIGHUP, happened), 0.0),
            ("an error in a test", _error, 0.0),
            ("the gauge is lost", _lost, 0.0),
            (f"a reading hangs, beyond {stale_s:g} s", _hung, stale_s),
        ]
        return [figure for case in cases for figure in _tried(bench, relays, *case)]


def _tried(
    bench: Bench, relays: dict[str, Relay], what: str, cause: Cause, allowed_s: float
) -> Iterator[Figure]:
    taken: dict[str, list[float]] = {role: [] for role in relays}
    while min(map(len, taken.values())) < TIMES:
        bench.pen.start()
        bench.present("datum")
        bench.stage.move_to("z", FROM_MM)
        bench.stage.move_to("z", TO_MM, speed=SPEED_MM_PER_S, wait=False)
        for relay in relays.values():
            relay.stopped_s = None
        happened_s = _until_stopped(bench, cause)
        problems = bench.make_safe()
        assert not problems, problems
        STOPPING.requested = False
        if happened_s is None:
            continue
        for role, times_ms in taken.items():
            stopped_s = relays[role].stopped_s
            assert stopped_s is not None
            times_ms.append(1e3 * (stopped_s - happened_s - allowed_s))
    for role, times_ms in taken.items():
        worst = f"worst of {TIMES}: {max(times_ms):.1f} ms"
        yield Figure(f"{what}: {role}", f"{statistics.median(times_ms):.1f} ms", worst, f"≤ {AIM_MS} ms")


def _until_stopped(bench: Bench, cause: Cause) -> float | None:
    """Read the force until the cause has had its effect; return when it came about.

    None when a machine that is busy with other things stopped the stage before, for want of a reading.
    """
    happened: list[float] = []
    read_n, ends_s = bench.force_gauge.read_n, time.monotonic() + UNDER_WAY_S
    try:
        while time.monotonic() < ends_s:
            bench.force_n()
        cause(bench, happened)
        while True:
            bench.force_n()
    except (KeyboardInterrupt, RigError):
        STOPPING.halt()  # as the report of a broken test does first
    finally:
        bench.force_gauge.read_n = read_n  # type: ignore[method-assign]
    return happened[0] if happened else None


def _signalled(number: signal.Signals, happened: list[float], *, times: int = 1) -> None:
    """Send this process a signal from a thread, while it waits for a reading."""

    def send() -> None:
        happened.append(time.monotonic())
        for _ in range(times):
            os.kill(os.getpid(), number)

    threading.Timer(SOON_S, send).start()


def _error(bench: Bench, happened: list[float]) -> None:
    happened.append(time.monotonic())
    raise RigError("something in the program broke")


def _lost(bench: Bench, happened: list[float]) -> None:
    def gone() -> float:
        happened.append(time.monotonic())
        raise InstrumentDisconnected("force_gauge", "the line is gone")

    bench.force_gauge.read_n = gone  # type: ignore[method-assign]


def _hung(bench: Bench, happened: list[float]) -> None:
    read_n = bench.force_gauge.read_n

    def hang() -> float:
        happened.append(time.monotonic())
        time.sleep(HUNG_S)
        return read_n()

    bench.force_gauge.read_n = hang  # type: ignore[method-assign]


def _bench(stack: contextlib.ExitStack) -> tuple[dict[str, Relay], Bench]:
    """Return the relays and a prepared bench behind them, on a twin of its own on the wall clock."""
    twin = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "rig", "twin", "--wall-clock"], stdout=subprocess.PIPE, cwd=ROOT
        )
    )
    stack.callback(twin.terminate)
    assert twin.stdout is not None
    addresses: dict[str, str] = json.loads(twin.stdout.readline())
    product = load_product("office-pen")
    _, host, port, _ = addresses["stage"].split("::")
    _, pen_host, pen_port = addresses["pen_tcp"].split(":")
    pen_stop = struct.pack(">BHH", WRITE_SINGLE, product.modbus.registers["run"].address, 0)
    relays = {
        "stage": Relay((host, int(port)), STAGE_STOP),
        "pen": Relay((pen_host, int(pen_port)), pen_stop),
    }
    addresses["stage"] = f"TCPIP0::127.0.0.1::{relays['stage'].port}::SOCKET"
    addresses["pen"] = f"tcp:127.0.0.1:{relays['pen'].port}"
    addresses["force_gauge"] = addresses["force_gauge_tcp"]
    told = load_station("twin").model_dump()
    for config in (*told["instruments"].values(), told["pen"]):
        config["resource"] = addresses[config["resource"].removeprefix("twin:")]
    station = Station.model_validate(told | {"twin": None})
    bench = open_station(station, product, WallClock(), WireLog(), stack).bench()
    stack.callback(bench.make_safe)
    bench.prepare()
    bench.pen.set_depth(SETTING.depth_mm)
    bench.pen.set_rate(SETTING.rate_per_min)
    return relays, bench
