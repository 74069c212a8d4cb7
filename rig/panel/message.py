"""What a lane says to people when something was refused: what happened, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Self

from rig.errors import RigError

# As RigError puts a sentence together: what happened, what was expected, what to do.
SENTENCE = re.compile(r"(?P<what>.*?)(?:, expected (?P<expected>.*?))?(?:\. (?P<do>[A-Z].*?))?\.?", re.DOTALL)
SENTENCE_IN_A_BROWSER = SENTENCE.pattern.replace("(?P<", "(?<")


@dataclass(frozen=True)
class Message:
    """A refusal in the rig's own words, or one of the page's (``key``), which every language has.

    It is of a ``scan``, or of a ``start``: of a run that did not begin.
    """

    what: str
    expected: str = ""
    do: str = ""
    key: str = ""
    of: str = "scan"

    @classmethod
    def of_error(cls, error: RigError) -> Self:
        """Return what an error says, in its parts."""
        return cls(error.what, error.expected, error.do)

    @classmethod
    def of_sentence(cls, text: str) -> Self:
        """Return why a run did not begin, as its command said it, in its parts where it has them."""
        found = SENTENCE.fullmatch(text)
        if found is None:
            return cls(text, of="start")
        return cls(found["what"], found["expected"] or "", found["do"] or "", of="start")

    def told(self) -> dict[str, str]:
        """Return it as the page gets it."""
        return asdict(self)
