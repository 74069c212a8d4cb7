"""The cycle of the simulated leak tester: fill, stabilise, test, dump, and the queue of results.

Nothing happens before somebody asks; then every step that has ended meanwhile ends at its own moment.
"""

from __future__ import annotations

from collections import deque

from rig.twin.bench import TwinBench
from rig.twin.emulators import leak_tester_memory as at
from rig.twin.emulators.modbus_slave import Exc, Refused
from rig.twin.physics.pressure_decay import PartOnTester, Valve

AUTO_ZERO_S = 1.0


class Cycles:
    """The valves and the sensor of a tester, its programs' runs and their results."""

    def __init__(self, bench: TwinBench) -> None:
        self._truth, self._time = bench.world.leak_tester, bench.time
        self._noise = bench.random("leak tester")
        self._part = PartOnTester(bench.world.leak_tester, bench.world.environment)
        self._zero_pa = 0.0
        self._program, self.number = at.Program(), 1
        self.step, self.verdict, self.started = at.IDLE, 0, 0
        self._ends_s = 0.0
        self._alarm, self._broken_off = 0, False
        self._test_begins_pa = self._result_pa = self._fall_pa_per_s = 0.0
        self.results: deque[list[int]] = deque(maxlen=at.RESULTS_KEPT)
        self.last = [0] * at.RECORD_WORDS

    # Commands

    def start(self, program: at.Program, number: int, *, special: int = 0) -> None:
        """Start a cycle; refused while one runs."""
        if self.step != at.IDLE:
            raise Refused(Exc.BUSY)
        now_s = self._time.now()
        self._program, self.number = program, number
        self._alarm, self._broken_off, self.verdict = 0, False, 0
        if special == at.SPECIAL_AUTO_ZERO:
            self._go_to(at.AUTO_ZERO, now_s, AUTO_ZERO_S)
            return
        self.started += 1
        self._fall_pa_per_s = 0.0
        supply_pa = program.value(at.FILL_PRESSURE)
        self._part.turn(Valve.SUPPLY, now_s, supply_pa=supply_pa)
        self._go_to(at.FILL, now_s, program.value(at.FILL_TIME))

    def reset(self) -> None:
        """Break off: empty the part, leave no result."""
        if self.step not in (at.IDLE, at.DUMP):
            self._broken_off = True
            self._dump(self._time.now())

    # What happens meanwhile

    def catch_up(self) -> None:
        """End every step that has ended by now."""
        now_s = self._time.now()
        while self.step != at.IDLE and self._ends_s <= now_s:
            self._end_step(self._ends_s)

    def _end_step(self, time_s: float) -> None:
        program = self._program
        match self.step:
            case at.AUTO_ZERO:
                self._zero_pa += self._sensed_pa(time_s)
                self.step = at.IDLE
            case at.FILL:
                self._part.turn(Valve.NOTHING, time_s)
                self._check_pressure(self._sensed_pa(time_s))
                self._next(at.STABILISE, time_s, program.value(at.STABILISATION_TIME))
            case at.STABILISE:
                self._test_begins_pa = self._sensed_pa(time_s)
                if self._test_begins_pa < program.value(at.FILL_MINIMUM):
                    self._alarm = at.LARGE_LEAK
                self._next(at.TEST, time_s, program.value(at.TEST_TIME))
            case at.TEST:
                self._result_pa = self._sensed_pa(time_s)
                fallen_pa = self._test_begins_pa - self._result_pa
                self._fall_pa_per_s = fallen_pa / max(program.value(at.TEST_TIME), 1e-3)
                self._dump(time_s)
            case at.DUMP:
                self._finish()

    def _check_pressure(self, pressure_pa: float) -> None:
        self._result_pa = pressure_pa
        if pressure_pa < self._program.value(at.FILL_MINIMUM):
            self._alarm = at.TOO_LOW
        elif pressure_pa > self._program.value(at.FILL_MAXIMUM):
            self._alarm = at.TOO_HIGH

    def _next(self, step: int, time_s: float, length_s: float) -> None:
        if self._alarm:
            self._dump(time_s)
        else:
            self._go_to(step, time_s, length_s)

    def _go_to(self, step: int, time_s: float, length_s: float) -> None:
        self.step, self._ends_s = step, time_s + length_s

    def _dump(self, time_s: float) -> None:
        self._part.turn(Valve.ROOM, time_s)
        self._go_to(at.DUMP, time_s, self._program.value(at.DUMP_TIME))

    def _finish(self) -> None:
        self.step = at.IDLE
        if self._broken_off:
            return
        failed = self._fall_pa_per_s > self._program.value(at.REJECT_LEVEL)
        bit = at.ALARM_BIT if self._alarm else at.FAIL_BIT if failed else at.PASS_BIT
        self.verdict = 1 << bit
        self.last = self._record()
        self.results.append(self.last)

    # What it shows

    def _sensed_pa(self, time_s: float) -> float:
        truth = self._truth
        pressure = self._part.gauge_pa(time_s) * (1.0 + truth.gain_error)
        pressure += truth.offset_pa + truth.drift_pa_per_s * time_s
        pressure += float(self._noise.normal(0.0, truth.noise_pa)) - self._zero_pa
        return round(pressure / truth.resolution_pa) * truth.resolution_pa

    def temperature_c(self) -> float:
        """Return what the fixture's probe reads now."""
        truth = self._truth
        true_c = self._part.room_c(self._time.now() - truth.probe_lag_s)
        return true_c + truth.temperature_error_k + float(self._noise.normal(0.0, truth.temperature_noise_k))

    def real_time(self) -> list[int]:
        """Return the 13 words of the real-time block."""
        at_rest = self.step == at.IDLE
        status = 1 << at.KEY_BIT | (1 << at.END_BIT | self.verdict if at_rest else 0)
        shown = self._program.to_unit(self._sensed_pa(self._time.now()))
        head = [self.number, len(self.results), at.LEAK_TEST, status, self.step]
        return head + self._shown(shown)

    def _record(self) -> list[int]:
        head = [self.number, at.LEAK_TEST, self.verdict, self._alarm]
        words = head + self._shown(self._program.to_unit(self._result_pa))
        return words + [0] * (at.RECORD_CYCLE - len(words)) + at.long_words(self.started)

    def _shown(self, pressure: float) -> list[int]:
        """Return pressure, its unit, leak and its unit."""
        unit = self._program.parameters[at.PRESSURE_UNIT]
        leak = at.thousandths(self._fall_pa_per_s) + at.long_words(at.PASCALS_PER_S)
        return at.thousandths(pressure) + at.long_words(unit) + leak
