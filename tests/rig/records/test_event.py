"""One entry's text is canonical, exact, and free of what is not a number."""

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.errors import StoreError
from rig.records.event import canonical_json, chain_hash, utc_text

finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(finite)
def test_a_float_reads_back_to_the_bit(value: float) -> None:
    back = json.loads(canonical_json({"value": value}))["value"]
    assert (back, str(back)) == (value, str(value))  # the text tells -0.0 from 0.0


@settings(max_examples=50, deadline=None)
@given(json_values)
def test_what_reads_back_has_the_same_text(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_the_text_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": [1.5, None]}) == '{"a":[1.5,null],"b":1}'
    assert canonical_json({"a": [1.5, None], "b": 1}) == canonical_json({"b": 1, "a": [1.5, None]})


def test_numpy_values_are_plain_numbers() -> None:
    value = {"a": np.float64(0.1), "b": np.int64(3), "c": np.bool_(True), "d": np.array([1.0, 2.0])}
    assert canonical_json(value) == '{"a":0.1,"b":3,"c":true,"d":[1.0,2.0]}'


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_a_number_that_is_none_is_refused_and_found(bad: float) -> None:
    with pytest.raises(StoreError, match=r"budget\[1\]\.u is -?(nan|inf)"):
        canonical_json({"value": 1.0, "budget": [{"u": 0.1}, {"u": bad}]})


@pytest.mark.parametrize("bad", [object(), {1, 2}, b"bytes", "\ud800"])
def test_what_json_does_not_have_is_refused(bad: object) -> None:
    with pytest.raises(StoreError, match="cannot be recorded"):
        canonical_json({"x": bad})


def test_the_hash_is_sha256_over_the_documented_text() -> None:
    import hashlib

    text = 'previous[7,"run","note","2026-11-22T10:30:00.000000Z",{"text":"µ"}]'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert chain_hash("previous", 7, "run", "note", "2026-11-22T10:30:00.000000Z", '{"text":"µ"}') == expected


def test_times_are_utc_and_need_a_zone() -> None:
    in_berlin = datetime(2026, 11, 22, 11, 30, tzinfo=timezone(timedelta(hours=1)))
    assert utc_text(in_berlin) == utc_text(datetime(2026, 11, 22, 10, 30, tzinfo=UTC))
    assert utc_text(in_berlin) == "2026-11-22T10:30:00.000000Z"
    with pytest.raises(StoreError, match="no time zone"):
        utc_text(datetime(2026, 11, 22))
