"""Asking a Zaber controller in its ASCII protocol: one command, the one reply that belongs to it.

Every command carries a message id, so that a late answer is never taken for another question's, and a
check value unless told otherwise. What comes unasked (alerts, info) is passed over; it stays in the
wire log. Nothing here knows what an axis is for.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from rig.errors import InstrumentRejected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.link import VisaLink
from rig.instruments.wirelog import WireLog

IDS = 100
ATTEMPTS = 2

_REPLY = re.compile(r"(\d\d) (\d) (\d\d) (OK|RJ) (BUSY|IDLE) (\S\S) (.+)")

# What the person at the rig can do about a refusal, by the controller's word for it.
_ADVICE = {
    "BADDATA": "The value is out of range: check travel limits, speed and unit_per_microstep",
    "BADCOMMAND": "The controller does not know this command or setting: check its model and firmware",
    "BADAXIS": "Check the axis numbers in the station file",
    "STATUSBUSY": "Wait until the axis stands still",
    "DRIVERDISABLED": "Check emergency stop and supply, then switch the controller off and on, and home",
    "PARKED": "The axis is parked: unpark it",
    "REMOTE": "Another master has taken the controller: release it there",
    "SYSTEMERROR": "Switch the controller off and on; ask its maker when it comes back",
}


@dataclass(frozen=True)
class Reply:
    """What a controller answered: whether it moves, its most important warning flag or ``--``, and data."""

    busy: bool
    flag: str
    data: str


def check_value(text: str) -> str:
    """Return the two hex digits that bring the sum of ``text`` (without its start sign) to 0 mod 256."""
    return f"{-sum(text.encode('ascii', 'replace')) & 0xFF:02X}"


class ZaberPort:
    """A line to one controller of a chain.

    Args:
        role: the instrument's role, for messages.
        resource: VISA resource string, TCP or serial (115200 baud).
        wire_log: keeps every message.
        timeout_s: how long one answer may take.
        device: the controller's address in its chain.
        checksum: send check values; those received are checked in any case.

    Raises:
        InstrumentDisconnected: the resource cannot be opened.
    """

    def __init__(
        self, role: str, resource: str, wire_log: WireLog, *, timeout_s: float, device: int, checksum: bool
    ) -> None:
        self.role, self.device = role, device
        self._timeout_s, self._checksum = timeout_s, checksum
        self._link = VisaLink(role, resource, wire_log, timeout_s=timeout_s, read_end=b"\r\n")
        self._id = 0

    def request(self, axis: int, words: str, *, repeat: bool = False) -> Reply:
        """Send a command to ``axis`` (0: the whole device) and return its reply.

        Args:
            repeat: ask once more when no good answer comes. Only for what does no harm done twice.

        Raises:
            InstrumentRejected: the controller refused; ``reason`` is its word.
            InstrumentTimeout: no answer.
            InstrumentReplyError: answers came, all of them damaged.
            InstrumentDisconnected: the line is gone.
        """
        for _ in range(ATTEMPTS - 1 if repeat else 0):
            try:
                return self._exchange(axis, words)
            except (InstrumentTimeout, InstrumentReplyError):
                continue  # the link opens itself anew before it is used again
        return self._exchange(axis, words)

    def close(self) -> None:
        """Close the line."""
        self._link.close()

    def _exchange(self, axis: int, words: str) -> Reply:
        self._id = (self._id + 1) % IDS
        body = f"{self.device} {axis} {self._id:02d} {words}".rstrip()
        self._link.write(f"/{body}:{check_value(body)}" if self._checksum else f"/{body}")
        verdict, reply = self._read_reply(axis)
        if verdict == "RJ":
            raise InstrumentRejected(
                self.role,
                f"axis {axis} refused {words!r} with {reply.data}",
                reason=reply.data,
                do=_ADVICE.get(reply.data, "See the controller's protocol manual"),
            )
        return reply

    def _read_reply(self, axis: int) -> tuple[str, Reply]:
        """Read on until the reply to the last command, past alerts, info, and replies to older commands."""
        damaged = ""
        left_s, deadline = self._timeout_s, time.monotonic() + self._timeout_s
        while True:
            try:
                line = self._link.read(timeout_s=left_s)
            except InstrumentTimeout:
                if not damaged:
                    raise
                raise self._damaged(damaged) from None
            left_s = max(0.001, deadline - time.monotonic())
            if "@" not in line:
                continue
            match = _REPLY.fullmatch(self._checked(line) or "")
            if match is None:
                damaged = line
                continue
            device, replied_axis, message_id, verdict, status, flag, data = match.groups()
            if (int(device), int(replied_axis), int(message_id)) == (self.device, axis, self._id):
                return verdict, Reply(status == "BUSY", flag, data)

    def _checked(self, line: str) -> str | None:
        """Return what a reply says, without start sign and check value; None when that is wrong."""
        text = line.rpartition("@")[2]
        body, colon, value = text.rpartition(":")
        if not colon:
            return text
        return body if value == check_value(body) else None

    def _damaged(self, line: str) -> InstrumentReplyError:
        return InstrumentReplyError(
            self.role,
            f"the answer {line!r} is damaged",
            expected="@device axis id OK|RJ BUSY|IDLE flag data, with a right check value if any",
            do="Check the cable and, on a serial line, the baud rate",
        )
