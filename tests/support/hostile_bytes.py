"""What reads bytes from outside, each as a function that takes any bytes and fails only for a defect.

A value of the stated kind, or one of the errors that are documented: anything else is a defect.
"""

from __future__ import annotations

import asyncio
import math
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

from calibration.errors import TableRejected
from calibration.table import decode
from rig.clock import LinkedClock, WallClock
from rig.config import load_model
from rig.errors import ConfigError, IdentityMismatch, InstrumentError, TwinError
from rig.instruments.counter_keysight import KeysightCounter
from rig.instruments.gauge_mark10 import Mark10Gauge
from rig.instruments.leak_tester_ateq import AteqLeakTester
from rig.instruments.modbus_map import RegisterMap
from rig.instruments.supply_keysight import KeysightSupply
from rig.instruments.supply_rigol import RigolSupply
from rig.instruments.wirelog import WireLog
from rig.instruments.zaber_ascii import ZaberPort
from rig.product import PRODUCTS, Product, load_product
from rig.station import STATIONS, Station
from rig.twin.emulators.counter_keysight import KeysightEmulator
from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave, AteqTcpSlave
from rig.twin.emulators.modbus_slave import with_crc
from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
from rig.twin.emulators.stage_zaber import ZaberEmulator
from rig.twin.emulators.supply_rigol import RigolSupply as RigolEmulator
from rig.twin.faults import parse_fault
from rig.twin.server import ClockLine
from rig.twin.time import TwinTime
from rig.twin.wire import TCP, Emulator, Line
from rig.twin.world import WORLDS, World
from tests.support.memory_lines import modbus_lines, visa_lines
from tests.support.modbus_pen import FakeClock, open_at
from tests.support.serving import make_bench

Target = Callable[[bytes], None]

CUT = b"\xff"  # separates the answers in the bytes of one example
MANY_MESSAGES = 20

READY = b"V1.00;N;CUR;FLTC6;FLTP1;AOUT00;AOFF0;FULL;MIT;POL;B0\r\n"
COUNTER = [b"Keysight,53230A,MY1,1.0\n", b'+0,"No error"\n']
KEYSIGHT = [b"Keysight,E36312A,MY1,1.0\n", b"", b'+0,"No error"\n', b"", b'+0,"No error"\n', b"0\n"]
RIGOL = [b"RIGOL,DP832,DP8C1,1.0\n", b"", b'0,"No error"\n', b"", b'0,"No error"\n', b"OFF\n"]


def _ask(questions: Iterable[Callable[[], Any]]) -> None:
    """Ask all; answers are finite, and errors are the instrument's."""
    for question in questions:
        try:
            answer = question()
        except (InstrumentError, IdentityMismatch):
            continue
        numbers = answer if isinstance(answer, list) else [answer]
        assert all(math.isfinite(number) for number in numbers if isinstance(number, float)), answer


def _pieces(opening: Iterable[bytes], data: bytes) -> Iterator[bytes]:
    return chain(opening, data.split(CUT))


def force_gauge(data: bytes) -> None:
    """Answers to the force gauge's driver."""
    with visa_lines(_pieces([b"", b"", READY], data)):
        gauge = Mark10Gauge("force_gauge", "", WireLog(), WallClock(), timeout_s=1.0)
        _ask([gauge.read_n, gauge.identify, gauge.zero, gauge.peak_n, gauge.self_test])


def counter(data: bytes) -> None:
    """Answers to the counter's driver."""
    with visa_lines(_pieces(COUNTER, data)):
        driver = KeysightCounter("counter", "", WireLog(), WallClock(), timeout_s=1.0)
        _ask([
            lambda: driver.duty(2, timeout_s=0.1),
            lambda: driver.time_stamps_s(2, timeout_s=0.1),
            lambda: driver.frequency_hz(gate_s=0.1),
            driver.self_test,
        ])  # fmt: skip


def supply_keysight(data: bytes) -> None:
    """Answers to the driver of Keysight's supplies."""
    with visa_lines(_pieces(KEYSIGHT, data)):
        _ask_supply(KeysightSupply("supply", "", WireLog(), WallClock(), timeout_s=1.0))


