"""A leak tester played by hand: the frames of its manual, and the moments of a rig that talks to it."""

from __future__ import annotations

from rig.instruments.leak_tester_ateq import AteqLeakTester
from rig.instruments.roles import LeakProgram
from rig.instruments.wirelog import WireLog
from rig.twin.emulators.modbus_slave import with_crc
from tests.support.modbus_pen import FakeClock

Script = list[tuple[bytes, bytes]]

# Frames of "F6 Series, Modbus RTU manual" (FG_F6_MODBUS_EN_01), station 1, CRC included. The address of the
# reset bit is that of the D6 manual.
START = "01 05 00 01 FF 00 DD FA"
RESET = "01 05 00 00 FF 00 8C 3A"
SELECT_PROGRAM_3 = ("01 10 02 00 00 01 02 02 00 84 F0", "01 10 02 00 00 01 00 71")
SPECIAL_CYCLE_7 = ("01 10 02 01 00 01 02 07 00 86 71", "01 10 02 01 00 01 51 B1")
EDIT_PROGRAM_3 = ("01 10 30 04 00 01 02 02 00 96 B7", "01 10 30 04 00 01 4F 08")
CONFIGURATION = (
    "01 03 01 00 00 07 05 F4",
    "01 03 0E 00 0C 20 10 00 80 21 00 00 00 00 00 20 00 90 74",
)
FUNCTIONS_REQUEST = "01 03 01 10 00 09 85 F5"
READ_SEQUENCING = ("01 03 26 22 00 01 2F 48", "01 03 02 01 00 B9 D4")
WRITE_SEQUENCING = ("01 10 66 22 00 01 02 01 00 A7 44", "01 10 66 22 00 01 BF 4B")
PRESSURE_UNIT = ("01 03 23 07 00 02 7E 4E", "01 03 04 F8 2A 00 00 EA 9B")

# What the rest of this file needs no manual for.
OPENING = ("03 31 00 00 01", "03 02 6C 02")  # F620, low byte first
PROGRAM_SELECTED_3 = ("03 02 00 00 01", "03 02 02 00")
PROGRAM_EDITED_3 = ("03 30 04 00 01", "03 02 02 00")
CYCLES_ASKED = "03 31 10 00 02"

PROGRAM = LeakProgram(
    number=3,
    fill_pa=30_000.0,
    fill_minimum_pa=28_500.0,
    fill_maximum_pa=31_500.0,
    reject_pa_per_s=8.0,
    fill_s=3.0,
    stabilise_s=8.0,
    test_s=10.0,
    dump_s=2.0,
)


def frame(text: str) -> bytes:
    """Return the bytes of a frame that is written with its CRC."""
    return bytes.fromhex(text)


def to(pdu: str) -> bytes:
    """Return a frame to or from station 1, given without station and CRC; nothing for nothing."""
    return with_crc(bytes([1]) + bytes.fromhex(pdu)) if pdu else b""


def exchanges(*pairs: tuple[str, str]) -> Script:
    """Return exchanges given without station and CRC."""
    return [(to(ask), to(answer)) for ask, answer in pairs]


def golden(*pairs: tuple[str, str]) -> Script:
    """Return exchanges given as whole frames."""
    return [(frame(ask), frame(answer)) for ask, answer in pairs]


def cycles(count: int) -> tuple[str, str]:
    """Return the question for the number of cycles and its answer."""
    return CYCLES_ASKED, "03 04" + long_hex(count)


def long_hex(raw: int) -> str:
    """Return a long as it goes on the wire: low word first, each word low byte first."""
    return raw.to_bytes(4, "little", signed=True).hex()


def words_hex(*words: int) -> str:
    """Return words as they go on the wire: low byte first."""
    return "".join(word.to_bytes(2, "little").hex() for word in words)


def record_hex(*, program: int, cycle: int, alarm: int = 0, unit: int = 6000, leak_unit: int = 8000) -> str:
    """Return 40 words of a result: 29 608.5 Pa, falling by 2.125 Pa/s."""
    head = words_hex(program, 1, 1 if not alarm else 8, alarm) + long_hex(29_608_500) + long_hex(unit)
    head += long_hex(2_125) + long_hex(leak_unit)
    return head + words_hex(*[0] * 26) + long_hex(cycle)


def state_hex(*, step: int, status: int, unit: int = 6000, pressure: int = 29_700_000) -> str:
    """Return the 13 words of the real-time block."""
    return (
        words_hex(3, 0, 1, status, step) + long_hex(pressure) + long_hex(unit) + long_hex(0) + long_hex(8000)
    )


def open_tester(path: str, *, timeout_s: float = 5.0, clock: FakeClock | None = None) -> AteqLeakTester:
    return AteqLeakTester(
        "leak_tester", f"rtu:{path}:9600", WireLog(), clock or FakeClock(), timeout_s=timeout_s
    )
