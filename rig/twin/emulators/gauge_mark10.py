"""A Mark-10 Series 5 force gauge, model M5-10 (50 N × 0.01 N), as its manual's GCL2 command set describes it.

Set-up commands are not acknowledged; a wrong one answers ``*nn``. Where the manual leaves room, this
gauge is one that a careful driver must cope with:

- ``RN`` is the serial number, ``RM`` the model, ``RV`` the firmware version, ``RS`` the series.
- ``FLTC`` filters the readings that are sent, ``FLTP`` the samples among which peaks are sought.
- A whole number that is not offered answers ``*12``; a set point beyond the range ``*22``; a high set point
  below the low one in the same direction ``*12``.
- Beyond 110 % of the range a reading is the text ``OVER``.
- Memory, statistics, averaging mode, external trigger and output bits are not fitted and answer ``*11``.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rig.twin.physics.load_cell import Bools, Floats, LoadCell, Loaded
from rig.twin.wire import Line

RANGE_N = 50.0
OVERLOAD = 1.10
MODEL, VERSION, SERIES = "M5-10", "1.00", "5"

ILLEGAL, NOT_APPLICABLE, INVALID_SPECIFIER, TOO_LARGE = "*10", "*11", "*12", "*22"

# Lines per second by the n of AOUTn. That AOUT1 means 50 is what the manual says.
OUTPUT_RATES = {0: 0, 1: 50, 2: 2, 5: 5, 10: 10, 25: 25, 50: 50, 125: 125, 250: 250}
# Lines that fell due longer ago than this went to nobody.
STREAM_MEMORY_S = 10.0

NOT_FITTED = re.compile(
    r"\?ET|\?A|MEM|STA|CLRMEM|PM|A[DM]?|TRF.*|DEL.*|AT[0-9.]+|ET(H|L|HL|LH|D)|[SC][0-2]|R[0-3]|[IO]POL.*"
)
NUMBERED = re.compile(r"(FLTC|FLTP|AOUT|AOFF|SPH|SPL)(.*)")


class Unit(NamedTuple):
    """A unit the gauge shows: its text, its size in newtons, and the step of a reading in it."""

    text: str
    newtons: float
    step: float
    decimals: int


POUND_N, KILOGRAM_N = 4.4482216152605, 9.80665
UNITS = {
    "LB": Unit("lbF", POUND_N, 0.002, 3),
    "OZ": Unit("ozF", POUND_N / 16, 0.05, 2),
    "KG": Unit("kgF", KILOGRAM_N, 0.001, 3),
    "G": Unit("gF", KILOGRAM_N / 1000, 1.0, 0),
    "N": Unit("N", 1.0, 0.01, 2),
}
UNITS_OF_OTHER_MODELS = ("MN", "KN")


class Refusal(Exception):
    """The gauge's answer to a command it does not accept; the argument is the error code."""