def supply_rigol(data: bytes) -> None:
    """Answers to the driver of Rigol's supplies."""
    with visa_lines(_pieces(RIGOL, data)):
        _ask_supply(RigolSupply("supply", "", WireLog(), WallClock(), timeout_s=1.0))


def _ask_supply(supply: KeysightSupply | RigolSupply) -> None:
    def read_all() -> list[float]:
        reading = supply.measure()
        return [reading.voltage_v, reading.current_a]

    _ask([read_all, supply.is_limiting, lambda: supply.limit(voltage_v=4.4, current_a=1.0), supply.self_test])


def stage(data: bytes) -> None:
    """Answers to the stage's driver."""
    with visa_lines(_pieces([], data)):
        port = ZaberPort("stage", "", WireLog(), timeout_s=0.001, device=1, checksum=True)
        _ask([lambda: port.request(1, "get pos", repeat=True)] * 3)


def pen_tcp(data: bytes) -> None:
    """Answers to the pen's driver on Modbus TCP, behind the right transaction number."""
    opening = bytes.fromhex("0000 0005 01 03 02 4E50")
    with modbus_lines("tcp", _pieces([opening], data)):
        pen = open_at("tcp:localhost:1")
        _ask([pen.motor_speed_per_min, pen.identify, pen.status, lambda: pen.set_depth(1.0), pen.active_crc])


def pen_rtu(data: bytes) -> None:
    """Answers to the pen's driver on Modbus RTU; every other one gets a right check value."""
    opening = with_crc(bytes.fromhex("01 03 02 4E50"))
    pieces = data.split(CUT)
    framed = [with_crc(piece) if place % 2 else piece for place, piece in enumerate(pieces)]
    with modbus_lines("rtu", chain([opening], framed)):
        pen = open_at("rtu:/dev/null:115200")
        _ask([pen.motor_speed_per_min, pen.identify, pen.status, lambda: pen.set_depth(1.0), pen.active_crc])


def leak_tester(data: bytes) -> None:
    """Answers to the leak tester's driver, each with a right check value."""
    opening = with_crc(bytes.fromhex("01 03 02 6C02"))
    with modbus_lines("rtu", chain([opening], map(with_crc, data.split(CUT)))):
        tester = AteqLeakTester("leak_tester", "rtu:/dev/null:115200", WireLog(), FakeClock(), timeout_s=1.0)
        _ask(
            [tester.state, tester.identify, lambda: tester.result(1), tester.temperature_c, tester.self_test]
        )


class _Socket:
    """The far end of the clock's line."""

    def __init__(self, data: bytes) -> None:
        self._pieces = iter([b"0.0\n", data])

    def recv(self, size: int) -> bytes:
        return next(self._pieces, b"")

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **options: None


def clock(data: bytes) -> None:
    """Answers of the twin's clock."""
    with patch("socket.create_connection", lambda *args, **options: _Socket(data)):
        linked = LinkedClock("", 0)
        try:
            assert 0.0 <= linked.now() < math.inf
        except TwinError:
            return


