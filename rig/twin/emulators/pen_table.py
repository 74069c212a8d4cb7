"""The pen's own reading of its calibration table: which command gives the wanted set depth.

This is the firmware's arithmetic, written from the pen's data sheet ("needle table, format 1"). It
shares no line with the estimator that fills the table, so that a mistake in either shows as depth.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

MAGIC = 0x4E54
FORMAT = 1
HEADER_WORDS = 8
CRC_WORDS = 2
ROWS = range(2, 17)
COLUMNS = range(1, 9)


class Fault(IntEnum):
    """Why a table is refused; the numbers are those of the pen's register ``commit_result``."""

    FORMAT = 4
    MODEL = 5
    SIZE = 6
    ORDER = 7
    CRC = 8


class TableRefused(Exception):
    """The words are no table that this pen can use; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.name.lower())


@dataclass(frozen=True)
class PenTable:
    """A valid table: commands in µm over set depth (µm, down) and stroke rate (1/min, across).

    Attributes:
        words: the table as it lies in the bank, from the magic to the CRC.
        depths_um, rates_per_min: the nodes, strictly increasing.
        columns: for each rate, the command in µm at each depth, strictly increasing.
    """

    words: tuple[int, ...]
    generation: int
    crc: int
    depths_um: tuple[float, ...]
    rates_per_min: tuple[float, ...]
    columns: tuple[tuple[float, ...], ...]

    @classmethod
    def parse(cls, words: Sequence[int], *, model_code: int) -> PenTable:
        """Read a table from the front of a bank; words behind its CRC do not matter.

        Raises:
            TableRefused: wrong magic or format, model, size, order or CRC, checked in this sequence.
        """
        if len(words) < HEADER_WORDS or (words[0], words[1]) != (MAGIC, FORMAT):
            raise TableRefused(Fault.FORMAT)
        if words[2] != model_code:
            raise TableRefused(Fault.MODEL)
        rows, columns = words[3], words[4]
        body_end = HEADER_WORDS + rows + columns + rows * columns
        if rows not in ROWS or columns not in COLUMNS or body_end + CRC_WORDS > len(words):
            raise TableRefused(Fault.SIZE)
        depths = words[HEADER_WORDS:][:rows]
        rates = words[HEADER_WORDS + rows :][:columns]
        commands = words[HEADER_WORDS + rows + columns : body_end]
        by_rate = [commands[column::columns] for column in range(columns)]
        if not all(map(_strictly_increasing, (depths, rates, *by_rate))):
            raise TableRefused(Fault.ORDER)
        crc = words[body_end] << 16 | words[body_end + 1]
        if crc != crc_of(words[:body_end]):
            raise TableRefused(Fault.CRC)
        return cls(
            words=tuple(words[: body_end + CRC_WORDS]),
            generation=words[7],
            crc=crc,
            depths_um=tuple(map(float, depths)),
            rates_per_min=tuple(map(float, rates)),
            columns=tuple(tuple(map(float, column)) for column in by_rate),
        )

    def command_um(self, depth_um: float, rate_per_min: float) -> float:
        """Return the command for the depth drive, in µm.

        Within a column, a monotone cubic over set depth and a straight line through the two outermost
        nodes beyond them; between columns, a straight line over the rate, which is held at the
        outermost columns.
        """
        rate = min(max(rate_per_min, self.rates_per_min[0]), self.rates_per_min[-1])
        if len(self.columns) == 1:
            return monotone_cubic(self.depths_um, self.columns[0], depth_um)
        right = min(max(bisect_right(self.rates_per_min, rate), 1), len(self.rates_per_min) - 1)
        below, above = self.rates_per_min[right - 1], self.rates_per_min[right]
        share = (rate - below) / (above - below)
        low = monotone_cubic(self.depths_um, self.columns[right - 1], depth_um)
        high = monotone_cubic(self.depths_um, self.columns[right], depth_um)
        return low + share * (high - low)


def identity_words(
    depths_um: Sequence[int], rates_per_min: Sequence[int], *, model_code: int, generation: int
) -> list[int]:
    """Return the table a pen is born with: every command equals its set depth; date and station are 0."""
    rows, columns = len(depths_um), len(rates_per_min)
    header = [MAGIC, FORMAT, model_code, rows, columns, 0, 0, generation]
    body = header + [*depths_um, *rates_per_min] + [depth for depth in depths_um for _ in rates_per_min]
    return [*body, *divmod(crc_of(body), 0x10000)]


def crc_of(words: Sequence[int]) -> int:
    """Return the CRC-32 (IEEE 802.3) of 16-bit words taken as big-endian bytes."""
    return zlib.crc32(struct.pack(f">{len(words)}H", *words))


def monotone_cubic(x: Sequence[float], y: Sequence[float], at: float) -> float:
    """Interpolate strictly increasing data without overshoot; beyond the ends, straight on.

    Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300: weighted harmonic means of the
    secants inside, one-sided three-point slopes at the ends. The straight lines outside go through
    the two outermost nodes.
    """
    if at < x[0]:
        return y[0] + (at - x[0]) * (y[1] - y[0]) / (x[1] - x[0])
    if at > x[-1]:
        return y[-1] + (at - x[-1]) * (y[-1] - y[-2]) / (x[-1] - x[-2])
    k = min(bisect_right(x, at) - 1, len(x) - 2)
    slopes = _slopes(x, y)
    width, t = x[k + 1] - x[k], (at - x[k]) / (x[k + 1] - x[k])
    return (
        y[k] * (1 + 2 * t) * (1 - t) ** 2
        + slopes[k] * width * t * (1 - t) ** 2
        + y[k + 1] * t**2 * (3 - 2 * t)
        + slopes[k + 1] * width * t**2 * (t - 1)
    )


def _slopes(x: Sequence[float], y: Sequence[float]) -> list[float]:
    widths = [right - left for left, right in pairwise(x)]
    secants = [(right - left) / width for (left, right), width in zip(pairwise(y), widths, strict=True)]
    if len(secants) == 1:
        return [secants[0], secants[0]]
    inner = [
        3 * (h0 + h1) / ((h0 + 2 * h1) / m0 + (2 * h0 + h1) / m1)
        for (h0, h1), (m0, m1) in zip(pairwise(widths), pairwise(secants), strict=True)
    ]
    first = _end_slope(widths[0], widths[1], secants[0], secants[1])
    last = _end_slope(widths[-1], widths[-2], secants[-1], secants[-2])
    return [first, *inner, last]


def _end_slope(h0: float, h1: float, m0: float, m1: float) -> float:
    # Secants of increasing data are positive, so the one way to lose the shape is a slope below zero.
    return max(0.0, ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1))


def _strictly_increasing(values: Sequence[int]) -> bool:
    return all(left < right for left, right in pairwise(values))