class Mark10Emulator:
    """The gauge on the wire. Every connection speaks to the same gauge.

    Args:
        bench: what pushes on it.
    """

    def __init__(self, bench: Loaded) -> None:
        self._time, self._gauge, self._faults = bench.time, bench.world.gauge, bench.faults
        self._cell = LoadCell(bench)
        self._unit, self._mode, self._full = UNITS["LB"], "CUR", True
        self._mitutoyo, self._bipolar = True, True
        self._numbers = {"FLTC": 8, "FLTP": 1, "AOUT": 0, "AOFF": 5}
        self._set_points_n: dict[str, float | None] = {"SPH": None, "SPL": None}
        self._listener: Line | None = None
        self._next_due_s = 0.0
        self._stream: asyncio.Task[None] | None = None
        self._words = self._vocabulary()

    def split(self, buffer: bytearray) -> list[bytes]:
        """Cut at carriage returns; line feeds are ignored."""
        *lines, rest = bytes(buffer).replace(b"\n", b"").split(b"\r")
        buffer[:] = rest
        return [line for line in lines if line]

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        """Answer a request, or obey a set-up command in silence; streamed lines that fell due go first."""
        await self._time.wait(self._gauge.turnaround_s)
        self._send_due_lines()
        try:
            reply = self._obey(message.decode("ascii", "replace"), line)
        except Refusal as refusal:
            reply = str(refusal)
        return None if reply is None else reply.encode("ascii") + b"\r\n"

    def above_set_point(self, times_s: Floats, forces_n: Floats) -> Bools:
        """Say for moments and true forces whether the high set point's output has switched.

        It watches the internal samples, whatever is sent or shown; their noise is left out. A gauge that
        is saturated, or that would send the text of an overload, has switched.
        """
        high_n = self._set_points_n["SPH"]
        if high_n is None:
            return np.zeros(len(times_s), dtype=np.bool_)
        loads_n = self._cell.sensed_n(times_s, forces_n)
        if self._faults.stands("force_gauge", "saturated"):
            loads_n = np.full(len(times_s), math.copysign(np.inf, high_n))
        direction = math.copysign(1.0, high_n)
        switched: Bools = direction * (loads_n - self._cell.tare_n) > abs(high_n)
        return switched

    # --- commands ---------------------------------------------------------------------------------

    def _vocabulary(self) -> dict[str, Callable[[], str | None]]:
        return {
            "?": self._displayed,
            "?C": self._live,
            "?PC": self._peak_compression,
            "?PT": self._peak_tension,
            "Z": self._zero,
            "CLR": self._cell.clear_peaks,
            "LIST": self._list,
            "SAVE": lambda: None,
            "RN": lambda: self._gauge.serial,
            "RM": lambda: MODEL,
            "RV": lambda: VERSION,
            "RS": lambda: SERIES,
        }

    def _obey(self, command: str, line: Line) -> str | None:
        if command in self._words:
            return self._words[command]()
        if command in UNITS:
            self._unit = UNITS[command]
        elif command in ("CUR", "PT", "PC"):
            self._mode = command
        elif command in ("FULL", "NUM"):
            self._full = command == "FULL"
        elif command in ("MIT", "MITD"):
            self._mitutoyo = command == "MIT"
        elif command in ("POL", "NPOL"):
            self._bipolar = command == "POL"
        elif numbered := NUMBERED.fullmatch(command):
            self._set_number(numbered[1], numbered[2], line)
        elif command in UNITS_OF_OTHER_MODELS or NOT_FITTED.fullmatch(command):
            raise Refusal(NOT_APPLICABLE)
        else:
            raise Refusal(ILLEGAL)
        return None

    def _set_number(self, name: str, text: str, line: Line) -> None:
        if name in self._set_points_n:
            self._set_point(name, text)
            return
        offered = {"FLTC": range(11), "FLTP": range(11), "AOFF": range(31), "AOUT": OUTPUT_RATES}[name]
        if not text.isdecimal() or int(text) not in offered:
            raise Refusal(INVALID_SPECIFIER)
        self._numbers[name] = int(text)
        if name == "AOUT":
            self._start_stream(line)

    def _set_point(self, name: str, text: str) -> None:
        if text == "D":
            self._set_points_n[name] = None
            return
        if not re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
            raise Refusal(INVALID_SPECIFIER)
        force_n = float(text) * self._unit.newtons
        if abs(force_n) > RANGE_N:
            raise Refusal(TOO_LARGE)
        wanted = self._set_points_n | {name: force_n}
        high_n, low_n = wanted["SPH"], wanted["SPL"]
        if high_n is not None and low_n is not None and high_n * low_n > 0 and abs(high_n) <= abs(low_n):
            raise Refusal(INVALID_SPECIFIER)
        self._set_points_n = wanted

    def _list(self) -> str:
        numbers = self._numbers
        return ";".join(
            [
                f"V{VERSION}",
                self._unit.text.upper(),
                self._mode,
                f"FLTC{numbers['FLTC']}",
                f"FLTP{numbers['FLTP']}",
                f"AOUT{numbers['AOUT']:02d}",
                f"AOFF{numbers['AOFF']}",
                "FULL" if self._full else "NUM",
                "MIT" if self._mitutoyo else "MITD",
                "POL" if self._bipolar else "NPOL",
                "B0",
            ]
        )

    # --- readings ---------------------------------------------------------------------------------

    def _displayed(self) -> str:
        return {"CUR": self._live, "PC": self._peak_compression, "PT": self._peak_tension}[self._mode]()

    def _live(self) -> str:
        return self._text(self._load_n())

    def _peak_compression(self) -> str:
        self._load_n()  # brings the peaks up to now
        return self._text(self._cell.highest_n)

    def _peak_tension(self) -> str:
        self._load_n()
        return self._text(self._cell.lowest_n)

    def _zero(self) -> None:
        self._cell.zero(self._load_n())

    def _load_n(self) -> float:
        return self._loads_n(np.array([self._time.now()]))[0]

    def _loads_n(self, ends_s: Floats) -> list[float]:
        averaged, averaged_for_peaks = 2 ** self._numbers["FLTC"], 2 ** self._numbers["FLTP"]
        loads_n = self._cell.loads_n(ends_s, averaged=averaged, averaged_for_peaks=averaged_for_peaks)
        return [float(load_n) for load_n in loads_n]

    def _text(self, load_n: float) -> str:
        """Return a load as it is sent: compression without a sign, tension with a minus."""
        if abs(load_n) > OVERLOAD * RANGE_N or self._faults.stands("force_gauge", "saturated"):
            return "OVER"
        unit = self._unit
        steps = round((load_n - self._cell.tare_n) / unit.newtons / unit.step)
        number = f"{steps * unit.step:.{unit.decimals}f}"
        return f"{number} {unit.text}" if self._full else number

    # --- continuous output ------------------------------------------------------------------------

    def _start_stream(self, line: Line) -> None:
        """Begin, change or end the lines that come unasked.

        On the wall clock a task sends them when they fall due. The virtual clock moves only while
        somebody is served, so there they go out before the next answer.
        """
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
        rate_hz = OUTPUT_RATES[self._numbers["AOUT"]]
        self._listener = line if rate_hz else None
        if rate_hz:
            self._next_due_s = self._time.now() + 1.0 / rate_hz
            if not self._time.virtual:
                self._stream = asyncio.get_running_loop().create_task(self._keep_streaming())

    async def _keep_streaming(self) -> None:
        while self._listener is not None:
            await self._time.wait_until(self._next_due_s)
            self._send_due_lines()

    def _send_due_lines(self) -> None:
        if self._listener is None:
            return
        if self._listener.closed:
            self._listener = None
            return
        period_s, now_s = 1.0 / OUTPUT_RATES[self._numbers["AOUT"]], self._time.now()
        count = math.floor((now_s - self._next_due_s) / period_s + 1e-9) + 1
        if count < 1:
            return
        due_s = self._next_due_s + np.arange(count, dtype=np.float64) * period_s
        self._next_due_s += period_s * count
        kept_s = due_s[due_s > now_s - STREAM_MEMORY_S]
        texts = [self._text(load_n) for load_n in self._loads_n(kept_s)]
        self._listener.send(b"".join(text.encode("ascii") + b"\r\n" for text in texts))
