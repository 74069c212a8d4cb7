"""The supply: Rigol DP800 series (DP831A, DP832, DP832A …), over its LAN socket or any other VISA resource.

Source: DP800 Programming Guide. Numbers are written and answered plainly. The over-current protection is left
off: the current limit holds without switching a pen off at every start of its motor.
"""

from __future__ import annotations

import re
from typing import ClassVar

from rig.instruments.roles import SupplyReading
from rig.instruments.supply_scpi import ScpiSupply

_APPLIED = re.compile(r"[^,]*,(?:[^,]*,)?(\d{1,4}(?:\.\d{0,9})?)")
SWITCH = {"OFF": False, "ON": True}
TRIPPED = {"NO": False, "YES": True}
LIMITING = {"CV": False, "CC": True, "UR": False}


class RigolSupply(ScpiSupply):
    """One output of a DP800; arguments and errors as :class:`~rig.instruments.supply_scpi.ScpiSupply`."""

    MODELS: ClassVar[tuple[str, ...]] = ("DP821A", "DP831A", "DP832A", "DP821", "DP831", "DP832")

    @property
    def _name(self) -> str:
        return f"CH{self._channel}"

    def is_on(self) -> bool:
        """Say whether the output is on."""
        return self._word(f":OUTP? {self._name}", SWITCH)

    def is_limiting(self) -> bool:
        """Say whether the output holds its current limit and not its voltage."""
        return self._word(f":OUTP:MODE? {self._name}", LIMITING)

    def has_tripped(self) -> bool:
        """Say whether a protection has switched the output off."""
        return any(self._word(f":OUTP:{kind}:QUES? {self._name}", TRIPPED) for kind in ("OVP", "OCP"))

    def measure(self) -> SupplyReading:
        """Return voltage and current at the terminals, measured at once."""
        voltage_v, current_a, _power_w = self._numbers(f":MEAS:ALL? {self._name}", 3)
        return SupplyReading(voltage_v, current_a)

    def _limit_words(self, voltage_v: float, current_a: float) -> list[str]:
        return [
            f":OUTP:OVP:VAL {self._name},{voltage_v:.3f}",
            f":OUTP:OVP {self._name},ON",
            f":SOUR{self._channel}:CURR {current_a:.4f}",
        ]

    def _read_limits(self) -> tuple[float, float, bool]:
        (voltage_v,) = self._numbers(f":OUTP:OVP:VAL? {self._name}", 1)
        armed = self._word(f":OUTP:OVP? {self._name}", SWITCH)
        return voltage_v, self._current_limit_a(), armed

    def _current_limit_a(self) -> float:
        """Take the last of ``CH1:30V/3A,4.200,1.5000`` (some models leave the rating out)."""
        question = f":APPL? {self._name}"

        def ask() -> float:
            answer = self._link.query(question)
            found = _APPLIED.fullmatch(answer)
            if found is None:
                raise self._misread(question, answer, "name,voltage,current")
            return float(found[1])

        return self._link.again(ask)

    def _read_voltage(self) -> float:
        return self._numbers(f":SOUR{self._channel}:VOLT?", 1)[0]

    def _voltage_words(self, voltage_v: float) -> str:
        return f":SOUR{self._channel}:VOLT {voltage_v:.3f}"

    def _output_words(self, on: bool) -> str:
        return f":OUTP {self._name},{'ON' if on else 'OFF'}"
