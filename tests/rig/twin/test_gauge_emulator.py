"""The emulated Mark-10 gauge says what its manual says, about the force that is really there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from rig.twin.faults import FaultSchedule, parse_fault
from rig.twin.physics.load_cell import PEAK_MEMORY_S, Floats
from rig.twin.time import TwinTime
from rig.twin.wire import Emulator, Line, Pace
from rig.twin.world import Gauge, World

QUIET = {"gain_error": 0.0, "offset_n": 0.0, "noise_n": 0.0}


class Pushed:
    """A bench that is nothing but a force as a function of time."""

    def __init__(
        self,
        force_n: Callable[[Floats], Floats],
        *,
        virtual: bool = True,
        faults: Sequence[str] = (),
        **gauge: Any,
    ) -> None:
        self.world = World(gauge=Gauge(**(QUIET | gauge)))
        self.time = TwinTime(virtual=virtual)
        self.faults = FaultSchedule(map(parse_fault, faults), self.time.now)
        self._force_n = force_n

    def force_n(self, times_s: Floats) -> Floats:
        assert np.all(times_s >= 0)
        assert np.all(times_s <= self.time.now() + 1e-9)
        return self._force_n(times_s)

    def random(self, name: str) -> np.random.Generator:
        return np.random.default_rng(len(name))


def constant(force_n: float) -> Callable[[Floats], Floats]:
    return lambda times_s: np.full_like(times_s, force_n)


@dataclass
class Ear:
    """The client's end of a line; what came unasked is kept."""

    heard: bytearray = field(default_factory=bytearray)

    def line(self, emulator: Emulator, time: TwinTime) -> Line:
        return Line(emulator, time, Pace(0.0, 0.0), self.heard.extend)


class Talk:
    """A conversation with one gauge, command by command, without a wire."""

    def __init__(self, bench: Pushed) -> None:
        self.bench, self.gauge, self.ear = bench, Mark10Emulator(bench), Ear()
        self._line = self.ear.line(self.gauge, bench.time)

    def __call__(self, *commands: str) -> list[str | None]:
        async def converse() -> list[str | None]:
            answers = [await self.gauge.answer(c.encode(), self._line) for c in commands]
            return [None if a is None else a.decode().removesuffix("\r\n") for a in answers]

        return asyncio.run(converse())

    def pass_time(self, seconds: float) -> None:
        asyncio.run(self.bench.time.wait(seconds))

    def streamed(self) -> list[str]:
        lines = self.ear.heard.decode().split("\r\n")[:-1]
        self.ear.heard.clear()
        return lines


def talk(force_n: float | Callable[[Floats], Floats] = 0.0, **gauge: Any) -> Talk:
    return Talk(Pushed(force_n if callable(force_n) else constant(force_n), **gauge))


@pytest.mark.parametrize(
    ("received", "messages", "left"),
    [
        (b"?\r", [b"?"], b""),
        (b"?\r\n", [b"?"], b""),
        (b"?\r\n?C\r\n?P", [b"?", b"?C"], b"?P"),
        (b"\n\r\nLIST\r", [b"LIST"], b""),
        (b"?\n", [], b"?"),
    ],
)
def test_messages_end_with_carriage_return_and_line_feeds_do_not_count(
    received: bytes, messages: list[bytes], left: bytes
) -> None:
    buffer = bytearray(received)
    assert talk().gauge.split(buffer) == messages
    assert buffer == left


@pytest.mark.parametrize(
    ("unit", "answer"),
    [("LB", "1.000 lbF"), ("OZ", "16.00 ozF"), ("KG", "0.454 kgF"), ("G", "454 gF"), ("N", "4.45 N")],
)
def test_each_unit_with_its_resolution(unit: str, answer: str) -> None:
    assert talk(4.4482216)(unit, "?", "?C") == [None, answer, answer]


def test_tension_carries_a_minus_compression_nothing() -> None:
    assert talk(-18.78)("N", "?") == [None, "-18.78 N"]
    assert talk(18.78)("N", "?") == [None, "18.78 N"]
    assert talk(-0.001)("N", "?") == [None, "0.00 N"]


