"""Every fault of the wire against every driver: the right value, or an error that names the instrument.

Each driver is opened on a sound line, then the fault falls due, and the same questions are asked three times.
What is one mishap must be overcome by the last time at the latest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import pytest

from rig.clock import WallClock
from rig.errors import IdentityMismatch, InstrumentError
from rig.instruments.counter_keysight import KeysightCounter
from rig.instruments.gauge_mark10 import Mark10Gauge
from rig.instruments.leak_tester_ateq import AteqLeakTester
from rig.instruments.stage_zaber import ZaberStage
from rig.instruments.supply_keysight import KeysightSupply
from rig.instruments.wirelog import WireLog
from rig.twin.bench import TwinBench
from rig.twin.emulators import supply_keysight
from rig.twin.emulators.counter_keysight import KeysightEmulator
from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave, AteqTcpSlave
from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
from rig.twin.emulators.stage_zaber import ZaberEmulator
from rig.twin.fault_kinds import WIRE_KINDS, FaultKind
from rig.twin.faults import FaultSchedule, parse_fault
from rig.twin.wire import Emulator
from rig.twin.wire_dialects import MARK10, MODBUS_RTU, MODBUS_TCP, SCPI, ZABER, Dialect
from rig.twin.wire_faults import with_faults
from tests.support.modbus_pen import open_at
from tests.support.pulse_train import PulseTrain
from tests.support.resistor import Resistor
from tests.support.serving import serving_one

TIMEOUT_S = 0.4
DUE_S = 1.0
TIMES = 3
AXES = {"z": {"number": 1, "unit_per_microstep": 4.7625e-5, "speed": 26.0, "accel": 600.0}}
HIGHEST_MM = 50.0

Line = Literal["tcp", "pty"]


class Way(NamedTuple):
    """A role on a kind of line: who is at the far end, who at the near one, what is asked, what is right."""

    role: str
    line: Line
    dialect: Dialect
    emulator: Callable[[TwinBench], Emulator]
    open: Callable[[str], Any]
    ask: Callable[[Any], tuple[float, ...]]
    right: tuple[float, ...]
    tolerance: float = 1e-6


def visa(address: str) -> str:
    return f"ASRL{address}::INSTR" if "/" in address else f"TCPIP0::{address.replace(':', '::')}::SOCKET"


def modbus(address: str) -> str:
    return f"rtu:{address}:115200" if "/" in address else f"tcp:{address}"


def open_gauge(address: str) -> Mark10Gauge:
    return Mark10Gauge("force_gauge", visa(address), WireLog(), WallClock(), timeout_s=TIMEOUT_S)


def open_counter(address: str) -> KeysightCounter:
    return KeysightCounter("counter", visa(address), WireLog(), WallClock(), timeout_s=TIMEOUT_S)


def open_supply(address: str) -> KeysightSupply:
    supply = KeysightSupply("supply", visa(address), WireLog(), WallClock(), timeout_s=TIMEOUT_S)
    supply.limit(voltage_v=4.4, current_a=1.5)
    supply.set_voltage(3.7)
    supply.switch_on()
    return supply


def open_leak_tester(address: str) -> AteqLeakTester:
    return AteqLeakTester("leak_tester", modbus(address), WireLog(), WallClock(), timeout_s=TIMEOUT_S)


def open_pen(address: str) -> Any:
    return open_at(modbus(address), timeout_s=TIMEOUT_S, clock=WallClock())  # type: ignore[arg-type]


def open_stage(address: str) -> ZaberStage:
    stage = ZaberStage("stage", visa(address), WireLog(), WallClock(), timeout_s=TIMEOUT_S, axes=AXES)
    stage.set_limits("z", 0.0, HIGHEST_MM)
    return stage


def stage_way(line: Line) -> Way:
    """What needs no reference is asked, so that nothing has to be homed on the clock on the wall."""
    return Way(
        "stage", line, ZABER, ZaberEmulator, open_stage,
        lambda stage: (*stage.limits("z"), float(stage.inputs()[0])), (0.0, HIGHEST_MM, 1.0), 1e-4,
    )  # fmt: skip


def gauge_way(line: Line) -> Way:
    return Way(
        "force_gauge", line, MARK10, Mark10Emulator, open_gauge,
        lambda gauge: (gauge.read_n(), gauge.peak_n()), (1.25, 1.25), 0.1,
    )  # fmt: skip


def pen_way(line: Line) -> Way:
    slave, dialect = (RtuSlave, MODBUS_RTU) if line == "pty" else (TcpSlave, MODBUS_TCP)
    return Way(
        "pen", line, dialect, lambda bench: slave(PenFirmware(bench)), open_pen,
        lambda pen: (pen.active_generation(), pen.motor_speed_per_min()), (1.0, 0.0),
    )  # fmt: skip


def leak_tester_way(line: Line) -> Way:
    slave, dialect = (AteqRtuSlave, MODBUS_RTU) if line == "pty" else (AteqTcpSlave, MODBUS_TCP)
    return Way(
        "leak_tester", line, dialect, lambda bench: slave(AteqEmulator(bench)), open_leak_tester,
        lambda tester: (tester.room_pressure_pa(), tester.temperature_c()), (100_800.0, 21.4), 0.1,
    )  # fmt: skip


WAYS = [
    stage_way("tcp"),
    stage_way("pty"),
    gauge_way("tcp"),
    gauge_way("pty"),
    Way(
        "counter", "tcp", SCPI,
        lambda bench: KeysightEmulator(PulseTrain.regular(rate_hz=40.0, share=0.25)), open_counter,
        lambda counter: (*counter.duty(3, timeout_s=0.05), counter.frequency_hz(gate_s=0.1)),
        (0.25, 0.25, 0.25, 40.0),
    ),
    Way(
        "supply", "tcp", SCPI, lambda bench: supply_keysight.KeysightSupply(Resistor()), open_supply,
        lambda supply: (supply.measure().voltage_v, float(supply.is_on())), (3.7, 1.0), 0.01,
    ),
    pen_way("tcp"),
    pen_way("pty"),
    leak_tester_way("tcp"),
    leak_tester_way("pty"),
]  # fmt: skip

# What the instrument itself says is no mishap of the line: the first answer may be that error.
SAID = ("overload", "not_a_number", "modbus_exception", "error_queue_full")
# What cannot pass without a note.
NOTED = ("no_reply", "late_reply", "truncated", "other_reply", "disconnect", "half_open")
# Where a pty's name does not last, the line cannot be opened anew.
LOST_ON_PTY = () if os.path.isdir("/proc/self/fd") else ("disconnect", "half_open")
# It answers what it is asked all the same; a motion that never ends is test_stage_zaber's.
HARMLESS = (("stage", "busy"),)
CELLS = [
    pytest.param(way, kind, id=f"{way.role}-{way.line}-{kind.name}")
    for way in WAYS
    for kind in WIRE_KINDS
    if way.role in kind.roles and (way.line == "tcp" or os.name == "posix")
]


@contextmanager
def opened(way: Way, kind: FaultKind) -> Iterator[tuple[Any, Callable[[], None]]]:
    """Yield the driver, identified on a sound line, and what makes the fault fall due."""
    now = [0.0]

    def make(bench: TwinBench) -> Emulator:
        bench.faults = FaultSchedule([parse_fault(f"{way.role}.{kind.name}@{DUE_S:g}s")], lambda: now[0])
        return with_faults(way.emulator(bench), bench, way.role, way.dialect)

    with serving_one(make, way.line, virtual=False, world_overrides=["gauge.offset_n=1.25"]) as address:
        driver = way.open(address)
        driver.identify()
        try:
            yield driver, lambda: now.__setitem__(0, DUE_S)
        finally:
            driver.close()


@pytest.mark.parametrize(("way", "kind"), CELLS)
def test_right_or_an_error_that_names_the_instrument(
    way: Way, kind: FaultKind, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rig.instruments.counter_keysight.TIMEOUT_MARGIN_S", TIMEOUT_S)
    outcomes: list[InstrumentError | IdentityMismatch | None] = []
    with opened(way, kind) as (driver, fall_due):
        assert is_right(way.ask(driver), way, kind), "before the fault"
        fall_due()
        for _ in range(TIMES):
            try:
                found = way.ask(driver)
            except (InstrumentError, IdentityMismatch) as error:
                outcomes.append(error)
            else:
                assert is_right(found, way, kind)
                outcomes.append(None)
    errors = [error for error in outcomes if error is not None]
    assert all(error.what.startswith(f"{way.role}: ") and error.do for error in errors)
    if (way.role, kind.name) in HARMLESS:
        assert errors == []
        return
    if kind.lasts or (kind.name in LOST_ON_PTY and way.line == "pty"):
        assert outcomes[-1] is not None
        return
    assert outcomes[-1] is None
    assert outcomes[0] is None or kind.name in SAID
    assert errors or kind.name not in NOTED or f"{way.role}: recovered" in caplog.text


def is_right(found: tuple[float, ...], way: Way, kind: FaultKind) -> bool:
    """Say whether values are the right ones; a counter leaves out the cycles that it did not see."""
    if (way.role, kind.name) == ("counter", "not_a_number"):
        return set(found) <= set(way.right)
    return found == pytest.approx(way.right, abs=way.tolerance)
