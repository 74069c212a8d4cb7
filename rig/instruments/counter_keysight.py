"""The counter: Keysight (Agilent) 53220A or 53230A, over its LAN socket or any other VISA resource.

Sources: Programmer's Reference and User's Guide of the 53220A/53230A. Commands are joined with ``;`` into
one message, which the instrument answers faster and which never waits for the network. Trigger levels
are fixed, not automatic: auto-level needs at least 50 Hz, and pens stroke more slowly than that. The
driver refuses to pass on what is not a measured value: a reading that timed out is left out, overload
and garbled text are errors. Behind the readings comes the first entry of the error queue, which shows that
the answer is whole, or why there is none. A measurement that was spoiled on its way is taken anew, whole,
after the counter has proved its identity; nothing is patched together.
"""

from __future__ import annotations

import re
from typing import Literal

from rig.clock import Clock
from rig.errors import IdentityMismatch, InstrumentRejected, InstrumentReplyError
from rig.instruments.link import VisaLink
from rig.instruments.roles import Identity
from rig.instruments.scpi_identity import ask_identity, prove_identity, tell_self_test
from rig.instruments.wirelog import WireLog

MODELS = ("53220A", "53230A")
SLOWEST_PERIOD_S = 0.05  # 20 strokes a second
TIMEOUT_MARGIN_S = 2.0  # beyond the measuring time, for the answer itself

LONGEST_SHOWN = 100  # characters of an answer in a message

NOT_A_NUMBER = 9.91e37  # a reading that timed out
OVERLOAD = 9.9e37
MOST_ERRORS = 20  # length of the instrument's error queue
SELF_TEST_S = 60.0  # how long its self-test may take

_READING = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?(E[+-]?\d{1,3})?")
_ERROR = re.compile(r'[+-]?\d{1,6},"[^"]*"')


