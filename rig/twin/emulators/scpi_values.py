"""Kinds of SCPI values: how a parameter is read, limited and written back. Knows no instrument.

``NR1`` is an integer, ``NR3`` a number with exponent; enumerations are answered in their short form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rig.twin.emulators.scpi_syntax import ScpiError, cut

INFINITY = 9.9e37
NOT_A_NUMBER = 9.91e37

Value = float | str | bool

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[Ee]\s*[+-]?\d+)?)\s*([A-Za-z]*)", re.ASCII)
_NONDECIMAL = {"#H": 16, "#Q": 8, "#B": 2}
_MULTIPLIERS = {"G": 1e9, "MA": 1e6, "K": 1e3, "": 1.0, "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12}
_MEGA_UNITS = ("HZ", "OHM")  # where M means mega: MHZ, MOHM


def nr3(value: float, decimals: int = 14) -> str:
    """Write ``value`` with sign and a three-digit exponent: ``+4.57538162393720E+006``."""
    mantissa, exponent = f"{value:+.{decimals}E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}"


def read_number(text: str, unit: str = "") -> float:
    """Return the number in ``text``, scaled by its unit suffix (``10 MS`` is 0.01 for unit ``S``).

    Raises:
        ScpiError: -104: no number; -120: a number too large; -131: the suffix of another unit.
    """
    if text[:2].upper() in _NONDECIMAL:
        try:
            return float(int(text[2:], _NONDECIMAL[text[:2].upper()]))
        except (ValueError, OverflowError):
            raise ScpiError(-120) from None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ScpiError(-104)
    value = float(re.sub(r"\s", "", match[1]))
    if math.isinf(value):
        raise ScpiError(-120)
    return value * _suffix_factor(match[2].upper(), unit)


def _suffix_factor(suffix: str, unit: str) -> float:
    if not suffix:
        return 1.0
    prefix = suffix.removesuffix(unit)
    if not unit or prefix == suffix or prefix not in _MULTIPLIERS:
        raise ScpiError(-131)
    return 1e6 if prefix == "M" and unit in _MEGA_UNITS else _MULTIPLIERS[prefix]


def read_channels(text: str) -> list[int]:
    """Return the channels of a list such as ``(@1)`` or ``(@1,3:5)``.

    Raises:
        ScpiError: -171 for anything else.
    """
    if not re.fullmatch(r"\(@\s*\d{1,4}\s*(?:[,:]\s*\d{1,4}\s*)*\)", text, re.ASCII):
        raise ScpiError(-171)
    channels: list[int] = []
    for item in cut(text[2:-1], ","):
        ends = [int(end) for end in item.split(":")]
        channels += range(ends[0], ends[-1] + 1)
    return channels


def matches_word(text: str, word: str) -> bool:
    """Say whether ``text`` is the short (capitals) or long form of ``word``, in any case."""
    short = "".join(c for c in word if not c.islower())
    return text.upper() in (short, word.upper())


class Kind(Protocol):
    """What a parameter may be."""

    @property
    def default(self) -> Value:
        """The value after a reset."""

    def read(self, text: str) -> Value:
        """Return the value that a parameter means; raises :class:`ScpiError`."""

    def write(self, value: Value) -> str:
        """Return the answer that shows a value."""


@dataclass(frozen=True)
class Number:
    """A number within limits, or one of a few.

    Args:
        default: value after a reset, which ``DEF`` means too.
        minimum, maximum: what ``MIN`` and ``MAX`` mean; outside is error -222.
        unit: suffix it may carry: ``S``, ``HZ``, ``V``; empty for none.
        decimals: digits after the point of its NR3 answer; 0 for integers, answered as NR1.
        allowed: when given, the only values there are; others are error -224.
        infinite: ``INF`` and 9.9E37 are allowed too.
    """

    default: float
    minimum: float = -math.inf
    maximum: float = math.inf
    unit: str = ""
    decimals: int = 14
    allowed: Sequence[float] = ()
    infinite: bool = False

    def read(self, text: str) -> float:
        words = {"MINimum": self.minimum, "MAXimum": self.maximum, "DEFault": self.default}
        if self.infinite:
            words["INFinity"] = INFINITY
        for word, meaning in words.items():
            if matches_word(text, word):
                return meaning
        value = read_number(text, self.unit)
        if self.infinite and value == INFINITY:
            return value
        if not self.minimum <= value <= self.maximum:
            raise ScpiError(-222)
        if self.allowed and value not in self.allowed:
            raise ScpiError(-224)
        return value if self.decimals else float(round(value))

    def write(self, value: Value) -> str:
        number = float(value)
        return nr3(number, self.decimals) if self.decimals else f"{number:+.0f}"


@dataclass(frozen=True)
class Choice:
    """One of a few words, given by their long forms with the short form in capitals."""

    words: str  # separated by blanks
    default: str  # in its short form

    def read(self, text: str) -> str:
        for word in self.words.split():
            if matches_word(text, word):
                return "".join(c for c in word if not c.islower())
        raise ScpiError(-224)

    def write(self, value: Value) -> str:
        return str(value)


@dataclass(frozen=True)
class Flag:
    """On or off; any number but zero is on."""

    default: bool

    def read(self, text: str) -> bool:
        if text.upper() in ("ON", "OFF"):
            return text.upper() == "ON"
        return round(read_number(text)) != 0

    def write(self, value: Value) -> str:
        return "1" if value else "0"


@dataclass(frozen=True)
class Text:
    """A quoted string."""

    default: str

    def read(self, text: str) -> str:
        if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
            raise ScpiError(-104)
        return text[1:-1].replace(text[0] * 2, text[0])

    def write(self, value: Value) -> str:
        return '"' + str(value).replace('"', '""') + '"'
