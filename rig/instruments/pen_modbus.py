"""A pen on Modbus, TCP or RTU: the device under test on its service interface.

Where its registers lie is the product's business: a pen of another maker needs a product file, not
another driver. Writes are sent once; when the answer to one is missing, the pen is asked what it holds
before anything else happens. A pen that booted anew by itself has forgotten what it was told, and its
empty memory is not taken for an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from rig.clock import Clock
from rig.errors import (
    IdentityMismatch,
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
    32: "the motor is too hot",
}
DEVICE_FAILURE = "device failure"
REMEDIES = {
    DEVICE_FAILURE: "Set the pen aside: something in it has failed, whatever was measured of it",
    "busy": "Switch the pen off and on, and run again; if it stays busy, set it aside",
}
COMMIT_NONE_YET, COMMIT_ACCEPTED = 0, 1
COMMIT_RESULTS = {
    2: "the service lock is closed",
    3: "the motor runs",
    4: "wrong magic or format",
    5: "made for another model",
    6: "wrong size",
    7: "nodes or commands not in increasing order",
    8: "wrong CRC",
    9: "generation not newer than that of the table in use",
    10: "the flash memory does not keep it",
}
# What leaves open whether a request was carried out: its answer did not come, or not whole.
UNANSWERED = (InstrumentTimeout, InstrumentDisconnected, InstrumentReplyError)
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
        self._serial: str | None = None
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
        """Ask the pen for model, serial number and firmware; it does not tell its maker.

        From now on the link believes only a pen with this serial number.
        """
        names = ("model", "serial", "firmware")
        words = self._words(*names)
        values = {name: self._map.decode(name, words) for name in names}
        address, width = self._map["serial"].address, self._map["serial"].width
        self._link.pin(address, [words[place] for place in range(address, address + width)])
        self._serial = str(values["serial"])
        return Identity("", str(values["model"]), str(values["serial"]), str(values["firmware"]))

    def self_test(self) -> list[str]:
        """Return the errors that the pen flags, as sentences."""
        return [f"it flags that {error}" for error in self.status().errors]

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
            errors=_errors(int(number["error_flags"])),
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
            raise InstrumentRejected(
                self.role,
                f"does not start: {refusal.reason}",
                reason=refusal.reason,
                do="Plug in a new tip, charge the pen",
            ) from refusal

    def stop(self) -> None:
        """Stop the strokes and return when the motor stands still."""
        self._write("run", 0)
        self._await("state", lambda state: state != STATE_RUNNING, "the motor at rest")

    def halt(self) -> None:
        """Tell the motor to stop and wait for nothing, at any moment; :meth:`stop` then sees to the rest.

        Raises:
            InstrumentDisconnected: the connection is gone.
        """
        self._link.write_now(self._map["run"].address, 0)

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
            InstrumentTimeout: no answer, or the pen booted anew over it; the message names the table that
                the pen is on.
        """
        try:
            self._link.write(self._map["commit"].address, [1])
        except UNANSWERED as error:
            raise self._commit_unanswered("no answer to the commit") from error
        result = int(self._number("commit_result"))
        if result == COMMIT_NONE_YET:
            raise self._commit_unanswered("the pen has booted anew since the commit")
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

        Without an answer to the request nobody knows whether it restarted; that shows in what it has
        forgotten, such as the open service lock.

        Raises:
            InstrumentTimeout: it did not come back.
            IdentityMismatch: another pen came back.
        """
        try:
            self._link.write(self._map["restart"].address, [1])
        except UNANSWERED:
            logger.info("%s: restarts without an answer", self.role)
        self._clock.sleep(self._restart_s)
        self._await_answer((RESTART_PATIENCE - 1) * self._restart_s)

    def await_answer(self) -> None:
        """Wait until the pen answers with its identity, as long as a restart may take.

        Raises:
            As :meth:`restart`.
        """
        self._await_answer(RESTART_PATIENCE * self._restart_s)

    def _await_answer(self, patience_s: float) -> None:
        deadline_s = self._clock.now() + patience_s
        while True:
            try:
                serial = self._read("map_id", "serial")["serial"]
                break
            except (*UNANSWERED, InstrumentRejected) as error:
                if self._clock.now() >= deadline_s:
                    raise InstrumentTimeout(
                        self.role,
                        "the pen does not answer after its restart",
                        expected=f"an answer within {RESTART_PATIENCE * self._restart_s:g} s",
                        do="Switch the pen off and on, and check which table it is on",
                    ) from error
                self._clock.sleep(self._restart_s / 4)
        if self._serial not in (None, serial):
            raise IdentityMismatch(
                f"{self.role}: another pen came back, {serial}",
                expected=f"{self._serial}",
                do="Leave the pen in the nest until the run is over",
            )

    def _commit_unanswered(self, what: str) -> InstrumentTimeout:
        found = f"CRC {self.active_crc():08X}, generation {self.active_generation()}"
        return InstrumentTimeout(
            self.role,
            f"{what}; afterwards the table in use has {found}",
            do="Compare that with the table that was written",
        )

    # Registers by name

    def _number(self, name: str) -> float:
        return float(self._read(name)[name])

    def _read(self, *names: str) -> dict[str, Value]:
        words = self._words(*names)
        return {name: self._map.decode(name, words) for name in names}

    def _words(self, *names: str) -> dict[int, int]:
        """Return the words of registers, and of what lies between, by address."""
        words: dict[int, int] = {}
        for address, count in self._map.blocks(names):
            words |= enumerate(self._link.read(address, count), start=address)
        return words

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
            reason = refusal.reason
            do = next((remedy for word, remedy in REMEDIES.items() if word in reason), "")
            if DEVICE_FAILURE in reason:  # it says why in its flags
                reason += ": " + (", ".join(_errors(int(self._number("error_flags")))) or "no error flagged")
            what = f"{name} = {words[0] if len(words) == 1 else words} was refused: {reason}"
            raise InstrumentRejected(self.role, what, reason=f"{reason}, register {name}", do=do) from refusal
        except UNANSWERED as error:
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


def _errors(flags: int) -> tuple[str, ...]:
    return tuple(text for bit, text in ERRORS.items() if flags & bit)
