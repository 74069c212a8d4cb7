"""Where a leak tester of ATEQ's 6th series keeps what, on Modbus.

The first part is published ("F6 Series, Modbus RTU manual", FG_F6_MODBUS_EN_01; "D6 Profibus manual").
The second part is INVENTED: its places and codes are in no public page, and the simulated tester has them
as written here. Replace them from your instrument's manual before you connect a real one.
"""

from __future__ import annotations

from rig.instruments.roles import LeakStep

# Published

RESET_BIT, START_BIT = 0x0000, 0x0001  # the reset bit is named in the D6 manual only
PROGRAM_SELECTED = 0x0200  # number − 1
PROGRAM_EDITED = 0x3004  # number − 1
READ_PARAMETER, WRITE_PARAMETER = 0x2000, 0x6000  # plus the parameter's identifier
PROGRAMS = 128
RESULTS_KEPT = 8
RECORD_WORDS = 40
REAL_TIME_WORDS = 13
STATUS_CYCLE_END = 5  # bit; with the key's (15) the only one that is valid before a cycle has ended

STATUS_ERRORS = {7: "its calibration has drifted", 8: "the check of its calibration failed"}
"""Status bits that say something about the tester; the others are about the part."""

UNITS_PA = {6: 1.0, 11: 1e5}
"""Unit codes of pressure: pascals in one of them (Pa, bar)."""
UNITS_PA_PER_S = {8: 1.0}
"""Unit codes of leak: pascals a second in one of them (Pa/s)."""

UNITS, DUMP_TIME = 149, 273  # identifiers of parameters; units 0 are SI

# Invented; replace from your instrument's manual

REAL_TIME = 0x0030  # standard access, in the order of the published direct access from 2201h on
NEXT_RESULT = 0x0301  # standard access; reading takes the oldest off the queue, program 0 says it is empty
LAST_RESULT = 0x0311  # standard access; reading takes nothing away
TEMPERATURE, ROOM_PRESSURE = 0x220E, 0x2210  # longs, thousandths of °C and of hPa
IDENTITY = 0x3100  # model (620 for F620), serial number (long), firmware in hundredths
CYCLES_STARTED = 0x3110  # long; counts the cycles since the tester was made
RECORD_CYCLE = 38  # index in a result of its cycle's number (long)

PRESSURE_UNIT, LEAK_UNIT = 152, 153
FILL_TIME, STABILISATION_TIME, TEST_TIME = 20, 21, 22
FILL_PRESSURE, FILL_MINIMUM, FILL_MAXIMUM, REJECT_LEVEL = 30, 31, 32, 33
LONGEST_S = 650.0  # as published for FILTER

IDLE_STEP = 0xFFFF
STEPS = {
    0: LeakStep.PRE_FILL,
    1: LeakStep.PRE_DUMP,
    2: LeakStep.FILL,
    3: LeakStep.STABILISE,
    4: LeakStep.TEST,
    5: LeakStep.DUMP,
    IDLE_STEP: LeakStep.IDLE,
}
ALARMS = {
    1: "the pressure stays too low: a gross leak, or no part",
    2: "the pressure is too high",
    3: "a large leak on the test side",
    4: "a large leak on the reference side",
    5: "the sensor is faulty",
    6: "ATR error",
    7: "calibration error",
}