def test_numeric_format_has_no_unit() -> None:
    assert talk(4.28)("N", "NUM", "?", "FULL", "?") == [None, None, "4.28", None, "4.28 N"]


def test_settings_list_of_the_manual_and_after_changes() -> None:
    gauge = talk()
    assert gauge("LIST") == ["V1.00;LBF;CUR;FLTC8;FLTP1;AOUT00;AOFF5;FULL;MIT;POL;B0"]
    gauge("N", "PC", "FLTC6", "FLTP0", "AOFF0", "NUM", "MITD", "NPOL", "SAVE")
    assert gauge("LIST") == ["V1.00;N;PC;FLTC6;FLTP0;AOUT00;AOFF0;NUM;MITD;NPOL;B0"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("HELLO", "*10"), ("?X", "*10"), ("n", "*10"), ("*IDN?", "*10"),
        ("KN", "*11"), ("MN", "*11"), ("?ET", "*11"), ("?A", "*11"), ("MEM", "*11"), ("A", "*11"),
        ("S1", "*11"), ("FLTC11", "*12"), ("FLTC", "*12"), ("FLTP-1", "*12"), ("AOUT3", "*12"),
        ("AOFF31", "*12"), ("SPHx", "*12"), ("SPH50.1", "*22"), ("SPL-60", "*22"),
    ],
)  # fmt: skip
def test_errors(command: str, code: str) -> None:
    gauge = talk()
    gauge("N")
    settings = gauge("LIST")
    assert gauge(command) == [code]
    assert gauge("LIST") == settings


def test_set_points_are_silent_and_ordered_within_one_direction() -> None:
    gauge = talk()
    assert gauge("N", "SPL+5", "SPH+10", "SPL-20", "SPH+3", "SPHD", "SPLD") == [None] * 7
    assert gauge("SPH+10", "SPL+10") == [None, "*12"]


def test_identity() -> None:
    assert talk(serial="4711")("RN", "RM", "RV", "RS") == ["4711", "M5-10", "1.00", "5"]


def test_reading_is_the_mean_over_the_filter_window_that_ends_now() -> None:
    gauge = talk(lambda t: 10.0 * t, sample_hz=1000.0, turnaround_s=0.0)
    gauge("N", "FLTC10")
    gauge.pass_time(2.0)
    assert gauge("?C") == [f"{10 * (2.0 - 1.024 / 2):.2f} N"]
    assert gauge("FLTC1", "?C") == [None, "19.99 N"]


def test_gain_offset_and_drift() -> None:
    gauge = talk(10.0, gain_error=0.01, offset_n=0.5, drift_n_per_s=0.1, drift_start_s=1.0, turnaround_s=0.0)
    gauge("N", "FLTC0")
    assert gauge("?C") == ["10.60 N"]
    gauge.pass_time(11.0)
    assert gauge("?C") == ["11.60 N"]


@pytest.mark.parametrize("exponent", [0, 4, 8])
def test_noise_falls_with_the_root_of_the_samples(exponent: int) -> None:
    gauge = talk(5.0, noise_n=0.5)
    gauge("N", "NUM", f"FLTC{exponent}")
    readings = [float(gauge("?C")[0] or "nan") for _ in range(200)]
    assert np.std(readings) == pytest.approx(0.5 / 2 ** (exponent / 2), rel=0.25)
    assert np.mean(readings) == pytest.approx(5.0, abs=0.15)


def test_same_seed_same_readings() -> None:
    first, second = (talk(5.0, noise_n=0.5)("FLTC0", *["?C"] * 20) for _ in range(2))
    assert first == second


def test_zero_takes_the_load_off_and_clears_peaks() -> None:
    gauge = talk(3.0)
    assert gauge("N", "?PC", "Z", "?", "?PC") == [None, "3.00 N", None, "0.00 N", "0.00 N"]


def test_peaks_see_what_no_reading_saw_until_cleared() -> None:
    def bump(t: Floats) -> Floats:
        return np.where((t > 0.3) & (t < 0.32), 7.0, 0.0) - np.where((t > 0.5) & (t < 0.52), 2.0, 0.0)

    gauge = talk(bump)
    gauge("N")
    gauge.pass_time(PEAK_MEMORY_S)
    assert gauge("?C", "?PC", "?PT") == ["0.00 N", "7.00 N", "-2.00 N"]
    assert gauge("PC", "?", "PT", "?", "CUR", "?") == [None, "7.00 N", None, "-2.00 N", None, "0.00 N"]
    assert gauge("CLR", "?PC", "?PT") == [None, "0.00 N", "0.00 N"]


