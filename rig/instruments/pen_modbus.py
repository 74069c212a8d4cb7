"""A pen on Modbus, TCP or RTU: the device under test on its service interface.

Where its registers lie is the product's business: a pen of another maker needs a product file, not
another driver. Writes are sent once; when the answer to one is missing, the pen is asked what it holds
before anything else happens.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rig.clock import Clock
from rig.errors import (
    InstrumentDisconnected,
    InstrumentRejected,
    InstrumentReplyError,
    InstrumentTimeout,
)
from rig.instruments.modbus_link import BLOCK_WORDS, ModbusLink
from rig.instruments.modbus_map import RegisterMap, Value
from rig.instruments.roles import Identity, Park, PenStatus
from rig.instruments.wirelog import WireLog
from rig.product_registers import Modbus

POLL_S = 0.02
SETTLE_TIMEOUT_S = 5.0  # for the motor to come to rest, and for the needles to be parked
RESTART_PATIENCE = 3.0  # a restart may take this many times as long as the product file says

STATE_RUNNING = 1
PARK_CODES = {Park.RETRACTED: 1, Park.EXTENDED: 2}
ERRORS = {
    1: "the tip was used before",
    2: "no tip",
    4: "the table is invalid",
    8: "the battery is low",
    16: "the voltage is below the cut-off",
}
COMMIT_ACCEPTED = 1
COMMIT_RESULTS = {
    0: "nothing was committed",
    2: "the service lock is closed",
    3: "the motor runs",
    4: "wrong magic or format",
    5: "made for another model",
    6: "wrong size",
    7: "nodes or commands not in increasing order",
    8: "wrong CRC",
    9: "generation not newer than that of the table in use",
}
STATUS = (
    "state", "error_flags", "set_depth_um", "set_rate_per_min", "park", "motor_speed_per_min",
    "motor_current_ma", "battery_mv", "temperature_centi_c", "tip_present", "tip_lot", "tip_use_count",
)  # fmt: skip

logger = logging.getLogger(__name__)


class ModbusPen:
    """A pen whose registers the product file describes; fulfils :class:`rig.instruments.roles.Pen`.

    Args:
        role: its role, for messages.
        resource: ``tcp:HOST:PORT`` or ``rtu:PATH:BAUD``.
        wire_log: keeps every message.
        clock: what waiting is done with.
        timeout_s: how long one answer may take.
        modbus: the register map.
        restart_s: how long a restart takes.
        unlock_key: what opens the service lock.
        parity: of the serial line: N, E or O.

    Raises:
        InstrumentDisconnected, InstrumentTimeout: the pen cannot be reached.
        IdentityMismatch: something answers that has another register map.

    Every method may also raise InstrumentTimeout, InstrumentDisconnected or InstrumentReplyError, and
    InstrumentRejected when the pen refuses.
    """

    def __init__(
        self,
        role: str,
        resource: str,
        wire_log: WireLog,
        clock: Clock,
        *,
        timeout_s: float,
        modbus: Modbus,
        restart_s: float,
        unlock_key: int,
        parity: str = "N",
    ) -> None:
        self.role = role
        self._clock, self._map = clock, RegisterMap(modbus)
        self._restart_s, self._unlock_key = restart_s, unlock_key
        self._link = ModbusLink(
            role,
            resource,
            wire_log,
            clock,
            timeout_s=timeout_s,
            device_id=modbus.device_id,
            probe=(self._map["map_id"].address, modbus.map_id),
            scratch=self._map["echo"].address,
            parity=parity,
        )

    def identify(self) -> Identity:
        """Ask the pen for model, serial number and firmware; it does not tell its maker."""
        values = self._read("model", "serial", "firmware")
        return Identity("", str(values["model"]), str(values["serial"]), str(values["firmware"]))

    def close(self) -> None:
        """Close the connection; the pen stays as it is."""
        self._link.close()

    # Strokes

    def status(self) -> PenStatus:
        """Return what the pen says of itself."""
        values = self._read(*STATUS)
        number = {name: float(value) for name, value in values.items() if name != "tip_lot"}
        return PenStatus(
            running=number["state"] == STATE_RUNNING,
            park=next((park for park, code in PARK_CODES.items() if code == number["park"]), None),
            error_flags=int(number["error_flags"]),
            set_depth_mm=number["set_depth_um"] / 1000,
            set_rate_per_min=number["set_rate_per_min"],
            motor_speed_per_min=number["motor_speed_per_min"],
            motor_current_ma=number["motor_current_ma"],
            battery_mv=number["battery_mv"],
            temperature_c=number["temperature_centi_c"] / 100,
            tip_present=bool(number["tip_present"]),
            tip_lot=str(values["tip_lot"]),
            tip_use_count=int(number["tip_use_count"]),
        )

    def set_depth(self, depth_mm: float) -> None:
        """Command the depth, to the nearest step of the register (1 µm, as a rule).

        Raises:
            InstrumentRejected: the depth is above the pen's limit.
        """
        self._write("set_depth_um", depth_mm * 1000)

    def set_rate(self, rate_per_min: float) -> None:
        """Command the stroke rate; raises InstrumentRejected for one that the motor does not have."""
        self._write("set_rate_per_min", rate_per_min)

    def start(self) -> None:
        """Start the strokes; raises InstrumentRejected, with the pen's errors, when it will not."""
        try:
            self._write("run", 1)
        except InstrumentRejected as refusal:
            flags = int(self._number("error_flags"))
            errors = ", ".join(text for bit, text in ERRORS.items() if flags & bit) or "no error flagged"
            reason = f"{refusal.reason}: {errors}"
            raise InstrumentRejected(
                self.role, f"does not start: {reason}", reason=reason, do="Plug in a new tip, charge the pen"
            ) from refusal

    def stop(self) -> None:
        """Stop the strokes and return when the motor stands still."""
        self._write("run", 0)
        self._await("state", lambda state: state != STATE_RUNNING, "the motor at rest")

    def park(self, where: Park) -> None:
        """Move the needles to rest, and return when the pen says that they are there."""
        code = PARK_CODES[where]
        self._write("park", code)
        self._await("park", lambda found: found == code, f"the needles {where}")

    def motor_speed_per_min(self) -> float:
        """Return the speed the motor reports."""
        return self._number("motor_speed_per_min")

    # The calibration table

    def unlock_service(self) -> None:
        """Allow writing to the shadow bank; raises InstrumentRejected when the key does not fit."""
        self._write("service_unlock", self._unlock_key, reads_back=1)
        if self._number("service_unlock") != 1:
            raise InstrumentRejected(
                self.role,
                "the service lock stays closed",
                reason="wrong key",
                do="Check calibration.unlock_key in the product file",
            )

    def lock_service(self) -> None:
        """Forbid it again."""
        self._write("service_unlock", 0)

    def service_unlocked(self) -> bool:
        """Say whether the shadow bank can be written."""
        return self._number("service_unlock") == 1

    def read_active_bank(self, words: int) -> list[int]:
        """Return the first ``words`` 16-bit words of the table in use."""
        return self._link.read(self._bank("active_bank", words), words)

    def read_shadow_bank(self, words: int) -> list[int]:
        """Return the first ``words`` words of the shadow bank."""
        return self._link.read(self._bank("shadow_bank", words), words)

    def write_shadow_bank(self, words: Sequence[int]) -> None:
        """Write words into the shadow bank, from its beginning; the table in use does not change."""
        address = self._bank("shadow_bank", len(words))
        for start in range(0, len(words), BLOCK_WORDS):
            piece = list(words[start : start + BLOCK_WORDS])
            self._write_words("shadow_bank", address + start, piece, reads_back=piece)

    def commit(self) -> None:
        """Make the shadow bank the table in use.

        Raises:
            InstrumentRejected: the pen says why not; the table in use is the old one.
            InstrumentTimeout: no answer; the message names the table that the pen is on.
        """
        try:
            self._link.write(self._map["commit"].address, [1])
        except (InstrumentTimeout, InstrumentReplyError) as error:
            found = f"CRC {self.active_crc():08X}, generation {self.active_generation()}"
            raise InstrumentTimeout(
                self.role,
                f"no answer to the commit; afterwards the table in use has {found}",
                do="Compare that with the table that was written",
            ) from error
        result = int(self._number("commit_result"))
        if result != COMMIT_ACCEPTED:
            reason = COMMIT_RESULTS.get(result, f"unknown result {result}")
            raise InstrumentRejected(self.role, f"the table was refused: {reason}", reason=reason)

    def active_crc(self) -> int:
        """Return the CRC-32 of the table in use."""
        return int(self._number("active_crc"))

    def active_generation(self) -> int:
        """Return the generation of the table in use."""
        return int(self._number("active_generation"))

    def restart(self) -> None:
        """Restart the pen and wait until it answers with its identity.

        Raises:
            InstrumentTimeout: it did not come back.
        """
        try:
            self._link.write(self._map["restart"].address, [1])
        except (InstrumentTimeout, InstrumentDisconnected):
            logger.info("%s: restarts without an answer", self.role)
        self._clock.sleep(self._restart_s)
        deadline_s = self._clock.now() + (RESTART_PATIENCE - 1) * self._restart_s
        while True:
            try:
                self._read("map_id", "serial")
                return
            except (InstrumentTimeout, InstrumentDisconnected) as error:
                if self._clock.now() >= deadline_s:
                    raise InstrumentTimeout(
                        self.role,
                        "the pen does not answer after its restart",
                        expected=f"an answer within {RESTART_PATIENCE * self._restart_s:g} s",
                        do="Switch the pen off and on, and check which table it is on",
                    ) from error
                self._clock.sleep(self._restart_s / 4)

    # Registers by name

    def _number(self, name: str) -> float:
        return float(self._read(name)[name])

    def _read(self, *names: str) -> dict[str, Value]:
        words: dict[int, int] = {}
        for address, count in self._map.blocks(names):
            words |= enumerate(self._link.read(address, count), start=address)
        return {name: self._map.decode(name, words) for name in names}

    def _await(self, name: str, done: Callable[[float], bool], what: str) -> None:
        deadline_s = self._clock.now() + SETTLE_TIMEOUT_S
        while not done(found := self._number(name)):
            if self._clock.now() >= deadline_s:
                raise InstrumentTimeout(
                    self.role,
                    f"after {SETTLE_TIMEOUT_S:g} s register {name} still holds {found:g}",
                    expected=what,
                    do="Check the pen for a jam",
                )
            self._clock.sleep(POLL_S)

    def _write(self, name: str, value: float, *, reads_back: float | None = None) -> None:
        try:
            words = self._map.encode(name, value)
        except ValueError as error:
            raise InstrumentRejected(self.role, str(error), reason=str(error)) from error
        expected = words if reads_back is None else self._map.encode(name, reads_back)
        self._write_words(name, self._map[name].address, words, reads_back=expected)

    def _write_words(self, name: str, address: int, words: list[int], *, reads_back: list[int]) -> None:
        """Write once; without an answer, look whether it was done."""
        try:
            self._link.write(address, words)
        except InstrumentRejected as refusal:
            what = f"{name} = {words[0] if len(words) == 1 else words} was refused: {refusal.reason}"
            raise InstrumentRejected(
                self.role, what, reason=f"{refusal.reason}, register {name}"
            ) from refusal
        except (InstrumentTimeout, InstrumentReplyError) as error:
            found = self._link.read(address, len(words))
            if found != reads_back:
                raise InstrumentTimeout(
                    self.role,
                    f"no answer to writing {name}; afterwards it holds {found}",
                    expected=f"{reads_back}",
                    do="Nothing was repeated; check the cable and run again",
                ) from error
            logger.warning("%s: %s was written, though no answer said so", self.role, name)

    def _bank(self, name: str, words: int) -> int:
        register = self._map[name]
        if not 1 <= words <= register.words:
            reason = f"{words} words do not fit into {name} ({register.words})"
            raise InstrumentRejected(self.role, reason, reason=reason)
        return register.address
