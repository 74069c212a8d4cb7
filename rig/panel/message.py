"""What a lane says to people when something was refused: what happened, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

from rig.errors import RigError


@dataclass(frozen=True)
class Message:
    """A refusal in the rig's own words, or one of the page's (``key``), which every language has."""

    what: str
    expected: str = ""
    do: str = ""
    key: str = ""

    @classmethod
    def of(cls, error: RigError) -> Self:
        """Return what an error says, in its parts."""
        return cls(error.what, error.expected, error.do)

    def told(self) -> dict[str, str]:
        """Return it as the page gets it."""
        return asdict(self)
