"""The counter: a Keysight 53230A on its LAN socket, watching the contact of needles and plate on channel 1.

Source: Keysight 53220A/53230A Programmer's Reference and User's Guide. What runs after ``INITiate`` is
worked out whenever a message arrives: nothing happens between messages that a client could tell apart.
Missing: two-channel functions, rise and fall times, bursts, continuous totalizing, math on readings,
``INPut:LEVel:AUTO ONCE``, mass memory. External and bus triggers can be set; nothing is wired to the
external one, so waiting for it, as for a bus trigger from the same line, is the error "Trigger deadlock".
"""

from __future__ import annotations

import math
import struct
from collections import deque
from functools import partial

from rig.twin.emulators.counter_acquisition import FUNCTIONS, Acquisition, Plan
from rig.twin.emulators.counter_configure import (
    COUNT,
    LEVEL,
    LEVEL_AT_5_V,
    preset,
    take_channel,
    take_count,
)
from rig.twin.emulators.counter_input import ContactBench, CounterInput
from rig.twin.emulators.counter_settings import MOST_READINGS, SETTINGS
from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_command import Call, Command
from rig.twin.emulators.scpi_syntax import ScpiError
from rig.twin.emulators.scpi_values import (
    NOT_A_NUMBER,
    Value,
    matches_word,
    nr3,
    read_number,
)

MEASURING = 16  # operation register
MEMORY_OVERFLOW = 16384  # questionable register

ARRAY_FUNCTIONS = ("FREQ", "PER", "TST")
ALIASES = {"DCYCle": "PDUT"}


