"""How a package writes what it says: one place for numbers, moments, rules and verdicts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from calibration.rounding import with_uncertainty
from reports.evidence.conclusion import INCOMPLETE, STUDIED, margin
from rig.records import kinds

NOT_ON_RECORD = "not on record"
NOT_SHOWN = "NOT SHOWN"
LONGEST_WORD = 32
"""Longer words may be broken, so that nothing a person typed runs out of its column."""

VERDICTS = {
    kinds.PASS: ("pass", "PASS", "conforms"),
    kinds.FAIL: ("fail", "FAIL", "does not conform"),
    kinds.ERROR: ("none", "NO VERDICT", "the rig or the run broke; this says nothing about the pen"),
    kinds.ABORTED: ("none", "NO VERDICT", "the run was stopped; this says nothing about the pen"),
    kinds.UNFINISHED: ("none", "NO VERDICT", "the run never ended; this says nothing about the pen"),
    INCOMPLETE: ("none", "INCOMPLETE", "not every pen was judged"),
    NOT_SHOWN: ("none", "NOT SHOWN", "nothing failed, and too little is shown"),
    STUDIED: ("study", "STUDY", "an answer to a question; no pen is judged"),
}
"""Tone, word and meaning of each verdict."""

RULES = {
    "simple acceptance": "the measured value is within the limits; U is stated and does not enter",
    "guard band": "the measured value is within the limits by at least the stated multiple of U (ILAC-G8)",
    "specific risk": "the probability that the true value is outside the limits is at most the stated one",
    "global risk": "over all items, at most the stated share is accepted though outside the limits",
}


def verdict_words(verdict: str) -> tuple[str, str, str]:
    """Return tone ("pass", "fail", "none" or "study"), word and meaning of a verdict."""
    return VERDICTS.get(verdict, ("none", verdict, "no verdict on the pen"))


def known(value: object) -> str:
    """Return a value as text, and what is not there as not on record."""
    return NOT_ON_RECORD if value is None or value == "" else str(value)


def each(values: Iterable[object]) -> str:
    """Return different values, each once, in order of appearance."""
    return ", ".join(dict.fromkeys(known(value) for value in values)) or NOT_ON_RECORD


def moment(text: str | None) -> str:
    """Return a recorded moment to the second, in UTC."""
    if not text:
        return NOT_ON_RECORD
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def unit_text(unit: str) -> str:
    """Return a unit; nothing for a plain number."""
    return "" if unit == "1" else unit


def with_unit(body: Mapping[str, Any]) -> str:
    """Return a result, its expanded uncertainty and its unit."""
    return f"{number_text(body)} {unit_text(body['unit'])}".strip()


def number_text(body: Mapping[str, Any]) -> str:
    """Return a result and its expanded uncertainty, rounded as everywhere in this project."""
    return with_uncertainty(body["value"], body["U"])


def two_digits(number: float) -> str:
    """Return a number to two significant digits, without a power of ten where none is needed.

    >>> two_digits(104.2), two_digits(0.00123), two_digits(7.04e-6)
    ('100', '0.0012', '7.0e-6')
    """
    if 0.0 < abs(number) < 1e-4:
        return short_power(f"{number:.1e}")
    return f"{float(f'{number:.2g}'):g}"


def short_power(text: str) -> str:
    """Return text with powers of ten as results have them.

    >>> short_power("below 2.145e-06 Pa·m³/s")
    'below 2.145e-6 Pa·m³/s'
    """
    return re.sub(r"(?<=\d)e([-+])0+(?=\d)", lambda match: f"e{match[1].strip('+')}", text)


def by_how_much(body: Mapping[str, Any]) -> str:
    """Return how far a result is from its nearer limit, on which side of it, in the result's unit."""
    found = margin(body)
    if found is None:
        return "no limit"
    side, distance = found
    text = with_uncertainty(distance, body["U"])
    return {
        "beyond": f"beyond the limit by {text}",
        "close": f"within the limit by {text}, less than the rule asks for",
        "within": f"within the limit by {text}",
    }[side]


def setting_text(body: Mapping[str, Any]) -> str:
    """Return the setting of a result, or its name where it has none."""
    match body.get("setting"):
        case {"depth_mm": depth_mm, "rate_per_min": rate_per_min}:
            return f"{depth_mm:.2f} mm @ {rate_per_min:.0f} /min"
        case _:
            return str(body["name"])


def rule_in_words(rule: str) -> str:
    """Return what a decision rule says, by its recorded name."""
    return next((text for name, text in RULES.items() if rule.startswith(name)), "as its name says")


def printable(text: object) -> str:
    """Return text with every character that the fonts cannot show as ``⟨U+0000⟩``, and long words breakable.

    A PDF/A holds no character without a shape; control and direction marks would falsify what is read.
    """
    shown = "".join(c if _has_shape(c) else f"⟨U+{ord(c):04X}⟩" for c in str(text).replace("\n", " "))
    return " ".join(_breakable(word) for word in shown.split(" "))


def _breakable(word: str) -> str:
    """Let a long word break behind what joins its parts, or else anywhere."""
    if len(word) <= LONGEST_WORD:
        return word
    return "\u200b".join(re.findall(rf"[^_/:]{{1,{LONGEST_WORD}}}[_/:]*|[_/:]+", word))


def _has_shape(character: str) -> bool:
    if " " <= character <= "~":
        return True
    return not unicodedata.category(character).startswith("C") and ord(character) in _shapes()


@cache
def _shapes() -> frozenset[int]:
    """Return the code points of the font that stands in for all others."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(fallback_font())).get_charmap())


def fallback_font() -> Any:
    """Return the file of the font that shows what the text's own font has not: it comes with matplotlib."""
    import matplotlib

    return matplotlib.get_data_path() + "/fonts/ttf/DejaVuSans.ttf"
