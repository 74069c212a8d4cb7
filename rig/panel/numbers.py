"""Numbers as the engineer's pages show them; templates call these as ``n.…``. Rendering only."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import PurePath

from calibration.rounding import with_uncertainty
from reports.dashboard.capability_table import CapabilityLine
from reports.dashboard.shares import Share
from rig.show import RULES, limits_text, probability_text, ratio_text

NONE = "–"
WANTED_CPK = 1.33
GOOD, LOW, OPEN = "good", "low", "open"

__all__ = [
    "capability_word", "crc", "days_text", "difference", "interval", "last_part", "limits_text",
    "moment", "percent", "percent_interval", "probability_text", "ratio_text", "rounded", "rule_text",
    "seconds", "setting", "shortened", "signed", "two_digits", "unit_text", "with_uncertainty",
]  # fmt: skip


def percent(share: float | None) -> str:
    """Return a share with one place; what is not quite all, or not quite nothing, is not called so.

    >>> percent(0.9714), percent(0.99996), percent(None)
    ('97.1 %', '>99.9 %', '–')
    """
    if share is None:
        return NONE
    if 0.9995 <= share < 1.0:
        return ">99.9 %"
    if 0.0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.1f} %"


def percent_interval(share: Share) -> str:
    """Return the interval of a share, such as ``95.2 … 98.5 %``."""
    if share.low is None or share.high is None:
        return NONE
    return f"{100 * share.low:.1f} … {100 * share.high:.1f} %"


def interval(low: float, high: float) -> str:
    """Return the interval of a capability index."""
    return f"{low:.2f} … {high:.2f}"


def rounded(value: float | None, scatter: float | None = None) -> str:
    """Return a value to the places that show two digits of its scatter; to five digits without one.

    >>> rounded(0.251374, 0.00416), rounded(-0.0), rounded(math.nan), rounded(7530.44, 0.0)
    ('0.2514', '0', '–', '7530.4')
    """
    if value is None or not math.isfinite(value):
        return NONE
    if scatter is None or not scatter > 0 or not math.isfinite(scatter):
        return f"{value + 0.0:.5g}"
    if not 1e-3 <= max(abs(value), scatter) < 1e6:
        return f"{value:.3g}"
    places = max(0, 1 - math.floor(math.log10(float(f"{scatter:.1e}"))))
    return f"{round(value, places) + 0.0:.{places}f}"


def two_digits(value: float) -> str:
    """Return an uncertainty to two digits.

    >>> two_digits(0.0007), two_digits(0.0)
    ('0.00070', '0')
    """
    return f"{value:#.2g}" if value else "0"


def signed(value: float, scatter: float | None = None) -> str:
    """Return a difference with its sign."""
    text = rounded(value, scatter)
    return text if text.startswith("-") or text == NONE else f"+{text}"


def difference(value: float, U: float) -> str:
    """Return a difference with its sign and expanded uncertainty.

    >>> difference(0.00355, 0.00016), difference(0.0, 0.0), difference(2e-5, 1e-6)
    ('+0.00355 ± 0.00016', '0', '(+2.00 ± 0.10)e-5')
    """
    text = with_uncertainty(value, U)
    if not value > 0:
        return text
    return f"(+{text[1:]}" if text.startswith("(") else f"+{text}"


def rule_text(rule: str) -> str:
    """Return a decision rule in short, as ``rig show`` has it."""
    for name, short in RULES.items():
        rule = rule.replace(name, short)
    return rule


def seconds(value: float | None) -> str:
    """Return a time in seconds."""
    return NONE if value is None else f"{value:.1f} s"


def setting(depth_mm: float | None, rate_per_min: float | None) -> str:
    """Return a setting of the pen; empty where there is none."""
    if depth_mm is None or rate_per_min is None:
        return ""
    return f"{depth_mm:.2f} mm @ {rate_per_min:.0f} /min"


def unit_text(unit: str) -> str:
    """Return a unit; nothing for a plain number."""
    return "" if unit == "1" else unit


def last_part(name: str) -> str:
    """Return a product's name, of one that was given as the path of its file too."""
    return PurePath(name).stem if name.endswith(".toml") else name


def moment(at: str | None) -> str:
    """Return a moment of the record to the second, as ``2026-11-22 10:30:00``; else what it says."""
    if not at:
        return NONE
    try:
        return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return at


def crc(value: int | None) -> str:
    """Return a check sum as the pen's own tools write it."""
    return NONE if value is None else f"{value:08X}"


def shortened(value: object) -> str:
    """Return what something was changed from or to; of a hash, as much as tells it from others."""
    text = NONE if value is None else str(value)
    return f"{text[:10]}…" if len(text) == 64 and text.isalnum() else text


def days_text(days: int) -> str:
    """Return days that are left, or how many too many went by."""
    return str(days) if days >= 0 else f"−{-days}"


def capability_word(line: CapabilityLine) -> str:
    """Return what the interval of Cpk (of Ppk, where there is none) shows against 1.33.

    ``good``: all of it is as high; ``low``: none of it is; ``open``: it lies on both sides, so more pens are
    needed to tell. Empty where there is no index.
    """
    index = line.cpk or line.ppk
    if index is None:
        return ""
    return GOOD if index.low >= WANTED_CPK else LOW if index.high < WANTED_CPK else OPEN
