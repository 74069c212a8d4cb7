"""A part on the leak tester: start its cycle, do something else, come back for what it found.

The tester runs its cycle by itself. Whoever is back before it ends gets the curve of the pressure from then
on; whoever comes later still gets the pressure at both ends of the test step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rig.clock import Clock
from rig.errors import InstrumentTimeout
from rig.instruments.roles import LeakProgram, LeakResult, LeakStep, LeakTester
from rig.procedures.bench import Bench
from rig.procedures.watch import Watcher
from rig.product_measurements import PressureDecay
from rig.records.trace import Trace

TEMPERATURE_READINGS = 5
LATE_S = 10.0  # a cycle that takes so much longer than its steps hangs
WAIT_S = 0.2


@dataclass(frozen=True)
class LeakTest:
    """A cycle under way: what :func:`finish_leak_test` needs. Times are the bench's clock's."""

    tester: LeakTester
    clock: Clock
    plan: PressureDecay
    cycle: int
    test_begins_s: float
    room_pa: float
    temperature_c: float
    temperature_s: float
    watch: Watcher = field(default_factory=Watcher)

    @property
    def test_ends_s(self) -> float:
        """When the test step ends and the part is emptied."""
        return self.test_begins_s + self.plan.test_s


def start_leak_test(bench: Bench) -> LeakTest:
    """Load and verify the program, start the cycle and return at once.

    The part must be connected and at rest: one that was emptied less than a minute ago is still cold, and
    what it settles by is not what reference parts showed.

    Raises:
        RefusedToStart: this station has no leak tester.
        InstrumentRejected: it runs already, or does not take the program.
    """
    tester, clock, plan = bench.leak_tester, bench.clock, bench.product.pressure_decay
    tester.load_program(_program(plan))
    temperature_c, temperature_s = _temperature(tester, clock)
    room_pa = tester.room_pressure_pa()
    asked_s = clock.now()
    cycle = tester.start(plan.program)
    started_s = (asked_s + clock.now()) / 2
    begins_s = started_s + plan.fill_s + plan.stabilise_s
    return LeakTest(tester, clock, plan, cycle, begins_s, room_pa, temperature_c, temperature_s, bench.watch)


def finish_leak_test(test: LeakTest) -> Trace:
    """Wait for the end of the cycle, record what is left of its test step, and fetch its result.

    Returns:
        Trace with columns ``time_s`` (since the test step began) and ``pressure_pa`` (above the room's), the
        tester's own readings at both ends of the step among them; the temperatures of the fixture before and
        after, how far apart they were read, and the room's pressure in its description.

    Raises:
        InstrumentRejected: the cycle ended with an alarm, such as a part too leaky to be filled.
        InstrumentTimeout: the cycle does not end.
        InstrumentReplyError: its result is missing.
    """
    readings = _record(test)
    _await_end(test)
    result = test.tester.result(test.cycle)
    temperature_c, temperature_s = _temperature(test.tester, test.clock)
    time_s, pressure_pa = np.array(_with_ends(test.plan, readings, result)).T
    return Trace(
        "pressure decay",
        {"time_s": time_s, "pressure_pa": pressure_pa},
        {
            "program": result.program,
            "cycle": result.cycle,
            "room_pa": test.room_pa,
            "temperature_before_c": test.temperature_c,
            "temperature_after_c": temperature_c,
            "temperature_readings": TEMPERATURE_READINGS,
            "apart_s": temperature_s - test.temperature_s,
            "x": "time_s",
            "y": "pressure_pa",
        },
    )


def _program(plan: PressureDecay) -> LeakProgram:
    return LeakProgram(
        number=plan.program,
        fill_pa=plan.fill_pa,
        fill_minimum_pa=plan.fill_pa - plan.fill_tolerance_pa,
        fill_maximum_pa=plan.fill_pa + plan.fill_tolerance_pa,
        reject_pa_per_s=plan.reject_pa_per_s,
        fill_s=plan.fill_s,
        stabilise_s=plan.stabilise_s,
        test_s=plan.test_s,
        dump_s=plan.dump_s,
    )


def _temperature(tester: LeakTester, clock: Clock) -> tuple[float, float]:
    """Return the mean of some readings and the moment in their middle."""
    begin_s = clock.now()
    mean_c = sum(tester.temperature_c() for _ in range(TEMPERATURE_READINGS)) / TEMPERATURE_READINGS
    return mean_c, (begin_s + clock.now()) / 2


def _record(test: LeakTest) -> list[tuple[float, float]]:
    """Read the pressure until the test step ends; nothing when it has ended, or was left early."""
    clock, readings = test.clock, []
    clock.sleep(test.test_begins_s - clock.now())
    test.watch.begins("Pressure decay", x="time_s", y="pressure_pa")
    while (before_s := clock.now()) < test.test_ends_s:
        state = test.tester.state()
        moment_s = (before_s + clock.now()) / 2
        if state.step is LeakStep.TEST:
            readings.append((moment_s - test.test_begins_s, state.pressure_pa))
            test.watch.point(*readings[-1])
        elif not state.running or state.step is LeakStep.DUMP:
            break
        clock.sleep(before_s + test.plan.sample_s - clock.now())
    test.watch.ends()
    return readings


def _await_end(test: LeakTest) -> None:
    deadline_s = test.test_ends_s + test.plan.dump_s + LATE_S
    while (state := test.tester.state()).running:
        if test.clock.now() > deadline_s:
            raise InstrumentTimeout(
                test.tester.role,
                f"cycle {test.cycle} is still at step {state.step}, {LATE_S:g} s after its end",
                expected="a cycle as long as its steps",
                do="Reset the tester and look at its display",
            )
        test.clock.sleep(WAIT_S)


def _with_ends(
    plan: PressureDecay, readings: list[tuple[float, float]], result: LeakResult
) -> list[tuple[float, float]]:
    """Put the tester's own two readings around those of the rig."""
    first = (0.0, result.pressure_pa + result.fall_pa_per_s * plan.test_s)
    inner = [(time_s, pressure) for time_s, pressure in readings if 0.0 < time_s < plan.test_s]
    return [first, *inner, (plan.test_s, result.pressure_pa)]
