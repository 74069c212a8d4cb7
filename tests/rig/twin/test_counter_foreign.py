"""The emulated counter judged by clients written by others: PyMeasure and plain PyVISA over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pyvisa
from pymeasure.instruments import Instrument, SCPIMixin

from rig.twin.emulators.counter_keysight import KeysightEmulator
from tests.support.pulse_train import PulseTrain
from tests.support.serving import serving_one


class PyMeasureCounter(SCPIMixin, Instrument):  # type: ignore[misc]
    """What a user of PyMeasure would write for this counter."""

    gate_s = Instrument.control(
        "SENS:FREQ:GATE:TIME?", "SENS:FREQ:GATE:TIME %g", "Control the gate time in s."
    )
    samples = Instrument.control("SAMP:COUN?", "SAMP:COUN %d", "Control the samples per trigger.", cast=int)

    def __init__(self, resource: str) -> None:
        ends = {"read_termination": "\n", "write_termination": "\n"}
        super().__init__(resource, "53230A", visa_library="@py", timeout=2000, **ends)


@pytest.fixture
def resource() -> Iterator[str]:
    with serving_one(lambda bench: KeysightEmulator(PulseTrain.regular())) as where:
        host, _, port = where.partition(":")
        yield f"TCPIP0::{host}::{port}::SOCKET"


@pytest.fixture
def foreign(resource: str) -> Iterator[Any]:
    counter = PyMeasureCounter(resource)
    yield counter
    counter.adapter.connection.close()  # the manager behind it is the process's only one


@pytest.fixture
def session(resource: str) -> Iterator[Any]:
    session: Any = pyvisa.ResourceManager("@py").open_resource(
        resource, read_termination="\n", write_termination="\n", timeout=2000
    )
    yield session
    session.close()


def test_pymeasure_identifies_it(foreign: Any) -> None:
    assert foreign.id.startswith("Agilent Technologies,53230A,MY63260252,")
    assert foreign.complete == "1"


def test_pymeasure_controls_and_measures(foreign: Any) -> None:
    foreign.write("CONF:FREQ (@1);:INP:COUP DC;:INP:LEV 2.5")
    foreign.gate_s = 0.2
    foreign.samples = 3
    assert (foreign.gate_s, foreign.samples) == (0.2, 3)
    assert foreign.values("READ?") == pytest.approx([100.0] * 3)
    assert foreign.check_errors() == []


def test_pymeasure_hears_of_errors(foreign: Any, caplog: pytest.LogCaptureFixture) -> None:
    foreign.write("CONF:TIMestamp (5)")
    foreign.write("INP:LEV 77")
    numbers = [int(error[0]) for error in foreign.check_errors()]
    assert numbers == [-113, -222]


def test_pymeasure_resets_and_clears(foreign: Any) -> None:
    foreign.samples = 7
    foreign.reset()
    foreign.clear()
    assert foreign.samples == 1


def test_pyvisa_reads_text_values(session: Any) -> None:
    session.write("CONF:PDUT (@1);:INP:COUP DC;:INP:LEV 2.5;:SAMP:COUN 10")
    assert session.query_ascii_values("READ?") == pytest.approx([0.2] * 10)


@pytest.mark.parametrize(("order", "big_endian"), [("NORM", True), ("SWAP", False)])
def test_pyvisa_reads_blocks(session: Any, order: str, big_endian: bool) -> None:
    session.write(
        f"FORM REAL,64;:FORM:BORD {order};:CONF:PER;:INP:COUP DC;:INP:LEV 2.5;:SAMP:COUN 8;:INIT;*WAI"
    )
    values = session.query_binary_values("R?", datatype="d", is_big_endian=big_endian)
    assert values == pytest.approx([0.01] * 8)


def test_several_queries_come_back_in_one_line(session: Any) -> None:
    assert session.query("SAMP:COUN?;:TRIG:SOUR?;*OPC?;:SYST:ERR?") == '+1;IMM;1;+0,"No error"'


def test_messages_are_answered_in_order_though_sent_at_once(session: Any) -> None:
    session.write("*IDN?\nSAMP:COUN?\nSYST:ERR?")
    assert session.read().startswith("Agilent")
    assert session.read() == "+1"
    assert session.read() == '+0,"No error"'
