"""Travel limits in the controller: written in a safe order, read back, and not written again."""

from __future__ import annotations

import pytest

from rig.errors import (
    InstrumentReplyError,
)
from tests.support.zaber_script import (
    talking,
)


@pytest.mark.parametrize(
    ("old_maximum", "order"), [(60000, [b"min 5000", b"max 50000"]), (100, [b"max 50000", b"min 5000"])]
)
def test_limits_are_written_in_a_safe_order_and_read_back(old_maximum: int, order: list[bytes]) -> None:
    script = [
        (b"/1 1 01 get limit.max\n", b"@01 1 01 OK IDLE -- %d\r\n" % old_maximum),
        (b"/1 1 02 set limit.%s\n" % order[0], b"@01 1 02 OK IDLE -- 0\r\n"),
        (b"/1 1 03 set limit.%s\n" % order[1], b"@01 1 03 OK IDLE -- 0\r\n"),
        (b"/1 1 04 get limit.min\n", b"@01 1 04 OK IDLE -- 5000\r\n"),
        (b"/1 1 05 get limit.max\n", b"@01 1 05 OK IDLE -- 50000\r\n"),
    ]
    with talking(script) as stage:
        stage.set_limits("z", 5.0, 50.0)


def test_limits_that_do_not_stick_are_reported() -> None:
    script = [
        (b"/1 1 01 get limit.max\n", b"@01 1 01 OK IDLE -- 60000\r\n"),
        (b"/1 1 02 set limit.min 5000\n", b"@01 1 02 OK IDLE -- 0\r\n"),
        (b"/1 1 03 set limit.max 50000\n", b"@01 1 03 OK IDLE -- 0\r\n"),
        (b"/1 1 04 get limit.min\n", b"@01 1 04 OK IDLE -- 0\r\n"),
    ]
    with talking(script) as stage, pytest.raises(InstrumentReplyError, match=r"holds limit\.min = 0"):
        stage.set_limits("z", 5.0, 50.0)


def test_limits_that_are_held_already_are_not_written_again() -> None:
    script = [
        (b"/1 1 01 get limit.max\n", b"@01 1 01 OK IDLE -- 60000\r\n"),
        (b"/1 1 02 set limit.min 0\n", b"@01 1 02 OK IDLE -- 0\r\n"),
        (b"/1 1 03 set limit.max 50000\n", b"@01 1 03 OK IDLE -- 0\r\n"),
        (b"/1 1 04 get limit.min\n", b"@01 1 04 OK IDLE -- 0\r\n"),
        (b"/1 1 05 get limit.max\n", b"@01 1 05 OK IDLE -- 50000\r\n"),
        (b"/1 1 06 set limit.max 42000\n", b"@01 1 06 OK IDLE -- 0\r\n"),
        (b"/1 1 07 get limit.max\n", b"@01 1 07 OK IDLE -- 42000\r\n"),
        (b"/1 1 08 get limit.min\n", b"@01 1 08 OK IDLE -- 0\r\n"),
        (b"/1 1 09 get limit.max\n", b"@01 1 09 OK IDLE -- 42000\r\n"),
    ]
    with talking(script) as stage:
        stage.set_limits("z", 0.0, 50.0)
        stage.set_limits("z", 0.0, 42.0)
        assert stage.limits("z") == (0.0, 42.0)
