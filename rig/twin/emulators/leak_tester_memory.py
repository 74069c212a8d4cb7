"""What a leak tester of ATEQ's 6th series keeps at which address, as the simulated one has it.

Published: "F6 Series, Modbus RTU manual" (FG_F6_MODBUS_EN_01) and "D6 Profibus manual". Marked *own*: in
no public page, settled here for the simulated tester; a real one differs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RESET_BIT, START_BIT, CLEAR_RESULTS_BIT = 0x0000, 0x0001, 0x0002  # the last is own

CONFIGURATION, CONFIGURATION_WORDS = 0x0100, (0x0C00, 0x1020, 0x8000, 0x0021, 0, 0, 0x0020)
FUNCTIONS, FUNCTION_WORDS = 0x0110, (0,) * 9
PROGRAM_SELECTED, SPECIAL_CYCLE, PROGRAM_EDITED = 0x0200, 0x0201, 0x3004
REAL_TIME, NEXT_RESULT, LAST_RESULT = 0x0030, 0x0301, 0x0311  # own; 13, 40 and 40 words
IDENTITY, CYCLES_STARTED = 0x3100, 0x3110  # own
DIRECT_REAL_TIME, DIRECT_RESULT = 0x2201, 0x2301
TEMPERATURE, ROOM_PRESSURE = 0x220E, 0x2210  # own
READ_PARAMETER, WRITE_PARAMETER = 0x2000, 0x6000
READ_FUNCTION, WRITE_FUNCTION = 0x2600, 0x6600
SEQUENCING = 0x22

PROGRAMS = 128
RECORD_WORDS = 40
RECORD_CYCLE = 38  # own
RESULTS_KEPT = 8
MODEL, FIRMWARE = 620, 134  # own; F620, 1.34

IDLE, AUTO_ZERO, FILL, STABILISE, TEST, DUMP = 0xFFFF, 1, 2, 3, 4, 5  # own
LEAK_TEST = 1  # own; type of test
TOO_LOW, TOO_HIGH, LARGE_LEAK = 1, 2, 3  # own; alarms
SPECIAL_AUTO_ZERO = 7

PASS_BIT, FAIL_BIT, ALARM_BIT, END_BIT, KEY_BIT = 0, 1, 3, 5, 15

# Identifiers of parameters; all but the first three are own. Values are longs in thousandths.
FILTER, UNITS, DUMP_TIME = 148, 149, 273
FILL_TIME, STABILISATION_TIME, TEST_TIME = 20, 21, 22
FILL_PRESSURE, FILL_MINIMUM, FILL_MAXIMUM, REJECT_LEVEL = 30, 31, 32, 33
PRESSURE_UNIT, LEAK_UNIT = 152, 153

PASCALS = {6000: 1.0, 11000: 1e5}
PASCALS_PER_S = 8000
LONGEST = 650_000
LARGEST = 2**31 - 1

LIMITS = {
    FILTER: (0, LONGEST), UNITS: (0, 2000), DUMP_TIME: (0, LONGEST), FILL_TIME: (0, LONGEST),
    STABILISATION_TIME: (0, LONGEST), TEST_TIME: (0, LONGEST), FILL_PRESSURE: (0, 500_000_000),
    FILL_MINIMUM: (0, 500_000_000), FILL_MAXIMUM: (0, 500_000_000), REJECT_LEVEL: (0, LARGEST),
    PRESSURE_UNIT: (6000, 11000), LEAK_UNIT: (PASCALS_PER_S, PASCALS_PER_S),
}  # fmt: skip
"""Smallest and largest raw value of each parameter."""


def factory_parameters() -> dict[int, int]:
    """Return the parameters a program is delivered with, raw."""
    return {
        FILTER: 0, UNITS: 0, DUMP_TIME: 1000, FILL_TIME: 2000, STABILISATION_TIME: 4000, TEST_TIME: 4000,
        FILL_PRESSURE: 20_000_000, FILL_MINIMUM: 15_000_000, FILL_MAXIMUM: 25_000_000,
        REJECT_LEVEL: 50_000, PRESSURE_UNIT: 11000, LEAK_UNIT: PASCALS_PER_S,
    }  # fmt: skip


@dataclass
class Program:
    """One of the tester's programs: its parameters and its function bits, raw."""

    parameters: dict[int, int] = field(default_factory=factory_parameters)
    sequencing: int = 1

    def value(self, identifier: int) -> float:
        """Return a parameter in its unit."""
        return self.parameters[identifier] / 1000

    def to_unit(self, pressure_pa: float) -> float:
        """Return a pressure in the unit the program shows it in."""
        return pressure_pa / PASCALS[self.parameters[PRESSURE_UNIT]]


def long_words(raw: int) -> list[int]:
    """Return the two words of a signed whole number, low word first."""
    return [raw & 0xFFFF, raw >> 16 & 0xFFFF]


def thousandths(value: float) -> list[int]:
    """Return the two words of a number."""
    return long_words(round(value * 1000))