def table(data: bytes) -> None:
    """Words of a calibration table."""
    words = struct.unpack(f">{len(data) // 2}H", data[: len(data) // 2 * 2])
    try:
        decode(words)
    except TableRejected:
        return


@cache
def _registers() -> RegisterMap:
    return RegisterMap(load_product("office-pen").modbus)


def registers(data: bytes) -> None:
    """Words of a pen's registers."""
    padded = data.ljust(40, b"\0")
    words = {place: int.from_bytes(padded[place % 39 : place % 39 + 2], "big") for place in range(70)}
    for name in ("model", "serial", "set_depth_um", "temperature_centi_c", "tip_lot", "error_flags"):
        value = _registers().decode(name, words)
        assert isinstance(value, str) or math.isfinite(value)


def fault(data: bytes) -> None:
    """An entry of a fault schedule."""
    try:
        assert parse_fault(data.decode("utf-8", "replace")).at_s >= 0.0
    except ValueError:
        return


def _file(kind: type[Any], original: Path) -> Target:
    text = original.read_bytes()

    def read(data: bytes) -> None:
        """Put the bytes somewhere into a sound file, in the place of some of it."""
        place, length = int.from_bytes(data[:2], "big") % len(text), int.from_bytes(data[2:3], "big")
        with tempfile.NamedTemporaryFile(suffix=".toml") as file:
            file.write(text[:place] + data[3:] + text[place + length :])
            file.flush()
            try:
                load_model(kind, Path(file.name))
            except ConfigError:
                return

    return read


def _emulator(make: Callable[[], Emulator]) -> Target:
    made = cache(make)

    def hear(data: bytes) -> None:
        """Send the bytes to a simulated instrument, in two pieces."""
        emulator, buffer, half = made(), bytearray(), len(data) // 2
        line = Line(emulator, TwinTime(virtual=True), TCP, lambda sent: None)
        messages = []
        for piece in (data[:half], data[half:]):
            buffer += piece
            messages += emulator.split(buffer)
        assert sum(map(len, messages)) + len(buffer) <= len(data)

        async def answer() -> None:
            for message in messages[:MANY_MESSAGES]:
                await emulator.answer(message, line)

        asyncio.run(answer())

    return hear


TARGETS: dict[str, Target] = {
    "force_gauge": force_gauge,
    "counter": counter,
    "supply_keysight": supply_keysight,
    "supply_rigol": supply_rigol,
    "stage": stage,
    "pen_tcp": pen_tcp,
    "pen_rtu": pen_rtu,
    "leak_tester": leak_tester,
    "clock": clock,
    "table": table,
    "registers": registers,
    "fault": fault,
    "station_file": _file(Station, STATIONS / "twin.toml"),
    "product_file": _file(Product, PRODUCTS / "office-pen.toml"),
    "world_file": _file(World, WORLDS / "nominal.toml"),
    "twin_gauge": _emulator(lambda: Mark10Emulator(make_bench())),
    "twin_counter": _emulator(lambda: KeysightEmulator(make_bench())),
    "twin_supply": _emulator(lambda: RigolEmulator(make_bench())),
    "twin_stage": _emulator(lambda: ZaberEmulator(make_bench())),
    "twin_pen_tcp": _emulator(lambda: TcpSlave(PenFirmware(make_bench()))),
    "twin_pen_rtu": _emulator(lambda: RtuSlave(PenFirmware(make_bench()))),
    "twin_leak_tester_tcp": _emulator(lambda: AteqTcpSlave(AteqEmulator(make_bench()))),
    "twin_leak_tester_rtu": _emulator(lambda: AteqRtuSlave(AteqEmulator(make_bench()))),
    "twin_clock": _emulator(lambda: ClockLine(make_bench().time)),
}
"""By name, everything that reads bytes from outside."""

WORDS = [
    b"4.28 N\r\n", b"OVER\r\n", READY, b"*10\r\n", b"3772101\r\n", b"M5-10\r\n", b"9" * 400 + b" N\r\n",
    b'+2.5E-001,+9.91E+037;+0,"No error"\n', b'+1,+1.0,+2.0;+0,"No error"\n', b'-113,"Undefined header"\n',
    b"+1E999\n", b"1" * 5000 + b"\n", b"#9999999999", b"+0\n", *COUNTER, *KEYSIGHT, *RIGOL,
    b"@01 1 01 OK IDLE -- 884500\r\n", b"@01 1 01 RJ IDLE WR BADDATA:7F\r\n", b"!01 1 IDLE --\r\n",
    bytes.fromhex("0000 0005 01 03 02 1B62"), bytes.fromhex("0000 0003 01 83 04"),
    bytes.fromhex("01 03 02 1B62"),
    bytes.fromhex("01 03 0020 0002"), bytes.fromhex("01 2B 0E 01 00"), bytes.fromhex("01 07 00"),
    b"12.5\n", b"nan\n", b"inf\n", b"1e400\n", b"sleep inf\n", b"sleep nan\n", b"sleep -1\n", b"now\n",
    b"counter.late_reply@12s", b"force_gauge.drift@3s+20s=1e999", b"pen.stalls@9" + b"9" * 400 + b"s",
    b"?C\rAOUT250\r", b"CONF:FREQ (@1)\nREAD?\n", b"/1 1 get pos\n", b"/1 1 move abs 1e9\n", CUT,
]  # fmt: skip
"""Pieces from which hostile examples are made more often than chance would."""
