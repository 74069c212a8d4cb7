"""The emulated supplies judged by clients written by others: PyMeasure and plain PyVISA over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pyvisa
from pymeasure.instruments import Channel, Instrument, SCPIMixin
from pymeasure.instruments.keysight import KeysightE36312A

from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.supply_keysight import KeysightSupply
from rig.twin.emulators.supply_rigol import RigolSupply
from tests.support.resistor import Resistor
from tests.support.serving import serving_one

ENDS = {"read_termination": "\n", "write_termination": "\n"}


class RigolChannel(Channel):  # type: ignore[misc]
    """An output, as a user of PyMeasure would describe it from the DP800's manual."""

    voltage = Channel.control(":SOUR{ch}:VOLT?", ":SOUR{ch}:VOLT %g", "Control the voltage in V.")
    current_limit = Channel.control(":SOUR{ch}:CURR?", ":SOUR{ch}:CURR %g", "Control the limit in A.")
    output = Channel.control(
        ":OUTP? CH{ch}", ":OUTP CH{ch},%s", "Control the output.", map_values=True,
        values={True: "ON", False: "OFF"},
    )  # fmt: skip
    measured = Channel.measurement(":MEAS:ALL? CH{ch}", "Measure voltage, current and power.")
    mode = Channel.measurement(":OUTP:MODE? CH{ch}", "Get CV or CC.")


class PyMeasureRigol(SCPIMixin, Instrument):  # type: ignore[misc]
    """What a user of PyMeasure would write for a DP832A."""

    channels = Instrument.MultiChannelCreator(RigolChannel, [1, 2, 3])

    def __init__(self, resource: str) -> None:
        super().__init__(resource, "DP832A", visa_library="@py", timeout=2000, **ENDS)


@contextmanager
def served(kind: type[KeysightSupply] | type[RigolSupply], ohm: float = 10.0) -> Iterator[str]:
    """Serve a supply with a resistor on output 1; yield its VISA resource."""

    def make(bench: object) -> ScpiDevice:
        return kind(Resistor(ohm))

    with serving_one(make) as where:
        host, _, port = where.partition(":")
        yield f"TCPIP0::{host}::{port}::SOCKET"


@pytest.fixture
def keysight() -> Iterator[Any]:
    with served(KeysightSupply) as resource:
        client = KeysightE36312A(resource, visa_library="@py", timeout=2000, **ENDS)
        yield client
        client.adapter.connection.close()  # the manager behind it is the process's only one


@pytest.fixture
def rigol() -> Iterator[Any]:
    with served(RigolSupply) as resource:
        client = PyMeasureRigol(resource)
        yield client
        client.adapter.connection.close()


def test_pymeasure_s_own_driver_sets_and_measures_the_keysight(keysight: Any) -> None:
    assert keysight.id.startswith("Keysight Technologies,E36312A,MY59002187,")
    keysight.ch_1.voltage_setpoint = 4.2
    keysight.ch_1.current_limit = 1.5
    keysight.ch_1.output_enabled = True
    assert keysight.ch_1.output_enabled is True
    assert (keysight.ch_1.voltage_setpoint, keysight.ch_1.current_limit) == (4.2, 1.5)
    assert keysight.ch_1.voltage == pytest.approx(4.2)
    assert keysight.ch_1.current == pytest.approx(0.42)
    assert keysight.check_errors() == []


def test_pymeasure_s_own_driver_meets_three_outputs(keysight: Any) -> None:
    keysight.ch_2.voltage_setpoint = 20
    keysight.ch_2.output_enabled = True
    assert keysight.ch_2.voltage == pytest.approx(20)
    assert keysight.ch_2.current == 0
    assert keysight.ch_3.output_enabled is False


def test_pymeasure_s_own_driver_sees_the_current_limited(keysight: Any) -> None:
    keysight.ch_1.voltage_setpoint = 5
    keysight.ch_1.current_limit = 0.2
    keysight.ch_1.output_enabled = True
    assert keysight.ch_1.current == pytest.approx(0.2)
    assert keysight.ch_1.voltage == pytest.approx(2.0)


def test_pymeasure_s_own_driver_hears_of_errors(keysight: Any) -> None:
    keysight.write("VOLT 9, (@1)")
    keysight.write("VOLTS 9")
    assert [int(error[0]) for error in keysight.check_errors()] == [-222, -113]
    keysight.ch_1.output_enabled = True
    keysight.reset()
    assert keysight.ch_1.output_enabled is False


def test_pymeasure_sets_and_measures_the_rigol(rigol: Any) -> None:
    assert rigol.id.startswith("RIGOL TECHNOLOGIES,DP832A,")
    one = rigol.channels[1]
    one.voltage, one.current_limit, one.output = 4.2, 0.2, True
    assert (one.voltage, one.current_limit, one.output) == (4.2, 0.2, True)
    assert one.measured == pytest.approx([2.0, 0.2, 0.4], abs=1e-3)
    assert one.mode == "CC"
    assert rigol.check_errors() == []


def test_pymeasure_hears_of_the_rigol_s_errors(rigol: Any) -> None:
    rigol.channels[1].voltage = 99
    assert [int(error[0]) for error in rigol.check_errors()] == [-224]


def test_several_questions_come_back_in_one_line() -> None:
    with served(KeysightSupply) as resource:
        session: Any = pyvisa.ResourceManager("@py").open_resource(resource, timeout=2000, **ENDS)
        session.write("VOLT 4, (@1);:OUTP 1, (@1)")
        assert session.query_ascii_values("MEAS:VOLT? (@1);:MEAS:CURR? (@1)", separator=";") == pytest.approx(
            [4.0, 0.4]
        )
        session.close()