class KeysightCounter:
    """A counter that watches one channel.

    Args:
        role: name in the station file.
        resource: VISA resource, such as ``TCPIP0::10.0.0.7::5025::SOCKET``.
        wire_log: keeps every message.
        clock: unused; measuring time is the instrument's.
        timeout_s: how long an answer may take that needs no measurement.
        channel: input, 1 or 2.

    Raises:
        InstrumentDisconnected, InstrumentTimeout: nobody answers at ``resource``.
        IdentityMismatch: what answers is no 53220A or 53230A.
    """

    def __init__(
        self, role: str, resource: str, wire_log: WireLog, clock: Clock, *, timeout_s: float, channel: int = 1
    ) -> None:
        if channel not in (1, 2):
            raise ValueError(f"{role}: channel {channel}, expected 1 or 2")
        self.role = role
        self._channel, self._source = channel, f"(@{channel})"
        self._input = _input_setup(channel, level_v=2.5, slope="positive", coupling="DC")
        self._written = ""
        self._link = VisaLink(role, resource, wire_log, timeout_s=timeout_s)
        try:
            # A refused port shows only when something is asked; and *RST ends what others left running.
            self._identity = self._check_model()
            self._link.prove = self._prove
            self._write("*RST;*CLS")
        except BaseException:
            self._link.close()
            raise

    def identify(self) -> Identity:
        """Ask the instrument what it is.

        Raises:
            InstrumentReplyError: the answer is not four fields.
        """
        return self._link.again(lambda: ask_identity(self._link, self.role))

    def self_test(self) -> list[str]:
        """Let the counter test itself, which takes seconds; return what it finds wrong, as sentences."""
        self._written = ""
        return self._link.again(lambda: tell_self_test(self._link, timeout_s=SELF_TEST_S))

    def close(self) -> None:
        """Close the link; the instrument stays as it is."""
        self._link.close()

    def set_input(
        self, *, level_v: float, slope: Literal["positive", "negative"], coupling: Literal["DC", "AC"]
    ) -> None:
        """Set how an edge is recognised, from the next measurement on.

        Args:
            level_v: trigger level, V, within ±5.125 V.
            slope: which edge starts a period and is stamped.
            coupling: with or without the signal's mean.
        """
        # CONFigure turns auto-level on again, so levels are written with every configuration.
        self._input = _input_setup(self._channel, level_v=level_v, slope=slope, coupling=coupling)

    def frequency_hz(self, *, gate_s: float) -> float | None:
        """Return the mean frequency over ``gate_s`` seconds, Hz, or None without a signal.

        Raises:
            InstrumentRejected: the instrument refused a setting.
            InstrumentReplyError: overload or a garbled answer.
        """
        timeout_s = 3.0 * (gate_s + SLOWEST_PERIOD_S)
        extra = f";:SENS:FREQ:MODE REC;:SENS:FREQ:GATE:TIME {gate_s:.6g}"
        readings = self._measure(f"CONF:FREQ {self._source}", 1, timeout_s, extra=extra)
        return readings[0] if readings else None

    def duty(self, count: int, *, timeout_s: float) -> list[float]:
        """Return the share of each of up to ``count`` cycles for which the signal was high.

        Args:
            count: number of cycles, at least 1.
            timeout_s: how long to wait for each cycle, at least 0.01 s; cycles that did not come in time
                are left out.

        Raises:
            InstrumentRejected: the instrument refused a setting.
            InstrumentReplyError: overload, a garbled answer, or a share outside 0 to 1.
        """
        shares = self._measure(f"CONF:PDUT {self._source}", count, timeout_s)
        for share in shares:
            if not 0.0 <= share <= 1.0:
                do = "Check the contact wire for noise"
                raise InstrumentReplyError(self.role, f"duty cycle {share:g}", expected="0 to 1", do=do)
        return shares

    def pulse_widths_s(self, count: int, *, timeout_s: float) -> list[float]:
        """Return up to ``count`` lengths of the high state, s; arguments and errors as :meth:`duty`."""
        return self._measure(f"CONF:PWID {self._source}", count, timeout_s)

    def time_stamps_s(self, count: int, *, timeout_s: float) -> list[float]:
        """Return up to ``count`` moments of the chosen edge, s, from an arbitrary origin.

        Arguments and errors as :meth:`duty`.

        Raises:
            InstrumentRejected: also on a 53220A, which has no time stamps.
        """
        if self._identity.model != "53230A":
            raise InstrumentRejected(
                self.role,
                f"a {self._identity.model} has no time stamps",
                reason="model",
                do="Use a 53230A for stroke jitter, or measure the frequency only",
            )
        configure = f"CONF:ARR:TST ({count}),{self._source}"
        prescale, *stamps = self._ask_values(configure, count, timeout_s, leading=1)
        if prescale != 1.0:
            raise InstrumentReplyError(
                self.role,
                f"only every {prescale:g}th edge was stamped",
                expected="a signal so slow that every edge is",
                do="Check the contact wire for noise",
            )
        return _in_time(stamps)

    def _measure(self, configure: str, count: int, timeout_s: float, *, extra: str = "") -> list[float]:
        return _in_time(self._ask_values(configure, count, timeout_s, extra=extra))

    def _ask_values(
        self, configure: str, count: int, timeout_s: float, *, extra: str = "", leading: int = 0
    ) -> list[float]:
        """Return ``count`` readings after ``leading`` other values; 9.91E37 where one timed out."""
        setup = f"{configure};{self._input};:SAMP:COUN {count};:SYST:TIM {timeout_s:.6g}{extra}"
        limit_s = count * timeout_s + TIMEOUT_MARGIN_S
        values = self._link.again(lambda: self._acquire(setup, count + leading, limit_s))
        if any(value != NOT_A_NUMBER and abs(value) >= OVERLOAD for value in values):
            raise InstrumentReplyError(
                self.role,
                "the counter reports overload",
                expected="a signal within ±5 V",
                do="Check the contact wire and its supply",
            )
        return values

    def _acquire(self, setup: str, count: int, limit_s: float) -> list[float]:
        """Configure where needed, measure, and return ``count`` values; the error queue must be empty."""
        self._configure(setup)
        written, self._written = self._written, ""
        answer = self._link.query("READ?;:SYST:ERR?", timeout_s=limit_s)
        readings, _, errors = answer.rpartition(";")
        if not _ERROR.fullmatch(errors):
            raise self._misread("READ?;:SYST:ERR?", answer, 'readings, and an error such as +0,"No error"')
        if not _is_none(errors):
            raise self._refused("READ?", [errors])
        values = [self._parse(text) for text in readings.split(",")]
        if len(values) != count:
            raise self._misread("READ?", answer, f"{count} values, not {len(values)}")
        self._written = written
        return values

    def _configure(self, setup: str) -> None:
        """Write a configuration, unless it is the one the instrument has."""
        if setup != self._written:
            self._written = ""
            self._write(f"ABOR;*CLS;:{setup}")
            self._written = setup

    def _write(self, commands: str) -> None:
        """Write settings and read the error queue until it is empty.

        Raises:
            InstrumentRejected: naming every error that was in it.
        """
        errors = []
        answer = self._ask_error(f"{commands};:SYST:ERR?")
        while not _is_none(answer):
            errors.append(answer)
            if len(errors) > MOST_ERRORS:
                break
            answer = self._ask_error("SYST:ERR?")
        if errors:
            raise self._refused(commands, errors)

    def _ask_error(self, message: str) -> str:
        answer = self._link.query(message)
        if not _ERROR.fullmatch(answer):
            raise self._misread("SYST:ERR?", answer, 'such as +0,"No error"')
        return answer

    def _refused(self, commands: str, errors: list[str]) -> InstrumentRejected:
        return InstrumentRejected(
            self.role,
            f"the counter refused {commands!r}: {'; '.join(errors)}",
            reason=errors[0],
            do="Check level, gate and counts in the test plan against the counter's ranges",
        )

    def _prove(self) -> None:
        """See that the counter of before answers, and have it configured anew before it measures."""
        self._written = ""
        prove_identity(self._link, self.role, self._identity)

    def _check_model(self) -> Identity:
        identity = ask_identity(self._link, self.role)
        if identity.model not in MODELS:
            raise IdentityMismatch(
                f"{self.role}: a {identity.maker} {identity.model} answered",
                expected=" or ".join(MODELS),
                do="Correct the resource or the driver in the station file",
            )
        return identity

    def _parse(self, text: str) -> float:
        if not _READING.fullmatch(text):
            raise InstrumentReplyError(
                self.role, f"{text!r} came as a reading", expected="a number", do="Check the counter's cable"
            )
        return float(text)

    def _misread(self, question: str, answer: str, expected: str) -> InstrumentReplyError:
        what = f"{question} was answered with {answer[:LONGEST_SHOWN]!r}"
        return InstrumentReplyError(self.role, what, expected=expected, do="Check the counter's cable")


def _is_none(error: str) -> bool:
    """Say whether an entry of the error queue says that there is no error."""
    return int(error.partition(",")[0]) == 0


def _in_time(values: list[float]) -> list[float]:
    """Leave out the readings that timed out."""
    return [value for value in values if value != NOT_A_NUMBER]


def _input_setup(channel: int, *, level_v: float, slope: str, coupling: str) -> str:
    """Return the commands that fix the trigger: high impedance, low-pass filter on, no auto-level."""
    name = f"INP{channel}"
    settings = {
        "COUP": coupling,
        "IMP": "1E6",
        "FILT": "1",
        "LEV": f"{level_v:.6g}",
        "SLOP": slope[:3].upper(),
    }
    return ";".join(f":{name}:{key} {value}" for key, value in settings.items())
