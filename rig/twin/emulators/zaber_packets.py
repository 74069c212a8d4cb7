"""The Zaber ASCII protocol on the wire: lines in, commands out, and replies back into lines.

Knows how a packet is written, and nothing of what a command does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAXIMUM_ID = 99


class Rejected(Exception):
    """The controller refuses a command; the text is its reason word, such as ``BADDATA``."""


@dataclass(frozen=True)
class Command:
    """One command: to which device and axis (0: all), its message id or None, and its words."""

    device: int
    axis: int
    id: int | None
    words: list[str]


def check_value(text: str) -> str:
    """Return the two hex digits that make the sum of the bytes of a packet zero, start sign left out."""
    return f"{-sum(text.encode('ascii', 'replace')) & 0xFF:02X}"


def split_lines(buffer: bytearray) -> list[bytes]:
    """Remove and return the complete, non-empty lines; CR, LF or any mixture ends one."""
    *lines, rest = re.split(rb"[\r\n]", bytes(buffer))
    buffer[:] = rest
    return [line for line in lines if line]


def parse_command(line: bytes) -> Command | None:
    """Return the command on a line, or None for a line that a controller ignores.

    Ignored are lines without a ``/`` (text before it does not count) and those with a wrong check value.

    Raises:
        Rejected: the message id is not within 0 to 99.
    """
    _, slash, text = line.decode("ascii", "replace").rpartition("/")
    body, colon, check = text.rpartition(":")
    if not slash or (colon and check.strip() != check_value(body)):
        return None
    words = (body if colon else text).split()
    numbers: list[int | None] = []
    while words and len(numbers) < 3:
        if words[0].isdecimal():
            numbers.append(int(words.pop(0)))
        elif words[0] == "--" and len(numbers) == 2:
            numbers.append(None)
            words.pop(0)
        else:
            break
    device, axis, message_id = [*numbers, *([0, 0, None][len(numbers) :])]
    if message_id is not None and message_id > MAXIMUM_ID:
        raise Rejected("BADMESSAGEID")
    return Command(device or 0, axis or 0, message_id, words)


def packet(kind: str, device: int, axis: int, message_id: int | None, text: str, *, checked: bool) -> bytes:
    """Return a packet of the device, ready to be sent.

    Args:
        kind: ``@`` reply, ``#`` info or ``!`` alert.
        checked: add a check value.
    """
    number = "" if message_id is None else f" {message_id:02d}"
    body = f"{device:02d} {axis}{number} {text}"
    check = f":{check_value(body)}" if checked else ""
    return f"{kind}{body}{check}\r\n".encode("ascii")
