"""Asking a Zaber controller in its ASCII protocol: one command, the one reply that belongs to it.

Every command carries a message id, so that a late answer is never taken for another question's, and a
check value unless told otherwise. What comes unasked (alerts, info) is passed over; it stays in the
wire log. Nothing here knows what an axis is for.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from rig.errors import IdentityMismatch, InstrumentRejected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.link import VisaLink
from rig.instruments.wirelog import WireLog

IDS = 99
HALT_ID = 99  # no question ever has it, so that the answer to a halt is nobody's

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
        if repeat:
            return self._link.again(lambda: self._exchange(axis, words))
        return self._exchange(axis, words)

    def expect_serial(self, serial: str) -> None:
        """Believe nobody else than this controller after the line had to be opened anew."""

        def prove() -> None:
            _, reply = self._ask(0, "get system.serial")
            if reply.data != serial:
                raise IdentityMismatch(
                    f"{self.role}: serial number {reply.data!r} answered after the line was opened anew",
                    expected=repr(serial),
                    do="Find out what else answers on this line, and start again",
                )

        self._link.prove = prove

    def halt(self) -> None:
        """Tell all axes to stop, without waiting for an answer; at any moment, from any thread.

        The line may be in the middle of a message: its end is sent first, and the controller passes over
        what was cut short.

        Raises:
            InstrumentDisconnected: the line is gone.
        """
        self._link.write_now(b"\n" + self._framed(f"{self.device} 0 {HALT_ID} stop").encode() + b"\n")

    def close(self) -> None:
        """Close the line."""
        self._link.close()

    def _framed(self, body: str) -> str:
        return f"/{body}:{check_value(body)}" if self._checksum else f"/{body}"

    def _exchange(self, axis: int, words: str) -> Reply:
        verdict, reply = self._ask(axis, words)
        if verdict == "RJ":
            raise InstrumentRejected(
                self.role,
                f"axis {axis} refused {words!r} with {reply.data}",
                reason=reply.data,
                do=_ADVICE.get(reply.data, "See the controller's protocol manual"),
            )
        return reply

    def _ask(self, axis: int, words: str) -> tuple[str, Reply]:
        message_id = self._id = (self._id + 1) % IDS
        self._link.write(self._framed(f"{self.device} {axis} {message_id:02d} {words}".rstrip()))
        return self._read_reply(axis, message_id)

    def _read_reply(self, axis: int, asked_id: int) -> tuple[str, Reply]:
        """Read on until the reply to a command, past alerts, info, and replies to others."""
        damaged = ""
        deadline_s = time.monotonic() + self._timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                line = self._link.read(timeout_s=left_s)
            except InstrumentTimeout:
                break
            if "@" not in line:
                continue
            match = _REPLY.fullmatch(self._checked(line) or "")
            if match is None:
                damaged = line
                continue
            device, replied_axis, message_id, verdict, status, flag, data = match.groups()
            if (int(device), int(replied_axis), int(message_id)) == (self.device, axis, asked_id):
                return verdict, Reply(status == "BUSY", flag, data)
        if damaged:
            raise self._damaged(damaged)
        raise InstrumentTimeout(
            self.role,
            f"no answer within {self._timeout_s:g} s",
            do="Check that it is switched on and its cable is plugged in",
        )

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


def number_of(role: str, reply: Reply) -> int:
    """Return the whole number that a reply holds.

    Raises:
        InstrumentReplyError: it holds something else.
    """
    try:
        return round(float(reply.data))
    except (ValueError, OverflowError):
        raise InstrumentReplyError(role, f"got {reply.data!r}", expected="a number") from None
