"""The supplies' drivers against the emulated supplies, which have a load on their outputs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.clock import WallClock
from rig.errors import (
    InstrumentRejected,
)
from rig.instruments.roles import Supply, SupplyReading
from rig.instruments.supply_keysight import KeysightSupply
from rig.instruments.supply_rigol import RigolSupply
from rig.instruments.wirelog import WireLog
from rig.twin.emulators import supply_keysight, supply_rigol
from rig.twin.emulators.scpi import ScpiDevice
from tests.support.resistor import Resistor
from tests.support.serving import serving_one


class TestAgainstTheEmulators:
    @pytest.fixture(
        params=[(KeysightSupply, supply_keysight.KeysightSupply), (RigolSupply, supply_rigol.RigolSupply)]
    )
    def supply(self, request: pytest.FixtureRequest) -> Iterator[Supply]:
        driver, emulator = request.param

        def make(bench: object) -> ScpiDevice:
            made: ScpiDevice = emulator(Resistor(10.0))
            return made

        with serving_one(make) as where:
            host, _, port = where.partition(":")
            resource = f"TCPIP0::{host}::{port}::SOCKET"
            supply = driver("supply", resource, WireLog(), WallClock(), timeout_s=2.0)
            yield supply
            supply.close()

    def test_all_of_it(self, supply: Supply) -> None:
        supply.limit(voltage_v=4.4, current_a=0.3)
        supply.set_voltage(2.5)
        supply.switch_on()
        reading = supply.measure()
        assert (reading.voltage_v, reading.current_a) == pytest.approx((2.5, 0.25), abs=1e-3)
        assert supply.is_on()
        assert not supply.is_limiting()
        supply.set_voltage(4.0)
        assert supply.measure().current_a == pytest.approx(0.3, abs=1e-3)
        assert supply.is_limiting()
        assert not supply.has_tripped()
        supply.switch_off()
        assert not supply.is_on()
        assert supply.measure() == SupplyReading(0.0, 0.0)

    def test_a_tripped_output_is_told(self, supply: Supply) -> None:
        supply.limit(voltage_v=4.4, current_a=1.0)
        supply.set_voltage(4.0)
        supply.switch_on()
        supply.limit(voltage_v=3.5, current_a=1.0)
        assert not supply.is_on()
        assert supply.has_tripped()
        with pytest.raises(InstrumentRejected, match="stays off"):
            supply.switch_on()

    def test_limits_beyond_its_ranges_are_rejected(self, supply: Supply) -> None:
        with pytest.raises(InstrumentRejected, match="refused"):
            supply.limit(voltage_v=99.0, current_a=1.0)
