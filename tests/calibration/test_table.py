"""The calibration table: its words to the bit, its refusals, and a fit that undoes what the pen does."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from calibration.errors import EstimateError, TableRejected
from calibration.measured import Contribution, Measured, combine
from calibration.table import (
    CalibrationTable,
    FittedCommands,
    _interpolate,
    decode,
    fit_commands,
    make_table,
    words_needed,
)

RPN14 = np.loadtxt(Path(__file__).parents[1] / "data" / "pchip_rpn14.csv", delimiter=",", skiprows=2)

TABLE = CalibrationTable(
    model_code=250,
    made_on=date(2026, 3, 14),
    station_code=3,
    generation=7,
    depths_um=(250, 1250, 2500),
    rates_per_min=(5000, 9000),
    commands_um=((231, 225), (1215, 1203), (2440, 2421)),
)
# Put together by hand from the description of the format, CRC by zlib.crc32 over these bytes.
GOLDEN = bytes.fromhex(
    "4e54 0001 00fa 0003 0002 2561 0003 0007"  # magic, format, model, rows, columns, day, station, generation
    "00fa 04e2 09c4  1388 2328"  # depths, rates
    "00e7 00e1  04bf 04b3  0988 0975"  # commands, a row for each depth
)

DEPTHS, RATES = (0.25, 0.75, 1.25, 1.75, 2.5), (5000.0, 7000.0, 9000.0)


def test_words_are_the_golden_bytes_and_their_crc() -> None:
    words = TABLE.words()
    assert b"".join(word.to_bytes(2, "big") for word in words[:-2]) == GOLDEN
    assert words[-2] << 16 | words[-1] == TABLE.crc == zlib.crc32(GOLDEN)
    assert len(words) == words_needed(3, 2) == 21


def test_decoding_undoes_encoding_and_ignores_what_lies_behind() -> None:
    assert decode([*TABLE.words(), 0xFFFF, 0]) == TABLE


@st.composite
def tables(draw: st.DrawFn) -> CalibrationTable:
    word = st.integers(0, 0xFFFF)
    rows, columns = draw(st.integers(2, 6)), draw(st.integers(1, 4))

    def rising(count: int) -> tuple[int, ...]:
        return tuple(sorted(draw(st.sets(word, min_size=count, max_size=count))))

    commands = zip(*(rising(rows) for _ in range(columns)), strict=True)
    day = date.fromordinal(date(2000, 1, 1).toordinal() + draw(word))
    return CalibrationTable(
        draw(word), day, draw(word), draw(word), rising(rows), rising(columns), tuple(commands)
    )


@given(tables())
def test_every_table_survives_the_bank(table: CalibrationTable) -> None:
    assert decode(table.words()) == table


@given(tables(), st.data())
def test_any_single_flipped_bit_is_refused(table: CalibrationTable, data: st.DataObject) -> None:
    words = table.words()
    words[data.draw(st.integers(0, len(words) - 1))] ^= 1 << data.draw(st.integers(0, 15))
    with pytest.raises(TableRejected):
        decode(words)


@given(st.lists(st.integers(-1, 70_000), max_size=40))
def test_any_words_are_a_table_or_are_refused(words: list[int]) -> None:
    with pytest.raises(TableRejected):
        decode(words)
    with pytest.raises(TableRejected):
        decode([0x4E54, 1, 250, 2, 1, *words])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"depths_um": (250, 250, 2500)}, "set depths .* do not increase"),
        ({"rates_per_min": (9000, 5000)}, "rates .* do not increase"),
        ({"commands_um": ((231, 225), (231, 1203), (2440, 2421))}, "at 5000 /min do not increase"),
        ({"commands_um": ((231, 225), (1215, 1203))}, "rows of"),
        ({"commands_um": ((231,), (1215,), (2440,))}, "rows of"),
        ({"depths_um": (250,), "commands_um": ((231, 225),)}, "rows of"),
        ({"rates_per_min": (), "commands_um": ((), (), ())}, "rows of"),
        ({"commands_um": ((-1, 225), (1215, 1203), (2440, 2421))}, "16-bit"),
        ({"commands_um": ((231, 225), (1215, 1203), (2440, 65536))}, "16-bit"),
        ({"generation": 65536}, "16-bit"),
        ({"made_on": date(1999, 12, 31)}, "16-bit"),
    ],
)
def test_tables_no_pen_would_take_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(TableRejected, match=words):
        replace(TABLE, **changes)  # type: ignore[arg-type]


def test_the_pen_interpolates_between_depths_and_rates_and_keeps_within_the_rates() -> None:
    assert TABLE.command_mm(1.25, 5000) == pytest.approx(1.215)
    assert TABLE.command_mm(1.25, 7000) == pytest.approx((1.215 + 1.203) / 2)
    assert TABLE.command_mm(1.25, 12_000) == pytest.approx(1.203)
    column = PchipInterpolator([0.25, 1.25, 2.5], [0.231, 1.215, 2.440])
    assert TABLE.command_mm(0.8, 5000) == pytest.approx(float(column(0.8)))
    # Beyond the outermost rows along the chord of the two outermost.
    assert TABLE.command_mm(2.6, 5000) == pytest.approx(2.440 + 0.1 * (2.440 - 1.215) / 1.25)
    assert TABLE.command_mm(0.2, 5000) == pytest.approx(0.231 - 0.05 * (1.215 - 0.231) / 1.0)


def test_interpolation_of_the_published_monotone_data_is_monotone_and_hits_every_point() -> None:
    x, y = RPN14.T
    dense = np.linspace(x[0], x[-1], 301)
    curve = np.array([_interpolate(x, y, at) for at in dense])
    assert (np.diff(curve) >= -1e-15).all()
    assert curve.max() <= y[-1] + 1e-15
    assert [_interpolate(x, y, at) for at in x] == pytest.approx(y)


def extension(value: float, u: float = 0.001) -> Measured:
    return combine(value, "mm", [Contribution("all", u)])


def found(
    pen: object, commands: tuple[float, ...] = DEPTHS
) -> dict[tuple[float, float], tuple[float, Measured]]:
    """What a pen (extension from command and rate) shows at each node."""
    return {
        (depth, rate): (command, extension(pen(command, rate)))  # type: ignore[operator]
        for depth, command in zip(DEPTHS, commands, strict=True)
        for rate in RATES
    }


def fit(measured: dict[tuple[float, float], tuple[float, Measured]]) -> FittedCommands:
    return fit_commands(DEPTHS, RATES, measured, extrapolate_mm=0.2, travel_mm=2.8)


@settings(max_examples=30)
@given(st.floats(0.95, 1.05), st.floats(-0.05, 0.05))
def test_a_linear_pen_is_inverted_exactly(gain: float, offset: float) -> None:
    fitted = fit(found(lambda command, rate: gain * command + offset))
    assert gain * fitted.commands_mm + offset == pytest.approx(np.tile(DEPTHS, (3, 1)).T, abs=1e-12)
    assert fitted.residual.value == pytest.approx(0.0, abs=1e-12)
    assert fitted.residual.u > 0


@settings(max_examples=30)
@given(st.lists(st.floats(0.42, 0.58), min_size=4, max_size=4), st.floats(0.2, 0.3))
def test_what_is_monotone_stays_monotone(steps: list[float], first: float) -> None:
    reached = first + np.concatenate([[0], np.cumsum([*steps[:3], 1.5 * steps[3]])])
    lookup = dict(zip(DEPTHS, reached, strict=True))
    try:
        fitted = fit(found(lambda command, rate: lookup[command]))
    except TableRejected:
        return
    assert (np.diff(fitted.commands_mm, axis=0) > 0).all()
    assert (np.abs(fitted.commands_mm - np.array(DEPTHS)[:, None]) < 0.4).all()


def test_a_rippled_pen_reaches_its_depths_with_the_fitted_commands() -> None:
    pen = lambda command, rate: 1.018 * command + 0.02 + 0.006 * math.sin(2.33 * command + 0.7)  # noqa: E731
    fitted = fit(found(pen))
    reached = np.array([[pen(command, 0) for command in row] for row in fitted.commands_mm])
    assert np.abs(reached - np.array(DEPTHS)[:, None]).max() < 0.001
    assert 0 < fitted.residual.value < 0.01


def test_a_wild_point_shows_as_residual() -> None:
    measured = found(lambda command, rate: command + (0.03 if (command, rate) == (1.25, 7000) else 0.0))
    assert fit(measured).residual.value == pytest.approx(0.03, rel=0.3)


def test_commands_beyond_what_was_measured_are_limited() -> None:
    fit(found(lambda command, rate: command - 0.19))
    with pytest.raises(TableRejected, match="the pen was measured"):
        fit(found(lambda command, rate: command - 0.21))
    with pytest.raises(TableRejected, match=r"travels 0 to 2\.8"):
        fit(found(lambda command, rate: command * 1.2 + 0.3))


def test_an_extension_that_does_not_grow_is_refused() -> None:
    with pytest.raises(TableRejected, match="does not grow"):
        fit(found(lambda command, rate: min(command, 1.5)))
    with pytest.raises(TableRejected, match="does not grow"):
        fit(found(lambda command, rate: 1.0))


def test_a_grid_with_holes_is_refused() -> None:
    measured = found(lambda command, rate: command)
    del measured[1.25, 7000.0]
    with pytest.raises(TableRejected, match=r"\(1.25, 7000.0\).* not measured"):
        fit(measured)
    with pytest.raises(TableRejected, match="not measured"):
        fit_commands(DEPTHS, (), measured, extrapolate_mm=0.2, travel_mm=2.8)


def test_two_depths_leave_nothing_to_judge_a_fit_by() -> None:
    measured = found(lambda command, rate: command)
    with pytest.raises(EstimateError, match="three or more"):
        fit_commands(DEPTHS[:2], RATES, measured, extrapolate_mm=0.2, travel_mm=2.8)


def rounded(commands_mm: list[list[float]]) -> CalibrationTable:
    fitted = FittedCommands(np.array(commands_mm), extension(0.0))
    return make_table(
        fitted,
        [0.25, 0.75],
        [5000.0],
        model_code=250,
        made_on=date(2026, 3, 14),
        station_code=3,
        generation=8,
    )


def test_commands_are_rounded_to_whole_micrometres() -> None:
    assert rounded([[0.23149], [0.7316]]).commands_um == ((231,), (732,))


@pytest.mark.parametrize(
    "commands", [[[0.2311], [0.2314]], [[0.5], [0.4]], [[-0.002], [0.4]], [[0.1], [70.0]]]
)
def test_rounding_that_makes_no_table_is_refused(commands: list[list[float]]) -> None:
    with pytest.raises(TableRejected):
        rounded(commands)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_commands_that_are_no_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(TableRejected, match="finite"):
        rounded([[0.2], [wrong]])
