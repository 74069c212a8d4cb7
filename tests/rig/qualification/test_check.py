"""What makes a check pass, fail, or not count."""

from __future__ import annotations

from rig.qualification.check import SOFTWARE, CheckVerdict, NotDone, make
from rig.qualification.performance import most_outside


def verdict_of(look: object) -> tuple[CheckVerdict, str]:
    check = make("OQ-9", "something", "that it works", SOFTWARE, look)  # type: ignore[arg-type]
    return check.verdict, check.got


def test_what_was_expected_passes_and_anything_else_fails() -> None:
    assert verdict_of(lambda: (True, "it works")) == (CheckVerdict.PASS, "it works")
    assert verdict_of(lambda: (False, "it does not")) == (CheckVerdict.FAIL, "it does not")


def test_a_check_that_breaks_has_failed() -> None:
    def breaks() -> tuple[bool, str]:
        raise ZeroDivisionError("nothing to divide by")

    assert verdict_of(breaks) == (CheckVerdict.FAIL, "ZeroDivisionError: nothing to divide by")


def test_a_check_that_cannot_be_made_says_why() -> None:
    def cannot() -> tuple[bool, str]:
        raise NotDone("zaber-motion is not installed")

    assert verdict_of(cannot) == (CheckVerdict.NOT_DONE, "zaber-motion is not installed")


def test_few_intervals_may_miss_the_truth_and_more_may_not() -> None:
    # P(X > 4) of 15 at 4.55 % is 5e-4, P(X > 3) is 4e-3; of 6, P(X > 3) is 6e-5 and P(X > 2) is 2e-3.
    assert (most_outside(15), most_outside(6)) == (4, 3)
