"""The pen's firmware behind its Modbus registers; the product file says where each register lies.

What the data sheet leaves to the firmware is settled here. Settings: ``echo``, ``set_depth_um``,
``set_rate_per_min``, ``depth_limit_um``, ``service_unlock`` and ``shadow_bank`` are kept in RAM and
may be written together. Commands: ``run``, ``park``, ``commit`` and ``restart``, one per request.
Everything else is read only. A request is carried out whole or not at all:

* exception 02: an address without a register, a read-only one, or part of a value of two words;
* exception 03: a value out of range, or two commands in one request;
* exception 04: not in this state: ``run`` without a tip, with a used one, below the cut-off voltage or
  without a whole table, depth and rate without one, ``shadow_bank`` while locked;
* exception 06: ``park`` while the motor runs; anything while the flash memory is being written.

``commit`` is acknowledged when the flash memory has been written; ``commit_result`` says whether the table
was taken. Without a whole table the pen answers, flags it, and has CRC, generation and ``active_bank`` 0.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from enum import IntEnum, IntFlag

from rig.product_registers import Register
from rig.twin.bench import TwinBench
from rig.twin.emulators.modbus_slave import Died, Exc, Refused, RtuSlave, TcpSlave
from rig.twin.emulators.modbus_words import Value, decode, encode
from rig.twin.emulators.pen_banks import TableBanks, first_table
from rig.twin.emulators.pen_flash import Flash, PowerLost, ProgramFailed
from rig.twin.emulators.pen_settings import Ram, Settings
from rig.twin.emulators.pen_table import PenTable, TableRefused

__all__ = ["PenFirmware", "RtuSlave", "TcpSlave"]

BATTERY_EMPTY_MV, BATTERY_FULL_MV, BATTERY_LOW_PERCENT = 3300.0, 4200.0, 10.0
NEED_TABLE = ("set_depth_um", "set_rate_per_min")
PARKS = {1: "retracted", 2: "extended"}


class State(IntEnum):
    """Register ``state``."""

    IDLE = 0
    RUNNING = 1
    PARKED_EXTENDED = 2


class Error(IntFlag):
    """Register ``error_flags``."""

    TIP_USED = 1
    NO_TIP = 2
    TABLE_INVALID = 4
    BATTERY_LOW = 8
    CUT_OFF = 16
    TOO_HOT = 32


class Commit(IntEnum):
    """Register ``commit_result``; 4 to 8 are the faults of a table."""

    NONE_YET = 0
    ACCEPTED = 1
    LOCKED = 2
    RUNNING = 3
    NOT_NEWER = 9
    NOT_KEPT = 10


class PenFirmware:
    """The registers of one pen. Two slaves may share it, as a pen with two connectors does.

    Attributes:
        flash: the memory of the tables, which keeps what it holds without power.

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
        self._commands: dict[str, Callable[[int], Callable[[], Awaitable[None] | None]]] = {
            "run": self._run,
            "park": self._park,
            "commit": self._commit,
            "restart": self._restart,
        }
        self._deaf_until_s, self._boots = 0.0, 0
        self._has_cell, self._stores_since = True, 0
        room = self._map.registers["active_bank"].words
        self.flash = Flash(room, bench.random("flash"), bench.time.wait, self._had_power)
        born_with = first_table(bench.product, bench.world.pen.firmware.generation)
        self._banks = TableBanks(self.flash, self._parse, born_with)
        self._ram = self._boot()
        bench.on_power_loss = self._reboot

    # The device that a slave speaks for

    async def attend(self) -> bool:
        """Let the turnaround time pass; a pen that restarts, or has no power, hears nothing."""
        if not self._has_power():
            self._reboot()
            return False
        if self._bench.time.now() < self._deaf_until_s:
            return False
        self._check_table()
        await self._bench.time.wait(self._bench.world.pen.firmware.turnaround_s)
        return True

    def cut_power(self) -> None:
        """Take the cell out: whatever is under way ends here, and the RAM is lost."""
        self._has_cell = False
        self._reboot()

    def restore_power(self) -> None:
        """Put the cell in again; the pen boots."""
        self._has_cell = True
        self._reboot()

    def read(self, address: int, count: int) -> list[int]:
        """Return words; gaps between registers cannot be read."""
        self._check_idle()
        words: list[int] = []
        while len(words) < count:
            name, offset = self._locate(address + len(words))
            words += encode(self._map.registers[name], self._values[name](), self._map.word_order)[offset:]
        return words[:count]

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Check everything, then take every setting, then act on the command."""
        self._check_idle()
        ram, actions = self._ram, []
        while words:
            name, offset = self._locate(address)
            register = self._map.registers[name]
            piece, words = words[: register.width - offset], words[register.width - offset :]
            address += len(piece)
            if name == "shadow_bank":
                ram = ram.with_shadow(offset, piece)
            elif name in NEED_TABLE and self._table is None:
                raise Refused(Exc.DEVICE_FAILURE)
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
            if (work := act()) is not None:
                await work

    def _check_idle(self) -> None:
        if self._stores_since:
            raise Refused(Exc.BUSY)

    def number(self, name: str) -> float:
        """Return what a register of one number holds, without a request."""
        value = self._values[name]()
        assert isinstance(value, int | float), f"{name} holds more than a number"
        return value

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
        firmware, tip = bench.world.pen.firmware, bench.world.pen.tip
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
            "run": lambda: bench.pen.switched_on,
            "park": self._park_code,
            "motor_speed_per_min": lambda: bench.pen.speed_per_min_at(now()),
            "motor_current_ma": lambda: bench.pen.current_ma_at(now()),
            "battery_mv": self._battery_mv,
            "battery_percent": self._battery_percent,
            "temperature_centi_c": lambda: (
                100.0 * (bench.room.pen_c(now()) + bench.pen.temperature_rise_k(now()))
            ),
            "tip_present": lambda: tip.present,
            "tip_lot": lambda: tip.lot if tip.present else "",
            "tip_use_count": lambda: tip.use_count if tip.present else 0,
            "depth_limit_um": lambda: self._ram.depth_limit_um,
            "service_unlock": lambda: self._ram.unlocked,
            "shadow_bank": lambda: self._ram.shadow,
            "active_bank": self._active_bank,
            "commit": lambda: 0,
            "commit_result": lambda: self._ram.commit_result,
            "active_crc": lambda: self._table.crc if self._table else 0,
            "active_generation": lambda: self._table.generation if self._table else 0,
            "restart": lambda: 0,
        }

    def _state(self) -> State:
        if self._bench.pen.switched_on:
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
        if self._table is None:
            flags |= Error.TABLE_INVALID
        if not self._bench.pen.takes_start_at(self._bench.time.now()):
            flags |= Error.CUT_OFF
        if self._bench.pen.is_hot_at(self._bench.time.now()):
            flags |= Error.TOO_HOT
        return flags

    def _battery_mv(self) -> float:
        return 1000.0 * self._bench.pen.feed_at(self._bench.time.now()).load_v

    def _battery_percent(self) -> float:
        span_mv = BATTERY_FULL_MV - BATTERY_EMPTY_MV
        share = (self._battery_mv() - BATTERY_EMPTY_MV) / span_mv
        return 100.0 * min(max(share, 0.0), 1.0)

    def _active_bank(self) -> list[int]:
        room = self._map.registers["active_bank"].words
        words = self._table.words if self._table else ()
        return [*words, *[0] * (room - len(words))]

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
        if self._error_flags() & ~Error.BATTERY_LOW:
            raise Refused(Exc.DEVICE_FAILURE)
        return lambda: bench.pen.start(bench.time.now())

    def _park(self, value: int) -> Callable[[], None]:
        if value not in PARKS:
            raise Refused(Exc.ILLEGAL_VALUE)
        if self._bench.pen.switched_on:
            raise Refused(Exc.BUSY)
        return lambda: self._bench.pen.park(self._bench.time.now(), PARKS[value])

    def _commit(self, value: int) -> Callable[[], Awaitable[None]]:
        _check_one(value)
        return self._swap_and_tell

    def _restart(self, value: int) -> Callable[[], None]:
        _check_one(value)
        return self._reboot

    # The table

    @property
    def _table(self) -> PenTable | None:
        return self._banks.table

    def _check_table(self) -> None:
        """Suffer what happens to the table by itself, and stop the motor when it is whole no longer."""
        if self._bench.faults.take("pen", "bank_corrupted"):
            self._banks.damage()
        if not self._banks.check() and self._bench.pen.switched_on:
            self._bench.pen.stop(self._bench.time.now())

    def _parse(self, words: Sequence[int]) -> PenTable:
        bank = words[: self._map.registers["active_bank"].words]
        return PenTable.parse(bank, model_code=self._bench.product.calibration.model_code)

    async def _swap_and_tell(self) -> None:
        result = await self._swap()
        self._ram = replace(self._ram, commit_result=result)

    async def _swap(self) -> int:
        """Make the shadow bank the table in use if nothing speaks against it; return the result."""
        if not self._ram.unlocked:
            return Commit.LOCKED
        if self._bench.pen.switched_on:
            return Commit.RUNNING
        try:
            table = self._parse(self._ram.shadow)
        except TableRefused as refusal:
            return refusal.fault
        if not self._banks.is_newer(table):
            return Commit.NOT_NEWER
        return await self._store(table)

    async def _store(self, table: PenTable) -> Commit:
        self.flash.programs = self._bench.faults.stands("pen", "flash_fails") is None
        self._stores_since = self._boots
        try:
            await self._banks.exchange(table)
        except ProgramFailed:
            return Commit.NOT_KEPT
        except PowerLost:
            if self._boots == self._stores_since:
                self._reboot()
            raise Died from None
        finally:
            self._stores_since = 0
        self._drive()
        return Commit.ACCEPTED

    def _drive(self) -> None:
        """Send the depth drive where the table says, within its travel; without a table it stays."""
        if self._table is None:
            return
        command_um = self._table.command_um(self._ram.set_depth_um, self._ram.set_rate_per_min)
        command_mm = min(max(command_um / 1000, 0.0), self._bench.product.mechanics.travel_limit_mm)
        self._bench.pen.command_depth(self._bench.time.now(), command_mm)

    # Switching on

    def _has_power(self) -> bool:
        return self._has_cell and not self._bench.pen.is_dark_at(self._bench.time.now())

    def _had_power(self) -> bool:
        """Say whether it has power and had it ever since it began to write its flash memory."""
        return self._has_power() and self._boots == self._stores_since

    def _boot(self) -> Ram:
        self._boots += 1
        self._banks.boot()
        self._ram = self._settings.at_power_on()
        self._bench.pen.set_rate(self._bench.time.now(), self._ram.set_rate_per_min)
        self._drive()
        return self._ram

    def _reboot(self, dark_until_s: float | None = None) -> None:
        self._bench.pen.stop(self._bench.time.now())
        dark_until_s = self._bench.time.now() if dark_until_s is None else dark_until_s
        self._deaf_until_s = dark_until_s + self._bench.product.calibration.restart_s
        self._ram = self._boot()


def _check_one(value: int) -> None:
    if value != 1:
        raise Refused(Exc.ILLEGAL_VALUE)
