"""The entries of a SCPI instrument's tables: commands, settings, and what a handler is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rig.twin.emulators.scpi_values import Kind, Value

Answer = str | bytes | None


@dataclass(frozen=True)
class Call:
    """What a handler is given: the numeric suffixes of the header, and the parameters as text."""

    suffixes: tuple[int, ...]
    arguments: list[str]

    def read(self, index: int, kind: Kind) -> Value:
        """Return a parameter read as ``kind``, or the kind's default when it was not written."""
        return kind.read(self.arguments[index]) if index < len(self.arguments) else kind.default


Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Command:
    """A header, what it does without and with a question mark, and how many parameters each takes."""

    pattern: str
    act: Handler | None = None
    ask: Handler | None = None
    parameters: tuple[int, int] = (0, 0)
    ask_parameters: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Setting:
    """A value that a header sets and the same header with a question mark tells.

    A ``kept`` setting is non-volatile: it survives a reset, and ``*LRN?`` leaves it out.
    """

    pattern: str
    kind: Kind
    kept: bool = False
