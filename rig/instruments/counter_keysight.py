"""The counter: Keysight (Agilent) 53220A or 53230A, over its LAN socket or any other VISA resource.

Sources: Programmer's Reference and User's Guide of the 53220A/53230A. Commands are joined with ``;`` into
one message, which the instrument answers faster and which never waits for the network. Trigger levels
are fixed, not automatic: auto-level needs at least 50 Hz, and pens stroke more slowly than that. The
driver refuses to pass on what is not a measured value: a reading that timed out is left out, overload
and garbled text are errors.
"""

from __future__ import annotations

import re
from typing import Literal

from rig.clock import Clock
from rig.errors import IdentityMismatch, InstrumentError, InstrumentRejected, InstrumentReplyError
from rig.instruments.link import VisaLink
from rig.instruments.roles import Identity
from rig.instruments.scpi_identity import ask_identity
from rig.instruments.wirelog import WireLog

MODELS = ("53220A", "53230A")
SLOWEST_PERIOD_S = 0.05  # 20 strokes a second
TIMEOUT_MARGIN_S = 2.0  # beyond the measuring time, for the answer itself

NOT_A_NUMBER = 9.91e37  # a reading that timed out
OVERLOAD = 9.9e37
MOST_ERRORS = 20  # length of the instrument's error queue

_READING = re.compile(r"[+-]?\d+(\.\d+)?(E[+-]?\d+)?")


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
            self._model = self._check_model()
            self._write("*RST;*CLS")
        except BaseException:
            self._link.close()
            raise

    def identify(self) -> Identity:
        """Ask the instrument what it is.

        Raises:
            InstrumentReplyError: the answer is not four fields.
        """
        return ask_identity(self._link, self.role)

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
                raise InstrumentReplyError(self.role, f"duty cycle {share:g}", expected="0 to 1")
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
        if self._model != "53230A":
            raise InstrumentRejected(
                self.role,
                f"a {self._model} has no time stamps",
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
        self._configure(f"{configure};{self._input};:SAMP:COUN {count};:SYST:TIM {timeout_s:.6g}{extra}")
        try:
            answer = self._link.query("READ?", timeout_s=count * timeout_s + TIMEOUT_MARGIN_S)
        except InstrumentError:
            self._written = ""
            raise
        values = [self._parse(text) for text in answer.split(",")]
        if len(values) != count + leading:
            self._written = ""
            raise InstrumentReplyError(self.role, f"{len(values)} values came", expected=f"{count + leading}")
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
        answer = self._link.query(f"{commands};:SYST:ERR?")
        while not answer.startswith(("+0,", "0,")):
            errors.append(self._parse_error(answer))
            if len(errors) > MOST_ERRORS:
                break
            answer = self._link.query("SYST:ERR?")
        if errors:
            raise InstrumentRejected(
                self.role,
                f"the counter refused {commands!r}: {'; '.join(errors)}",
                reason=errors[0],
                do="Check level, gate and counts in the test plan against the counter's ranges",
            )

    def _check_model(self) -> str:
        identity = self.identify()
        if identity.model not in MODELS:
            raise IdentityMismatch(
                f"{self.role}: a {identity.maker} {identity.model} answered",
                expected=" or ".join(MODELS),
                do="Correct the resource or the driver in the station file",
            )
        return identity.model

    def _parse(self, text: str) -> float:
        if not _READING.fullmatch(text):
            raise InstrumentReplyError(self.role, f"{text!r} came as a reading", expected="a number")
        value = float(text)
        if value != NOT_A_NUMBER and abs(value) >= OVERLOAD:
            raise InstrumentReplyError(
                self.role,
                "the counter reports overload",
                expected="a signal within ±5 V",
                do="Check the contact wire and its supply",
            )
        return value

    def _parse_error(self, answer: str) -> str:
        if not re.fullmatch(r'[+-]?\d+,".*"', answer):
            raise InstrumentReplyError(
                self.role, f"SYST:ERR? was answered with {answer!r}", expected='such as +0,"No error"'
            )
        return answer


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
