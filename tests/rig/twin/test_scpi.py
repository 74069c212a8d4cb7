"""The SCPI front end of the emulators, on an instrument made up for the purpose."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.emulators.scpi import ScpiDevice
from rig.twin.emulators.scpi_command import Call, Command, Setting
from rig.twin.emulators.scpi_syntax import ERROR_TEXTS, Header, ScpiError, cut
from rig.twin.emulators.scpi_values import Choice, Flag, Number, Text, nr3, read_channels, read_number


class Supply(ScpiDevice):
    """Two outputs, a switch, and an operation that takes until it is told to end."""

    def __init__(self) -> None:
        self.running = False
        settings = [
            Setting("[SOURce<2>:]VOLTage[:LEVel]", Number(1.0, 0.0, 20.0, "V", 8)),
            Setting("[SOURce<2>:]VOLTage:PROTection", Number(21.0, 0.0, 21.0, "V", 8)),
            Setting("OUTPut[:STATe]", Flag(False)),
            Setting("TRIGger:SOURce", Choice("IMMediate BUS", "IMM")),
            Setting("DISPlay:TEXT", Text("hello")),
            Setting("SYSTem:BEEPer", Flag(True), kept=True),
        ]
        commands = [
            Command("INITiate", lambda call: setattr(self, "running", True)),
            Command("MEASure:VOLTage", ask=self._measure, ask_parameters=(0, 1)),
        ]
        super().__init__("Maker,Model,Serial,1.0", settings, commands)

    @property
    def busy(self) -> bool:
        return self.running

    async def finish(self) -> None:
        self.running = False

    async def _measure(self, call: Call) -> str:
        channels = read_channels(call.arguments[0]) if call.arguments else [1]
        return ",".join(nr3(float(channel)) for channel in channels)


@pytest.fixture
def supply() -> Supply:
    return Supply()


def say(device: ScpiDevice, *messages: str) -> str:
    """Send messages; return the last answer, empty for none."""
    answers = [asyncio.run(device.answer(message.encode("latin-1"))) for message in messages]
    return (answers[-1] or b"").decode("ascii").removesuffix("\n")


def errors(device: ScpiDevice) -> list[int]:
    """Empty the error queue; return the numbers that were in it."""
    numbers = []
    while (entry := say(device, "SYST:ERR?")) != '+0,"No error"':
        numbers.append(int(entry.partition(",")[0]))
    return numbers


@pytest.mark.parametrize("header", ["OUTP", "outp", "OUTPut", ":OUTPUT:STATE", "outp:stat", "  OUTP  "])
def test_short_and_long_forms_and_optional_nodes_are_the_same_header(supply: Supply, header: str) -> None:
    assert say(supply, f"{header} ON", "OUTP?") == "1"
    assert errors(supply) == []


@pytest.mark.parametrize(
    "header", ["OUT", "OUTPU", "OUTPutt", "OUTP:ON", "STAT:OUTP", "VOLT1", "SOUR:SOUR:VOLT"]
)
def test_other_spellings_are_undefined(supply: Supply, header: str) -> None:
    assert say(supply, f"{header} 1") == ""
    assert errors(supply) == [-113]


def test_numeric_suffixes_choose_the_output(supply: Supply) -> None:
    assert (
        say(supply, "SOUR2:VOLT 3;:SOUR1:VOLT 4;:VOLT?;:SOURCE2:VOLT?") == "+4.00000000E+000;+3.00000000E+000"
    )
    say(supply, "SOUR3:VOLT 1")
    assert errors(supply) == [-114]


def test_a_header_without_colon_continues_the_path_before_it(supply: Supply) -> None:
    say(supply, "SOUR:VOLT:LEV 5;PROT 6;*CLS;PROT 7")
    assert say(supply, "VOLT:PROT?;VOLT?") == "+7.00000000E+000"  # the second asks for VOLT:VOLT
    assert errors(supply) == [-113]
    assert say(supply, ":VOLT?;:VOLT:PROT?") == "+5.00000000E+000;+7.00000000E+000"


def test_a_root_header_does_not_open_a_path(supply: Supply) -> None:
    assert say(supply, "VOLT 2;OUTP 1;VOLT?;OUTP?") == "+2.00000000E+000;1"


def test_a_path_that_leads_nowhere_is_an_undefined_header(supply: Supply) -> None:
    assert say(supply, "SOUR:VOLT 2;OUTP 1") == ""
    assert errors(supply) == [-113]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("2", 2),
        ("2.5E0", 2.5),
        ("2500 mV", 2.5),
        ("2.5V", 2.5),
        ("+.5 V", 0.5),
        ("0.001KV", 1),
        ("#HA", 10),
        ("#B11", 3),
        ("MAX", 20),
        ("minimum", 0),
        ("DEF", 1),
    ],
)
def test_numbers(supply: Supply, parameter: str, expected: float) -> None:
    assert float(say(supply, f"VOLT {parameter}", "VOLT?")) == pytest.approx(expected)
    assert errors(supply) == []


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("VOLT", -109),
        ("VOLT 1,2", -108),
        ("OUTP? 1", -108),
        ("VOLT? ON", -224),
        ("VOLT 21", -222),
        ("VOLT 1 S", -131),
        ("VOLT 1 QV", -131),
        ("VOLT abc", -104),
        ("VOLT #Hxyz", -120),
        ("VOLT 1E999", -120),
        ("VOLT 1,", -102),
        ("VOLT ,", -102),
        ("VOLT??", -102),
        ("VOLT:", -102),
        ("!?", -102),
        ("VOLT \xb5", -101),
        ("TRIG:SOUR EXT", -224),
        ("DISP:TEXT hello", -104),
        ('DISP:TEXT "hello', -151),
        ("MEAS:VOLT? (@1", -171),
        ("MEAS:VOLT? (1)", -171),
        ("*TRG", -211),
        ("MEAS:VOLT", -113),
        ("INIT?", -113),
    ],
)
def test_errors_are_queued_and_nothing_is_answered(supply: Supply, message: str, number: int) -> None:
    assert say(supply, message) == ""
    assert errors(supply) == [number]


def test_a_minimum_and_maximum_can_be_asked(supply: Supply) -> None:
    assert say(supply, "VOLT? MAX;:VOLT? MIN;:VOLT? DEF") == ";".join(nr3(v, 8) for v in (20, 0, 1))


def test_strings_keep_separators_and_double_their_quotes(supply: Supply) -> None:
    assert say(supply, """DISP:TEXT 'a;b,"c" (d''s';TEXT?""") == '"a;b,""c"" (d\'s"'


def test_channel_lists(supply: Supply) -> None:
    assert say(supply, "MEAS:VOLT? (@1,3:4)").count(",") == 2
    assert read_channels("(@ 2 )") == [2]


def test_a_grammar_error_discards_the_rest_and_an_execution_error_does_not(supply: Supply) -> None:
    assert say(supply, "VOLT?;FOO 1;VOLT?") == "+1.00000000E+000"
    assert say(supply, ":VOLT 99;:VOLT?") == "+1.00000000E+000"
    assert errors(supply) == [-113, -222]


def test_identity_reset_and_learning(supply: Supply) -> None:
    assert say(supply, "*IDN?") == "Maker,Model,Serial,1.0"
    say(supply, "VOLT 5;:OUTP ON;:SYST:BEEP OFF")
    learnt = say(supply, "*LRN?")
    assert say(supply, "*RST", "VOLT?;:OUTP?;:SYST:BEEP?") == "+1.00000000E+000;0;0"
    assert say(supply, learnt, "VOLT?;:OUTP?") == "+5.00000000E+000;1"
    assert "BEEP" not in learnt


def test_the_error_queue_overflows_into_its_last_entry(supply: Supply) -> None:
    for _ in range(25):
        say(supply, "FOO")
    assert say(supply, "SYST:ERR:COUN?") == "+20"
    assert errors(supply) == [-113] * 19 + [-350]


def test_event_register_and_status_byte(supply: Supply) -> None:
    assert say(supply, "*ESR?;*ESR?") == "+128;+0"
    say(supply, "*ESE 48;*SRE 36;:FOO", "VOLT 99")
    assert say(supply, "*STB?") == "+100"  # errors queued, event summary, master
    assert say(supply, "*ESR?;*STB?") == "+48;+84"  # an answer waits, errors still queued
    assert say(supply, "*CLS;*STB?;*ESE?;*SRE?") == "+0;+48;+36"


def test_operation_complete(supply: Supply) -> None:
    say(supply, "*CLS;INIT;*OPC")
    assert say(supply, "*ESR?") == "+0"
    assert say(supply, "*OPC?") == "1"
    assert say(supply, "*ESR?") == "+1"
    assert say(supply, "*OPC;*ESR?;*WAI;*TST?") == "+1;+0"


def test_scpi_registers(supply: Supply) -> None:
    supply.status.questionable.note(32)
    say(supply, "STAT:QUES:ENAB 32")
    assert say(supply, "*STB?;:STAT:QUES:COND?;:STAT:QUES?;:STAT:QUES:EVEN?") == "+8;+0;+32;+0"
    assert say(supply, "STAT:PRES;:STAT:QUES:ENAB?;:STAT:OPER:ENAB?") == "+0;+0"


def test_messages_end_with_line_feeds_and_may_come_in_pieces(supply: Supply) -> None:
    buffer = bytearray(b"*IDN?\r\nVOLT 1\nVO")
    assert supply.split(buffer) == [b"*IDN?\r", b"VOLT 1"]
    assert buffer == b"VO"
    assert say(supply, "*IDN?\r") == "Maker,Model,Serial,1.0"
    assert say(supply, "", ";;") == ""
    assert errors(supply) == []


def test_number_formats() -> None:
    assert nr3(4575381.6239372) == "+4.57538162393720E+006"
    assert nr3(-1e-12, 8) == "-1.00000000E-012"
    assert nr3(9.91e37) == "+9.91000000000000E+037"
    assert Number(50, decimals=0).write(50.0) == "+50"
    assert read_number("2 MHZ", "HZ") == 2e6
    assert read_number("2 MS", "S") == 2e-3


def test_headers_know_their_short_form() -> None:
    header = Header("INPut<2>:LEVel<2>[:ABSolute]")
    assert header.match("INP2:LEV") == (2, 1)
    assert header.key((2, 1)) == "INP2:LEV"
    assert header.all_suffixes() == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_cutting_respects_quotes_and_parentheses() -> None:
    assert cut('a;"b;c";(d;e)', ";") == ["a", '"b;c"', "(d;e)"]
    with pytest.raises(ScpiError):
        cut("(a", ";")


@given(st.binary(max_size=60))
def test_arbitrary_bytes_only_ever_queue_known_errors(data: bytes) -> None:
    device = Supply()
    for message in device.split(bytearray(data + b"\n")):
        asyncio.run(device.answer(message))
    assert set(errors(device)) <= set(ERROR_TEXTS)


TOKENS = [
    "VOLT",
    "SOUR2",
    ":",
    ";",
    "?",
    " ",
    "*RST",
    "*LRN?",
    "1E3",
    "MAX",
    ",",
    "(@1)",
    '"',
    "'",
    "#H",
    "V",
    "9" * 400,
]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_nearly_right_messages_only_ever_queue_known_errors(text: str) -> None:
    device = Supply()
    asyncio.run(device.answer(text.encode("ascii")))
    assert set(errors(device)) <= set(ERROR_TEXTS)