class KeysightEmulator(ScpiDevice):
    """One 53230A. Channel 1 is connected to ``bench``; channels 2 and 3 are open."""

    def __init__(self, bench: ContactBench) -> None:
        self._time = bench.time
        self._memory: deque[float] = deque(maxlen=MOST_READINGS)
        self._acquisition: Acquisition | None = None
        serial = bench.world.counter.serial
        super().__init__(
            f"Agilent Technologies,53230A,{serial},03.02-1924.2831-3.15-4.16-127-159-35",
            SETTINGS,
            self._table(),
        )
        self._input = CounterInput(bench, self.values)
        self.reset()

    def _table(self) -> list[Command]:
        return [
            *self._function_commands(),
            Command("CONFigure", ask=lambda call: f'"{self._configured}"'),
            Command("[SENSe:]FUNCtion[:ON]", self._set_function, None, (1, 1)),
            Command("FORMat[:DATA]", self._set_format, None, (1, 2)),
            Command("INPut<2>:LEVel<2>[:ABSolute]", None, self._ask_level, ask_parameters=(0, 1)),
            Command("INITiate[:IMMediate]", self._initiate),
            Command("ABORt", self._abort),
            Command("READ", ask=self._read),
            Command("FETCh", ask=self._fetch),
            Command("R", ask=self._take_now, ask_parameters=(0, 1)),
            Command("DATA:REMove", ask=self._remove, ask_parameters=(1, 2)),
            Command("DATA:LAST", ask=self._last),
            Command("DATA:POINts", ask=lambda call: f"{len(self._memory):+d}"),
        ]

    def _function_commands(self) -> list[Command]:
        headers = {function.header: name for name, function in FUNCTIONS.items()} | ALIASES
        commands = []
        for header, name in headers.items():
            forms = {"[:SCALar]": False} if name != "TST" else {}
            if name in ARRAY_FUNCTIONS:
                forms[":ARRay"] = True
            for form, array in forms.items():
                most = (0, 4 if array else 3)
                configure = partial(self._configure, name, array)
                measure = partial(self._measure, name, array)
                commands.append(Command(f"CONFigure{form}:{header}", configure, parameters=most))
                commands.append(Command(f"MEASure{form}:{header}", ask=measure, ask_parameters=most))
        return commands

    # Hooks of the SCPI device.

    @property
    def busy(self) -> bool:
        """Whether readings are still to come."""
        return self._acquisition is not None and not self._acquisition.done

    async def refresh(self) -> None:
        """Take the readings that are complete by now."""
        if self._acquisition is not None:
            await self._acquisition.advance(self._time.now())
        self._note_progress()

    async def finish(self) -> None:
        """Wait for the last reading.

        Raises:
            ScpiError: -214 when it waits for a trigger that only a later message could bring.
        """
        if self._acquisition is not None:
            await self._acquisition.advance(math.inf)
            if self._acquisition.needs_trigger:
                raise ScpiError(-214)
        self._note_progress()

    def accept(self, key: str, value: Value) -> None:
        """Refuse levels outside the range; an absolute level switches auto-level off."""
        prefix, _, name = key.partition(":")
        if prefix in ("INP", "INP2") and name in ("LEV", "LEV2"):
            if abs(float(value)) > LEVEL_AT_5_V * float(self.values[f"{prefix}:RANG"]) / 5.0:
                raise ScpiError(-222)
            self.values[f"{prefix}:LEV:AUTO"] = False

    def reset(self) -> None:
        """Forget the readings and measure frequency on channel 1."""
        self._select("FREQ", 1)
        self._configured = f"FREQ {nr3(10e6)},{nr3(1e-4)},(@1)"

    def trigger(self) -> None:
        """Start the readings of a bus trigger."""
        acquisition = self._acquisition
        if self.values["TRIG:SOUR"] != "BUS" or acquisition is None or not acquisition.needs_trigger:
            raise ScpiError(-211)
        acquisition.trigger(self._time.now())

    # What to measure.

    def _select(self, function: str, channel: int) -> None:
        self._function, self._channel = function, channel
        self.values["FUNC"] = function if channel == 1 else f"{function} {channel}"
        self._memory.clear()
        self._acquisition = None

    def _set_function(self, call: Call) -> None:
        name, _, channel = call.arguments[0].strip("\"'").upper().partition(" ")
        headers = {function.header: short for short, function in FUNCTIONS.items()}
        found = [short for header, short in headers.items() if matches_word(name, header.partition(":")[0])]
        if not found or channel not in ("", "1", "2", "3"):
            raise ScpiError(-224)
        self._select(found[0], int(channel or 1))

    def _configure(self, function: str, array: bool, call: Call) -> None:
        arguments = list(call.arguments)
        channel = take_channel(arguments)
        count = take_count(arguments) if array else 1
        settings, shown = preset(function, arguments)
        self._select(function, channel)
        self.values |= {"TRIG:SOUR": "IMM", "TRIG:COUN": 1, "TRIG:DEL": 0.0, "SAMP:COUN": count}
        if channel < 3:
            prefix = "INP" if channel == 1 else "INP2"
            self.values |= {f"{prefix}:LEV:AUTO": True, f"{prefix}:LEV:REL": 50, f"{prefix}:SLOP": "POS"}
            for key, value in settings.items():
                self.values[key.replace("INP", prefix)] = value
        self._configured = f"{function} {','.join([*shown, f'(@{channel})'])}"

    async def _measure(self, function: str, array: bool, call: Call) -> bytes:
        self._configure(function, array, call)
        return await self._read(call)

    def _set_format(self, call: Call) -> None:
        forms = {"ASCii": (15, "ASC,15"), "REAL": (64, "REAL,64")}
        for word, (length, form) in forms.items():
            if matches_word(call.arguments[0], word):
                if len(call.arguments) > 1 and read_number(call.arguments[1]) != length:
                    raise ScpiError(-224)
                self.values["FORM"] = form
                return
        raise ScpiError(-224)

    def _ask_level(self, call: Call) -> str:
        """Answer the level in use: under auto-level, of the measured channel only."""
        channel, level = call.suffixes
        prefix = "INP" if channel == 1 else "INP2"
        if call.arguments:
            return nr3(float(LEVEL.read(call.arguments[0])), 8)
        if not self.values[f"{prefix}:LEV:AUTO"]:
            return nr3(float(self.values[f"{prefix}:LEV" + ("2" if level == 2 else "")]), 8)
        return nr3(self._input.level_in_use_v(1) if channel == self._channel == 1 else NOT_A_NUMBER, 8)

    # Starting and ending.

    def _initiate(self, call: Call) -> None:
        if self.busy:
            raise ScpiError(-213)
        if self.values["FREQ:MODE"] == "CONT" and self._function == "FREQ" and self.values["TRIG:COUN"] != 1:
            raise ScpiError(-221)
        self._memory.clear()
        plan = Plan.from_settings(self._function, self._channel, self.values)
        self._acquisition = Acquisition(plan, self._input, self._time.now(), self._store)
        self.status.operation.condition |= MEASURING

    def _abort(self, call: Call) -> None:
        self._acquisition = None

    def _store(self, readings: list[float]) -> None:
        if len(self._memory) + len(readings) > MOST_READINGS:
            self.status.questionable.note(MEMORY_OVERFLOW)
        self._memory.extend(readings)

    def _note_progress(self) -> None:
        if self._acquisition is not None and self._acquisition.timed_out:
            self.status.questionable.note(FUNCTIONS[self._function].timeout_bit)
        if not self.busy and self.status.operation.condition & MEASURING:
            self.status.operation.condition &= ~MEASURING
            self.status.operation.note(MEASURING)

    # Readings.

    async def _read(self, call: Call) -> bytes:
        if self.values["TRIG:SOUR"] != "IMM":
            raise ScpiError(-214)
        self._initiate(call)
        return await self._fetch(call)

    async def _fetch(self, call: Call) -> bytes:
        await self.finish()
        if not self._memory:
            raise ScpiError(-230)
        return self._encode(list(self._memory), block="#0" if len(self._memory) > 1 else "")

    def _take_now(self, call: Call) -> bytes:
        if not self._memory:
            if self.busy:
                return b"#10"
            raise ScpiError(-230)
        most = int(COUNT.read(call.arguments[0])) if call.arguments else len(self._memory)
        return _definite(self._encode(self._take(most)))

    async def _remove(self, call: Call) -> bytes:
        count = int(call.read(0, COUNT))
        if len(call.arguments) > 1:
            if not matches_word(call.arguments[1], "WAIT"):
                raise ScpiError(-224)
            if self._acquisition is not None:
                await self._acquisition.advance(math.inf, most=count - len(self._memory))
            self._note_progress()
        if len(self._memory) < count:
            raise ScpiError(-230)
        readings = self._encode(self._take(count))
        return _definite(readings) if self.values["FORM"] == "REAL,64" else readings

    def _take(self, most: int) -> list[float]:
        return [self._memory.popleft() for _ in range(min(most, len(self._memory)))]

    def _last(self, call: Call) -> str:
        reading = _ascii(self._memory[-1] if self._memory else NOT_A_NUMBER)
        return f"{reading} {FUNCTIONS[self._function].unit}".rstrip()

    def _encode(self, readings: list[float], block: str = "") -> bytes:
        """Write readings in the format asked for; ``block`` goes before binary ones."""
        if self.values["FORM"] == "ASC,15":
            return ",".join(map(_ascii, readings)).encode("ascii")
        order = ">" if self.values["FORM:BORD"] == "NORM" else "<"
        return block.encode("ascii") + struct.pack(f"{order}{len(readings)}d", *readings)


def _ascii(reading: float) -> str:
    # The pre-scale value before time stamps is the one integer among readings.
    return f"{reading:+d}" if isinstance(reading, int) else nr3(reading)


def _definite(data: bytes) -> bytes:
    """Put the header of a definite-length block before ``data``."""
    length = str(len(data))
    return f"#{len(length)}{length}".encode("ascii") + data
