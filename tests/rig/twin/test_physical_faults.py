"""What a fault schedule does to pen, contact and room."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from rig.twin.bench import TwinBench
from rig.twin.emulators.modbus_slave import Refused
from rig.twin.emulators.pen_modbus import Error, PenFirmware, State
from rig.twin.physics.axis import Axis
from tests.support.serving import make_bench

AT_S = 1.0
PLATE_MM = 41.9  # 0.4 mm below the rim, well within reach of the needles at 1.25 mm


class Pen:
    """A running pen over a plate, asked register by register."""

    def __init__(self, *faults: str, **world: Any) -> None:
        named = ", ".join(f'"{fault}"' for fault in faults)
        self.bench = make_bench([f"faults=[{named}]", *(f"{key}={value}" for key, value in world.items())])
        self.firmware = PenFirmware(self.bench)
        self.bench.z = Axis(PLATE_MM)
        self.write("set_depth_um", 1250)
        self.write("run", 1)

    def write(self, name: str, value: int) -> None:
        address = self.bench.product.modbus.registers[name].address
        asyncio.run(self.firmware.write(address, [value]))

    def read(self, name: str) -> int:
        register = self.bench.product.modbus.registers[name]
        return self.firmware.read(register.address, register.width)[-1]

    def wait(self, seconds: float) -> None:
        asyncio.run(self.bench.time.wait(seconds))

    def answers(self) -> bool:
        return asyncio.run(self.firmware.attend())

    def strokes_between(self, since_s: float, until_s: float) -> int:
        asyncio.run(self.bench.time.wait_until(until_s))
        rises, _ = asyncio.run(self.bench.edges(10_000, since_s=since_s, until_s=until_s))
        return int(((rises >= since_s) & (rises < until_s)).sum())


def test_a_stalled_motor_stands_draws_its_stall_current_and_still_counts_as_running() -> None:
    pen = Pen(f"pen.stalls@{AT_S}s")
    assert pen.strokes_between(0.5, AT_S) > 30
    assert pen.strokes_between(AT_S, 2.0) == 0
    assert pen.read("state") == State.RUNNING
    assert pen.read("motor_speed_per_min") == 0
    assert pen.read("motor_current_ma") == 1400
    pen.write("run", 0)
    assert pen.read("state") == State.IDLE
    pen.write("park", 1)
    pen.wait(1.0)
    assert pen.read("park") == 0  # the crank does not turn


def test_a_motor_that_has_stalled_runs_when_it_is_freed_and_started_anew() -> None:
    pen = Pen(f"pen.stalls@{AT_S}s+1s")
    assert pen.strokes_between(2.5, 3.0) == 0
    pen.write("run", 0)
    pen.write("run", 1)
    assert pen.strokes_between(3.5, 4.0) > 30


@pytest.mark.parametrize("stalls_s", [1.0, 1.003, 1.006, 1.009])
def test_a_stalled_crank_stands_where_it_was_between_bottom_and_top(stalls_s: float) -> None:
    pen = Pen(f"pen.stalls@{stalls_s}s")
    pen.wait(2.0)
    reach_mm = pen.bench.pen.static_reach_mm(2.0)
    top_mm = pen.bench.pen.drive.reach_at(2.0)
    assert top_mm - pen.bench.product.mechanics.stroke_mm - 0.01 <= reach_mm <= top_mm + 0.01


def test_a_hot_motor_is_switched_off_flagged_and_takes_no_start() -> None:
    pen = Pen(f"pen.overheats@{AT_S}s")
    assert pen.strokes_between(1.5, 2.0) == 0
    assert pen.read("state") == State.IDLE
    assert pen.read("error_flags") == Error.TOO_HOT
    with pytest.raises(Refused, match="DEVICE_FAILURE"):
        pen.write("run", 1)


@pytest.mark.parametrize("fault", ["browns_out", "reboots"])
def test_a_pen_that_boots_anew_stops_and_forgets_its_settings_but_not_its_table(fault: str) -> None:
    pen = Pen(f"pen.{fault}@{AT_S}s")
    crc = pen.read("active_crc")
    assert pen.strokes_between(1.5, 2.0) == 0
    pen = Pen(f"pen.{fault}@{AT_S}s")
    pen.wait(AT_S + 0.1)
    assert not pen.answers()
    pen.wait(pen.bench.product.calibration.restart_s)
    assert pen.answers()
    assert pen.read("state") == State.IDLE
    assert pen.read("set_depth_um") == pen.bench.product.depth.minimum_mm * 1000
    assert pen.read("active_crc") == crc


def test_a_pen_is_dark_as_long_as_its_voltage_is_low() -> None:
    pen = Pen(f"pen.browns_out@{AT_S}s+5s")
    pen.wait(AT_S + 4.9 + pen.bench.product.calibration.restart_s)
    assert not pen.answers()
    pen.wait(0.2)
    assert pen.answers()


def test_an_open_wire_shows_no_strokes_though_the_needles_press() -> None:
    pen = Pen(f"bench.contact_open@{AT_S}s")
    assert pen.strokes_between(0.5, AT_S) > 30
    assert pen.strokes_between(AT_S, 2.0) == 0
    assert pen.bench.pen.load_n > 0.3


def test_bounces_come_at_their_moment_and_end_with_it() -> None:
    pen = Pen("bench.contact_bounce@1s+1s=6.0")
    quiet, bouncing, after = (pen.strokes_between(s, s + 0.8) for s in (0.1, 1.1, 2.1))
    assert bouncing > 5 * quiet
    assert after < 1.2 * quiet


def test_a_warm_room_carries_the_rim_away_slowly() -> None:
    bench = _at_rest("bench.temperature_step@1s=5.0")
    moved_um = [1000 * float(bench.room.rim_shift_mm(np.array([time_s]))[0]) for time_s in (1.0, 10.0, 300.0)]
    assert moved_um == pytest.approx([0.0, 1.11, 7.95], abs=0.02)
    assert bench.room.pen_c(1000.0) == pytest.approx(26.3, abs=0.01)


def _at_rest(*faults: str) -> TwinBench:
    return make_bench(["faults=[" + ", ".join(f'"{fault}"' for fault in faults) + "]"])
