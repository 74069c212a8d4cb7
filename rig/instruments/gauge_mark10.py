"""Mark-10 force gauges of Series 5 and 7, which speak GCL2, in the role of the force gauge.

The gauge never acknowledges a set-up command and nothing tells a streamed reading from an answer. So
every set-up command here is followed by a request, which brings out an error line and keeps question
and answer in step; and whenever the step may be lost, the line is opened anew, the gauge is made silent and
asked for its settings and its serial number before anything it says is believed. A reading is then asked once
more; a zeroing is looked at before it is repeated.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from rig.clock import Clock
from rig.errors import IdentityMismatch, InstrumentError, InstrumentRejected, InstrumentReplyError
from rig.instruments.link import VisaLink
from rig.instruments.mishaps import MISHAPS
from rig.instruments.roles import Identity
from rig.instruments.wirelog import WireLog

ERRORS = {
    "*10": "illegal command",
    "*11": "not applicable",
    "*12": "invalid specifier",
    "*22": "value too large",
}
# More lines than this cannot be left over from a stream that was just switched off.
MAXIMUM_LEFT_OVER = 5000
# What the gauge may still show right after it was zeroed at rest.
ZERO_TOLERANCE_N = 0.05
# More than what may hang on the gauge at rest.
REST_LIMIT_N = 2.0

_READING = re.compile(r"(-?\d{1,4}(?:\.\d{0,4})?) N")
_OVERLOAD = re.compile(r"OVER|-+")
_SETTINGS = re.compile(r"V[^;]*(;[^;]+){4,}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")

logger = logging.getLogger(__name__)


class Mark10Gauge:
    """A Mark-10 gauge reading newtons, compression positive.

    Opening it stops continuous output and sets newtons, unit text, live display, no automatic switch-off
    and the filter; each is verified in the gauge's own list of settings. The unit is checked again in
    every reading.

    Args:
        role: the gauge's role, for messages.
        resource: VISA resource of its serial port, or of a serial-to-network bridge.
        wire_log: keeps every message.
        clock: the rig's clock; this driver never waits by itself.
        timeout_s: how long one answer may take.
        filter: 0 to 10; a reading is the mean of 2 to this power internal samples (Series 5: 7000 a second).
        baud: bit rate of the serial line.

    Raises:
        InstrumentDisconnected: the resource cannot be opened.
        InstrumentTimeout: nothing answers.
        InstrumentReplyError: what answers does not speak GCL2.
        InstrumentRejected: the gauge does not have one of the settings.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        clock: Clock,
        *,
        timeout_s: float,
        filter: int = 6,
        baud: int = 115200,
    ) -> None:
        self.role = role
        self._wanted = ("N", "FULL", "CUR", f"FLTC{filter}", "AOFF0")
        self._serial = ""
        self._link = VisaLink(
            role, resource, wire_log, timeout_s=timeout_s, baud=baud, write_end=b"\r\n", read_end=b"\n"
        )
        try:
            self._prepare()
        except BaseException:
            self._link.close()
            raise
        self._link.prove = self._prove

    def identify(self) -> Identity:
        """Return the gauge's model, serial number and firmware version; from now on only this one answers."""
        serial, model, firmware = (self._again(self._word, request) for request in ("RN", "RM", "RV"))
        self._serial = serial
        return Identity("Mark-10", model, serial, firmware)

    def self_test(self) -> list[str]:
        """Return what is wrong with the gauge at rest, as sentences; nothing moves.

        Its settings are compared with those that this driver set, and its reading with what may hang on it at
        rest. A frozen reading does not show at rest, where a step of the display hides the noise.
        """
        wrong = []
        settings = self._again(self._settings, "LIST").split(";")
        if missing := [wanted for wanted in self._wanted if wanted not in settings]:
            wrong.append(f"it has lost the settings {', '.join(missing)}")
        rest = self._again(self._reading, "?C")
        if _OVERLOAD.fullmatch(rest) or abs(_newtons(rest)) > REST_LIMIT_N:
            wrong.append(f"it reads {rest} at rest, where no more than {REST_LIMIT_N:g} N may hang on it")
        return wrong

    def read_n(self) -> float:
        """Return the live reading in N, whatever the display shows; compression positive.

        Raises:
            InstrumentReplyError: overload, another unit, or no number at all.
        """
        return self._reading_n("?C")

    def peak_n(self) -> float:
        """Return the largest compression in N since peaks were cleared. Raises as :meth:`read_n`."""
        return self._reading_n("?PC")

    def clear_peaks(self) -> None:
        """Forget the peaks."""
        self._command("CLR", done=lambda: abs(self.peak_n() - self.read_n()) <= ZERO_TOLERANCE_N)

    def zero(self) -> None:
        """Make the present force zero and clear the peaks; only at rest.

        Raises:
            InstrumentReplyError: the gauge does not read zero afterwards.
        """
        self._command("Z", done=lambda: abs(self.read_n()) <= ZERO_TOLERANCE_N)
        left_n = self.read_n()
        if abs(left_n) > ZERO_TOLERANCE_N:
            raise InstrumentReplyError(
                self.role,
                f"reads {left_n:g} N right after it was zeroed",
                expected=f"0 N within {ZERO_TOLERANCE_N:g} N",
                do="See that nothing moves or pushes on the gauge while it is zeroed",
            )

    def set_limit_n(self, limit_n: float) -> None:
        """Set the high set point: above ``limit_n`` of compression the gauge's output opens by itself.

        Raises:
            InstrumentRejected: the gauge has no such set point.
        """
        self._again(self._send, f"SPH{limit_n:+g}")

    def close(self) -> None:
        """Close the link; the gauge keeps its settings until it is switched off."""
        self._link.close()

    # Questions

    def _again(self, ask: Callable[[str], str], request: str) -> str:
        return self._link.again(lambda: ask(request))

    def _reading_n(self, request: str) -> float:
        answer = self._again(self._reading, request)
        if _OVERLOAD.fullmatch(answer):
            raise InstrumentReplyError(
                self.role,
                f"answered {answer!r} to {request}: it is overloaded, or its sensor is broken",
                expected="a force within the gauge's range",
                do="Take the load off the gauge; if it stays so, have it repaired",
            )
        return _newtons(answer)

    def _reading(self, request: str) -> str:
        """Ask for a reading: a number in newtons, or the text of an overload."""
        answer = self._ask(request)
        if not (_READING.fullmatch(answer) or _OVERLOAD.fullmatch(answer)):
            raise self._misread(answer, request, "a number and the unit N, such as '4.28 N'")
        return answer

    def _word(self, request: str) -> str:
        """Ask for a word, such as a serial number; a reading is none."""
        return self._check_word(self._ask(request), request)

    def _settings(self, request: str) -> str:
        return self._check_settings(self._ask(request), request)

    def _ask(self, request: str) -> str:
        answer = self._link.query(request).rstrip("\r")
        self._check_taken(answer, request)
        return answer

    # Commands

    def _command(self, command: str, *, done: Callable[[], bool]) -> None:
        """Send a set-up command, and a request whose answer shows that it was taken.

        After a mishap nobody knows whether the command arrived: the gauge is asked what it shows, and the
        command is sent once more only when it is not ``done``.
        """
        try:
            self._send(command)
        except MISHAPS as error:
            self._link.distrust(error)
            if done():
                logger.warning("%s: recovered: %s was obeyed, though no answer said so", self.role, command)
                return
            self._send(command)
            logger.warning("%s: recovered: %s had not arrived and was sent again", self.role, command)

    def _send(self, command: str, request: str = "RM") -> str:
        """Send a set-up command and a request, whose answer comes alone when the command was taken."""
        with self._link.exchange():
            self._link.check_quiet(f"before {command} was sent, something came that nobody had asked for")
            self._link.write(command)
            self._link.write(request)
            answer = self._link.read().rstrip("\r")
            self._check_taken(answer, command)
            self._link.check_quiet(f"{command} and {request} were answered with {answer!r} and more")
        return (self._check_settings if request == "LIST" else self._check_word)(answer, request)

    def _check_taken(self, answer: str, request: str) -> None:
        if re.fullmatch(r"\*\d\d", answer):
            raise InstrumentRejected(
                self.role,
                f"refused {request}: {answer} ({ERRORS.get(answer, 'unknown code')})",
                reason=answer,
                expected=f"a gauge that knows {request}",
                do="Check that the driver named in the station file fits this gauge",
            )

    # Opening, and getting into step again

    def _prepare(self) -> None:
        """Silence the gauge, get into step with it, and bring it to the settings this driver relies on."""
        settings = self._silence()
        for wanted in self._wanted:
            if wanted not in settings:
                settings = self._send(wanted, "LIST").split(";")
                self._verify(wanted, settings)

    def _prove(self) -> None:
        """See that the gauge on the line is the one that was identified, and has not forgotten its zero."""
        settings = self._silence()
        if self._serial and (found := self._word("RN")) != self._serial:
            raise IdentityMismatch(
                f"{self.role}: after the line was opened anew, serial number {found!r} answered",
                expected=f"{self._serial!r}, as before",
                do="Connect the right gauge and run again",
            )
        if missing := [wanted for wanted in self._wanted if wanted not in settings]:
            raise InstrumentError(
                self.role,
                f"it has lost the settings {', '.join(missing)}, and its zero with them",
                expected="a gauge that stays switched on during a run",
                do="Check its supply and its switch, and run again",
            )

    def _silence(self) -> list[str]:
        """End continuous output and half a command, skip what was under way, and return the settings."""
        with self._link.exchange():
            for line in ("", "AOUT0", "LIST"):
                self._link.write(line)
            for _ in range(MAXIMUM_LEFT_OVER):
                answer = self._link.read().rstrip("\r")
                if _SETTINGS.fullmatch(answer):
                    settings = answer.split(";")
                    self._verify("AOUT00", settings)
                    return settings
        raise InstrumentReplyError(
            self.role,
            f"sent {MAXIMUM_LEFT_OVER} lines and no settings among them, the last one {answer!r}",
            expected="an answer to LIST, such as V1.00;N;CUR;FLTC8;…",
            do="Check that this is a Mark-10 gauge, and its bit rate",
        )

    def _verify(self, wanted: str, settings: list[str]) -> None:
        if wanted not in settings:
            raise InstrumentReplyError(
                self.role,
                f"its settings are {';'.join(settings)}",
                expected=f"{wanted} among them, as commanded",
                do="Switch the gauge off and on again; if it stays so, correct the station file",
            )

    def _check_word(self, answer: str, request: str) -> str:
        if not _WORD.fullmatch(answer):
            raise self._misread(answer, request, "one word")
        return answer

    def _check_settings(self, answer: str, request: str) -> str:
        if not _SETTINGS.fullmatch(answer):
            raise self._misread(answer, request, "settings, such as V1.00;N;CUR;FLTC8;…")
        return answer

    def _misread(self, answer: str, request: str, expected: str) -> InstrumentReplyError:
        return InstrumentReplyError(
            self.role,
            f"answered {answer!r} to {request}",
            expected=expected,
            do="Check the gauge's unit, its cable and its bit rate",
        )


def _newtons(reading: str) -> float:
    return float(reading.removesuffix(" N"))
