"""The calibration table: its form in the pen's memory, and its fit to what was found.

A table holds, for every set depth (rows) and stroke rate (columns), the command to the depth drive that
makes the needles reach that depth. Between rows the pen interpolates with a monotone cubic (PCHIP,
Fritsch and Carlson 1980), beyond them along the straight line through the two outermost; between columns
linearly, and the rate is kept within the outermost columns.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from calibration.errors import EstimateError, TableRejected
from calibration.measured import Contribution, Measured, combine

Floats = NDArray[np.float64]

MAGIC = 0x4E54
FORMAT = 1
HEADER_WORDS = 8
EPOCH = date(2000, 1, 1)
WORD = 0xFFFF

MISFIT = "r = |e(c) − ê(c)|, ê monotone through all other points of the rate"
"""How a point's misfit is computed: its extension against that of a curve that does not know it."""


@dataclass(frozen=True)
class CalibrationTable:
    """A table as the pen keeps it: whole micrometres and strokes a minute.

    Args:
        model_code: which pens it is for.
        made_on: day of the calibration.
        station_code: which station made it.
        generation: counts the tables of this pen.
        depths_um: set depths, the rows.
        rates_per_min: stroke rates, the columns.
        commands_um: commands to the depth drive, a tuple per row.

    Raises:
        TableRejected: rows, columns or commands that no pen would take.
    """

    model_code: int
    made_on: date
    station_code: int
    generation: int
    depths_um: tuple[int, ...]
    rates_per_min: tuple[int, ...]
    commands_um: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        for name, values in (("set depths", self.depths_um), ("rates", self.rates_per_min)):
            if not _increasing(values):
                raise TableRejected(f"{name} {values} do not increase strictly")
        rows = [len(row) for row in self.commands_um]
        whole = rows == [len(self.rates_per_min)] * len(self.depths_um)
        if not whole or len(self.depths_um) < 2 or not self.rates_per_min:
            raise TableRejected(
                f"rows of {rows} commands for {len(self.depths_um)} depths, {len(self.rates_per_min)} rates"
            )
        for rate, column in zip(self.rates_per_min, zip(*self.commands_um, strict=True), strict=True):
            if not _increasing(column):
                raise TableRejected(f"commands {column} at {rate} /min do not increase strictly")
        for value in self._payload():
            if not 0 <= value <= WORD:
                raise TableRejected(f"{value} does not fit a 16-bit word")

    def words(self) -> list[int]:
        """Return the table as 16-bit words, its CRC-32 last, high word first."""
        payload = self._payload()
        return [*payload, self.crc >> 16, self.crc & WORD]

    @property
    def crc(self) -> int:
        """CRC-32 (IEEE 802.3) of all words before it, as big-endian bytes."""
        return _crc(self._payload())

    def command_mm(self, depth_mm: float, rate_per_min: float) -> float:
        """Return the command the pen gives its drive for a setting, mm."""
        rates = np.array(self.rates_per_min, dtype=float)
        per_rate = [
            _interpolate(np.array(self.depths_um) / 1e3, np.array(column) / 1e3, depth_mm)
            for column in zip(*self.commands_um, strict=True)
        ]
        return float(np.interp(rate_per_min, rates, per_rate))

    def _payload(self) -> list[int]:
        days = (self.made_on - EPOCH).days
        sizes = [len(self.depths_um), len(self.rates_per_min)]
        header = [MAGIC, FORMAT, self.model_code, *sizes, days, self.station_code, self.generation]
        commands = [command for row in self.commands_um for command in row]
        return [*header, *self.depths_um, *self.rates_per_min, *commands]


def _crc(words: Sequence[int]) -> int:
    try:
        return zlib.crc32(struct.pack(f">{len(words)}H", *words))
    except struct.error as error:
        raise TableRejected(f"numbers that are no 16-bit words: {error}") from error


def words_needed(rows: int, columns: int) -> int:
    """Return how many words a table of that size has."""
    return HEADER_WORDS + rows + columns + rows * columns + 2


def decode(words: Sequence[int]) -> CalibrationTable:
    """Read a table from a bank's words; words behind its end are ignored.

    Raises:
        TableRejected: not a table, wrong size, or wrong CRC.
    """
    if len(words) < HEADER_WORDS or words[0] != MAGIC or words[1] != FORMAT:
        raise TableRejected(f"bank begins {list(words[:2])}, expected magic {MAGIC} and format {FORMAT}")
    rows, columns = words[3], words[4]
    length = words_needed(rows, columns)
    if len(words) < length:
        raise TableRejected(f"{len(words)} words, expected {length} for {rows} rows and {columns} columns")
    crc, expected = (words[length - 2] << 16) | words[length - 1], _crc(words[: length - 2])
    if crc != expected:
        raise TableRejected(f"CRC {crc:08X}, expected {expected:08X}: the bank is damaged")
    body = tuple(words[HEADER_WORDS : length - 2])
    flat = body[rows + columns :]
    return CalibrationTable(
        model_code=words[2],
        made_on=EPOCH + timedelta(days=words[5]),
        station_code=words[6],
        generation=words[7],
        depths_um=body[:rows],
        rates_per_min=body[rows : rows + columns],
        commands_um=tuple(flat[i * columns : (i + 1) * columns] for i in range(rows)),
    )


