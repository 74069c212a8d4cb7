"""The small drawing of a result in its limits."""

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from rig.panel.range_bars import range_bar

SOME = st.floats(-1e6, 1e6)


@given(SOME, st.floats(0, 1e3), SOME, st.floats(1e-3, 1e6))
def test_a_value_lies_where_it_is_between_two_limits(
    value: float, U: float, lower: float, wide: float
) -> None:
    upper = lower + wide
    assume(upper - lower > 1e-6 * abs(lower))
    bar = range_bar(value, U, lower, upper)
    assert bar is not None
    assert bar.lower is not None
    assert bar.upper is not None
    assert 0 <= bar.lower < bar.upper <= 100
    assert 0 <= bar.low <= bar.value <= bar.high <= 100
    if lower <= value <= upper:
        assert bar.beyond == 0
        share = (value - lower) / (upper - lower)
        assert math.isclose(bar.value, bar.lower + share * (bar.upper - bar.lower), abs_tol=0.02)
    else:
        assert not bar.lower < bar.value < bar.upper


@given(SOME, st.floats(0, 1e3), SOME)
def test_one_limit_is_enough(value: float, U: float, limit: float) -> None:
    below, above = range_bar(value, U, None, limit), range_bar(value, U, limit, None)
    assert below is not None
    assert above is not None
    assert (below.left, above.right) == (0, 100)
    assert (below.lower, above.upper) == (None, None)


def test_the_bar_of_two_limits_is_the_same_for_every_value() -> None:
    bars = [range_bar(value, 0.1, 1.0, 2.0) for value in (-50.0, 1.5, 99.0)]
    assert [bar and (bar.lower, bar.upper, bar.beyond) for bar in bars] == [
        (14.29, 85.71, -1),
        (14.29, 85.71, 0),
        (14.29, 85.71, 1),
    ]


def test_equal_limits_have_a_bar_and_what_cannot_be_drawn_has_none() -> None:
    exact = range_bar(1.0, 0.0, 1.0, 1.0)
    assert exact is not None
    assert exact.value == exact.lower == exact.upper == 50
    assert range_bar(1.0, 0.1, None, None) is None
    assert range_bar(None, 0.1, 0.0, 1.0) is None
    assert range_bar(math.nan, 0.1, 0.0, 1.0) is None
    assert range_bar(1.0, math.inf, 0.0, 1.0) is None
