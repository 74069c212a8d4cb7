"""The supply: Keysight E36311A, E36312A or E36313A, over its LAN socket or any other VISA resource.

Sources: E36300 Series Programming Guide; E364xA User's Guide for the bits of the questionable summary (1 for
constant current, 2 for constant voltage). Questions that belong together go in one message.
"""

from __future__ import annotations

from typing import ClassVar

from rig.errors import InstrumentReplyError
from rig.instruments.roles import SupplyReading
from rig.instruments.supply_scpi import ScpiSupply

NO_OUTPUT = 9e37  # what stands for "no number" is larger
SWITCH = {"0": False, "1": True}


class KeysightSupply(ScpiSupply):
    """One output of an E36300; arguments and errors as :class:`~rig.instruments.supply_scpi.ScpiSupply`."""

    MODELS: ClassVar[tuple[str, ...]] = ("E36311A", "E36312A", "E36313A")

    @property
    def _at(self) -> str:
        return f"(@{self._channel})"

    def is_on(self) -> bool:
        """Say whether the output is on."""
        return self._word(f"OUTP? {self._at}", SWITCH)

    def is_limiting(self) -> bool:
        """Say whether the output holds its current limit and not its voltage."""
        (bits,) = self._numbers(f"STAT:QUES:INST:ISUM{self._channel}:COND?", 1)
        return int(bits) & 3 == 1

    def has_tripped(self) -> bool:
        """Say whether a protection has switched the output off."""
        return self._word(f"VOLT:PROT:TRIP? {self._at}", SWITCH) or self._word(
            f"CURR:PROT:TRIP? {self._at}", SWITCH
        )

    def measure(self) -> SupplyReading:
        """Return voltage and current at the terminals, measured one after the other."""
        question = f"MEAS:VOLT? {self._at};:MEAS:CURR? {self._at}"
        voltage_v, current_a = self._numbers(question, 2, separator=";")
        if max(abs(voltage_v), abs(current_a)) >= NO_OUTPUT:
            raise InstrumentReplyError(
                self.role,
                f"it measured {voltage_v:g} V, {current_a:g} A",
                expected="numbers within its ranges",
                do="Check the supply's display for an overload",
            )
        return SupplyReading(voltage_v, current_a)

    def _limit_words(self, voltage_v: float, current_a: float) -> list[str]:
        return [
            f"VOLT:PROT {voltage_v:.4f}, {self._at}",
            f"VOLT:PROT:STAT ON, {self._at}",
            f"CURR {current_a:.4f}, {self._at}",
        ]

    def _read_limits(self) -> tuple[float, float, bool]:
        (voltage_v,) = self._numbers(f"VOLT:PROT? {self._at}", 1)
        (current_a,) = self._numbers(f"CURR? {self._at}", 1)
        return voltage_v, current_a, self._word(f"VOLT:PROT:STAT? {self._at}", SWITCH)

    def _read_voltage(self) -> float:
        return self._numbers(f"VOLT? {self._at}", 1)[0]

    def _voltage_words(self, voltage_v: float) -> str:
        return f"VOLT {voltage_v:.4f}, {self._at}"

    def _output_words(self, on: bool) -> str:
        return f"OUTP {on:d}, {self._at}"
