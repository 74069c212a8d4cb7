"""The emulated supplies, message by message, with a resistor on their first output."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_syntax import ERROR_TEXTS
from rig.twin.emulators.supply_keysight import KeysightSupply
from rig.twin.emulators.supply_rigol import RigolSupply
from tests.support.resistor import Resistor

EXCHANGE = Path(__file__).parents[2] / "data" / "rigol_dp800_exchange.txt"


def say(supply: ScpiDevice, *messages: str) -> str:
    """Send messages; return the answer to the last one without its line feed, empty for none."""
    answers = [asyncio.run(supply.answer(message.encode("ascii"))) for message in messages]
    return (answers[-1] or b"").removesuffix(b"\n").decode("ascii")


def wait(load: Resistor, seconds: float = 0.1) -> None:
    """Let simulated time pass."""
    asyncio.run(load.time.wait(seconds))


@pytest.fixture
def load() -> Resistor:
    return Resistor(ohm=10.0)


@pytest.fixture
def keysight(load: Resistor) -> KeysightSupply:
    return KeysightSupply(load)


@pytest.fixture
def rigol(load: Resistor) -> RigolSupply:
    return RigolSupply(load)


class TestKeysight:
    def test_identity(self, keysight: KeysightSupply) -> None:
        assert say(keysight, "*IDN?").split(",")[:3] == ["Keysight Technologies", "E36312A", "MY59002187"]

    def test_a_setting_is_told_in_the_manual_s_form(self, keysight: KeysightSupply) -> None:
        assert say(keysight, "VOLT 3.7, (@1)", "VOLT? (@1)") == "+3.70000000E+00"
        assert say(keysight, "CURR 1.5, (@1)", "SOUR:CURR:LEV:IMM:AMPL? (@1)") == "+1.50000000E+00"
        assert say(keysight, "OUTP ON, (@1)", "OUTP? (@1)") == "1"

    def test_one_command_goes_to_several_outputs(self, keysight: KeysightSupply) -> None:
        say(keysight, "VOLT 5,(@1,3)", "OUTP 1,(@2:3)")
        assert say(keysight, "VOLT? (@1:3)") == "+5.00000000E+00,+0.00000000E+00,+5.00000000E+00"
        assert say(keysight, "OUTP? (@1:3)") == "0,1,1"

    def test_without_a_list_it_goes_to_the_chosen_one(self, keysight: KeysightSupply) -> None:
        assert say(keysight, "INST:NSEL 2;:VOLT 20", "VOLT? (@2);:INST:NSEL?") == "+2.00000000E+01;2"

    def test_ranges_are_those_of_the_output(self, keysight: KeysightSupply) -> None:
        assert say(keysight, "VOLT? MAX,(@1);:VOLT? MAX,(@2);:CURR? MIN,(@1)") == (
            "+6.18000000E+00;+2.57500000E+01;+0.00000000E+00"
        )
        assert say(keysight, "VOLT MAX,(@1)", "VOLT? (@1)") == "+6.18000000E+00"

    def test_it_measures_what_the_load_draws(self, keysight: KeysightSupply, load: Resistor) -> None:
        say(keysight, "VOLT 4,(@1);:CURR 1,(@1);:OUTP 1,(@1)")
        before_s = load.time.now()
        volts, amps = say(keysight, "MEAS:VOLT? (@1);:MEAS:CURR? (@1)").split(";")
        assert (float(volts), float(amps)) == (pytest.approx(4.0), pytest.approx(0.4))
        assert load.time.now() - before_s == pytest.approx(0.04), "each takes its time"
        assert float(say(keysight, "MEAS:CURR? (@2)")) == 0.0, "nothing hangs on output 2"

    def test_readings_have_the_truth_s_errors(self) -> None:
        supply = KeysightSupply(Resistor(10.0, readback_voltage_error=0.01, readback_current_offset_a=0.05))
        say(supply, "VOLT 4,(@1);:CURR 1,(@1);:OUTP 1,(@1)")
        assert float(say(supply, "MEAS:VOLT? (@1)")) == pytest.approx(4.04)
        assert float(say(supply, "MEAS:CURR? (@1)")) == pytest.approx(0.45)

    def test_it_says_what_it_holds(self, keysight: KeysightSupply, load: Resistor) -> None:
        condition = "STAT:QUES:INST:ISUM1:COND?"
        assert say(keysight, condition) == "+0"
        assert say(keysight, "VOLT 4,(@1);:CURR 1,(@1);:OUTP 1,(@1)", condition) == "+2"
        wait(load)
        assert say(keysight, condition) == "+2"
        assert say(keysight, "CURR 0.1,(@1)", condition) == "+1"
        assert float(say(keysight, "MEAS:VOLT? (@1)")) == pytest.approx(1.0)

    def test_over_voltage_protection(self, keysight: KeysightSupply) -> None:
        say(keysight, "VOLT:PROT 4.5,(@1);:VOLT:PROT:STAT ON,(@1);:VOLT 4,(@1);:OUTP 1,(@1)")
        assert say(keysight, "VOLT:PROT? (@1);:VOLT:PROT:TRIP? (@1)") == "+4.50000000E+00;0"
        assert say(keysight, "VOLT 5,(@1)", "VOLT:PROT:TRIP? (@1);:OUTP? (@1)") == "1;0"
        assert say(keysight, "OUTP 1,(@1)", "OUTP? (@1)") == "0"
        assert say(keysight, "VOLT 4,(@1);:OUTP:PROT:CLE (@1);:OUTP 1,(@1)", "OUTP? (@1)") == "1"

    def test_over_current_protection_waits(self, keysight: KeysightSupply, load: Resistor) -> None:
        say(
            keysight, "VOLT 4,(@1);:CURR 0.1,(@1);:CURR:PROT:DEL 0.1,(@1);:CURR:PROT:STAT 1,(@1);:OUTP 1,(@1)"
        )
        wait(load, 0.02)
        assert say(keysight, "CURR:PROT:TRIP? (@1)") == "0"
        wait(load, 0.11)
        assert say(keysight, "CURR:PROT:TRIP? (@1);:OUTP? (@1)") == "1;0"
        assert say(keysight, "CURR:PROT:CLE (@1)", "CURR:PROT:TRIP? (@1)") == "0"

    def test_a_reset_switches_everything_off(self, keysight: KeysightSupply) -> None:
        say(keysight, "VOLT 4,(@1);:OUTP 1,(@1:3);:INST:NSEL 3", "*RST")
        assert say(keysight, "OUTP? (@1:3);:VOLT? (@1);:INST:NSEL?;:VOLT:PROT:STAT? (@1)") == (
            "0,0,0;+0.00000000E+00;1;1"
        )

    @pytest.mark.parametrize(
        ("message", "number"),
        [
            ("VOLT 7,(@1)", -222),
            ("CURR -1,(@1)", -222),
            ("VOLT 1,(@4)", -222),
            ("VOLT (@1)", -104),
            ("VOLT 1,2", -171),
            ("VOLT? 3", -224),
            ("OUTP MAYBE,(@1)", -104),
            ("VOLTS 3", -113),
            ("STAT:QUES:INST:ISUM4:COND?", -114),
            ("INST:NSEL 4", -222),
        ],
    )
    def test_refusals(self, keysight: KeysightSupply, message: str, number: int) -> None:
        assert say(keysight, message) == ""
        assert say(keysight, "SYST:ERR?") == f'{number:+d},"{ERROR_TEXTS[number]}"'
        assert say(keysight, "SYST:ERR?") == '+0,"No error"'


class TestRigol:
    def test_identity(self, rigol: RigolSupply) -> None:
        assert say(rigol, "*IDN?").split(",")[:3] == ["RIGOL TECHNOLOGIES", "DP832A", "MY59002187"]

    def test_it_answers_a_client_written_by_others_as_a_simulator_written_by_others_does(
        self, rigol: RigolSupply
    ) -> None:
        lines = [line for line in EXCHANGE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
        compared = 0
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if line.startswith("> "):
                answer = say(rigol, line[2:])
                if following.startswith("< ") and "? CH2" not in line and "? CH3" not in line:
                    assert answer == following[2:], line
                    compared += 1
        assert compared > 30

    def test_the_other_outputs_are_told_by_name(self, rigol: RigolSupply) -> None:
        say(rigol, ":SOUR2:VOLT 12.5", ":APPL CH3,5,1.25")
        assert say(rigol, ":APPL? CH2") == "CH2:30V/3A,12.500,3.0000"
        assert say(rigol, ":APPL? CH3") == "CH3:5V/3A,5.000,1.2500"
        assert say(rigol, ":INST:NSEL?;:SOUR3:CURR?;:SOUR2:VOLT?") == "3;1.2500;12.500"

    def test_it_measures_all_at_once(self, rigol: RigolSupply, load: Resistor) -> None:
        say(rigol, ":SOUR1:VOLT 4.2", ":OUTP CH1,ON")
        before_s = load.time.now()
        assert say(rigol, ":MEAS:ALL? CH1") == "4.2000,0.4200,1.764"
        assert load.time.now() - before_s == pytest.approx(0.02)
        assert say(rigol, ":MEAS? CH1;:MEAS:CURR? CH1") == "4.2000;0.4200"

    def test_it_says_what_it_holds(self, rigol: RigolSupply, load: Resistor) -> None:
        say(rigol, ":SOUR1:VOLT 4.2", ":OUTP ON")
        wait(load)
        assert say(rigol, ":OUTP:MODE? CH1") == "CV"
        assert say(rigol, ":SOUR1:CURR 0.1", ":OUTP:CVCC?") == "CC"

    def test_over_current_has_a_level_of_its_own_and_acts_at_once(self, rigol: RigolSupply) -> None:
        say(rigol, ":OUTP:OCP:VAL CH1,0.3", ":OUTP:OCP CH1,ON", ":SOUR1:VOLT 2", ":OUTP CH1,ON")
        assert say(rigol, ":OUTP:OCP:QUES? CH1;:OUTP? CH1") == "NO;ON"
        assert say(rigol, ":SOUR1:VOLT 4", ":MEAS:ALL? CH1;:OUTP:OCP:QUES? CH1;:OUTP? CH1") == (
            "0.0000,0.0000,0.000;YES;OFF"
        )
        assert say(rigol, ":OUTP:OCP:CLEAR CH1", ":OUTP:OCP:ALAR? CH1") == "NO"

    def test_a_reset_leaves_protection_off(self, rigol: RigolSupply) -> None:
        say(rigol, ":OUTP:OVP CH1,ON;:OUTP:OCP CH1,ON;:OUTP CH1,ON", "*RST")
        assert say(rigol, ":OUTP:OVP? CH1;:OUTP:OCP? CH1;:OUTP? CH1") == "OFF;OFF;OFF"
        assert say(rigol, ":OUTP:OVP:VAL? CH1;:OUTP:OCP:VAL? CH1") == "33.000;3.300"

    @pytest.mark.parametrize(
        ("message", "number"),
        [
            (":SOUR1:VOLT 99", -224),
            (":SOUR4:VOLT 1", -114),
            (":OUTP CH4,ON", -224),
            (":OUTP CH1", -109),
            (":OUTP CH1,MAYBE", -104),
            (":APPL CH1,5,9", -224),
            (":OUTP:OVP:VAL CH1,99", -224),
            (":SOUR1:VOLTS 1", -113),
        ],
    )
    def test_refusals(self, rigol: RigolSupply, message: str, number: int) -> None:
        assert say(rigol, message) == ""
        assert say(rigol, ":SYST:ERR?") == f'{number},"{ERROR_TEXTS[number]}"'
        assert say(rigol, ":SYST:ERR?") == '0,"No error"'

    def test_what_is_refused_changes_nothing(self, rigol: RigolSupply) -> None:
        say(rigol, ":APPL CH1,5,1", ":APPL CH1,6,9")
        assert say(rigol, ":APPL? CH1") == "CH1:30V/3A,5.000,1.0000"


HEADERS = ["VOLT", "CURR", "OUTP", "VOLT:PROT", "MEAS:VOLT", "MEAS:ALL", "APPL", "OUTP:OVP:VAL", "SOUR2:VOLT"]
PARAMETERS = ["", "?", " 2", " 2,(@1)", " (@1:3)", " CH1,3", " CH9", " ON", " MAX", ";", ";:"]


@given(
    st.sampled_from([KeysightSupply, RigolSupply]),
    st.lists(st.sampled_from(HEADERS + PARAMETERS), max_size=9),
)
def test_no_message_breaks_it(kind: type[KeysightSupply] | type[RigolSupply], pieces: list[str]) -> None:
    supply = kind(Resistor())
    say(supply, "".join(pieces))
    while not (error := say(supply, "SYST:ERR?")).lstrip("+").startswith("0,"):
        assert int(error.partition(",")[0]) in ERROR_TEXTS
