"""Labels as scanners type them: what they say is read, and anything else is refused in a sentence."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import RefusedToStart
from rig.labels import Label, check_digit, product_of, read_label
from rig.product import PRODUCTS

GS = "\x1d"
UDI = "09506000134352"  # GS1's own example

gtins = st.text("0123456789", min_size=13, max_size=13).map(lambda digits: digits + check_digit(digits))
values = st.text(string.ascii_letters + string.digits + "-._/+", min_size=1, max_size=20)
dates = st.sampled_from(["261231", "270200", "240229"])


@pytest.mark.parametrize(
    ("text", "serial", "lot", "gtin"),
    [
        ("NP000042", "NP000042", "NP000042", None),
        (" NP000042\r\n", "NP000042", "NP000042", None),
        (f"(01){UDI}(21)NP000042", "NP000042", None, UDI),
        (f"(01){UDI}(17)261231(10)T2611A(21)NP000042", "NP000042", "T2611A", UDI),
        (f"(01) {UDI} (10) T2611A", None, "T2611A", UDI),
        (f"01{UDI}21NP000042", "NP000042", None, UDI),
        (f"]d201{UDI}1726123110T2611A{GS}21NP000042", "NP000042", "T2611A", UDI),
        (f"]C1{GS}01{UDI}10T2611A{GS}11260101{GS}21NP000042{GS}", "NP000042", "T2611A", UDI),
        (f"10T2611A{GS}21NP000042", "NP000042", "T2611A", None),
        ("(10)T(26)11A"[:8], None, "T(26", None),
    ],
)
def test_a_label_is_read(text: str, serial: str | None, lot: str | None, gtin: str | None) -> None:
    found = read_label(text)
    assert (found.serial, found.lot, found.gtin) == (serial, lot, gtin)
    assert found.raw == text.strip(" \r\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty label"),
        (f" {GS} ", "an empty label"),
        ("x" * 10_000, "a label of 10000 characters, expected at most 200"),
        ("NP\x00000042", "control characters"),
        ("NP\n000042", "control characters"),
        ("NP\u202e000042", "control characters"),
        ("(01)09506000134353", "GTIN '09506000134353', expected check digit 2"),
        ("0109506000134353", "expected check digit 2"),
        ("(01)0950600013435", "expected 14 digits"),
        ("(01)٠٩٥٠٦٠٠٠١٣٤٣٥٢", "expected 14 digits"),
        ("(17)261331", "expiry date '261331', expected year, month and day"),
        ("(21)", "serial number '', expected 1 to 20"),
        (f"(21){'9' * 21}", "expected 1 to 20 letters"),
        ("(21)NP 42", "serial number 'NP 42'"),
        ("(21)NP1(21)NP2", r"two of \(21\), serial number"),
        ("(99)x", r"a label with \(99\), expected \(01\), \(10\)"),
        ("(8008)261231", r"a label with \(8008\)"),
        (f"]d299x{GS}", r"a label with \(99\)"),
        ("<script>alert(1)</script>" * 20, "a label of 500 characters"),
    ],
)
def test_what_is_no_label_is_refused(text: str, words: str) -> None:
    with pytest.raises(RefusedToStart, match=words):
        read_label(text)


@given(gtins, values, values, dates, st.sampled_from(["]d2", "]C1", "]Q3", ""]))
def test_every_form_says_the_same(gtin: str, serial: str, lot: str, date: str, symbology: str) -> None:
    bracketed = read_label(f"(01){gtin}(17){date}(10){lot}(21){serial}")
    sent = read_label(f"{symbology}01{gtin}17{date}10{lot}{GS}21{serial}")
    told = (serial, lot, gtin)
    assert (bracketed.serial, bracketed.lot, bracketed.gtin) == told
    assert (sent.serial, sent.lot, sent.gtin) == told


@given(gtins, st.integers(0, 13), st.integers(1, 9))
def test_a_wrong_digit_is_found(gtin: str, place: int, more: int) -> None:
    wrong = str((int(gtin[place]) + more) % 10)
    with pytest.raises(RefusedToStart, match="check digit"):
        read_label(f"(01){gtin[:place]}{wrong}{gtin[place + 1 :]}")


@given(st.text(max_size=250) | st.text("()0123456789]dC\x1dAB", max_size=60))
def test_any_text_is_a_label_or_is_refused(text: str) -> None:
    try:
        found = read_label(text)
    except RefusedToStart:
        return
    assert isinstance(found, Label)
    assert any((found.serial, found.lot, found.gtin)) or found.raw
    assert len(found.raw) <= 200


def test_the_product_of_a_serial_number() -> None:
    assert product_of("NP000042") == "office-pen"
    assert product_of("CP000042") == "compact-pen"


@pytest.mark.parametrize("serial", ["XX000042", "", "NP00042", "NP000042 ", "T2611A", "<b>" * 100])
def test_an_unknown_model_is_refused_with_those_that_are_known(serial: str) -> None:
    with pytest.raises(RefusedToStart, match=r"unknown model: .*compact-pen \(CP000001\), office-pen \(NP0"):
        product_of(serial)


def test_a_product_of_one_s_own_is_known_when_it_is_named(tmp_path: Path) -> None:
    text = (PRODUCTS / "office-pen.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace("NP[0-9]{6}", "XX[0-9]{6}").replace("NP000001", "XX000001"), encoding="utf-8")
    assert product_of("XX000042", [str(own)]) == str(own)
    own.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedToStart, match=r"'NP000042' fits office-pen and .*own\.toml, expected one"):
        product_of("NP000042", [str(own)])
