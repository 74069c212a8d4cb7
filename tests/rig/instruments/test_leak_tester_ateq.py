"""The leak tester's driver, byte by byte as its manual has it, and what it does when answers are missing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rig.errors import IdentityMismatch, InstrumentRejected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.leak_tester_words import from_long, swapped, to_long
from rig.instruments.roles import Identity, LeakResult, LeakStep
from tests.support import leak_tester as by_hand
from tests.support.leak_tester import (
    OPENING,
    PROGRAM,
    PROGRAM_EDITED_3,
    PROGRAM_SELECTED_3,
    cycles,
    exchanges,
    golden,
    long_hex,
    open_tester,
    record_hex,
    state_hex,
)
from tests.support.modbus_pen import TIMEOUT_S, FakeClock, needs_pty
from tests.support.scripted_line import ScriptedLine

pytestmark = needs_pty

IDLE, TEST = state_hex(step=0xFFFF, status=0x8020), state_hex(step=4, status=0x8000)
STATE, NEXT, LAST = "03 00 30 00 0D", "03 03 01 00 28", "03 03 11 00 28"
SELECTED = [
    *exchanges(OPENING, cycles(6)),
    *golden(by_hand.SELECT_PROGRAM_3),
    *exchanges(PROGRAM_SELECTED_3),
]
STARTED = [*SELECTED, *golden((by_hand.START, by_hand.START))]


# Numbers


def test_data_words_go_low_byte_first_and_longs_low_word_first() -> None:
    assert swapped([0x0200]) == [2]
    assert from_long([0xFF94, 0xFFFF]) == -0.108
    assert to_long(524.0) == [0xFEE0, 0x0007]
    assert to_long(-0.108) == [0xFF94, 0xFFFF]


@pytest.mark.parametrize("value", [math.nan, math.inf, 2_147_483.648, -2_147_483.649])
def test_numbers_that_do_not_fit_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        to_long(value)


# Who is there


def test_identity() -> None:
    script = exchanges(OPENING, ("03 31 00 00 04", "03 08 6C 02" + long_hex(620417) + "86 00"))
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        assert tester.identify() == Identity("ATEQ", "F620", "620417", "1.34")
        tester.close()


def test_another_instrument_is_not_taken_for_a_leak_tester() -> None:
    with (
        ScriptedLine(exchanges((OPENING[0], "03 02 02 6C"))) as line,
        pytest.raises(IdentityMismatch, match="register 12544"),
    ):
        open_tester(line.path)


# Programs

PARAMETERS = [
    (149, 0), (152, 6000), (153, 8000), (20, 3000), (21, 8000), (22, 10_000), (273, 2000),
    (30, 30_000_000), (31, 28_500_000), (32, 31_500_000), (33, 8000),
]  # fmt: skip


def reads(*, wrong: int | None = None) -> list[tuple[str, str]]:
    """Return the questions for all parameters, one of which is different and written."""
    pairs = []
    for identifier, raw in PARAMETERS:
        ask = f"03 {0x2000 + identifier:04X} 0002"
        if identifier == wrong:
            pairs.append((ask, "03 04" + long_hex(1)))
            write = f"10 {0x6000 + identifier:04X} 0002"
            pairs.append((write + "04" + long_hex(raw), write))
        pairs.append((ask, "03 04" + long_hex(raw)))
    return pairs


def test_a_program_is_written_where_it_differs_and_read_back() -> None:
    edit = golden(by_hand.EDIT_PROGRAM_3)
    script = [*exchanges(OPENING), *edit, *exchanges(PROGRAM_EDITED_3, *reads(wrong=273))]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        tester.load_program(PROGRAM)
        tester.close()


def test_a_parameter_that_is_not_kept_is_an_error() -> None:
    kept = [
        ("03 20 95 00 02", "03 04" + long_hex(1000)),
        ("10 60 95 00 02 04" + long_hex(0), "10 60 95 00 02"),
        ("03 20 95 00 02", "03 04" + long_hex(1000)),
    ]
    script = [*exchanges(OPENING), *golden(by_hand.EDIT_PROGRAM_3), *exchanges(PROGRAM_EDITED_3, *kept)]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentRejected, match=r"parameter 149 holds \[1000, 0\]"):
            tester.load_program(PROGRAM)
        tester.close()


@pytest.mark.parametrize(
    "changes",
    [{"number": 0}, {"number": 129}, {"test_s": 651.0}, {"fill_s": math.nan}, {"fill_pa": 1e9}],
)
def test_programs_that_cannot_be_are_refused_before_anything_is_sent(changes: dict[str, float]) -> None:
    with ScriptedLine(exchanges(OPENING)) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentRejected, match="pressure_decay"):
            tester.load_program(replace(PROGRAM, **changes))  # type: ignore[arg-type]
        tester.close()


# Cycles


def test_a_cycle_is_started_and_broken_off_by_the_manual_s_frames() -> None:
    with ScriptedLine([*STARTED, *golden((by_hand.RESET, by_hand.RESET))]) as line:
        tester = open_tester(line.path)
        assert tester.start(3) == 7
        tester.abort()
        tester.abort()  # nothing was started since, so nothing is sent
        tester.close()


def test_a_tester_that_is_busy_refuses_and_is_left_alone() -> None:
    script = [*SELECTED, *exchanges(("05 00 01 FF 00", "85 06"))]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentRejected, match="busy"):
            tester.start(3)
        tester.abort()
        tester.close()


@pytest.mark.parametrize(
    ("code", "words"), [(1, "illegal function"), (2, "no such register"), (3, "value refused")]
)
def test_exceptions_are_told_in_words(code: int, words: str) -> None:
    with ScriptedLine(exchanges(OPENING, ("03 22 0E 00 02", f"83 {code:02X}"))) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentRejected, match=words):
            tester.temperature_c()
        tester.close()


def test_a_start_without_an_answer_is_never_repeated_when_the_cycle_runs() -> None:
    script = [*SELECTED, (by_hand.frame(by_hand.START), b""), *exchanges(OPENING, (STATE, "03 1A" + TEST))]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path, timeout_s=TIMEOUT_S)
        assert tester.start(3) == 7
        tester.close()


def test_a_start_without_an_answer_nor_a_cycle_is_an_error_and_not_repeated() -> None:
    looks = exchanges(OPENING, (STATE, "03 1A" + IDLE), cycles(6))
    with ScriptedLine([*SELECTED, (by_hand.frame(by_hand.START), b""), *looks]) as line:
        tester = open_tester(line.path, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout, match=r"does not run.*Nothing was sent twice"):
            tester.start(3)
        tester.close()


def test_a_cycle_that_came_and_went_unheard_was_started_all_the_same() -> None:
    looks = exchanges(OPENING, (STATE, "03 1A" + IDLE), cycles(7))
    with ScriptedLine([*SELECTED, (by_hand.frame(by_hand.START), b""), *looks]) as line:
        tester = open_tester(line.path, timeout_s=TIMEOUT_S)
        assert tester.start(3) == 7
        tester.close()


# State


@pytest.mark.parametrize(
    ("unit", "pressure", "pascals"), [(6000, 29_700_000, 29_700.0), (11000, 297, 29_700.0)]
)
def test_pressures_are_pascals_whatever_the_unit(unit: int, pressure: int, pascals: float) -> None:
    shown = state_hex(step=4, status=0x8000, unit=unit, pressure=pressure)
    with ScriptedLine(exchanges(OPENING, (STATE, "03 1A" + shown))) as line:
        tester = open_tester(line.path)
        state = tester.state()
        assert (state.running, state.step, state.program) == (True, LeakStep.TEST, 3)
        assert state.pressure_pa == pytest.approx(pascals)
        tester.close()


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (state_hex(step=4, status=0x8000, unit=14000), "unit code 14, expected one of 6, 11"),
        (state_hex(step=4, status=0x8000, unit=6001), "unit code 6001"),
        (state_hex(step=9, status=0x8000), "step code 9"),
        (state_hex(step=4, status=0x8020), "status 8020"),
        (state_hex(step=0xFFFF, status=0x8000), "status 8000"),
    ],
)
def test_codes_that_are_not_known_are_never_guessed(shown: str, words: str) -> None:
    with ScriptedLine(exchanges(OPENING, (STATE, "03 1A" + shown))) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentReplyError, match=words):
            tester.state()
        tester.close()


def test_the_tester_is_not_asked_more_often_than_ten_times_a_second() -> None:
    clock = FakeClock()
    with ScriptedLine(exchanges(OPENING, *[(STATE, "03 1A" + IDLE)] * 4)) as line:
        tester = open_tester(line.path, clock=clock)
        for _ in range(4):
            tester.state()
        tester.close()
    assert clock.time_s >= 0.3


def test_temperature_and_pressure_of_the_room() -> None:
    script = exchanges(
        OPENING,
        ("03 22 0E 00 02", "03 04" + long_hex(21_437)),
        ("03 22 10 00 02", "03 04" + long_hex(1_008_125)),
    )
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        assert tester.temperature_c() == 21.437
        assert tester.room_pressure_pa() == pytest.approx(100_812.5)
        tester.close()


# Results


def test_older_results_are_put_aside() -> None:
    script = [
        *STARTED,
        *exchanges((NEXT, "03 50" + record_hex(program=8, cycle=5))),
        *exchanges((NEXT, "03 50" + record_hex(program=3, cycle=6))),
        *exchanges((NEXT, "03 50" + record_hex(program=3, cycle=7))),
    ]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        assert tester.result(tester.start(3)) == LeakResult(3, 7, 29_608.5, 2.125)
        tester.abort()  # the cycle is over and nothing is sent
        tester.close()


@pytest.mark.parametrize(
    "last", [record_hex(program=0, cycle=0), record_hex(program=3, cycle=8)], ids=["empty", "newer"]
)
def test_a_result_that_somebody_else_took_is_missed(last: str) -> None:
    older = "03 50" + record_hex(program=3, cycle=6)
    with ScriptedLine([*STARTED, *exchanges((NEXT, older), (NEXT, "03 50" + last))]) as line:
        tester = open_tester(line.path)
        with pytest.raises(InstrumentReplyError, match="no result of cycle 7"):
            tester.result(tester.start(3))
        tester.close()


def test_a_result_lost_on_the_line_is_found_as_the_last_one() -> None:
    """Reading takes a result off the queue, so asking twice would lose it or read another."""
    script = [
        *STARTED,
        *exchanges((NEXT, ""), OPENING, (LAST, "03 50" + record_hex(program=3, cycle=7))),
    ]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path, timeout_s=TIMEOUT_S)
        assert tester.result(tester.start(3)).cycle == 7
        tester.close()


def test_an_older_result_lost_on_the_line_is_no_loss() -> None:
    script = [
        *STARTED,
        *exchanges((NEXT, ""), OPENING, (LAST, "03 50" + record_hex(program=3, cycle=6))),
        *exchanges((NEXT, "03 50" + record_hex(program=3, cycle=7))),
    ]
    with ScriptedLine(script) as line:
        tester = open_tester(line.path, timeout_s=TIMEOUT_S)
        assert tester.result(tester.start(3)).cycle == 7
        tester.close()


@pytest.mark.parametrize(
    ("record", "error", "words"),
    [
        (record_hex(program=4, cycle=7), InstrumentReplyError, "has run program 4, expected program 3"),
        (record_hex(program=3, cycle=7, alarm=1), InstrumentRejected, "a gross leak, or no part"),
        (record_hex(program=3, cycle=7, alarm=99), InstrumentReplyError, "alarm code 99"),
        (record_hex(program=3, cycle=7, unit=12000), InstrumentReplyError, "unit code 12"),
        (
            record_hex(program=3, cycle=7, leak_unit=6000),
            InstrumentReplyError,
            "unit code 6, expected one of 8",
        ),
    ],
)
def test_results_that_say_something_else(record: str, error: type[Exception], words: str) -> None:
    with ScriptedLine([*STARTED, *exchanges((NEXT, "03 50" + record))]) as line:
        tester = open_tester(line.path)
        cycle = tester.start(3)
        with pytest.raises(error, match=words):
            tester.result(cycle)
        tester.close()


# Its self-test


@pytest.mark.parametrize(
    ("status", "room_hpa", "fixture_c", "words"),
    [
        (0x8020, 1008.0, 21.4, []),
        (0x80A0, 1008.0, 21.4, ["calibration has drifted"]),
        (0x8120, 1008.0, 21.4, ["check of its calibration failed"]),
        (0x8020, 0.0, 85.0, ["room pressure of 0 Pa", "fixture of 85 °C"]),
    ],
)
def test_what_the_tester_finds_wrong_with_itself(
    status: int, room_hpa: float, fixture_c: float, words: list[str]
) -> None:
    script = exchanges(
        OPENING,
        (STATE, "03 1A" + state_hex(step=0xFFFF, status=status)),
        ("03 22 10 00 02", "03 04 " + long_hex(round(1000 * room_hpa))),
        ("03 22 0E 00 02", "03 04 " + long_hex(round(1000 * fixture_c))),
    )
    with ScriptedLine(script) as line:
        tester = open_tester(line.path)
        found = tester.self_test()
        tester.close()
    assert [word in sentence for word, sentence in zip(words, found, strict=True)] == [True] * len(words)
