"""A Rigol DP832A on its LAN socket: 30 V / 3 A twice and 5 V / 3 A; output 1 feeds the pen.

Source: DP800 Programming Guide. Commands name the output as ``CH1`` or go to the chosen one; words and
numbers come back plain (``ON``, ``4.200``). Missing: timer, delay, recording, tracking, triggers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_command import Call, Command
from rig.twin.emulators.scpi_syntax import ScpiError
from rig.twin.emulators.scpi_values import Flag, Kind, Number
from rig.twin.emulators.supply_outputs import Rating, SupplyBench, SupplyOutputs

MODEL = "DP832A"
RATINGS = (Rating(32.0, 3.2, 30.0, 3.0), Rating(32.0, 3.2, 30.0, 3.0), Rating(5.3, 3.2, 5.0, 3.0))
OUT_OF_RANGE, ILLEGAL_VALUE = -222, -224
SWITCH = Flag(False)
# By word: what a protection's level, trip and state are called on an output.
PROTECTIONS = {
    "OVP": ("over_voltage_v", "over_voltage_tripped", "over_voltage_on"),
    "OCP": ("over_current_a", "over_current_tripped", "over_current_on"),
}


class RigolSupply(ScpiDevice):
    """One DP832A. Output 1 is connected to ``bench``; 2 and 3 are open."""

    def __init__(self, bench: SupplyBench) -> None:
        self._outputs = SupplyOutputs(
            bench, RATINGS, over_voltage_on=False, over_current_delay_s=None, refusal=ILLEGAL_VALUE
        )
        self._selected = 1
        identity = f"RIGOL TECHNOLOGIES,{MODEL},{bench.world.supply.serial},00.01.16"
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
        level = "[:LEVel][:IMMediate][:AMPLitude]"
        return [
            Command("SYSTem:ERRor[:NEXT]", ask=lambda call: str(self.status.take_error()).lstrip("+")),
            Command("INSTrument:NSELect", self._select, lambda call: f"{self._selected}", (1, 1)),
            Command(f"[SOURce<3>:]VOLTage{level}", self._set_volts, self._ask_volts, (1, 1)),
            Command(f"[SOURce<3>:]CURRent{level}", self._set_amps, self._ask_amps, (1, 1)),
            Command("APPLy", self._apply, self._ask_apply, (0, 3), (0, 1)),
            Command("MEASure:ALL[:DC]", ask=self._measure, ask_parameters=(0, 1)),
            Command("MEASure[:VOLTage][:DC]", ask=partial(self._measure, which=0), ask_parameters=(0, 1)),
            Command("MEASure:CURRent[:DC]", ask=partial(self._measure, which=1), ask_parameters=(0, 1)),
            self._setting("OUTPut[:STATe]", self._switch, lambda n: _word(outputs[n].is_on)),
            self._question("OUTPut:MODE", self._mode),
            self._question("OUTPut:CVCC", self._mode),
            *self._protection("OVP"),
            *self._protection("OCP"),
        ]

    def _protection(self, name: str) -> list[Command]:
        outputs, root = self._outputs, f"OUTPut:{name}"
        level, tripped, state = PROTECTIONS[name]

        def ask_trip(number: int) -> str:
            return "YES" if getattr(outputs[number], tripped) else "NO"

        return [
            self._setting(
                f"{root}:VALue", partial(self._set_level, name), lambda n: f"{getattr(outputs[n], level):.3f}"
            ),
            self._setting(
                f"{root}[:STATe]", partial(self._arm, name), lambda n: _word(getattr(outputs[n], state))
            ),
            self._question(f"{root}:QUES", ask_trip),
            self._question(f"{root}:ALAR", ask_trip),
            Command(f"{root}:CLEAR", partial(self._clear, tripped), parameters=(0, 1)),
        ]

    def _setting(self, pattern: str, act: Callable[[Call], None], text: Callable[[int], str]) -> Command:
        return Command(pattern, act, self._told(text), (1, 2), (0, 1))

    def _question(self, pattern: str, text: Callable[[int], str]) -> Command:
        return Command(pattern, ask=self._told(text), ask_parameters=(0, 1))

    # Which output, and which value

    def _told(self, text: Callable[[int], str]) -> Callable[[Call], str]:
        """Return the handler of a question about one output."""
        return lambda call: text(self._named(list(call.arguments)))

    def _named(self, arguments: list[str]) -> int:
        """Take the output's name from the front of the arguments; without one it is the chosen output."""
        if arguments and re.fullmatch(r"CH\d", arguments[0], re.IGNORECASE):
            number = int(arguments.pop(0)[2:])
            self._outputs.check(number)
            return number
        return self._selected

    def _only(self, arguments: list[str], kind: Kind) -> float:
        if len(arguments) != 1:
            raise ScpiError(-108 if arguments else -109)
        try:
            return float(kind.read(arguments[0]))
        except ScpiError as error:
            raise ScpiError(ILLEGAL_VALUE if error.number == OUT_OF_RANGE else error.number) from None

    def _select(self, call: Call) -> None:
        self._selected = int(self._only(call.arguments, Number(1, 1, len(RATINGS), decimals=0)))

    # Voltage and current

    def _set_volts(self, call: Call) -> None:
        (number,) = call.suffixes
        self._outputs.set_voltage(number, self._only(call.arguments, self._outputs.ranges(number).volts))

    def _ask_volts(self, call: Call) -> str:
        return f"{self._outputs[call.suffixes[0]].set_v:.3f}"

    def _set_amps(self, call: Call) -> None:
        (number,) = call.suffixes
        self._outputs[number].limit_a = self._only(call.arguments, self._outputs.ranges(number).amps)

    def _ask_amps(self, call: Call) -> str:
        return f"{self._outputs[call.suffixes[0]].limit_a:.4f}"

    def _apply(self, call: Call) -> None:
        arguments = list(call.arguments)
        self._selected = number = self._named(arguments)
        ranges = self._outputs.ranges(number)
        values = [
            self._only([text], kind)
            for text, kind in zip(arguments, (ranges.volts, ranges.amps), strict=False)
        ]
        if values:
            self._outputs.set_voltage(number, values[0])
        if len(values) > 1:
            self._outputs[number].limit_a = values[1]

    def _ask_apply(self, call: Call) -> str:
        number = self._named(list(call.arguments))
        rating, output = RATINGS[number - 1], self._outputs[number]
        return f"CH{number}:{rating.rated_v:g}V/{rating.rated_a:g}A,{output.set_v:.3f},{output.limit_a:.4f}"

    async def _measure(self, call: Call, which: int | None = None) -> str:
        volts, amps = await self._outputs.measure(self._named(list(call.arguments)))
        values = [f"{volts:.4f}", f"{amps:.4f}", f"{volts * amps:.3f}"]
        return ",".join(values) if which is None else values[which]

    # Switching and protection

    def _switch(self, call: Call) -> None:
        arguments = list(call.arguments)
        number = self._named(arguments)
        self._outputs.switch(number, bool(self._only(arguments, SWITCH)))

    def _mode(self, number: int) -> str:
        if not self._outputs[number].is_on:
            return "CV"
        return "CC" if self._outputs.is_limiting(number) else "CV"

    def _set_level(self, name: str, call: Call) -> None:
        arguments = list(call.arguments)
        number = self._named(arguments)
        ranges, output = self._outputs.ranges(number), self._outputs[number]
        if name == "OVP":
            volts = self._only(arguments, ranges.over_voltage)
            output.guard_voltage_at(volts, enabled=output.over_voltage_on)
        else:
            output.over_current_a = self._only(arguments, ranges.over_current)

    def _arm(self, name: str, call: Call) -> None:
        arguments = list(call.arguments)
        output = self._outputs[self._named(arguments)]
        on = bool(self._only(arguments, SWITCH))
        if name == "OVP":
            output.guard_voltage_at(output.over_voltage_v, enabled=on)
        else:
            output.over_current_on = on

    def _clear(self, tripped: str, call: Call) -> None:
        output = self._outputs[self._named(list(call.arguments))]
        setattr(output, tripped, False)


def _word(on: bool) -> str:
    return "ON" if on else "OFF"
