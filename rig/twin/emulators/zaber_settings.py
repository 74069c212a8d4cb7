"""The settings of the Zaber controller: which there are, whose they are, and who may write what.

Names are those of firmware 7, with the older ``deviceid`` beside ``device.id``. A controller with
integrated axes knows no peripherals, so ``peripheralid`` is unknown here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rig.twin.emulators.zaber_axis import ZaberAxis
from rig.twin.emulators.zaber_packets import Rejected

DEVICE_ID = 30222
FIRMWARE = "7.41"
BUILD = "17000"
MAXIMUM = 2**31 - 1

_AXIS_NUMBERS: dict[str, Callable[[ZaberAxis], int]] = {
    "pos": lambda axis: axis.position,
    "encoder.pos": lambda axis: axis.position,
    "resolution": lambda axis: 64,
    "motion.busy": lambda axis: int(axis.busy),
    "motion.accelonly": lambda axis: axis.settings["accel"],
    "motion.decelonly": lambda axis: axis.settings["accel"],
    "limit.approach.maxspeed": lambda axis: axis.settings["maxspeed"],
    "driver.temperature": lambda axis: 36,
    "parking.state": lambda axis: 0,
}
_SWITCHES = ("comm.alert", "comm.checksum")


class Settings:
    """What ``get`` and ``set`` reach.

    Args:
        axes: the axes, in order.
        address: the controller's place in the chain.
        serial: its serial number.
    """

    def __init__(self, axes: Sequence[ZaberAxis], *, address: int, serial: int) -> None:
        self.power_up()
        self._fixed = {
            "device.id": str(DEVICE_ID),
            "deviceid": str(DEVICE_ID),
            "device.hw.modified": "0",
            "version": FIRMWARE,
            "version.build": BUILD,
            "system.serial": str(serial),
            "system.axiscount": str(len(axes)),
            "system.access": "1",
            "system.voltage": "48.0",
            "system.temperature": "31.5",
            "comm.address": str(address),
            "comm.rs232.baud": "115200",
            "comm.packet.size.max": "80",
            "comm.word.size.max": "50",
            "comm.command.packets.max": "1",
            "get.settings.max": "1",
            "trigger.numtriggers": "6",
            "trigger.numactions": "2",
        }

    def power_up(self) -> None:
        """Have the settings of the whole device as when it is switched on."""
        self._switches = dict.fromkeys(_SWITCHES, False)

    @property
    def alert(self) -> bool:
        """Whether the end of a motion is announced."""
        return self._switches["comm.alert"]

    @property
    def checksum(self) -> bool:
        """Whether the device checks its own packets."""
        return self._switches["comm.checksum"]

    def get(self, name: str, axes: Sequence[ZaberAxis], *, whole_device: bool) -> str:
        """Return a setting; that of each axis, separated by blanks, when asked of the whole device.

        Raises:
            Rejected: BADCOMMAND for an unknown name, DEVICEONLY for a device setting asked of an axis.
        """
        if name in _AXIS_NUMBERS:
            return " ".join(str(_AXIS_NUMBERS[name](axis)) for axis in axes)
        if name in axes[0].settings:
            return " ".join(str(axis.settings[name]) for axis in axes)
        if name not in self._fixed and name not in self._switches:
            raise Rejected("BADCOMMAND")
        if not whole_device:
            raise Rejected("DEVICEONLY")
        return self._fixed[name] if name in self._fixed else str(int(self._switches[name]))

    def set(self, name: str, text: str, axes: Sequence[ZaberAxis], *, whole_device: bool) -> None:
        """Change a setting, of every axis when told to the whole device.

        Raises:
            Rejected: BADDATA for a value out of range, BADCOMMAND for what is unknown or fixed,
                DEVICEONLY for a device setting told to an axis, STATUSBUSY for a limit while it moves.
        """
        value = integer(text)
        if name in self._switches:
            if not whole_device:
                raise Rejected("DEVICEONLY")
            if value not in (0, 1):
                raise Rejected("BADDATA")
            self._switches[name] = bool(value)
            return
        if name != "pos" and name not in axes[0].settings:
            raise Rejected("BADCOMMAND")
        for axis in axes:
            _set_of_axis(axis, name, value)


def integer(text: str) -> int:
    """Return the whole number that ``text`` is.

    Raises:
        Rejected: BADDATA when it is none, or larger than a 32-bit number.
    """
    try:
        value = int(text)
    except ValueError:
        raise Rejected("BADDATA") from None
    if abs(value) > MAXIMUM:
        raise Rejected("BADDATA")
    return value


def _set_of_axis(axis: ZaberAxis, name: str, value: int) -> None:
    if name == "pos":
        axis.position = value
        return
    wrong = {
        "limit.min": value > axis.settings["limit.max"],
        "limit.max": value < axis.settings["limit.min"],
    }.get(name, value <= 0)
    if wrong:
        raise Rejected("BADDATA")
    if name.startswith("limit.") and axis.busy:
        raise Rejected("STATUSBUSY")
    axis.settings[name] = value
