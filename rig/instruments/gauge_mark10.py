"""Mark-10 force gauges of Series 5 and 7, which speak GCL2, in the role of the force gauge.

The gauge never acknowledges a set-up command and nothing tells a streamed reading from an answer. So
every set-up command here is followed by a request, which brings out an error line and keeps question
and answer in step; and whenever the step may be lost, the gauge is made silent and asked for its
settings before anything it says is believed.
"""

from __future__ import annotations

import re

from rig.clock import Clock
from rig.errors import InstrumentError, InstrumentRejected, InstrumentReplyError
from rig.instruments.link import VisaLink
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

_READING = re.compile(r"(-?\d+(?:\.\d*)?) N")
_SETTINGS = re.compile(r"V[^;]*(;[^;]+){4,}")


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
        self._in_step = False
        self._link = VisaLink(
            role, resource, wire_log, timeout_s=timeout_s, baud=baud, write_end=b"\r\n", read_end=b"\n"
        )
        try:
            self._prepare()
        except InstrumentError:
            self._link.close()
            raise

    def identify(self) -> Identity:
        """Return the gauge's model, serial number and firmware version."""
        serial, model, firmware = (self._ask(request) for request in ("RN", "RM", "RV"))
        return Identity("Mark-10", model, serial, firmware)

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
        self._command("CLR")

    def zero(self) -> None:
        """Make the present force zero and clear the peaks; only at rest.

        Raises:
            InstrumentReplyError: the gauge does not read zero afterwards.
        """
        self._command("Z")
        left_n = self.read_n()
        if abs(left_n) > ZERO_TOLERANCE_N:
            raise InstrumentReplyError(
                self.role,
                f"reads {left_n:g} N right after it was zeroed",
                expected=f"0 N within {ZERO_TOLERANCE_N:g} N",
                do="See that nothing moves or pushes on the gauge while it is zeroed",
            )

    def close(self) -> None:
        """Close the link; the gauge keeps its settings until it is switched off."""
        self._link.close()

    def _reading_n(self, request: str) -> float:
        answer = self._ask(request)
        match = _READING.fullmatch(answer)
        if match is None:
            self._in_step = False
            raise InstrumentReplyError(
                self.role,
                f"answered {answer!r} to {request}",
                expected="a number and the unit N, such as '4.28 N'",
                do="Take the load off the gauge (an overload has no number) and check its unit and cable",
            )
        return float(match[1])

    def _command(self, command: str) -> None:
        """Send a set-up command, and a request whose answer shows that it was taken."""
        self._keep_step()
        self._in_step = False
        self._link.write(command)
        self._query("RM", after=command)
        self._in_step = True

    def _ask(self, request: str) -> str:
        """Return the gauge's one answer; after any mishap the next question first gets back into step."""
        self._keep_step()
        self._in_step = False
        answer = self._query(request, after=request)
        self._in_step = True
        return answer

    def _query(self, request: str, *, after: str) -> str:
        """Exchange one line; an error line in its place belongs to the command sent ``after``."""
        answer = self._link.query(request).rstrip("\r")
        if re.fullmatch(r"\*\d\d", answer):
            if after != request:
                self._link.read()  # the answer to the request, which comes all the same
            raise InstrumentRejected(
                self.role,
                f"refused {after}: {answer} ({ERRORS.get(answer, 'unknown code')})",
                reason=answer,
                expected=f"a gauge that knows {after}",
                do="Check that the driver named in the station file fits this gauge",
            )
        return answer

    def _keep_step(self) -> None:
        if not self._in_step:
            self._prepare()

    def _prepare(self) -> None:
        """Silence the gauge, get into step with it, and bring it to the settings this driver relies on."""
        settings = self._silence()
        for wanted in self._wanted:
            if wanted not in settings:
                self._link.write(wanted)
                settings = self._query("LIST", after=wanted).split(";")
                self._verify(wanted, settings)
        self._in_step = True

    def _silence(self) -> list[str]:
        """End continuous output and half a command, skip what was under way, and return the settings."""
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
