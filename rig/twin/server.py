"""Serving a whole bench on the wire: every emulator on its line, and the clock."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable
from dataclasses import dataclass

from rig.product import Product
from rig.twin.bench import TwinBench
from rig.twin.time import TwinTime
from rig.twin.wire import Emulator, Line, Pace, serve_pty, serve_tcp
from rig.twin.world import World

SERIAL_BAUD = 115200
LEAK_TESTER_BAUD = 38400


class ClockLine:
    """The line by which a rig shares the twin's time: ``now`` and ``sleep SECONDS``, answered in seconds."""

    def __init__(self, time: TwinTime) -> None:
        self._time = time

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut at line feeds."""
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        return lines

    async def answer(self, message: bytes, line: Line) -> bytes:
        """Answer the time, after letting it pass when asked to."""
        word, _, argument = message.partition(b" ")
        if word == b"sleep":
            try:
                await self._time.wait(float(argument))
            except ValueError:
                return b"error: sleep SECONDS\n"
        elif word != b"now":
            return b"error: now or sleep SECONDS\n"
        return b"%.9f\n" % self._time.now()


@dataclass(frozen=True)
class Served:
    """Where each role can be reached: VISA resources, Modbus addresses, and the clock's host:port."""

    addresses: dict[str, str]


async def serve(world: World, product: Product, *, seed: int, virtual: bool) -> Served:
    """Put every instrument of a bench on the wire and return where they are.

    Stage, pen and leak tester are on TCP and on a pty at once, as instruments with two connectors are;
    ptys exist on Unix only, so elsewhere the serial ones are missing. A fault of a role happens on
    whichever of its lines is in use.
    """
    from rig.twin.emulators.counter_keysight import KeysightEmulator
    from rig.twin.emulators.gauge_mark10 import Mark10Emulator
    from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave, AteqTcpSlave
    from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
    from rig.twin.emulators.stage_zaber import ZaberEmulator
    from rig.twin.emulators.supply_keysight import KeysightSupply
    from rig.twin.emulators.supply_rigol import RigolSupply
    from rig.twin.wire_dialects import MARK10, MODBUS_RTU, MODBUS_TCP, SCPI, ZABER, Dialect
    from rig.twin.wire_faults import is_opened_anew, with_faults
    from rig.twin.witness import Witness

    time = TwinTime(virtual=virtual)
    bench = TwinBench(world, product, time, seed=seed)
    stage, counter, firmware = ZaberEmulator(bench), KeysightEmulator(bench), PenFirmware(bench)
    gauge = Mark10Emulator(bench)
    supply = RigolSupply(bench) if world.supply.dialect == "rigol" else KeysightSupply(bench)
    leak_tester = AteqEmulator(bench)
    bench.force_chain.connect(gauge)

    async def tcp(role: str, emulator: Emulator, dialect: Dialect) -> int:
        return await serve_tcp(with_faults(emulator, bench, role, dialect), time)

    def pty(role: str, emulator: Emulator, dialect: Dialect, *, baud: int = SERIAL_BAUD) -> str:
        faulty = with_faults(emulator, bench, role, dialect)
        return serve_pty(faulty, time, baud=baud, lasting_name=is_opened_anew(bench, role))

    pen_tcp, pen_rtu = TcpSlave(firmware), RtuSlave(firmware)
    leak_tester_tcp, leak_tester_rtu = AteqTcpSlave(leak_tester), AteqRtuSlave(leak_tester)
    addresses = {
        "stage": _socket(await tcp("stage", stage, ZABER)),
        "force_gauge_tcp": _socket(await tcp("force_gauge", gauge, MARK10)),
        "counter": _socket(await tcp("counter", counter, SCPI)),
        "supply": _socket(await tcp("supply", supply, SCPI)),
        "pen_tcp": f"tcp:127.0.0.1:{await tcp('pen', pen_tcp, MODBUS_TCP)}",
        "leak_tester_tcp": f"tcp:127.0.0.1:{await tcp('leak_tester', leak_tester_tcp, MODBUS_TCP)}",
        "clock": f"127.0.0.1:{await serve_tcp_free(ClockLine(time), time)}",
        "witness": f"127.0.0.1:{await serve_tcp_free(Witness(bench, firmware), time)}",
    }
    if os.name == "posix":
        addresses["stage_serial"] = f"ASRL{pty('stage', stage, ZABER)}::INSTR"
        addresses["force_gauge"] = f"ASRL{pty('force_gauge', gauge, MARK10)}::INSTR"
        addresses["pen"] = f"rtu:{pty('pen', pen_rtu, MODBUS_RTU)}:{SERIAL_BAUD}"
        path = pty("leak_tester", leak_tester_rtu, MODBUS_RTU, baud=LEAK_TESTER_BAUD)
        addresses["leak_tester"] = f"rtu:{path}:{LEAK_TESTER_BAUD}"
    else:
        addresses["force_gauge"] = addresses["force_gauge_tcp"]
        addresses["pen"] = addresses["pen_tcp"]
        addresses["leak_tester"] = addresses["leak_tester_tcp"]
    return Served(addresses)


def _socket(port: int) -> str:
    return f"TCPIP0::127.0.0.1::{port}::SOCKET"


async def serve_tcp_free(emulator: Emulator, time: TwinTime) -> int:
    """Serve on TCP without charging simulated time for the wire: asking for the time must not cost any."""
    return await serve_tcp(emulator, time, pace=Pace(0.0, 0.0))


def run(
    world: World, product: Product, *, seed: int, virtual: bool, until_stdin_closes: bool = False
) -> None:
    """Serve until stopped; print one JSON line of role → address first.

    Args:
        until_stdin_closes: also end when standard input closes, so that a twin that a rig started
            never outlives that rig, however the rig ended.
    """

    async def main() -> None:
        stop = _stdin_closed() if until_stdin_closes else _asked_to_stop()
        served = await serve(world, product, seed=seed, virtual=virtual)
        print(json.dumps(served.addresses), flush=True)
        await stop

    asyncio.run(main())


def _stdin_closed() -> Awaitable[object]:
    """Return what ends when standard input does."""
    return asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


def _asked_to_stop() -> Awaitable[object]:
    """Return what ends with Ctrl-C or a polite kill; from now on neither interrupts an emulator's answer."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop.wait()