@dataclass(frozen=True)
class FittedCommands:
    """Commands (mm) for every depth (rows) and rate (columns), and how well the points hang together."""

    commands_mm: Floats
    residual: Measured


def fit_commands(
    depths_mm: Sequence[float],
    rates_per_min: Sequence[float],
    found: Mapping[tuple[float, float], tuple[float, Measured]],
    *,
    extrapolate_mm: float,
    travel_mm: float,
) -> FittedCommands:
    """Invert what was found: which command gives each wanted depth.

    Args:
        depths_mm, rates_per_min: the nodes.
        found: for every (depth, rate) set, the command the drive got (mm) and the extension measured (mm).
        extrapolate_mm: how far a command may lie beyond those that were measured.
        travel_mm: commands the drive can follow, from 0.

    Returns:
        The commands, and as residual the largest misfit of any inner point to the curve through its
        neighbours: what interpolation between nodes cannot be trusted with.

    Raises:
        TableRejected: a node was not measured or cannot be reached, or extension does not grow with command.
        EstimateError: fewer than three depths, which leave nothing to judge the fit by.
    """
    commands = np.empty((len(depths_mm), len(rates_per_min)))
    missing = {(depth, rate) for depth in depths_mm for rate in rates_per_min} - found.keys()
    if missing or not rates_per_min:
        raise TableRejected(f"settings {sorted(missing)} were not measured, expected all of the grid")
    misfits: list[Measured] = []
    for column, rate in enumerate(rates_per_min):
        points = [found[depth, rate] for depth in depths_mm]
        sent = np.array([command for command, _ in points])
        reached = np.array([extension.value for _, extension in points])
        if not _increasing(reached) or not _increasing(sent):
            raise TableRejected(
                f"at {rate:g} /min the extension does not grow with the command: {reached.round(4)} mm"
            )
        for row, depth in enumerate(depths_mm):
            command = _interpolate(reached, sent, depth)
            beyond = max(command - sent[-1], sent[0] - command)
            if beyond > extrapolate_mm or not 0.0 <= command <= travel_mm:
                raise TableRejected(
                    f"{depth:g} mm at {rate:g} /min needs a command of {command:.3f} mm; "
                    f"the pen was measured from {sent[0]:.3f} to {sent[-1]:.3f} mm "
                    f"and travels 0 to {travel_mm:g} mm"
                )
            commands[row, column] = command
        misfits += _misfits(sent, reached, [extension for _, extension in points])
    return FittedCommands(commands, max(misfits, key=lambda misfit: misfit.value))


def make_table(
    fitted: FittedCommands,
    depths_mm: Sequence[float],
    rates_per_min: Sequence[float],
    *,
    model_code: int,
    made_on: date,
    station_code: int,
    generation: int,
) -> CalibrationTable:
    """Round commands to the pen's whole micrometres.

    Raises:
        TableRejected: rounding makes two commands equal, or a value does not fit.
    """
    if not np.isfinite(fitted.commands_mm).all():
        raise TableRejected("commands that are not all finite")
    rounded = np.rint(fitted.commands_mm * 1e3).astype(int)
    return CalibrationTable(
        model_code,
        made_on,
        station_code,
        generation,
        tuple(round(depth * 1e3) for depth in depths_mm),
        tuple(round(rate) for rate in rates_per_min),
        tuple(tuple(int(value) for value in row) for row in rounded),
    )


def _interpolate(x: Floats, y: Floats, at: float) -> float:
    """Monotone cubic within the points, the outermost chords beyond them."""
    if at < x[0]:
        return float(y[0] + (at - x[0]) * (y[1] - y[0]) / (x[1] - x[0]))
    if at > x[-1]:
        return float(y[-1] + (at - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2]))
    return float(PchipInterpolator(x, y)(at))


def _misfits(sent: Floats, reached: Floats, extensions: Sequence[Measured]) -> list[Measured]:
    """Each inner point against the curve through all others."""
    misfits = []
    for i in range(1, len(sent) - 1):
        others = np.arange(len(sent)) != i
        predicted = _interpolate(sent[others], reached[others], float(sent[i]))
        neighbours = math.sqrt(extensions[i - 1].u ** 2 + extensions[i + 1].u ** 2) / 2
        budget = [
            Contribution("extension", extensions[i].u, extensions[i].dof),
            Contribution("neighbours", neighbours),
        ]
        misfit = combine(abs(predicted - float(reached[i])), "mm", budget)
        misfits.append(misfit.explained(MISFIT, "first order"))
    if not misfits:
        raise EstimateError("two nodes leave nothing to judge the fit by, expected three or more")
    return misfits


def _increasing(values: Sequence[int] | Floats) -> bool:
    return all(a < b for a, b in pairwise(values))
