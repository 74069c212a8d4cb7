"""The grammar of SCPI messages (IEEE 488.2, SCPI-99 volume 1): units, headers, parameters.

Nothing here knows an instrument. What breaks the grammar raises :class:`ScpiError` with the standard's
number; the device puts it into its error queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

# Texts as the standard has them; the numbers decide the bit in the standard event register.
ERROR_TEXTS = {
    0: "No error",
    -101: "Invalid character",
    -102: "Syntax error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -131: "Invalid suffix",
    -151: "Invalid string data",
    -171: "Invalid expression",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -214: "Trigger deadlock",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -241: "Hardware missing",
    -310: "System error",
    -350: "Error queue overflow",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
}

_CLOSING = {"(": ")", '"': '"', "'": "'"}
_HEADER = re.compile(r"(:?[A-Za-z]\w*(?::[A-Za-z]\w*)*|\*[A-Za-z]+)(\?)?", re.ASCII)
_PATTERN_TOKEN = re.compile(r"\[|\]|:|([*A-Z]+)([a-z]*)(\d*)(?:<(\d+)>)?")


class ScpiError(Exception):
    """An entry for the error queue; ``number`` is the standard's."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f'{number:+d},"{ERROR_TEXTS[number]}"')


def is_command_error(number: int) -> bool:
    """Say whether an error number belongs to the class of grammar errors, -100 to -199."""
    return -200 < number <= -100


def cut(text: str, separator: str) -> list[str]:
    """Cut ``text`` at ``separator`` where it stands outside quotes and parentheses.

    Raises:
        ScpiError: -151 or -171: a quote or parenthesis stays open.
    """
    pieces, start, closing = [], 0, ""
    for index, character in enumerate(text):
        if closing:
            if character == closing:
                closing = ""
        elif character in _CLOSING:
            closing = _CLOSING[character]
        elif character == separator:
            pieces.append(text[start:index])
            start = index + 1
    if closing:
        raise ScpiError(-171 if closing == ")" else -151)
    return [piece.strip() for piece in [*pieces, text[start:]]]


@dataclass(frozen=True)
class Unit:
    """One command or query of a message: its full header from the root, and its parameters as text."""

    header: str
    is_query: bool
    arguments: list[str]


def read_unit(text: str, path: str) -> tuple[Unit, str]:
    """Read one program message unit; return it and the header path for the next one.

    A header without leading colon continues at ``path``, which is the header before it without its last
    node. Common commands (``*…``) stand outside the tree and leave the path alone.

    Raises:
        ScpiError: -102 for what is no header; -151, -171 for open quotes or parentheses.
    """
    head, *rest = text.split(None, 1)
    match = _HEADER.fullmatch(head)
    if match is None:
        raise ScpiError(-102)
    header, is_query = match[1].upper(), match[2] is not None
    arguments = cut(rest[0], ",") if rest else []
    if not all(arguments):
        raise ScpiError(-102)
    if not header.startswith("*"):
        header = header[1:] if header.startswith(":") else path + header
        path = header[: header.rfind(":") + 1]
    return Unit(header, is_query, arguments), path


@dataclass(frozen=True)
class Header:
    """A header as manuals print it: ``[SENSe:]FREQuency:GATE:TIME``, ``INPut<2>:LEVel<2>[:ABSolute]``.

    Capitals are the short form, brackets enclose optional nodes, ``<2>`` allows a numeric suffix 1 to 2.
    """

    pattern: str

    @cached_property
    def _limits(self) -> list[int]:
        return [int(limit) for limit in re.findall(r"<(\d+)>", self.pattern)]

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        parts = []
        for token in _PATTERN_TOKEN.finditer(self.pattern):
            match token[0]:
                case "[":
                    parts.append("(?:")
                case "]":
                    parts.append(")?")
                case ":":
                    parts.append(":")
                case _:
                    rest = f"(?:{token[2].upper()})?" if token[2] else ""
                    parts.append(re.escape(token[1]) + rest + token[3])
                    if token[4]:
                        parts.append(r"(\d{0,6})")
        return re.compile("".join(parts))

    def match(self, header: str) -> tuple[int, ...] | None:
        """Return the numeric suffixes (1 where none is written), or None for another header.

        Raises:
            ScpiError: -114: the header is this one, its suffix is not.
        """
        match = self._regex.fullmatch(header)
        if match is None:
            return None
        suffixes = tuple(int(text or 1) for text in match.groups())
        if any(not 1 <= suffix <= limit for suffix, limit in zip(suffixes, self._limits, strict=True)):
            raise ScpiError(-114)
        return suffixes

    def key(self, suffixes: tuple[int, ...] = ()) -> str:
        """Return the short form: no suffixes 1, no optional nodes but those with another suffix.

        ``INP2:LEV`` for the pattern above, ``SOUR2:VOLT`` for ``[SOURce<2>:]VOLTage``.
        """
        left = iter(suffixes)

        def suffix(_: re.Match[str]) -> str:
            number = next(left, 1)
            return "" if number == 1 else str(number)

        def optional(node: re.Match[str]) -> str:
            return node[1] if re.search(r"\d", node[1]) else ""

        numbered = re.sub(r"<\d+>", suffix, self.pattern)
        return re.sub(r"[a-z]", "", re.sub(r"\[([^\]]*)\]", optional, numbered))

    def all_suffixes(self) -> list[tuple[int, ...]]:
        """Return every combination of suffixes the header allows, in order."""
        combinations: list[tuple[int, ...]] = [()]
        for limit in self._limits:
            combinations = [(*c, n) for c in combinations for n in range(1, limit + 1)]
        return combinations
