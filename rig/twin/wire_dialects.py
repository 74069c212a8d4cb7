"""What faults do to an answer in the words of each kind of instrument.

A spoiler takes a question and its right answer and returns the wrong answer, or None where that answer
cannot go wrong in this way: identities have no unit, and Modbus TCP has no CRC.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rig.twin.emulators.modbus_slave import Exc, with_crc
from rig.twin.emulators.zaber_packets import check_value

Spoiler = Callable[[bytes, bytes], bytes | None]

NEWTONS_PER_POUND = 4.4482216152605

READ, EXCEPTION = 3, 0x80
UNKNOWN_FUNCTION = 0x41  # one of those that the Modbus specification leaves to makers
MOST_WORDS, HIGHEST_ID = 125, 247
OTHER_WORD = 213  # such as 21.3 °C


@dataclass(frozen=True)
class Dialect:
    """How an instrument's answers go wrong.

    Attributes:
        spoilers: by the name of the fault.
        states: those that stand while the instrument obeys and answers all the same.
        refusals: by the name of the fault, the Modbus exception that a request gets instead of being obeyed.
        framing: of Modbus.
        unasked: a line that comes by itself.
        live: the question to whose answer such a line is equal, where it tells the present truth.
        error_question: what is asked for the oldest entry of the error queue.
    """

    spoilers: Mapping[str, Spoiler]
    states: Mapping[str, Spoiler] = field(default_factory=dict)
    refusals: Mapping[str, Exc] = field(default_factory=dict)
    framing: Framing | None = None
    unasked: bytes = b""
    live: bytes = b""
    error_question: bytes = b""


def _instead(answer: bytes) -> Spoiler:
    return lambda question, reply: answer


# The stage: @01 1 07 OK IDLE -- 884500, with or without a check value behind it.


def _wrong_check(question: bytes, reply: bytes) -> bytes:
    """Return the reply with a check value that is wrong; a controller that sends none begins to."""
    first, end, rest = reply.partition(b"\r\n")
    body = first.partition(b":")[0]
    right = int(check_value(body[1:].decode("ascii")), 16)
    return body + b":%02X" % (right ^ 0x5A) + end + rest


def _busy(question: bytes, reply: bytes) -> bytes | None:
    if b" IDLE " not in reply:
        return None
    first, end, rest = reply.replace(b" IDLE ", b" BUSY ", 1).partition(b"\r\n")
    body, colon, _ = first.partition(b":")
    check = check_value(body[1:].decode("ascii")).encode("ascii") if colon else b""
    return body + colon + check + end + rest


ZABER = Dialect(
    spoilers={"other_reply": _instead(b"0.02 N\r\n"), "checksum_error": _wrong_check},
    states={"busy": _busy},
    unasked=b"!01 1 IDLE --\r\n",
)


# The force gauge: 4.28 N

_FORCE = re.compile(rb"(-?\d+\.\d*) N\r\n")


def _in_pounds(question: bytes, reply: bytes) -> bytes | None:
    found = _FORCE.fullmatch(reply)
    return b"%.3f lbF\r\n" % (float(found[1]) / NEWTONS_PER_POUND) if found else None


def _for_a_force(answer: bytes) -> Spoiler:
    return lambda question, reply: answer if _FORCE.fullmatch(reply) else None


MARK10 = Dialect(
    spoilers={
        "other_reply": _instead(b"+4.19870000E+00\n"),
        "wrong_unit": _in_pounds,
        "not_a_number": _for_a_force(b"nan N\r\n"),
        "overload": _for_a_force(b"OVER\r\n"),
    },
    live=b"?C",
)


# Counter and supply: readings such as +2.50000000E-01 or 4.200, several with commas or semicolons, and with
# the oldest entry of the error queue behind them where that was asked for in the same message.

_READING = rb"[+-]?\d+\.\d*(?:E[+-]?\d+)?"
_READINGS = re.compile(rb'(%b(?:[,;]%b)*)(?:;[+-]?\d+,"[^"]*")?\n' % (_READING, _READING))
_ERROR = re.compile(rb'(.*;)?[+-]?\d+,"[^"]*"\n')


def _for_a_reading(answer: bytes) -> Spoiler:
    """Return what puts ``answer`` in the place of the middle one of the readings."""

    def spoil(question: bytes, reply: bytes) -> bytes | None:
        found = _READINGS.fullmatch(reply)
        if found is None:
            return None
        readings = list(re.finditer(_READING, found[1]))
        middle = readings[len(readings) // 2]
        return reply[: middle.start()] + answer + reply[middle.end() :]

    return spoil


def is_error_entry(reply: bytes) -> bool:
    """Tell whether an answer ends in an entry of a SCPI error queue."""
    return _ERROR.fullmatch(reply) is not None


def with_error_entry(reply: bytes, entry: bytes) -> bytes:
    """Return an answer with another entry of the error queue at its end."""
    before, semicolon, _ = reply.rpartition(b";")
    return before + semicolon + entry


SCPI = Dialect(
    spoilers={
        "other_reply": _instead(b"@01 1 07 OK IDLE -- 884500\r\n"),
        "not_a_number": _for_a_reading(b"+9.91000000E+37"),
        "overload": _for_a_reading(b"+9.90000000E+37"),
    },
    unasked=b'+0,"No error"\n',
    error_question=b"SYST:ERR?",
)


# Pen and leak tester: a head that ends in the device id, the function and its data, and on RTU a CRC.


@dataclass(frozen=True)
class Framing:
    """Where the PDU lies in a Modbus frame.

    Attributes:
        head: how many bytes stand before it, the last of them the device id.
        tail: how many behind it.
    """

    head: int
    tail: int

    def take_apart(self, frame: bytes) -> tuple[bytes, bytes]:
        """Return head and PDU."""
        return frame[: self.head], frame[self.head : len(frame) - self.tail]

    def put_together(self, head: bytes, pdu: bytes) -> bytes:
        """Return the frame of another PDU, with its length or CRC."""
        if self.tail:
            return with_crc(head + pdu)
        return head[:4] + struct.pack(">H", len(pdu) + 1) + head[6:] + pdu

    def no_request(self, request: bytes) -> bytes:
        """Return a request in place of another one that its device answers, but does nothing upon."""
        return self.put_together(request[: self.head], bytes([UNKNOWN_FUNCTION]))

    def refusal(self, request: bytes, code: Exc) -> bytes:
        """Return the answer that refuses a request."""
        head, pdu = self.take_apart(request)
        return self.put_together(head, bytes([pdu[0] | EXCEPTION, code]))

    def other_words(self, question: bytes, reply: bytes) -> bytes:
        """Return a right answer to another question: one register more, or registers instead of an echo."""
        head, pdu = self.take_apart(reply)
        count = pdu[1] // 2 % MOST_WORDS + 1 if pdu[0] == READ else 1
        return self.put_together(head, bytes([READ, 2 * count]) + struct.pack(">H", OTHER_WORD) * count)

    def other_id(self, question: bytes, reply: bytes) -> bytes:
        """Return the answer as if another device had given it."""
        head, pdu = self.take_apart(reply)
        return self.put_together(head[:-1] + bytes([head[-1] % HIGHEST_ID + 1]), pdu)

    def wrong_crc(self, question: bytes, reply: bytes) -> bytes | None:
        """Return the answer with a CRC that is wrong."""
        return reply[:-1] + bytes([reply[-1] ^ 0x5A]) if self.tail else None


def _modbus(framing: Framing) -> Dialect:
    return Dialect(
        spoilers={
            "other_reply": framing.other_words,
            "wrong_id": framing.other_id,
            "crc_error": framing.wrong_crc,
        },
        refusals={"busy": Exc.BUSY, "modbus_exception": Exc.DEVICE_FAILURE},
        framing=framing,
    )


MODBUS_RTU, MODBUS_TCP = _modbus(Framing(head=1, tail=2)), _modbus(Framing(head=7, tail=0))
