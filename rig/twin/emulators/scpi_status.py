"""The status model of IEEE 488.2 and SCPI: error queue, event registers, status byte. Knows no instrument."""

from __future__ import annotations

from collections import deque

from rig.twin.emulators.scpi_command import Call, Command
from rig.twin.emulators.scpi_syntax import ScpiError, is_command_error
from rig.twin.emulators.scpi_values import Number

ERROR_QUEUE_LENGTH = 20

# Bits of the standard event status register.
OPERATION_COMPLETE, DEVICE_ERROR, EXECUTION_ERROR, COMMAND_ERROR, POWER_ON = 1, 8, 16, 32, 128
# Bits of the status byte.
ERRORS_QUEUED, QUESTIONABLE, MESSAGE_AVAILABLE, EVENTS, MASTER, OPERATION = 4, 8, 16, 32, 64, 128

_BYTE = Number(0, 0, 255, decimals=0)
_WORD = Number(0, 0, 32767, decimals=0)


class StatusGroup:
    """A SCPI register group: conditions now, the events they left behind, and the enable mask."""

    def __init__(self) -> None:
        self.condition = self.event = self.enable = 0

    def note(self, bits: int) -> None:
        """Leave events behind."""
        self.event |= bits

    @property
    def summary(self) -> bool:
        """Whether an enabled event waits to be read."""
        return bool(self.event & self.enable)

    def commands(self, root: str) -> list[Command]:
        """Return the commands of this group below ``root``."""

        def take_event(call: Call) -> str:
            event, self.event = self.event, 0
            return f"{event:+d}"

        def set_enable(call: Call) -> None:
            self.enable = int(call.read(0, _WORD))

        return [
            Command(f"{root}[:EVENt]", ask=take_event),
            Command(f"{root}:CONDition", ask=lambda call: f"{self.condition:+d}"),
            Command(f"{root}:ENABle", set_enable, lambda call: f"{self.enable:+d}", (1, 1)),
        ]


class Status:
    """Everything an instrument remembers about errors and events.

    Attributes:
        questionable, operation: the two SCPI register groups.
        message_available: whether an answer waits to be sent.
    """

    def __init__(self) -> None:
        self.questionable, self.operation = StatusGroup(), StatusGroup()
        self.message_available = False
        self._errors: deque[ScpiError] = deque()
        self._event, self._event_enable, self._service_enable = POWER_ON, 0, 0

    def note(self, bits: int) -> None:
        """Set bits of the standard event register."""
        self._event |= bits

    def error(self, number: int) -> None:
        """Queue an error and set its class in the event register; a full queue ends in -350."""
        if is_command_error(number):
            self.note(COMMAND_ERROR)
        else:
            self.note(EXECUTION_ERROR if number > -300 else DEVICE_ERROR)
        if len(self._errors) < ERROR_QUEUE_LENGTH:
            self._errors.append(ScpiError(number))
        else:
            self._errors[-1] = ScpiError(-350)

    def take_error(self) -> ScpiError:
        """Return the oldest error and forget it; number 0 when there is none."""
        return self._errors.popleft() if self._errors else ScpiError(0)

    def commands(self) -> list[Command]:
        """Return the commands that read and set all this."""
        return [
            Command("*CLS", self._clear),
            Command("*ESE", self._set_event_enable, lambda call: f"{self._event_enable:+d}", (1, 1)),
            Command("*ESR", ask=self._take_event),
            Command("*SRE", self._set_service_enable, lambda call: f"{self._service_enable:+d}", (1, 1)),
            Command("*STB", ask=lambda call: f"{self._byte():+d}"),
            Command("SYSTem:ERRor[:NEXT]", ask=lambda call: str(self.take_error())),
            Command("SYSTem:ERRor:COUNt", ask=lambda call: f"{len(self._errors):+d}"),
            Command("STATus:PRESet", self._preset),
            *self.questionable.commands("STATus:QUEStionable"),
            *self.operation.commands("STATus:OPERation"),
        ]

    def _clear(self, call: Call) -> None:
        self._errors.clear()
        self._event = self.questionable.event = self.operation.event = 0

    def _preset(self, call: Call) -> None:
        self.questionable.enable = self.operation.enable = 0

    def _set_event_enable(self, call: Call) -> None:
        self._event_enable = int(call.read(0, _BYTE))

    def _set_service_enable(self, call: Call) -> None:
        self._service_enable = int(call.read(0, _BYTE)) & ~MASTER

    def _take_event(self, call: Call) -> str:
        event, self._event = self._event, 0
        return f"{event:+d}"

    def _byte(self) -> int:
        reasons = {
            ERRORS_QUEUED: bool(self._errors),
            QUESTIONABLE: self.questionable.summary,
            MESSAGE_AVAILABLE: self.message_available,
            EVENTS: bool(self._event & self._event_enable),
            OPERATION: self.operation.summary,
        }
        byte = sum(bit for bit, is_set in reasons.items() if is_set)
        return byte | MASTER if byte & self._service_enable else byte
