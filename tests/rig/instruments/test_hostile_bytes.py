"""Whatever reads bytes from outside returns a value or a documented error, whatever the bytes are.

The longer search is `make fuzz`; one guided by coverage is `make hostile-bytes`.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_bytes import TARGETS, WORDS

hostile = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=40)), max_size=8).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
@given(data=hostile)
def test_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_words_of_all_instruments(name: str) -> None:
    for word in WORDS:
        TARGETS[name](word)
        TARGETS[name](b"\xff".join([word] * 4))
