"""Travel limits that a Zaber controller holds: written in a safe order, and read back."""

from __future__ import annotations

from rig.errors import InstrumentReplyError
from rig.instruments.zaber_ascii import ZaberPort, number_of

MINIMUM, MAXIMUM = "limit.min", "limit.max"


class ZaberLimits:
    """The limits of every axis of a controller, in microsteps.

    Args:
        role: of the stage, for messages.
        port: to its controller.
    """

    def __init__(self, role: str, port: ZaberPort) -> None:
        self._role, self._port = role, port
        self._verified: dict[tuple[int, str], int] = {}  # what the controller was seen to hold

    def forget(self) -> None:
        """Take it that the controller may hold others by now."""
        self._verified.clear()

    def read(self, number: int) -> tuple[int, int]:
        """Return the limits that the controller holds for an axis."""
        return self._held(number, MINIMUM), self._held(number, MAXIMUM)

    def write(self, axis: str, number: int, minimum: int, maximum: int) -> None:
        """Write an axis' limits, and read them back.

        Raises:
            InstrumentRejected: the controller refuses them.
            InstrumentReplyError: it holds others than were written.
        """
        wanted = {MINIMUM: minimum, MAXIMUM: maximum}
        # What was verified since it was written is not written again; a controller that forgot it says WR.
        names = [name for name in wanted if self._verified.get((number, name)) != wanted[name]]
        # The minimum never passes the maximum on the way.
        upwards = len(names) == 2 and minimum > self._held(number, MAXIMUM)
        for name in reversed(names) if upwards else names:
            self._verified.pop((number, name), None)
            self._port.request(number, f"set {name} {wanted[name]}", repeat=True)
        for name in names:
            if (held := self._held(number, name)) != wanted[name]:
                raise InstrumentReplyError(
                    self._role,
                    f"{axis} holds {name} = {held} microsteps",
                    expected=f"the {wanted[name]} just written",
                    do="Do not move the stage; switch the controller off and on and try again",
                )
            self._verified[number, name] = held

    def _held(self, number: int, name: str) -> int:
        return number_of(self._role, self._port.request(number, f"get {name}", repeat=True))
