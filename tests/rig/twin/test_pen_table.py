"""The pen's reading of its table, against scipy's PCHIP and against every way a table can be wrong."""

from __future__ import annotations

import binascii
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from rig.twin.emulators.pen_table import Fault, PenTable, TableRefused, identity_words, monotone_cubic

MODEL = 250
DEPTHS, RATES = [250, 750, 1250, 2500], [5000, 7000, 9000]
# Commands at each depth (down) and rate (across).
COMMANDS = [[200, 190, 180], [700, 680, 660], [1230, 1215, 1200], [2420, 2400, 2380]]


def table_words(
    depths: list[int] = DEPTHS,
    rates: list[int] = RATES,
    commands: list[list[int]] = COMMANDS,
    *,
    magic: int = 0x4E54,
    version: int = 1,
    model: int = MODEL,
    generation: int = 7,
) -> list[int]:
    """Return a table's words, put together here as the data sheet says, with its own CRC."""
    header = [magic, version, model, len(depths), len(rates), 9000, 3, generation]
    body = header + depths + rates + [command for row in commands for command in row]
    crc = binascii.crc32(b"".join(word.to_bytes(2, "big") for word in body))
    return [*body, crc >> 16, crc & 0xFFFF]


def parse(words: list[int]) -> PenTable:
    return PenTable.parse(words, model_code=MODEL)


def test_a_table_is_read_from_the_front_of_a_bank() -> None:
    words = table_words()
    table = parse([*words, 1, 2, 3])
    assert table.words == tuple(words)
    assert table.generation == 7
    assert table.crc == words[-2] << 16 | words[-1]
    assert table.columns[1] == (190.0, 680.0, 1215.0, 2400.0)


def test_nodes_give_their_commands() -> None:
    table = parse(table_words())
    for depth, row in zip(DEPTHS, COMMANDS, strict=True):
        for rate, command in zip(RATES, row, strict=True):
            assert table.command_um(depth, rate) == pytest.approx(command, abs=1e-9)


def test_between_rates_is_a_straight_line_and_beyond_them_the_last_column() -> None:
    table = parse(table_words())
    left, right = table.command_um(1000, 7000), table.command_um(1000, 9000)
    assert table.command_um(1000, 7500) == pytest.approx(0.75 * left + 0.25 * right, abs=1e-9)
    assert table.command_um(1000, 12000) == right
    assert table.command_um(1000, 100) == table.command_um(1000, 5000)


def test_one_rate_is_enough() -> None:
    table = parse(table_words(rates=[7000], commands=[[row[1]] for row in COMMANDS]))
    assert table.command_um(250, 5000) == table.command_um(250, 9000) == 190


def test_beyond_the_nodes_the_two_outermost_nodes_make_a_straight_line() -> None:
    table = parse(table_words())
    assert table.command_um(0, 5000) == pytest.approx(200 - 250)
    assert table.command_um(2600, 5000) == pytest.approx(2420 + 100 * (2420 - 1230) / 1250)


increasing = st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=16, unique=True).map(sorted)


@given(increasing, increasing, st.floats(0, 1))
def test_the_monotone_cubic_is_the_published_one(x: list[int], y: list[int], share: float) -> None:
    size = min(len(x), len(y))
    nodes, values = np.array(x[:size], dtype=float), np.array(y[:size], dtype=float)
    at = float(nodes[0] + share * (nodes[-1] - nodes[0]))
    expected = float(PchipInterpolator(nodes, values)(at))
    assert monotone_cubic(list(nodes), list(values), at) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_a_pen_is_born_with_commands_equal_to_depths() -> None:
    words = identity_words(DEPTHS, RATES, model_code=MODEL, generation=1)
    expected = table_words(commands=[[depth] * 3 for depth in DEPTHS], generation=1)
    assert words[5:7] == [0, 0], "date and station"
    assert words[:5] + words[7:-2] == expected[:5] + expected[7:-2]
    table = parse(words)
    for depth in (0.0, 400.0, 1100.0, 2800.0):
        assert table.command_um(depth, 6000) == pytest.approx(depth, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], Fault.FORMAT),
        ([0] * 100, Fault.FORMAT),
        (table_words(magic=0x4E55), Fault.FORMAT),
        (table_words(version=2), Fault.FORMAT),
        (table_words(model=251), Fault.MODEL),
        (table_words([250], commands=[[1, 2, 3]]), Fault.SIZE),
        (table_words(rates=[], commands=[[] for _ in DEPTHS]), Fault.SIZE),
        (table_words()[:-1], Fault.SIZE),
        (table_words([250, 750, 750, 2500]), Fault.ORDER),
        (table_words(rates=[5000, 9000, 7000]), Fault.ORDER),
        (table_words(commands=[*COMMANDS[:2], [1230, 680, 1200], COMMANDS[3]]), Fault.ORDER),
        ([*table_words()[:-1], table_words()[-1] ^ 1], Fault.CRC),
    ],
)
def test_a_wrong_table_is_refused_with_its_fault(words: list[int], fault: Fault) -> None:
    with pytest.raises(TableRefused) as refusal:
        parse(words)
    assert refusal.value.fault == fault


def test_rows_may_repeat_across_since_only_columns_must_increase() -> None:
    table = parse(table_words(commands=[[depth] * 3 for depth in DEPTHS]))
    assert table.columns == (tuple(map(float, DEPTHS)),) * 3


def test_any_single_flipped_bit_is_refused() -> None:
    words = table_words()
    for place in range(len(words)):
        for bit in range(16):
            flipped = [*words]
            flipped[place] ^= 1 << bit
            with pytest.raises(TableRefused):
                parse(flipped)


@settings(max_examples=200)
@given(st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]))
def test_arbitrary_words_are_refused(data: bytes) -> None:
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    words[:3] = [0x4E54, 1, MODEL]
    with pytest.raises(TableRefused):
        parse(words)
