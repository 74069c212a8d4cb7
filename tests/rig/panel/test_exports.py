"""The data of a chart as a file: exact, quoted, and nothing that a spreadsheet would compute."""

import csv
import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.panel.exports import FORMULA, Drawn, cell, export


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_text_is_read_back_and_is_never_a_formula(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(Drawn("x", {"text": texts}).to_csv(), newline="")))
    assert len(rows) == len(texts) + 1
    for text, row in zip(texts, rows[1:], strict=True):
        found = row[0] if row else ""
        assert not found.startswith(FORMULA)
        assert found.removeprefix("'") == text.removeprefix("'")


@given(st.floats(allow_nan=False))
def test_numbers_are_read_back_to_the_last_bit(value: float) -> None:
    assert float(cell(value)) == value


@pytest.mark.parametrize("text", ["=1+1", "+41", "-x", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_would_be_computed_stands_behind_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert Drawn("x", {text: []}).to_csv().lstrip('"').startswith(f"'{text[0]}".replace('"', ""))


def test_a_negative_number_is_a_number_and_what_is_none_is_empty() -> None:
    assert [cell(value) for value in (-1.5, None, math.nan, True, ("a", "b"))] == [
        "-1.5",
        "",
        "",
        "yes",
        "a; b",
    ]


def test_lines_stand_in_every_row_and_not_in_the_json_twice() -> None:
    drawn = Drawn("limits", {"x": [1.0, math.nan]}, lines={"upper": 2.0, "lower": None})
    assert drawn.to_csv() == "x,upper,lower\r\n1.0,2.0,\r\n,2.0,\r\n"
    told = json.loads(bytes(export(drawn, "json").body))
    assert told["columns"] == {"x": [1.0, None]}
    assert told["lines"] == {"upper": 2.0, "lower": None}


def test_a_file_is_named_by_what_it_shows_and_by_nothing_that_a_header_could_break_on() -> None:
    response = export(Drawn('a"; x=\r\nSet-Cookie: b', {"x": [1]}), "csv")
    assert response.headers["content-disposition"] == 'attachment; filename="a-x-Set-Cookie-b.csv"'
    assert response.headers["content-type"].startswith("text/csv")
    assert export(Drawn("x", {}), "json").headers["content-type"] == "application/json"
