"""Reading labels: a bare serial number or lot, or the element string of a UDI (GS1), as a scanner types it.

Reading only: whether there is such a pen, or such a tip, say the product files. Application identifiers are
those of a device's label: GTIN (01), lot (10), made (11), expires (17), serial number (21). Anything else is
refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rig.errors import RefusedToStart
from rig.product import PRODUCTS, Product, load_product

LONGEST_LABEL = 200
SEPARATOR = "\x1d"  # GS, for which a scanner sends FNC1 behind an element of open length
SYMBOLOGIES = ("]d2", "]C1", "]Q3")  # Data Matrix, Code 128 and QR code, each with FNC1 in front
GTIN, LOT, MADE, EXPIRES, SERIAL = "01", "10", "11", "17", "21"
FIXED = {GTIN: 14, MADE: 6, EXPIRES: 6}
LONGEST = {LOT: 20, SERIAL: 20}
NAMES = {GTIN: "GTIN", LOT: "lot", MADE: "date of making", EXPIRES: "expiry date", SERIAL: "serial number"}
OPENINGS = re.compile(r"\((\d{2,4})\)")
VALUE = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+""")  # GS1's own character set 82
DATE = re.compile(r"\d\d(0[1-9]|1[0-2])(0\d|[12]\d|3[01])")  # day 00 is the month's last
AGAIN = "Scan the label again; if it is refused once more, type the serial number or the lot"


@dataclass(frozen=True)
class Label:
    """What a label says.

    Args:
        serial, lot, gtin: None where it does not say. A bare text does not tell what it is: it is both serial
            number and lot, and whoever asked for one of them takes it.
        raw: as it was scanned.
    """

    serial: str | None
    lot: str | None
    gtin: str | None
    raw: str


def read_label(text: str) -> Label:
    """Read what was scanned or typed; spaces and line ends around it do not count.

    Element strings are read with brackets, ``(01)…(21)…``, or as scanners send them: with a symbology's
    identifier in front, with separators, or beginning with a GTIN.

    Raises:
        RefusedToStart: it is empty, too long, or holds what no label holds; says what, and what to do.
    """
    raw = text.strip(" \r\n\t")
    if not raw.strip(SEPARATOR):
        raise RefusedToStart("an empty label", do=AGAIN)
    if len(raw) > LONGEST_LABEL:
        raise RefusedToStart(
            f"a label of {len(raw)} characters", expected=f"at most {LONGEST_LABEL}", do=AGAIN
        )
    if not raw.replace(SEPARATOR, "").isprintable():
        raise RefusedToStart("a label with control characters", expected="printable ones", do=AGAIN)
    if OPENINGS.match(raw):
        return _label(raw, _bracketed(raw))
    symbology = next((name for name in SYMBOLOGIES if raw.startswith(name)), "")
    data = raw.removeprefix(symbology)
    if symbology or SEPARATOR in data or re.match(r"01\d{14}", data):
        return _label(raw, _separated(data))
    return Label(raw, raw, None, raw)


def product_of(serial: str, known: Sequence[str] = ()) -> str:
    """Return the name of the one product whose pens carry such a serial number.

    Args:
        serial: as read from a label.
        known: more products, by name or path, besides those that ship.

    Raises:
        RefusedToStart: no product, or more than one, has such serial numbers; lists those that are known.
        ConfigError: a product file is wrong.
    """
    names = list(dict.fromkeys([*(path.stem for path in sorted(PRODUCTS.glob("*.toml"))), *known]))
    products = {name: load_product(name) for name in names}
    found = [name for name, product in products.items() if _carries(product, serial)]
    shown = repr(serial[:40])
    if len(found) > 1:
        raise RefusedToStart(
            f"serial number {shown} fits {' and '.join(found)}",
            expected="one product",
            do="Make serial_pattern in the product files tell them apart",
        )
    if not found:
        told = ", ".join(f"{name} ({product.serial_example})" for name, product in products.items())
        raise RefusedToStart(
            f"unknown model: serial number {shown}",
            expected=f"a serial number like those of: {told}",
            do=AGAIN,
        )
    return found[0]


def check_digit(digits: str) -> str:
    """Return the check digit behind the digits of a GTIN: weights of 3 and 1 from the right, to the next ten.

    >>> check_digit("0950600013435")
    '2'
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _carries(product: Product, serial: str) -> bool:
    return re.fullmatch(product.serial_pattern, serial) is not None


def _bracketed(raw: str) -> Iterator[tuple[str, str]]:
    """Yield identifier and value of each element of a text with brackets."""
    _, *parts = OPENINGS.split(raw)
    yield from zip(parts[::2], (value.strip(f" {SEPARATOR}") for value in parts[1::2]), strict=True)


def _separated(data: str) -> Iterator[tuple[str, str]]:
    """Yield identifier and value of each element of what a scanner sends."""
    rest = data.strip(SEPARATOR)
    while rest:
        name, rest = rest[:2], rest[2:]
        if name in FIXED:
            value, rest = rest[: FIXED[name]], rest[FIXED[name] :]
        else:
            value, _, rest = rest.partition(SEPARATOR)
        yield name, value
        rest = rest.removeprefix(SEPARATOR)


def _label(raw: str, elements: Iterator[tuple[str, str]]) -> Label:
    found: dict[str, str] = {}
    for name, value in elements:
        _check(name, value)
        if name in found:
            raise RefusedToStart(f"a label with two of ({name}), {NAMES[name]}", expected="one", do=AGAIN)
        found[name] = value
    return Label(found.get(SERIAL), found.get(LOT), found.get(GTIN), raw)


def _check(name: str, value: str) -> None:
    """Refuse an element that no device's label has."""
    if name not in NAMES:
        raise RefusedToStart(f"a label with ({name[:4]})", expected=f"({'), ('.join(NAMES)}) only", do=AGAIN)
    shown = f"{NAMES[name]} {value[:40]!r}"
    if name in FIXED and not re.fullmatch(rf"[0-9]{{{FIXED[name]}}}", value):
        raise RefusedToStart(shown, expected=f"{FIXED[name]} digits", do=AGAIN)
    if name in LONGEST and not (VALUE.fullmatch(value) and len(value) <= LONGEST[name]):
        raise RefusedToStart(shown, expected=f"1 to {LONGEST[name]} letters, digits and signs", do=AGAIN)
    if name in (MADE, EXPIRES) and not DATE.fullmatch(value):
        raise RefusedToStart(shown, expected="year, month and day in two digits each", do=AGAIN)
    if name == GTIN and check_digit(value[:-1]) != value[-1]:
        raise RefusedToStart(shown, expected=f"check digit {check_digit(value[:-1])}", do=AGAIN)
