"""What drivers of programmable supplies share: one output, limits before voltage, errors asked for every set.

A driver adds the words of its dialect. After a mishap on the line the supply proves its identity, and that it
still holds its limits, before anything else is believed; a question is then asked once more, and a command is
not: the supply is asked what it holds. This refuses to switch the output on before over-voltage protection
and current limit were written and read back, and to set a voltage above that protection. Opening and every
refusal leave the output as safe as it can be: opening switches it off; the other outputs are not touched.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from typing import ClassVar

from rig.clock import Clock
from rig.errors import IdentityMismatch, InstrumentRejected, InstrumentReplyError, InstrumentTimeout
from rig.instruments.link import VisaLink
from rig.instruments.mishaps import MISHAPS
from rig.instruments.roles import Identity, SupplyReading
from rig.instruments.scpi_identity import ask_identity, prove_identity, tell_self_test
from rig.instruments.wirelog import WireLog

MOST_ERRORS = 20  # length of an error queue
STEP_V, STEP_A = 0.0015, 0.0015  # what is read back may differ by the supply's own steps
SELF_TEST_S = 30.0  # how long its self-test may take
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?(E[+-]?\d{1,3})?", re.IGNORECASE)
_ERROR = re.compile(r'[+-]?\d{1,6},"[^"]*"')

logger = logging.getLogger(__name__)


class ScpiSupply(ABC):
    """One output of a supply; fulfils :class:`rig.instruments.roles.Supply`.

    Args:
        role: name in the station file.
        resource: VISA resource, such as ``TCPIP0::10.0.0.7::5025::SOCKET``.
        wire_log: keeps every message.
        clock: unused; a supply measures in its own time.
        timeout_s: how long an answer may take.
        channel: number of the output that feeds the pen.

    Raises:
        InstrumentDisconnected, InstrumentTimeout: nobody answers at ``resource``.
        IdentityMismatch: what answers is not one of :attr:`MODELS`.

    Every method may also raise InstrumentTimeout, InstrumentDisconnected or InstrumentReplyError, and
    InstrumentRejected when the supply refuses.
    """

    MODELS: ClassVar[tuple[str, ...]] = ()
    CHANNELS: ClassVar[int] = 3

    def __init__(
        self, role: str, resource: str, wire_log: WireLog, clock: Clock, *, timeout_s: float, channel: int = 1
    ) -> None:
        if not 1 <= channel <= self.CHANNELS:
            raise ValueError(f"{role}: channel {channel}, expected 1 to {self.CHANNELS}")
        self.role, self._channel = role, channel
        self._limits: tuple[float, float] | None = None
        self._link = VisaLink(role, resource, wire_log, timeout_s=timeout_s)
        try:
            # A refused port shows only when something is asked.
            self._identity = self._check_model()
            self._link.prove = self._prove
            self._write("*CLS")
            self.switch_off()
        except BaseException:
            self._link.close()
            raise

    # The words of a dialect

    @abstractmethod
    def _limit_words(self, voltage_v: float, current_a: float) -> list[str]:
        """Return the commands that set and arm over-voltage protection and set the current limit."""

    @abstractmethod
    def _read_limits(self) -> tuple[float, float, bool]:
        """Return over-voltage level, V, current limit, A, and whether the protection is armed."""

    @abstractmethod
    def _read_voltage(self) -> float:
        """Return the voltage that is set, V."""

    @abstractmethod
    def _voltage_words(self, voltage_v: float) -> str:
        """Return the command that sets the voltage."""

    @abstractmethod
    def _output_words(self, on: bool) -> str:
        """Return the command that switches the output."""

    @abstractmethod
    def is_on(self) -> bool:
        """Say whether the output is on."""

    @abstractmethod
    def is_limiting(self) -> bool:
        """Say whether the output holds its current limit and not its voltage."""

    @abstractmethod
    def has_tripped(self) -> bool:
        """Say whether a protection has switched the output off."""

    @abstractmethod
    def measure(self) -> SupplyReading:
        """Return voltage and current at the terminals."""

    # The role

    def identify(self) -> Identity:
        """Ask the instrument what it is.

        Raises:
            InstrumentReplyError: the answer is not four fields.
        """
        return self._link.again(lambda: ask_identity(self._link, self.role))

    def self_test(self) -> list[str]:
        """Let the supply test itself; return what it finds wrong, as sentences."""
        return self._link.again(lambda: tell_self_test(self._link, timeout_s=SELF_TEST_S))

    def close(self) -> None:
        """Close the link; the instrument stays as it is."""
        self._link.close()

    def limit(self, *, voltage_v: float, current_a: float) -> None:
        """Write over-voltage protection and current limit, and read both back.

        Args:
            voltage_v: the output is switched off above this; no higher voltage can be set afterwards.
            current_a: the output gives no more.

        Raises:
            InstrumentRejected: refused, or not held as written.
        """
        self._limits = None
        for words in self._limit_words(voltage_v, current_a):
            self._write(words)
        self._check_limits(voltage_v, current_a)
        self._limits = voltage_v, current_a

    def set_voltage(self, voltage_v: float) -> None:
        """Set the output's voltage.

        Raises:
            InstrumentRejected: above the limit, before any limit was set, or refused by the supply.
        """
        highest_v = self._require_limits()
        if not 0.0 <= voltage_v <= highest_v:
            raise InstrumentRejected(
                self.role,
                f"{voltage_v:g} V was not set",
                reason="beyond the limit",
                expected=f"0 to {highest_v:g} V",
                do="Check the cell's curve in the product file",
            )
        if self._write(self._voltage_words(voltage_v)):
            return
        found_v = self._read_voltage()
        if abs(found_v - voltage_v) > STEP_V:
            raise InstrumentTimeout(
                self.role,
                f"no answer to setting {voltage_v:g} V; afterwards {found_v:g} V are set",
                do="Nothing was repeated; check the cable and run again",
            )

    def switch_on(self) -> None:
        """Switch the output on; raises InstrumentRejected before limits were set, or when it stays off."""
        self._require_limits()
        self._write(self._output_words(True))
        if not self.is_on():
            raise InstrumentRejected(
                self.role,
                "the output stays off",
                reason="protection tripped" if self.has_tripped() else "output off",
                do="Look for a short in the pen's leads, then clear the protection at the supply",
            )

    def switch_off(self) -> None:
        """Switch the output off and check that it is."""
        if not self._write(self._output_words(False)) and self.is_on():
            self._write(self._output_words(False))  # it had not arrived, and does no harm twice
        if self.is_on():
            raise InstrumentRejected(
                self.role,
                "the output stays on",
                reason="output on",
                do="Switch the supply off by hand",
            )

    # Messages

    def _require_limits(self) -> float:
        if self._limits is None:
            raise InstrumentRejected(
                self.role,
                "its voltage and current are not limited yet",
                reason="no limits",
                do="Call limit() before anything is set or switched on",
            )
        return self._limits[0]

    def _check_limits(self, voltage_v: float, current_a: float) -> None:
        found_v, found_a, armed = self._read_limits()
        kept = abs(found_v - voltage_v) <= STEP_V and abs(found_a - current_a) <= STEP_A and armed
        if not kept:
            raise InstrumentRejected(
                self.role,
                f"its limits read back as {found_v:g} V ({'armed' if armed else 'not armed'}), {found_a:g} A",
                reason="limits not held",
                expected=f"{voltage_v:g} V (armed), {current_a:g} A",
                do="Check the limits in product and station file against the supply's ranges, and its mains",
            )

    def _prove(self) -> None:
        """See that the supply of before answers, with the limits that it was given."""
        prove_identity(self._link, self.role, self._identity)
        if self._limits is not None:
            self._check_limits(*self._limits)

    def _write(self, command: str) -> bool:
        """Send one command, once, and read the error queue until it is empty.

        Returns:
            Whether the supply took it; False after a mishap, when only what it holds can tell.

        Raises:
            InstrumentRejected: naming every error that was in the queue.
        """
        errors: list[str] = []
        try:
            self._link.write(command)
            taken = True
            answer = self._ask_error()
        except MISHAPS as error:
            self._link.distrust(error)
            taken = False
            answer = self._ask_error()
            logger.warning("%s: recovered: no answer after %r, which was not repeated", self.role, command)
        while answer is not None and len(errors) < MOST_ERRORS:
            errors.append(answer)
            answer = self._link.again(self._ask_error)
        if errors:
            raise InstrumentRejected(
                self.role,
                f"the supply refused {command!r}: {'; '.join(errors)}",
                reason=errors[0],
                do="Check voltage and current against the supply's ranges",
            )
        return taken

    def _ask_error(self) -> str | None:
        answer = self._link.query("SYST:ERR?")
        if not _ERROR.fullmatch(answer):
            raise self._misread("SYST:ERR?", answer, 'such as 0,"No error"')
        return None if int(answer.partition(",")[0]) == 0 else answer

    def _word(self, question: str, meanings: dict[str, bool]) -> bool:
        """Ask for one of a few words and return what it means."""

        def ask() -> bool:
            answer = self._link.query(question)
            if answer not in meanings:
                raise self._misread(question, answer, " or ".join(meanings))
            return meanings[answer]

        return self._link.again(ask)

    def _numbers(self, question: str, count: int, *, separator: str = ",") -> list[float]:
        """Ask for ``count`` numbers."""

        def ask() -> list[float]:
            answer = self._link.query(question)
            texts = answer.split(separator)
            if len(texts) != count or not all(_NUMBER.fullmatch(text) for text in texts):
                raise self._misread(question, answer, "a number" if count == 1 else f"{count} numbers")
            return [float(text) for text in texts]

        return self._link.again(ask)

    def _misread(self, question: str, answer: str, expected: str) -> InstrumentReplyError:
        what = f"{question} was answered with {answer!r}"
        return InstrumentReplyError(self.role, what, expected=expected, do="Check the supply's cable")

    def _check_model(self) -> Identity:
        identity = ask_identity(self._link, self.role)
        if identity.model not in self.MODELS:
            raise IdentityMismatch(
                f"{self.role}: a {identity.maker} {identity.model} answered",
                expected=" or ".join(self.MODELS),
                do="Correct the resource or the driver in the station file",
            )
        return identity
