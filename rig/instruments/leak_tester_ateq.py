"""A leak tester of ATEQ's 6th series on Modbus RTU (or behind a TCP gateway): pressure decay by itself.

A cycle is started once. When the answer to the start is missing, the tester is asked whether it runs before
anything else is sent. Results queue up in the tester and reading takes them away, so a result is taken by
its cycle's number, older ones are put aside, and a lost answer is looked up among the last results. A unit,
step or alarm code that is not known is an error, never a guess.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TypeVar

from rig.clock import Clock
from rig.errors import InstrumentRejected, InstrumentReplyError, InstrumentTimeout
from rig.instruments import leak_tester_map as at
from rig.instruments.leak_tester_words import SwappedLink, from_long, raw_long, swapped, to_long
from rig.instruments.roles import Identity, LeakProgram, LeakResult, LeakState, LeakStep
from rig.instruments.wirelog import WireLog

POLL_S = 0.1  # the maker asks for no more than ten looks at the tester's state a second
PA_PER_HPA = 100.0
ROOM_PA = (60_000.0, 110_000.0)  # what a room can have, up to 4000 m above the sea
FIXTURE_C = (5.0, 45.0)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class AteqLeakTester:
    """Fulfils :class:`rig.instruments.roles.LeakTester`.

    Args:
        role: its role, for messages.
        resource: ``rtu:PATH:BAUD`` or ``tcp:HOST:PORT``.
        wire_log: keeps every message.
        clock: what waiting is done with.
        timeout_s: how long one answer may take.
        station: the tester's station number (Modbus device id).
        model: its model number, by which it is known when the link opens: 620 for an F620.
        parity: of the serial line: N, E or O.

    Raises:
        InstrumentDisconnected, InstrumentTimeout: it cannot be reached.
        IdentityMismatch: something else answers.

    Every method may also raise InstrumentTimeout, InstrumentDisconnected or InstrumentReplyError, and
    InstrumentRejected when the tester refuses.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        clock: Clock,
        *,
        timeout_s: float,
        station: int = 1,
        model: int = 620,
        parity: str = "N",
    ) -> None:
        self.role, self._clock = role, clock
        self._polled_s = -POLL_S
        self._started: tuple[int, int] | None = None
        (probe,) = swapped([model])
        self._link = SwappedLink(
            role, resource, wire_log, clock, timeout_s=timeout_s, device_id=station,
            probe=(at.IDENTITY, probe), parity=parity,
        )  # fmt: skip

    def identify(self) -> Identity:
        """Ask for model, serial number and firmware."""
        words = self._link.read_words(at.IDENTITY, 4)
        self._link.pin_words(at.IDENTITY, words)
        model, *serial, firmware = words
        return Identity("ATEQ", f"F{model}", str(raw_long(serial)), f"{firmware / 100:.2f}")

    def self_test(self) -> list[str]:
        """Return what is wrong with the tester at rest, as sentences: its status, its two other sensors."""
        status = self._link.read_words(at.REAL_TIME, at.REAL_TIME_WORDS)[3]
        wrong = [text for bit, text in at.STATUS_ERRORS.items() if status >> bit & 1]
        room_pa, fixture_c = self.room_pressure_pa(), self.temperature_c()
        if not ROOM_PA[0] <= room_pa <= ROOM_PA[1]:
            wrong.append(f"it measures a room pressure of {room_pa:g} Pa")
        if not FIXTURE_C[0] <= fixture_c <= FIXTURE_C[1]:
            wrong.append(f"it measures a fixture of {fixture_c:g} °C")
        return wrong

    def close(self) -> None:
        """Close the link; a cycle that runs goes on."""
        self._link.close()

    # Programs

    def load_program(self, program: LeakProgram) -> None:
        """Write a program, where it differs, and read every value of it back.

        Raises:
            InstrumentRejected: a value that the tester does not take, or does not keep.
        """
        parameters = self._parameters(program)
        edited = [program.number - 1]
        self._write(at.PROGRAM_EDITED, edited, read_at=at.PROGRAM_EDITED, name="the program in edition")
        for identifier, value in parameters.items():
            self._keep(identifier, to_long(value))

    def _parameters(self, program: LeakProgram) -> dict[int, float]:
        times = {
            at.FILL_TIME: program.fill_s,
            at.STABILISATION_TIME: program.stabilise_s,
            at.TEST_TIME: program.test_s,
            at.DUMP_TIME: program.dump_s,
        }
        pressures = {
            at.FILL_PRESSURE: program.fill_pa,
            at.FILL_MINIMUM: program.fill_minimum_pa,
            at.FILL_MAXIMUM: program.fill_maximum_pa,
            at.REJECT_LEVEL: program.reject_pa_per_s,
        }
        units = {at.UNITS: 0.0, at.PRESSURE_UNIT: 6.0, at.LEAK_UNIT: 8.0}
        self._check_program(program.number)
        for value in times.values():
            if not 0 <= value <= at.LONGEST_S:
                raise self._refusal(f"a time of {value} s in a program", f"0 to {at.LONGEST_S:g} s")
        try:
            for value in pressures.values():
                to_long(value)
        except ValueError as error:
            raise self._refusal(str(error), "pressures of a leak test") from error
        return units | times | pressures

    def _check_program(self, number: int) -> None:
        if not 1 <= number <= at.PROGRAMS:
            raise self._refusal(f"program {number}", f"1 to {at.PROGRAMS}")

    def _refusal(self, what: str, expected: str) -> InstrumentRejected:
        do = "Correct [pressure_decay] of the product file"
        return InstrumentRejected(self.role, what, reason=what, expected=expected, do=do)

    def _keep(self, identifier: int, words: Sequence[int]) -> None:
        address = at.READ_PARAMETER + identifier
        if self._link.read_words(address, len(words)) != list(words):
            where = at.WRITE_PARAMETER + identifier
            self._write(where, words, read_at=address, name=f"parameter {identifier}")

    def _write(self, address: int, words: Sequence[int], *, read_at: int, name: str) -> None:
        """Write once and see what the tester holds then, whether or not it answered."""
        try:
            self._link.write_words(address, words)
        except (InstrumentTimeout, InstrumentReplyError):
            logger.warning("%s: no answer to writing %s; it is read back", self.role, name)
        found = self._link.read_words(read_at, len(words))
        if found != list(words):
            raise InstrumentRejected(
                self.role,
                f"{name} holds {found}",
                expected=f"{list(words)}, just written",
                reason=f"{name} not kept",
                do="Check that the tester is not locked by its key",
            )

    # Cycles

    def start(self, program: int) -> int:
        """Start a cycle of a program, once, and return its number at once.

        Raises:
            InstrumentRejected: a cycle runs already.
            InstrumentTimeout: no answer, and the tester does not run.
        """
        self._check_program(program)
        before = self._cycles()
        select = at.PROGRAM_SELECTED
        self._write(select, [program - 1], read_at=select, name="the selected program")
        self._started = (program, before + 1)
        try:
            self._link.set_bit(at.START_BIT)
        except InstrumentRejected:
            self._started = None
            raise
        except (InstrumentTimeout, InstrumentReplyError) as error:
            self._check_that_it_runs(before, error)
        return before + 1

    def _check_that_it_runs(self, before: int, error: Exception) -> None:
        """After a start without an answer: a second start would be an error, or a second cycle."""
        if not (self.state().running or self._cycles() > before):
            raise InstrumentTimeout(
                self.role,
                "no answer to the start, and the tester does not run",
                do="Nothing was sent twice; check the cable and run again",
            ) from error
        logger.warning("%s: the cycle runs, though no answer said so", self.role)

    def state(self) -> LeakState:
        """Return what the tester does now; waits when the last look was less than 0.1 s ago."""
        self._clock.sleep(self._polled_s + POLL_S - self._clock.now())
        self._polled_s = self._clock.now()
        words = self._link.read_words(at.REAL_TIME, at.REAL_TIME_WORDS)
        program, _, _, status, step = words[:5]
        known = self._known(step, at.STEPS, "step code")
        ended = bool(status >> at.STATUS_CYCLE_END & 1)
        if ended != (known is LeakStep.IDLE):
            raise self._misread(f"step {known} with status {status:04X}", "the cycle-end bit at rest only")
        return LeakState(program, not ended, known, self._quantity(words[5:9], at.UNITS_PA))

    def temperature_c(self) -> float:
        """Return the temperature of the part's fixture, °C."""
        return from_long(self._link.read_words(at.TEMPERATURE, 2))

    def room_pressure_pa(self) -> float:
        """Return the absolute pressure of the room, Pa."""
        return PA_PER_HPA * from_long(self._link.read_words(at.ROOM_PRESSURE, 2))

    def abort(self) -> None:
        """Reset the tester when a cycle that was started here may still run; the part is emptied."""
        if self._started is not None:
            self._link.set_bit(at.RESET_BIT)
            self._started = None

    # Results

    def result(self, cycle: int) -> LeakResult:
        """Return the result of a cycle that has ended, whatever older results wait before it.

        Raises:
            InstrumentRejected: the cycle ended with an alarm.
            InstrumentReplyError: there is no such result, or one that cannot be read.
        """
        for _ in range(at.RESULTS_KEPT + 1):
            words = self._next_result(cycle)
            found = raw_long(words[at.RECORD_CYCLE :])
            if words[0] == 0 or found > cycle:
                break
            if found == cycle:
                return self._own(words, cycle)
            logger.info("%s: put aside the result of cycle %d", self.role, found)
        raise InstrumentReplyError(
            self.role, f"no result of cycle {cycle}", do="See that nobody else reads the tester's results"
        )

    def _next_result(self, cycle: int) -> list[int]:
        """Take a result off the queue; when the answer is lost, the result is lost with it."""
        try:
            return self._link.read_words_once(at.NEXT_RESULT, at.RECORD_WORDS)
        except (InstrumentTimeout, InstrumentReplyError):
            last = self._link.read_words(at.LAST_RESULT, at.RECORD_WORDS)
            logger.warning("%s: no answer with a result; looked at the last one", self.role)
            if raw_long(last[at.RECORD_CYCLE :]) == cycle:
                return last
            return self._link.read_words_once(at.NEXT_RESULT, at.RECORD_WORDS)

    def _own(self, words: Sequence[int], cycle: int) -> LeakResult:
        program, alarm = words[0], words[3]
        if self._started is not None and self._started[1] == cycle:
            expected, self._started = self._started[0], None
            if program != expected:
                raise self._misread(f"cycle {cycle} has run program {program}", f"program {expected}")
        if alarm:
            reason = self._known(alarm, at.ALARMS, "alarm code")
            raise InstrumentRejected(
                self.role,
                f"cycle {cycle} ended with alarm {alarm}: {reason}",
                reason=reason,
                do="Look at the part, its fixture and the air supply",
            )
        pressure = self._quantity(words[4:8], at.UNITS_PA)
        return LeakResult(program, cycle, pressure, self._quantity(words[8:12], at.UNITS_PA_PER_S))

    # Numbers

    def _cycles(self) -> int:
        return raw_long(self._link.read_words(at.CYCLES_STARTED, 2))

    def _quantity(self, words: Sequence[int], units: Mapping[int, float]) -> float:
        """Return a long with a unit code behind it, in the unit that ``units`` gives factors for."""
        raw = raw_long(words[2:])
        code, rest = divmod(raw, 1000)
        if rest:
            raise self._misread(f"unit code {raw}", "a multiple of 1000")
        return from_long(words[:2]) * self._known(code, units, "unit code")

    def _known(self, code: int, names: Mapping[int, T], what: str) -> T:
        if code not in names:
            known = ", ".join(str(name) for name in sorted(names))
            raise self._misread(f"{what} {code}", f"one of {known}")
        return names[code]

    def _misread(self, what: str, expected: str) -> InstrumentReplyError:
        do = "Compare leak_tester_map.py with the instrument's manual"
        return InstrumentReplyError(self.role, what, expected=expected, do=do)
