"""The emulated 53230A against its manual, on a contact that opens and closes at known moments."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.emulators.counter_keysight import KeysightEmulator
from rig.twin.emulators.scpi_syntax import ERROR_TEXTS
from rig.twin.emulators.scpi_values import nr3
from rig.twin.world import World
from tests.support.pulse_train import PulseTrain

LEARNT = Path(__file__).parents[2] / "data" / "keysight_53230a_lrn.txt"
DC = "INP:COUP DC;:INP:LEV 2.5"
NO_SIGNAL = 9.91e37


def ask(counter: KeysightEmulator, *messages: str) -> bytes:
    """Send messages; return the last answer without its line feed, empty for none."""
    answers = [asyncio.run(counter.answer(message.encode("ascii"))) for message in messages]
    return (answers[-1] or b"").removesuffix(b"\n")


def say(counter: KeysightEmulator, *messages: str) -> str:
    return ask(counter, *messages).decode("ascii")


def readings(counter: KeysightEmulator, *messages: str) -> list[float]:
    return [float(text) for text in say(counter, *messages).split(",")]


@pytest.fixture
def pulses() -> PulseTrain:
    return PulseTrain.regular(rate_hz=100.0, share=0.2)


@pytest.fixture
def counter(pulses: PulseTrain) -> KeysightEmulator:
    return KeysightEmulator(pulses)


def test_identity(counter: KeysightEmulator) -> None:
    maker, model, serial, _ = say(counter, "*IDN?").split(",")
    assert (maker, model, serial) == ("Agilent Technologies", "53230A", "MY63260252")


def test_the_state_after_a_reset_is_that_of_a_real_unit(counter: KeysightEmulator) -> None:
    real = [line for line in LEARNT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    learnt = say(counter, "CONF:ARR:PER (7);:INP:LEV 1;*RST;*LRN?").split(";")
    assert sorted(learnt) == sorted(line for line in real if line)


def test_what_was_learnt_restores_the_settings(counter: KeysightEmulator) -> None:
    learnt = say(counter, f"{DC};:INP2:LEV:AUTO OFF;:SAMP:COUN 5;:TST:RATE 1E5;*LRN?")
    say(counter, "*RST")
    assert say(counter, learnt, "*LRN?") == learnt
    assert say(counter, "SYST:ERR?") == '+0,"No error"'


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("FREQ", 100.0),
        ("PER", 0.01),
        ("SPER", 0.01),
        ("PWID", 0.002),
        ("NWID", 0.008),
        ("PDUT", 0.2),
        ("PDUTycycle", 0.2),
        ("DCYC", 0.2),
        ("NDUTYCYCLE", 0.8),
        ("TOT:TIM", 10),
    ],
)
def test_every_function_reads_the_signal(counter: KeysightEmulator, function: str, expected: float) -> None:
    assert readings(counter, f"CONF:{function} (@1);:{DC}", "READ?") == [pytest.approx(expected, rel=1e-9)]
    assert readings(counter, f"MEAS:SCAL:{function}?") == [pytest.approx(expected, rel=1e-9)]


def test_a_reading_has_fifteen_digits_and_a_long_exponent(counter: KeysightEmulator) -> None:
    assert say(counter, f"CONF:TOT:TIM 0.5;:{DC}", "READ?") == "+5.00000000000000E+001"
    assert say(counter, "INP:LEV?;:FREQ:GATE:TIME?") == "+2.50000000E+000;+1.00000000000000E-001"


def test_samples_are_taken_on_consecutive_cycles() -> None:
    rises = np.array([0.1, 0.2, 0.31, 0.43, 0.56])
    counter = KeysightEmulator(PulseTrain(rises, rises + 0.01))
    assert readings(counter, f"CONF:SPER;:{DC};:SAMP:COUN 4", "READ?") == pytest.approx(
        [0.1, 0.11, 0.12, 0.13]
    )


def test_the_gate_decides_how_long_a_frequency_takes(pulses: PulseTrain, counter: KeysightEmulator) -> None:
    say(counter, f"CONF:FREQ;:{DC};:FREQ:GATE:TIME 0.5")
    before_s = pulses.time.now()
    say(counter, "READ?")
    assert pulses.time.now() - before_s == pytest.approx(0.51, abs=1e-6)  # first edge, then the gate


def test_a_bounce_counts_as_a_cycle_and_does_not_stretch_the_gate() -> None:
    rises = np.sort(np.append(np.arange(1, 100) / 100, 0.010006))
    pulses = PulseTrain(rises, rises + 3e-6)
    counter = KeysightEmulator(pulses)
    assert readings(counter, f"SYST:TIM 1;:CONF:FREQ;:{DC};:INP:SLOP POS", "READ?") == pytest.approx([110.0])
    assert pulses.time.now() < 0.3


def test_gap_free_frequencies_share_their_edges(pulses: PulseTrain, counter: KeysightEmulator) -> None:
    say(counter, f"CONF:FREQ;:{DC};:FREQ:MODE CONT;GATE:TIME 0.1;:SAMP:COUN 5")
    before_s = pulses.time.now()
    assert len(readings(counter, "READ?")) == 5
    assert pulses.time.now() - before_s == pytest.approx(0.51, abs=1e-6)
    assert say(counter, "TRIG:COUN 2;:INIT;:SYST:ERR?") == '-221,"Settings conflict"'


@pytest.mark.parametrize(
    ("resolution", "gate_s"),
    [("1E-3", 1e-6), ("1E-6", 1e-5), ("1E-8", 0.001), ("1E-10", 0.1), ("1E-14", 1000)],
)
def test_the_resolution_chooses_the_gate(counter: KeysightEmulator, resolution: str, gate_s: float) -> None:
    assert say(counter, f"CONF:FREQ 1,{resolution},(@1);:FREQ:GATE:TIME?") == nr3(gate_s)


def test_time_stamps_follow_the_prescale_value(counter: KeysightEmulator) -> None:
    answer = say(counter, f"CONF:ARR:TST (4),(@1);:{DC}", "READ?")
    prescale, *stamps = answer.split(",")
    assert prescale == "+1"
    assert np.diff(np.array(stamps, float)) == pytest.approx([0.01] * 3)


def test_time_stamps_of_the_falling_edge(counter: KeysightEmulator) -> None:
    up = readings(counter, f"CONF:ARR:TST (3);:{DC};:INP:SLOP POS;:INIT;*WAI;:DATA:REM? 4")
    down = readings(counter, f"CONF:ARR:TST (3);:{DC};:INP:SLOP NEG;:INIT;*WAI;:DATA:REM? 4")
    assert (down[1] - up[1]) % 0.01 == pytest.approx(0.002, abs=1e-9)


def test_truth_of_the_counter_shows_in_its_stamps() -> None:
    truth = {"counter": {"time_base_error": 1e-3, "trigger_noise_s": 1e-5, "resolution_s": 1e-6}}
    counter = KeysightEmulator(PulseTrain.regular(world=World.model_validate(truth)))
    stamps = np.array(readings(counter, f"CONF:ARR:TST (500);:{DC}", "READ?")[1:])
    slope, _ = np.polyfit(np.arange(500), stamps, 1)
    scatter = np.std(stamps - np.polyval(np.polyfit(np.arange(500), stamps, 1), np.arange(500)))
    assert slope == pytest.approx(0.01001, abs=1e-7)
    assert scatter == pytest.approx(1e-5, rel=0.15)
    assert np.abs(stamps * 1e6 - np.round(stamps * 1e6)).max() < 1e-6


def test_the_same_signal_gives_the_same_bytes() -> None:
    first, second = (KeysightEmulator(PulseTrain.regular(world=World())) for _ in range(2))
    message = f"CONF:PDUT;:{DC};:SAMP:COUN 20;:READ?"
    assert ask(first, message) == ask(second, message)


class TestTimeouts:
    def test_a_missing_signal_costs_the_timeout_for_each_reading(self) -> None:
        silent = PulseTrain(np.array([]), np.array([]))
        counter = KeysightEmulator(silent)
        assert readings(counter, f"SYST:TIM 0.5;:CONF:PDUT;:{DC};:SAMP:COUN 4", "READ?") == [NO_SIGNAL] * 4
        assert silent.time.now() == pytest.approx(2.0)
        assert say(counter, "STAT:QUES?") == "+4"

    def test_readings_go_on_after_a_silence(self) -> None:
        rises = np.array([0.1, 0.2, 1.05, 1.1, 1.2])
        counter = KeysightEmulator(PulseTrain(rises, rises + 0.01))
        say(counter, f"SYST:TIM 0.25;:CONF:SPER;:{DC};:SAMP:COUN 5")
        # The cycle at 0.2 never ends in time: three time-outs take until 0.95.
        assert readings(counter, "READ?") == pytest.approx([0.1, NO_SIGNAL, NO_SIGNAL, NO_SIGNAL, 0.05])

    def test_without_a_timeout_a_read_still_ends(self) -> None:
        silent = PulseTrain(np.array([]), np.array([]))
        assert readings(KeysightEmulator(silent), f"CONF:FREQ;:{DC}", "READ?") == [NO_SIGNAL]
        assert silent.time.now() >= 100

    def test_a_timeout_below_the_gate_is_twice_the_gate(self, counter: KeysightEmulator) -> None:
        assert readings(counter, f"SYST:TIM 0.1;:CONF:FREQ;:{DC};:FREQ:GATE:TIME 1", "READ?") == [
            pytest.approx(100)
        ]

    def test_it_survives_a_reset_and_can_be_infinite(self, counter: KeysightEmulator) -> None:
        assert say(counter, "SYST:TIM?;TIM 2;*RST;TIM?") == "+9.90000000E+037;+2.00000000E+000"
        assert say(counter, "SYST:TIM INF;TIM?;TIM 9.9E37;TIM?") == ";".join(["+9.90000000E+037"] * 2)


class TestTriggerLevel:
    @pytest.mark.parametrize(
        ("setup", "sees"),
        [
            ("INP:COUP DC;:INP:LEV 2.5", True),
            ("INP:COUP DC;:INP:LEV 0", False),
            ("INP:COUP DC;:INP:LEV 5", False),
            ("INP:COUP DC;:INP:LEV -1", False),
            ("INP:COUP AC;:INP:LEV 0", True),
            ("INP:COUP AC;:INP:LEV -0.9", True),
            ("INP:COUP AC;:INP:LEV -1.1", False),
            ("INP:COUP AC;:INP:LEV 3.9", True),
            ("INP:COUP AC;:INP:LEV 4.1", False),
            ("INP:LEV 99;:INP:LEV:AUTO ON", True),
        ],
    )
    def test_a_level_outside_the_signal_sees_nothing(
        self, counter: KeysightEmulator, setup: str, sees: bool
    ) -> None:
        found = readings(counter, f"SYST:TIM 0.2;:CONF:PDUT;:{setup}", "READ?")
        assert found == ([pytest.approx(0.2)] if sees else [NO_SIGNAL])

    @pytest.mark.parametrize(("rate_hz", "sees"), [(49.0, False), (51.0, True)])
    def test_auto_level_needs_fifty_hertz(self, rate_hz: float, sees: bool) -> None:
        counter = KeysightEmulator(PulseTrain.regular(rate_hz=rate_hz))
        found = readings(counter, "SYST:TIM 1;:CONF:FREQ", "READ?")
        assert found == [pytest.approx(rate_hz) if sees else NO_SIGNAL]

    def test_configuring_turns_auto_level_on_and_a_level_turns_it_off(
        self, counter: KeysightEmulator
    ) -> None:
        assert say(counter, "INP:LEV 1;:INP:LEV:AUTO?;:CONF:PDUT;:INP:LEV:AUTO?") == "0;1"
        assert say(counter, "CONF:PDUT -1.5 V;:INP:LEV:AUTO?;:INP:LEV?") == "0;-1.50000000E+000"
        assert say(counter, "CONF:PWID 30;:INP:LEV:AUTO?;:INP:LEV:REL?") == "1;+30"

    def test_the_level_in_use_can_be_asked(self, counter: KeysightEmulator) -> None:
        assert say(counter, "INP:COUP DC;LEV?;:INP2:LEV?") == "+2.50000000E+000;+9.91000000E+037"

    def test_levels_beyond_the_range_are_refused(self, counter: KeysightEmulator) -> None:
        assert say(counter, "INP:LEV 6;:SYST:ERR?") == '-222,"Data out of range"'
        assert say(counter, "INP:RANG 50;LEV 6;LEV?") == "+6.00000000E+000"

    def test_nothing_is_connected_to_the_other_channels(self, counter: KeysightEmulator) -> None:
        assert readings(counter, "SYST:TIM 0.1;:CONF:FREQ (@2);:INP2:COUP DC;LEV 2.5", "READ?") == [NO_SIGNAL]
        assert readings(counter, "CONF:FREQ (@3)", "READ?") == [NO_SIGNAL]


class TestReadingMemory:
    def test_readings_come_while_it_measures(self, pulses: PulseTrain, counter: KeysightEmulator) -> None:
        say(counter, f"SYST:TIM 1;:CONF:SPER;:{DC};:SAMP:COUN 10;:INIT")
        assert say(counter, "DATA:POIN?;:R?;:STAT:OPER:COND?") == "+0;#10;+16"
        asyncio.run(pulses.time.wait(0.0555))
        assert say(counter, "DATA:POIN?") == "+4"
        assert say(counter, "R? 1") == "#222+1.00000000000000E-002"
        assert say(counter, "DATA:REM? 2").count(",") == 1
        assert say(counter, "INIT;:SYST:ERR?") == '-213,"Init ignored"'
        assert say(counter, "DATA:REM? 5,WAIT").count(",") == 4
        assert say(counter, "*OPC?;:DATA:POIN?;:STAT:OPER:COND?") == "1;+2;+0"

    def test_fetching_waits_and_keeps(self, counter: KeysightEmulator) -> None:
        say(counter, f"CONF:PER;:{DC};:SAMP:COUN 3;:INIT")
        first = say(counter, "FETC?")
        assert first.count(",") == 2
        assert say(counter, "FETC?;:DATA:LAST?") == f"{first};{first.split(',')[-1]} S"

    @pytest.mark.parametrize("query", ["FETC?", "R?", "DATA:REM? 1", "DATA:REM? 1,WAIT"])
    def test_nothing_measured_is_an_error_without_answer(self, counter: KeysightEmulator, query: str) -> None:
        assert say(counter, query) == ""
        assert say(counter, "SYST:ERR?") == '-230,"Data corrupt or stale"'

    def test_the_last_of_nothing_is_not_a_number(self, counter: KeysightEmulator) -> None:
        assert say(counter, "DATA:LAST?") == "+9.91000000000000E+037 HZ"

    @pytest.mark.parametrize("message", ["CONF:PER", "FUNC 'PER'", "*RST", "SYST:PRES", "INIT;:ABOR"])
    def test_what_clears_the_memory(self, counter: KeysightEmulator, message: str) -> None:
        say(counter, f"CONF:FREQ;:{DC}", "READ?")
        assert say(counter, message, "DATA:POIN?") == "+0"

    @pytest.mark.parametrize(("order", "code"), [("NORM", ">"), ("SWAP", "<")])
    def test_binary_readings(self, counter: KeysightEmulator, order: str, code: str) -> None:
        say(counter, f"CONF:TOT:TIM;:{DC};:FORM REAL,64;:FORM:BORD {order};:SAMP:COUN 2")
        two = struct.pack(f"{code}2d", 10.0, 10.0)
        assert ask(counter, "READ?") == b"#0" + two
        assert ask(counter, "R?") == b"#216" + two
        assert ask(counter, "SAMP:COUN 1", "READ?") == two[:8]
        assert ask(counter, "DATA:REM? 1;:FORM?") == b"#18" + two[:8] + b";REAL,64"

    def test_functions_can_be_chosen_by_name(self, counter: KeysightEmulator) -> None:
        assert say(counter, "FUNC 'FREQ 2';FUNC?;FUNC 'PDUT';FUNC?;:CONF?") == (
            '"FREQ 2";"PDUT";"FREQ +1.00000000000000E+007,+1.00000000000000E-004,(@1)"'
        )


class TestTriggers:
    def test_counts_multiply(self, counter: KeysightEmulator) -> None:
        assert len(readings(counter, f"CONF:PDUT;:{DC};:SAMP:COUN 3;:TRIG:COUN 2", "READ?")) == 6

    def test_the_delay_costs_time(self, pulses: PulseTrain, counter: KeysightEmulator) -> None:
        say(counter, f"CONF:PDUT;:{DC};:TRIG:DEL 2", "READ?")
        assert pulses.time.now() == pytest.approx(2.02, abs=0.011)

    def test_a_bus_trigger_starts_the_samples(self, counter: KeysightEmulator) -> None:
        say(counter, f"CONF:PDUT;:{DC};:SAMP:COUN 2;:TRIG:COUN 2;SOUR BUS;:INIT")
        assert say(counter, "*TRG;*WAI;:SYST:ERR?") == '-214,"Trigger deadlock"'
        assert say(counter, "DATA:POIN?") == "+2"
        assert len(readings(counter, "*TRG;:FETC?")) == 4
        assert say(counter, "*TRG;:SYST:ERR?") == '-211,"Trigger ignored"'

    def test_reading_cannot_wait_for_a_trigger(self, counter: KeysightEmulator) -> None:
        assert say(counter, "TRIG:SOUR EXT;:READ?;:SYST:ERR?") == '-214,"Trigger deadlock"'


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("CONF:FREQ 100,1,(@1),(@2)", -108),
        ("CONF:FREQ (@1,2)", -108),
        ("CONF:FREQ (@4)", -224),
        ("CONF:TIM (100)", -113),
        ("CONF:TST (100)", -113),
        ("CONF:ARR:TST 100", -104),
        ("CONF:ARR:TST (0)", -222),
        ("CONF:SPER 1", -108),
        ("CONF:PDUT 5", -222),
        ("FUNC 'XYZ'", -224),
        ("FORM ASC,64", -224),
        ("FORM XYZ", -224),
        ("SAMP:COUN 0", -222),
        ("INP:IMP 75", -224),
        ("SYST:TIM 0.001", -222),
        ("DATA:REM? 1,NOW", -224),
    ],
)
def test_refusals(counter: KeysightEmulator, message: str, number: int) -> None:
    assert say(counter, message) == ""
    assert say(counter, "SYST:ERR?") == f'{number:+d},"{ERROR_TEXTS[number]}"'
    assert say(counter, "SYST:ERR?") == '+0,"No error"'


HEADERS = [
    "CONF:FREQ",
    "CONF:ARR:TST",
    "READ",
    "INIT",
    "R",
    "FETC",
    "DATA:REM",
    "INP:LEV",
    "SAMP:COUN",
    "FORM",
]
PARAMETERS = ["", "?", " 2", " (3)", " (@1)", " 2,WAIT", " REAL", " MAX", ";", ";:"]


@given(st.lists(st.sampled_from(HEADERS + PARAMETERS), max_size=12).map("".join))
def test_no_message_breaks_it(text: str) -> None:
    counter = KeysightEmulator(PulseTrain.regular(until_s=0.2))
    asyncio.run(counter.answer(b"SYST:TIM 0.1"))
    asyncio.run(counter.answer(text.replace("MAX", "20").encode("ascii")))
    while (error := say(counter, "SYST:ERR?")) != '+0,"No error"':
        assert int(error.partition(",")[0]) in ERROR_TEXTS
