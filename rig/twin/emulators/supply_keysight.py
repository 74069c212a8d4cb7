"""A Keysight E36312A on its LAN socket: 6 V / 5 A on output 1, which feeds the pen, and 25 V / 1 A twice.

Sources: E36300 Series Programming Guide; E364xA User's Guide for the protections' words and for the two bits
of the questionable summary (1: constant current, 2: constant voltage, 0: off). Commands take a channel list
at their end, or go to the output chosen with ``INST:NSEL``. Missing: triggers, output lists, data logging,
tracking, sense, ``APPLy``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_command import Call, Command
from rig.twin.emulators.scpi_syntax import ScpiError
from rig.twin.emulators.scpi_values import Flag, Kind, Number, Value, matches_word, read_channels
from rig.twin.emulators.supply_outputs import Rating, SupplyBench, SupplyOutputs

MODEL = "E36312A"
RATINGS = (Rating(6.18, 5.15, 6.0, 5.0), Rating(25.75, 1.03, 25.0, 1.0), Rating(25.75, 1.03, 25.0, 1.0))
CONSTANT_CURRENT, CONSTANT_VOLTAGE = 1, 2
DELAY = Number(0.05, 0.0, 3600.0, "S")
SWITCH = Flag(False)

Get = Callable[[int], Value]
Set = Callable[[int, Value], None]


class KeysightSupply(ScpiDevice):
    """One E36312A. Output 1 is connected to ``bench``; 2 and 3 are open."""

    def __init__(self, bench: SupplyBench) -> None:
        self._outputs = SupplyOutputs(
            bench, RATINGS, over_voltage_on=True, over_current_delay_s=DELAY.default, refusal=-222
        )
        self._selected = 1
        identity = f"Keysight Technologies,{MODEL},{bench.world.supply.serial},2.1.0-1.0.4-1.12"
        super().__init__(identity, [], self._table())

    async def refresh(self) -> None:
        """Let happen what happened before this command."""
        self._outputs.feed(1)

    def reset(self) -> None:
        """Switch everything off and choose output 1."""
        self._outputs.reset()
        self._selected = 1

    def _table(self) -> list[Command]:
        outputs = self._outputs
        source, level = "[SOURce:]", "[:LEVel]"
        immediate = f"{level}[:IMMediate][:AMPLitude]"
        return [
            self._setting(
                f"{source}VOLTage{immediate}",
                lambda n: outputs.ranges(n).volts,
                lambda n: outputs[n].set_v,
                lambda n, value: outputs.set_voltage(n, float(value)),
            ),
            self._setting(
                f"{source}CURRent{immediate}",
                lambda n: outputs.ranges(n).amps,
                lambda n: outputs[n].limit_a,
                lambda n, value: setattr(outputs[n], "limit_a", float(value)),
            ),
            self._setting(
                f"{source}VOLTage:PROTection{level}",
                lambda n: outputs.ranges(n).over_voltage,
                lambda n: outputs[n].over_voltage_v,
                lambda n, value: outputs[n].guard_voltage_at(
                    float(value), enabled=outputs[n].over_voltage_on
                ),
            ),
            self._setting(
                f"{source}VOLTage:PROTection:STATe",
                lambda n: SWITCH,
                lambda n: outputs[n].over_voltage_on,
                lambda n, value: outputs[n].guard_voltage_at(outputs[n].over_voltage_v, enabled=bool(value)),
            ),
            self._setting(
                f"{source}CURRent:PROTection:STATe",
                lambda n: SWITCH,
                lambda n: outputs[n].over_current_on,
                lambda n, value: setattr(outputs[n], "over_current_on", bool(value)),
            ),
            self._setting(
                f"{source}CURRent:PROTection:DELay[:TIME]",
                lambda n: DELAY,
                lambda n: outputs[n].over_current_delay_s,
                lambda n, value: setattr(outputs[n], "over_current_delay_s", float(value)),
            ),
            self._setting(
                "OUTPut[:STATe]",
                lambda n: SWITCH,
                lambda n: outputs[n].is_on,
                lambda n, value: outputs.switch(n, bool(value)),
            ),
            self._question(f"{source}VOLTage:PROTection:TRIPped", lambda n: outputs[n].over_voltage_tripped),
            self._question(f"{source}CURRent:PROTection:TRIPped", lambda n: outputs[n].over_current_tripped),
            *(
                Command(f"{root}:PROTection:CLEar", self._clear, parameters=(0, 1))
                for root in (f"{source}VOLTage", f"{source}CURRent", "OUTPut")
            ),
            *(
                Command(
                    f"MEASure[:SCALar]:{word}[:DC]", ask=partial(self._measure, which), ask_parameters=(0, 1)
                )
                for which, word in enumerate(("VOLTage", "CURRent"))
            ),
            Command("STATus:QUEStionable:INSTrument:ISUMmary<3>:CONDition", ask=self._condition),
            Command("INSTrument:NSELect", self._select, lambda call: f"{self._selected}", (1, 1)),
        ]

    def _setting(self, pattern: str, kind: Callable[[int], Kind], get: Get, put: Set) -> Command:
        """Return the command of a value that every output has."""

        def act(call: Call) -> None:
            for number in self._channels(call.arguments[1:]):
                put(number, kind(number).read(call.arguments[0]))

        def ask(call: Call) -> str:
            words = [text for text in call.arguments if not text.startswith("(")]
            lists = [text for text in call.arguments if text.startswith("(")]
            values = (
                self._extreme(kind(number), words[0]) if words else get(number)
                for number in self._channels(lists)
            )
            return ",".join(map(_text, values))

        return Command(pattern, act, ask, (1, 2), (0, 2))

    def _question(self, pattern: str, get: Get) -> Command:
        return Command(
            pattern,
            ask=lambda call: ",".join(_text(get(number)) for number in self._channels(call.arguments)),
            ask_parameters=(0, 1),
        )

    def _extreme(self, kind: Kind, word: str) -> Value:
        if not any(matches_word(word, known) for known in ("MINimum", "MAXimum", "DEFault")):
            raise ScpiError(-224)
        return kind.read(word)

    def _channels(self, lists: list[str]) -> list[int]:
        channels = read_channels(lists[0]) if lists else [self._selected]
        for channel in channels:
            self._outputs.check(channel)
        return channels

    async def _measure(self, which: int, call: Call) -> str:
        channels = self._channels(call.arguments)
        return ",".join([_text((await self._outputs.measure(channel))[which]) for channel in channels])

    def _condition(self, call: Call) -> str:
        (number,) = call.suffixes
        if not self._outputs[number].is_on:
            return "+0"
        return f"{CONSTANT_CURRENT if self._outputs.is_limiting(number) else CONSTANT_VOLTAGE:+d}"

    def _clear(self, call: Call) -> None:
        for number in self._channels(call.arguments):
            self._outputs[number].clear()

    def _select(self, call: Call) -> None:
        number = int(call.read(0, Number(1, 1, len(RATINGS), decimals=0)))
        self._selected = number


def _text(value: Value) -> str:
    return f"{value:d}" if isinstance(value, bool) else f"{float(value):+.8E}"
