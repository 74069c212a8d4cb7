"""One check of a qualification, and how it comes to its verdict.

A check that breaks has failed. One that cannot be made on this machine says why and is not counted as passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

CONFIRMED = "ISO 13485 7.6"
SOFTWARE = "ISO 13485 4.1.6, 7.6"


class CheckVerdict(StrEnum):
    """How a check ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_DONE = "NOT DONE"


class NotDone(Exception):
    """The check cannot be made here; the message says why."""


@dataclass(frozen=True)
class Check:
    """A check that was made.

    Args:
        id: IQ, OQ or PQ, and a number.
        what: was looked at.
        expected, got: in words.
        verdict: of this check.
        requirement: clause it gives evidence for.
        source: of what was expected, where somebody else published it.
    """

    id: str
    what: str
    expected: str
    got: str
    verdict: CheckVerdict
    requirement: str
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "verdict": self.verdict.value}


Look = Callable[[], tuple[bool, str]]
"""Makes a check: whether what was found is what was expected, and what was found, in words."""


def make(id: str, what: str, expected: str, requirement: str, look: Look, *, source: str = "") -> Check:
    """Make a check; whatever it raises, but a NotDone, fails it."""
    try:
        right, got = look()
        verdict = CheckVerdict.PASS if right else CheckVerdict.FAIL
    except NotDone as reason:
        verdict, got = CheckVerdict.NOT_DONE, str(reason)
    except Exception as error:  # noqa: BLE001  # whatever broke, the check did not show what it should
        verdict, got = CheckVerdict.FAIL, f"{type(error).__name__}: {error}"
    return Check(id, what, expected, got, verdict, requirement, source)