def test_over_beyond_110_percent_of_the_range_whatever_the_zero() -> None:
    assert talk(54.9)("N", "?C") == [None, "54.90 N"]
    assert talk(55.1)("N", "?C", "Z", "?C") == [None, "OVER", None, "OVER"]
    assert talk(-55.1)("N", "?C") == [None, "OVER"]


def test_an_answer_costs_the_turnaround() -> None:
    gauge = talk(turnaround_s=0.25)
    gauge("?C", "?C")
    assert gauge.bench.time.now() == pytest.approx(0.5)


def test_stream_lines_fall_due_with_simulated_time_and_come_before_the_answer() -> None:
    gauge = talk(lambda t: 10.0 * t, turnaround_s=0.0)
    assert gauge("N", "NUM", "FLTC0", "AOUT10") == [None] * 4
    gauge.pass_time(0.55)
    assert gauge("RM") == ["M5-10"]
    assert gauge.streamed() == ["1.00", "2.00", "3.00", "4.00", "5.00"]
    gauge("RM")
    assert gauge.streamed() == []
    gauge.pass_time(0.06)
    assert gauge("AOUT0") == [None]
    assert gauge.streamed() == ["6.00"]
    gauge.pass_time(1.0)
    gauge("RM")
    assert gauge.streamed() == []


def test_aout_1_means_fifty_a_second() -> None:
    gauge = talk(turnaround_s=0.0)
    gauge("N", "AOUT1")
    gauge.pass_time(1.0)
    gauge("RM")
    assert len(gauge.streamed()) == 50


def test_stream_comes_by_itself_on_the_wall_clock_and_ends_when_the_client_hangs_up() -> None:
    bench = Pushed(constant(1.0), virtual=False, turnaround_s=0.0)
    gauge, ear, done = Mark10Emulator(bench), Ear(), asyncio.Event()

    async def listen() -> None:
        line = Line(gauge, bench.time, Pace(0.0, 0.0), hear)
        await gauge.answer(b"AOUT250", line)
        await asyncio.wait_for(done.wait(), timeout=5.0)
        line.close()
        streams = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait_for(asyncio.gather(*streams), timeout=5.0)

    def hear(data: bytes) -> None:
        ear.heard.extend(data)
        if ear.heard.count(b"\r\n") >= 3:
            done.set()

    asyncio.run(listen())
    assert ear.heard.startswith(b"0.224 lbF\r\n")


# Faults


def test_a_drift_begins_at_its_moment_and_stays_where_it_got_to() -> None:
    gauge = talk(1.0, faults=["force_gauge.drift@2s+10s=0.1"], turnaround_s=0.0)
    gauge("N", "FLTC0")
    seen = []
    for wait_s in (1.9, 5.1, 20.0):
        gauge.pass_time(wait_s)
        seen += gauge("?C")
    assert seen == ["1.00 N", "1.50 N", "2.00 N"]


def test_a_saturated_amplifier_says_over_whatever_is_asked() -> None:
    gauge = talk(1.0, faults=["force_gauge.saturated@2s"], turnaround_s=0.0)
    assert gauge("N", "?C") == [None, "1.00 N"]
    gauge.pass_time(2.0)
    assert gauge("?C", "?PC", "?") == ["OVER", "OVER", "OVER"]


def test_a_stuck_gauge_says_what_it_said_last_and_sees_no_peak() -> None:
    gauge = talk(lambda times_s: times_s, faults=["force_gauge.stuck@2s+10s"], turnaround_s=0.0)
    gauge("N", "FLTC0")
    gauge.pass_time(1.5)
    assert gauge("?C", "?PC") == ["1.50 N", "1.50 N"]
    gauge.pass_time(3.0)
    assert gauge("?C", "?PC") == ["1.50 N", "1.50 N"]
    gauge.pass_time(10.0)
    assert gauge("?C") == ["14.50 N"]
