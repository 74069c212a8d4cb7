"""The pen's firmware behind its Modbus registers; the product file says where each register lies.

What the data sheet leaves to the firmware is settled here. Settings: ``echo``, ``set_depth_um``,
``set_rate_per_min``, ``depth_limit_um``, ``service_unlock`` and ``shadow_bank`` are kept in RAM and
may be written together. Commands: ``run``, ``park``, ``commit`` and ``restart``, one per request.
Everything else is read only. A request is carried out whole or not at all:

* exception 02: an address without a register, a read-only one, or part of a value of two words;
* exception 03: a value out of range, or two commands in one request;
* exception 04: not in this state: ``run`` without a tip, with a used one or below the cut-off voltage,
  ``shadow_bank`` while locked;
* exception 06: ``park`` while the motor runs.

``commit`` is always acknowledged; ``commit_result`` says whether the table was taken.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import IntEnum, IntFlag

from rig.errors import TwinError
from rig.product_registers import Register
from rig.twin.bench import TwinBench
from rig.twin.emulators.modbus_slave import Exc, Refused, RtuSlave, TcpSlave
from rig.twin.emulators.modbus_words import Value, decode, encode
from rig.twin.emulators.pen_settings import Ram, Settings
from rig.twin.emulators.pen_table import PenTable, TableRefused, identity_words

__all__ = ["PenFirmware", "RtuSlave", "TcpSlave"]

BATTERY_EMPTY_MV, BATTERY_FULL_MV, BATTERY_LOW_PERCENT = 3300.0, 4200.0, 10.0
PARKS = {1: "retracted", 2: "extended"}


class State(IntEnum):
    """Register ``state``."""

    IDLE = 0
    RUNNING = 1
    PARKED_EXTENDED = 2


class Error(IntFlag):
    """Register ``error_flags``. Bit 2, table invalid, never shows: a table is checked before it is used."""

    TIP_USED = 1
    NO_TIP = 2
    TABLE_INVALID = 4
    BATTERY_LOW = 8
    CUT_OFF = 16


class Commit(IntEnum):
    """Register ``commit_result``; 4 to 8 are the faults of a table."""

    NONE_YET = 0
    ACCEPTED = 1
    LOCKED = 2
    RUNNING = 3
    NOT_NEWER = 9


class PenFirmware:
    """The registers of one pen. Two slaves may share it, as a pen with two connectors does.

    Raises:
        TwinError: the product's calibration grid does not fit into the pen's table.
    """

    def __init__(self, bench: TwinBench) -> None:
        self._bench, self._map = bench, bench.product.modbus
        self.device_id = self._map.device_id
        self._at = {
            register.address + offset: (name, offset)
            for name, register in self._map.registers.items()
            for offset in range(register.width)
        }
        self._values = self._readers()
        self._settings = Settings(bench.product, bench.world.pen.firmware)
        self._commands: dict[str, Callable[[int], Callable[[], None]]] = {
            "run": self._run,
            "park": self._park,
            "commit": self._commit,
            "restart": self._restart,
        }
        self._deaf_until_s = 0.0
        self._table = self._born_with()
        self._ram = self._boot()

    # The device that a slave speaks for

    async def attend(self) -> bool:
        """Let the turnaround time pass; a pen that restarts, or has no power, hears nothing."""
        if self._bench.pen.is_dark_at(self._bench.time.now()):
            self._reboot()
            return False
        if self._bench.time.now() < self._deaf_until_s:
            return False
        await self._bench.time.wait(self._bench.world.pen.firmware.turnaround_s)
        return True

    def read(self, address: int, count: int) -> list[int]:
        """Return words; gaps between registers cannot be read."""
        words: list[int] = []
        while len(words) < count:
            name, offset = self._locate(address + len(words))
            words += encode(self._map.registers[name], self._values[name](), self._map.word_order)[offset:]
        return words[:count]

    def write(self, address: int, words: Sequence[int]) -> None:
        """Check everything, then take every setting, then act on the command."""
        ram, actions = self._ram, []
        while words:
            name, offset = self._locate(address)
            register = self._map.registers[name]
            piece, words = words[: register.width - offset], words[register.width - offset :]
            address += len(piece)
            if name == "shadow_bank":
                ram = ram.with_shadow(offset, piece)
            elif name in self._settings.checks:
                ram = self._settings.checks[name](ram, self._decode(register, piece))
            elif name in self._commands:
                actions.append(self._commands[name](int(self._decode(register, piece))))
            else:
                raise Refused(Exc.ILLEGAL_ADDRESS)
        if len(actions) > 1:
            raise Refused(Exc.ILLEGAL_VALUE)
        self._keep(ram)
        for act in actions:
            act()

    # Words and values

    def _locate(self, address: int) -> tuple[str, int]:
        try:
            return self._at[address]
        except KeyError:
            raise Refused(Exc.ILLEGAL_ADDRESS) from None

    def _decode(self, register: Register, words: Sequence[int]) -> float:
        if len(words) != register.width:
            raise Refused(Exc.ILLEGAL_ADDRESS)
        return decode(register, words, self._map.word_order)

    # Reading

    def _readers(self) -> dict[str, Callable[[], Value]]:
        bench, now = self._bench, self._bench.time.now
        firmware, tip, room = bench.world.pen.firmware, bench.world.pen.tip, bench.world.environment
        return {
            "map_id": lambda: self._map.map_id,
            "model": lambda: firmware.model or bench.product.model,
            "serial": lambda: firmware.serial or bench.product.serial_example,
            "firmware": lambda: firmware.version,
            "state": self._state,
            "error_flags": self._error_flags,
            "echo": lambda: self._ram.echo,
            "set_depth_um": lambda: self._ram.set_depth_um,
            "set_rate_per_min": lambda: self._ram.set_rate_per_min,
            "run": lambda: bench.pen.running,
            "park": self._park_code,
            "motor_speed_per_min": lambda: bench.pen.speed_per_min_at(now()),
            "motor_current_ma": lambda: bench.pen.current_ma_at(now()),
            "battery_mv": self._battery_mv,
            "battery_percent": self._battery_percent,
            "temperature_centi_c": lambda: 100.0 * (room.temperature_c + bench.pen.temperature_rise_k(now())),
            "tip_present": lambda: tip.present,
            "tip_lot": lambda: tip.lot if tip.present else "",
            "tip_use_count": lambda: tip.use_count if tip.present else 0,
            "depth_limit_um": lambda: self._ram.depth_limit_um,
            "service_unlock": lambda: self._ram.unlocked,
            "shadow_bank": lambda: self._ram.shadow,
            "active_bank": self._active_bank,
            "commit": lambda: 0,
            "commit_result": lambda: self._ram.commit_result,
            "active_crc": lambda: self._table.crc,
            "active_generation": lambda: self._table.generation,
            "restart": lambda: 0,
        }

    def _state(self) -> State:
        if self._bench.pen.running:
            return State.RUNNING
        return State.PARKED_EXTENDED if PARKS.get(self._park_code()) == "extended" else State.IDLE

    def _park_code(self) -> int:
        parked = self._bench.pen.parked_at(self._bench.time.now())
        return next((code for code, where in PARKS.items() if where == parked), 0)

    def _error_flags(self) -> Error:
        tip, flags = self._bench.world.pen.tip, Error(0)
        if not tip.present:
            flags |= Error.NO_TIP
        elif tip.use_count > 0:
            flags |= Error.TIP_USED
        if self._battery_percent() < BATTERY_LOW_PERCENT:
            flags |= Error.BATTERY_LOW
        if not self._bench.pen.takes_start_at(self._bench.time.now()):
            flags |= Error.CUT_OFF
        return flags

    def _battery_mv(self) -> float:
        return 1000.0 * self._bench.pen.feed_at(self._bench.time.now()).load_v

    def _battery_percent(self) -> float:
        span_mv = BATTERY_FULL_MV - BATTERY_EMPTY_MV
        share = (self._battery_mv() - BATTERY_EMPTY_MV) / span_mv
        return 100.0 * min(max(share, 0.0), 1.0)

    def _active_bank(self) -> list[int]:
        room = self._map.registers["active_bank"].words
        return [*self._table.words, *[0] * (room - len(self._table.words))]

    # Settings

    def _keep(self, ram: Ram) -> None:
        before, self._ram = self._ram, ram
        if ram.set_rate_per_min != before.set_rate_per_min:
            self._bench.pen.set_rate(self._bench.time.now(), ram.set_rate_per_min)
        if (ram.set_depth_um, ram.set_rate_per_min) != (before.set_depth_um, before.set_rate_per_min):
            self._drive()

    # Commands: each checks a value and returns what to do

    def _run(self, value: int) -> Callable[[], None]:
        if value not in (0, 1):
            raise Refused(Exc.ILLEGAL_VALUE)
        bench = self._bench
        if value == 0:
            return lambda: bench.pen.stop(bench.time.now())
        if self._error_flags() & (Error.NO_TIP | Error.TIP_USED | Error.CUT_OFF):
            raise Refused(Exc.DEVICE_FAILURE)
        return lambda: bench.pen.start(bench.time.now())

    def _park(self, value: int) -> Callable[[], None]:
        if value not in PARKS:
            raise Refused(Exc.ILLEGAL_VALUE)
        if self._bench.pen.running:
            raise Refused(Exc.BUSY)
        return lambda: self._bench.pen.park(self._bench.time.now(), PARKS[value])

    def _commit(self, value: int) -> Callable[[], None]:
        _check_one(value)
        return lambda: self._set_result(self._swap())

    def _restart(self, value: int) -> Callable[[], None]:
        _check_one(value)
        return self._reboot

    # The table

    def _born_with(self) -> PenTable:
        plan, world = self._bench.product.calibration, self._bench.world
        try:
            words = identity_words(
                [round(depth_mm * 1000) for depth_mm in plan.depths_mm],
                [round(rate) for rate in plan.rates_per_min],
                model_code=plan.model_code,
                generation=world.pen.firmware.generation,
            )
            return self._parse(words)
        except (TableRefused, struct.error) as error:
            raise TwinError(
                f"the calibration grid of {self._bench.product.model} does not fit the pen's table ({error})",
                expected="2 to 16 depths, 1 to 8 rates, whole micrometres, all within the bank",
            ) from error

    def _parse(self, words: Sequence[int]) -> PenTable:
        bank = words[: self._map.registers["active_bank"].words]
        return PenTable.parse(bank, model_code=self._bench.product.calibration.model_code)

    def _swap(self) -> int:
        """Make the shadow bank the table in use if nothing speaks against it; return the result."""
        if not self._ram.unlocked:
            return Commit.LOCKED
        if self._bench.pen.running:
            return Commit.RUNNING
        try:
            table = self._parse(self._ram.shadow)
        except TableRefused as refusal:
            return refusal.fault
        if table.generation <= self._table.generation:
            return Commit.NOT_NEWER
        self._table = table
        self._drive()
        return Commit.ACCEPTED

    def _set_result(self, result: int) -> None:
        self._ram = replace(self._ram, commit_result=result)

    def _drive(self) -> None:
        """Send the depth drive where the table says, within its travel."""
        command_um = self._table.command_um(self._ram.set_depth_um, self._ram.set_rate_per_min)
        command_mm = min(max(command_um / 1000, 0.0), self._bench.product.mechanics.travel_limit_mm)
        self._bench.pen.command_depth(self._bench.time.now(), command_mm)

    # Switching on

    def _boot(self) -> Ram:
        self._ram = self._settings.at_power_on()
        self._bench.pen.set_rate(self._bench.time.now(), self._ram.set_rate_per_min)
        self._drive()
        return self._ram

    def _reboot(self) -> None:
        self._bench.pen.stop(self._bench.time.now())
        self._deaf_until_s = self._bench.time.now() + self._bench.product.calibration.restart_s
        self._ram = self._boot()


def _check_one(value: int) -> None:
    if value != 1:
        raise Refused(Exc.ILLEGAL_VALUE)
