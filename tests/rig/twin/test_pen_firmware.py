"""The pen's firmware, register by register, on mechanics that only take notes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from rig.errors import TwinError
from rig.product import Product
from rig.twin.bench import TwinBench
from rig.twin.emulators.modbus_slave import Died, Exc, Refused
from rig.twin.emulators.pen_modbus import PenFirmware
from rig.twin.emulators.pen_table import crc_of
from tests.support.pen_bench import PRODUCT, FakeBench

REGISTERS = PRODUCT.modbus.registers
KEY = PRODUCT.calibration.unlock_key


class Rig:
    """A firmware with its registers by name."""

    def __init__(self, *overrides: str, product: Product = PRODUCT) -> None:
        self.bench = FakeBench(*overrides, product=product)
        self.firmware = PenFirmware(cast(TwinBench, self.bench))
        self._registers = product.modbus.registers

    def words(self, name: str) -> list[int]:
        return self.firmware.read(self._registers[name].address, self._registers[name].width)

    def get(self, name: str) -> int:
        (word,) = self.words(name)
        return word

    def text(self, name: str) -> str:
        return b"".join(word.to_bytes(2, "big") for word in self.words(name)).rstrip(b"\0").decode()

    def set(self, name: str, *words: int, offset: int = 0) -> None:
        asyncio.run(self.firmware.write(self._registers[name].address + offset, words))

    def refuses(self, name: str, *words: int) -> Exc:
        """Try a write that must be refused and change nothing; return the exception code."""
        before = self.memory()
        with pytest.raises(Refused) as refusal:
            self.set(name, *words)
        assert self.memory() == before
        return refusal.value.code

    def memory(self) -> dict[str, Any]:
        return {name: self.words(name) for name in self._registers} | vars(self.bench.pen)

    def write_table(self, words: Sequence[int]) -> None:
        self.set("service_unlock", KEY)
        self.set("shadow_bank", *words)

    def commit(self) -> int:
        self.set("commit", 1)
        return self.get("commit_result")

    def attend(self) -> bool:
        return asyncio.run(self.firmware.attend())

    def boot(self) -> None:
        """Take the power away, give it back, and wait until the pen answers."""
        self.firmware.cut_power()
        self.firmware.restore_power()
        asyncio.run(self.bench.time.wait(PRODUCT.calibration.restart_s))
        assert self.attend()


@pytest.fixture
def pen() -> Rig:
    return Rig()


def new_table(pen: Rig, *, generation: int = 2, first_command: int = 230) -> list[int]:
    """Return the pen's own table with another first row and generation."""
    words = pen.words("active_bank")[:31]
    words[7] = generation
    words[16:19] = [first_command] * 3
    return [*words, *divmod(crc_of(words), 0x10000)]


def test_identity(pen: Rig) -> None:
    assert pen.get("map_id") == PRODUCT.modbus.map_id
    assert (pen.text("model"), pen.text("serial"), pen.text("firmware")) == (
        "NP-250",
        PRODUCT.serial_example,
        "1.4.2",
    )


def test_a_world_may_give_it_another_model() -> None:
    assert Rig("pen.firmware.model=NP-300").text("model") == "NP-300"


def test_measured_values(pen: Rig) -> None:
    assert pen.get("motor_current_ma") == 310
    assert pen.get("battery_mv") == 3950
    assert pen.get("battery_percent") == 72
    assert pen.get("temperature_centi_c") == 0x10000 - 870
    assert (pen.get("tip_present"), pen.text("tip_lot"), pen.get("tip_use_count")) == (1, "T2611A", 0)


def test_a_block_may_start_and_end_within_registers(pen: Rig) -> None:
    whole = pen.firmware.read(0, 21)
    assert pen.firmware.read(3, 10) == whole[3:13]


@pytest.mark.parametrize(("address", "count"), [(21, 1), (0, 22), (34, 2), (0xFFFF, 2)])
def test_gaps_cannot_be_read(pen: Rig, address: int, count: int) -> None:
    with pytest.raises(Refused) as refusal:
        pen.firmware.read(address, count)
    assert refusal.value.code == Exc.ILLEGAL_ADDRESS


@pytest.mark.parametrize(
    "name", ["map_id", "state", "battery_mv", "active_crc", "active_bank", "commit_result"]
)
def test_what_is_read_only_refuses_a_write(pen: Rig, name: str) -> None:
    assert pen.refuses(name, *[1] * REGISTERS[name].width) == Exc.ILLEGAL_ADDRESS


# Depth, rate and limits


def test_depth_and_rate_reach_the_mechanics_in_one_request(pen: Rig) -> None:
    pen.set("set_depth_um", 1500, 7000)
    assert pen.bench.pen.command_mm == pytest.approx(1.5)
    assert pen.bench.pen.rate_per_min == 7000
    assert (pen.get("set_depth_um"), pen.get("set_rate_per_min")) == (1500, 7000)


def test_a_request_is_carried_out_whole_or_not_at_all(pen: Rig) -> None:
    assert pen.refuses("set_depth_um", 1500, 60000) == Exc.ILLEGAL_VALUE
    assert pen.refuses("set_depth_um", 1500, 7000, 1, 1) == Exc.ILLEGAL_VALUE
    assert pen.refuses("set_depth_um", 1500, 7000, 0, 2, 1) == Exc.ILLEGAL_ADDRESS


def test_depth_above_the_limit_is_refused(pen: Rig) -> None:
    assert pen.refuses("set_depth_um", 2501) == Exc.ILLEGAL_VALUE
    pen.set("depth_limit_um", 1000)
    assert pen.refuses("set_depth_um", 1001) == Exc.ILLEGAL_VALUE
    pen.set("set_depth_um", 1000)
    assert pen.refuses("depth_limit_um", 999) == Exc.ILLEGAL_VALUE
    assert pen.refuses("depth_limit_um", 2501) == Exc.ILLEGAL_VALUE


def test_a_broken_limiter_lets_every_depth_through_as_far_as_the_drive_travels() -> None:
    pen = Rig("pen.firmware.limiter_works=false")
    pen.set("set_depth_um", 4000)
    assert pen.bench.pen.command_mm == PRODUCT.mechanics.travel_limit_mm


@pytest.mark.parametrize("rate", [0, 2499, 11251])
def test_rates_that_the_motor_does_not_have_are_refused(pen: Rig, rate: int) -> None:
    assert pen.refuses("set_rate_per_min", rate) == Exc.ILLEGAL_VALUE


# Running and parking


def test_run_and_stop(pen: Rig) -> None:
    pen.set("run", 1)
    assert (pen.get("state"), pen.get("run"), pen.get("park")) == (1, 1, 0)
    assert pen.get("motor_speed_per_min") == 5000
    pen.set("run", 0)
    assert (pen.get("state"), pen.get("run")) == (0, 0)
    assert pen.refuses("run", 2) == Exc.ILLEGAL_VALUE


def test_park(pen: Rig) -> None:
    pen.set("park", 2)
    assert (pen.get("state"), pen.get("park"), pen.bench.pen.parked) == (2, 2, "extended")
    pen.set("park", 1)
    assert (pen.get("state"), pen.get("park"), pen.bench.pen.parked) == (0, 1, "retracted")
    assert pen.refuses("park", 3) == Exc.ILLEGAL_VALUE
    pen.set("run", 1)
    assert pen.refuses("park", 1) == Exc.BUSY


@pytest.mark.parametrize(
    ("override", "flags"),
    [
        ("pen.tip.use_count=1", 1),
        ("pen.tip.present=false", 2),
    ],
)
def test_without_a_new_tip_it_does_not_run(override: str, flags: int) -> None:
    pen = Rig(override)
    assert pen.get("error_flags") == flags
    assert pen.refuses("run", 1) == Exc.DEVICE_FAILURE
    pen.set("run", 0)


def test_a_low_battery_is_flagged() -> None:
    assert Rig("pen.firmware.battery_mv=3350").get("error_flags") == 8


def test_below_the_cut_off_the_motor_does_not_start_and_below_the_brown_out_nothing_answers() -> None:
    weak = Rig("pen.firmware.battery_mv=3000")
    assert weak.get("error_flags") == 8 + 16
    assert weak.refuses("run", 1) == Exc.DEVICE_FAILURE
    pen = Rig()
    pen.set("set_depth_um", 1500)
    assert asyncio.run(pen.firmware.attend())
    pen.bench.pen.load_v = 2.0
    assert not asyncio.run(pen.firmware.attend())
    pen.bench.pen.load_v = 3.95
    assert not asyncio.run(pen.firmware.attend()), "it still restarts"
    asyncio.run(pen.bench.time.wait(PRODUCT.calibration.restart_s))
    assert asyncio.run(pen.firmware.attend())
    assert pen.get("set_depth_um") == 0, "what it had in memory is lost"


# The table


def test_it_is_born_with_a_table_that_changes_nothing() -> None:
    pen = Rig("pen.firmware.generation=5")
    bank = pen.words("active_bank")
    assert bank[:8] == [0x4E54, 1, 250, 5, 3, 0, 0, 5]
    assert bank[16:19] == [250] * 3
    assert pen.words("active_crc") == bank[31:33] == list(divmod(crc_of(bank[:31]), 0x10000))
    assert pen.get("active_generation") == 5


def test_a_good_table_is_taken_at_once(pen: Rig) -> None:
    pen.set("set_depth_um", 250)
    table = new_table(pen)
    pen.write_table(table)
    assert pen.words("shadow_bank")[:33] == table
    assert pen.get("active_generation") == 1
    assert pen.commit() == 1
    assert pen.words("active_bank")[:33] == table
    assert pen.words("active_crc") == table[-2:]
    assert pen.get("active_generation") == 2
    assert pen.bench.pen.command_mm == pytest.approx(0.230)


def test_the_shadow_bank_may_be_written_in_pieces(pen: Rig) -> None:
    table = new_table(pen)
    pen.set("service_unlock", KEY)
    pen.set("shadow_bank", *table[20:], offset=20)
    pen.set("shadow_bank", *table[:20])
    assert pen.commit() == 1


def test_the_shadow_bank_ends_where_it_ends(pen: Rig) -> None:
    pen.set("service_unlock", KEY)
    assert pen.refuses("shadow_bank", *range(101)) == Exc.ILLEGAL_ADDRESS


def test_the_lock_guards_the_shadow_bank_and_the_commit(pen: Rig) -> None:
    assert pen.refuses("shadow_bank", 1) == Exc.DEVICE_FAILURE
    assert pen.commit() == 2
    pen.set("service_unlock", KEY)
    assert pen.get("service_unlock") == 1
    pen.set("service_unlock", KEY ^ 1)
    assert pen.get("service_unlock") == 0
    assert pen.refuses("shadow_bank", 1) == Exc.DEVICE_FAILURE


def test_a_table_is_not_swapped_while_the_needles_move(pen: Rig) -> None:
    pen.write_table(new_table(pen))
    pen.set("run", 1)
    assert pen.commit() == 3


@pytest.mark.parametrize(
    ("place", "value", "result"),
    [
        (0, 0, 4),
        (1, 2, 4),
        (2, 251, 5),
        (3, 17, 6),
        (4, 9, 6),
        (9, 250, 7),
        (19, 230, 7),
        (5, 1, 8),
        (32, 0, 8),
    ],
)
def test_a_wrong_table_is_refused_and_changes_nothing(pen: Rig, place: int, value: int, result: int) -> None:
    table = new_table(pen)
    table[place] = value
    pen.write_table(table)
    before = pen.memory()
    assert pen.commit() == result
    assert pen.memory() | {"commit_result": [0]} == before


def test_an_old_generation_is_refused(pen: Rig) -> None:
    pen.write_table(new_table(pen, generation=1))
    assert pen.commit() == 9


def test_a_commit_is_written_as_one(pen: Rig) -> None:
    assert pen.refuses("commit", 2) == Exc.ILLEGAL_VALUE
    assert pen.refuses("restart", 0) == Exc.ILLEGAL_VALUE


# The flash memory


def test_a_commit_takes_the_time_that_the_flash_memory_takes(pen: Rig) -> None:
    pen.write_table(new_table(pen))
    before_s = pen.bench.time.now()
    pen.commit()
    assert pen.bench.time.now() - before_s == pytest.approx(2 * 0.02 + 34 * 60e-6)


def test_while_the_flash_memory_is_written_everything_is_refused(pen: Rig) -> None:
    refused = []

    def ask() -> None:
        with pytest.raises(Refused) as refusal:
            pen.words("active_crc")
        refused.append(refusal.value.code)

    pen.firmware.flash.before_each = ask
    pen.write_table(new_table(pen))
    assert pen.commit() == 1
    assert refused == [Exc.BUSY] * 36


@pytest.mark.parametrize("cell", range(36))
def test_a_power_cut_in_the_flash_memory_leaves_the_old_table_until_the_mark_stands(cell: int) -> None:
    pen = Rig()
    old, new = pen.words("active_bank")[:33], new_table(pen)
    pen.write_table(new)
    cells = iter(range(36))

    def cut() -> None:
        if next(cells) == cell:
            pen.firmware.cut_power()

    pen.firmware.flash.before_each = cut
    with pytest.raises(Died):
        pen.set("commit", 1)
    assert not pen.attend(), "it is dark"
    pen.firmware.flash.before_each = lambda: None
    pen.boot()
    # A mark that is cut off may happen to be whole, and then the table behind it is.
    assert pen.words("active_bank")[:33] in ([old] if cell < 35 else [old, new])
    assert (pen.get("service_unlock"), pen.get("commit_result"), pen.get("error_flags")) == (0, 0, 0)
    pen.write_table(new_table(pen, generation=3))
    assert pen.commit() == 1


def test_a_flash_memory_that_does_not_keep_the_table_leaves_the_old_one() -> None:
    pen = Rig('faults=["pen.flash_fails@0s"]')
    old = pen.words("active_bank")
    pen.write_table(new_table(pen))
    assert pen.commit() == 10
    pen.boot()
    assert pen.words("active_bank") == old


def test_a_bit_that_turns_in_the_only_table_leaves_the_pen_without_one() -> None:
    pen = Rig('faults=["pen.bank_corrupted@0.5s"]')
    table = new_table(pen)
    pen.set("run", 1)
    assert pen.attend()
    assert pen.get("error_flags") == 0
    asyncio.run(pen.bench.time.wait(0.5))
    assert pen.attend()
    assert pen.get("error_flags") == 4
    assert not pen.bench.pen.running
    for name, value in (("run", 1), ("set_depth_um", 1500), ("set_rate_per_min", 7000)):
        assert pen.refuses(name, value) == Exc.DEVICE_FAILURE
    assert (pen.words("active_crc"), pen.get("active_generation")) == ([0, 0], 0)
    assert pen.words("active_bank") == [0] * 100
    pen.boot()
    assert pen.get("error_flags") == 4, "no bank holds a whole table"
    pen.write_table(table)
    assert pen.commit() == 1, "it can be written anew"
    assert pen.get("error_flags") == 0
    pen.set("run", 1)


def test_a_pen_whose_table_was_damaged_boots_on_the_one_before() -> None:
    pen = Rig('faults=["pen.bank_corrupted@10s"]')
    old = pen.words("active_bank")
    pen.write_table(new_table(pen))
    pen.commit()
    asyncio.run(pen.bench.time.wait(10.0))
    assert pen.attend()
    assert pen.get("error_flags") == 4
    pen.boot()
    assert (pen.get("error_flags"), pen.words("active_bank")) == (0, old)


def test_a_damaged_table_is_replaced_and_the_whole_one_beside_it_is_kept() -> None:
    pen = Rig('faults=["pen.bank_corrupted@10s"]')
    pen.write_table(new_table(pen))
    pen.commit()
    asyncio.run(pen.bench.time.wait(10.0))
    assert pen.attend()
    pen.write_table(old := Rig().words("active_bank")[:33])
    assert pen.commit() == 9, "generation 1 is not newer than the one that is still whole"
    pen.write_table(third := new_table(Rig(), generation=3))
    pen.firmware.flash.before_each = pen.firmware.cut_power
    with pytest.raises(Died):
        pen.set("commit", 1)
    pen.boot()
    assert pen.words("active_bank")[:33] == old
    pen.firmware.flash.before_each = lambda: None
    pen.write_table(third)
    assert pen.commit() == 1


# Restart and time


def test_a_restart_forgets_the_ram_and_keeps_the_table(pen: Rig) -> None:
    pen.write_table(new_table(pen))
    pen.commit()
    pen.set("echo", 77)
    pen.set("set_depth_um", 1500)
    pen.set("depth_limit_um", 2000)
    pen.set("run", 1)
    pen.set("restart", 1)
    assert not pen.bench.pen.running
    for name in ("echo", "set_depth_um", "service_unlock", "commit_result"):
        assert pen.get(name) == 0
    assert pen.get("depth_limit_um") == 2500
    assert pen.words("shadow_bank") == [0] * 100
    assert pen.get("active_generation") == 2


def test_it_hears_nothing_until_the_restart_is_over(pen: Rig) -> None:
    async def scenario() -> None:
        time = pen.bench.time
        assert await pen.firmware.attend()
        assert time.now() == pytest.approx(pen.bench.world.pen.firmware.turnaround_s)
        await pen.firmware.write(REGISTERS["restart"].address, [1])
        await time.wait(PRODUCT.calibration.restart_s - 0.001)
        assert not await pen.firmware.attend()
        await time.wait(0.0011)
        assert await pen.firmware.attend()

    asyncio.run(scenario())


# Other products


def test_words_of_a_long_number_come_in_the_order_of_the_map() -> None:
    data = PRODUCT.model_dump()
    data["modbus"]["word_order"] = "little"
    pen = Rig(product=Product.model_validate(data))
    assert pen.words("active_crc") == pen.words("active_bank")[31:33][::-1]


def test_values_are_scaled_as_the_map_says() -> None:
    data = PRODUCT.model_dump()
    data["modbus"]["registers"]["set_depth_um"]["scale"] = 10.0
    pen = Rig(product=Product.model_validate(data))
    pen.set("set_depth_um", 150)
    assert pen.bench.pen.command_mm == pytest.approx(1.5)
    assert pen.get("set_depth_um") == 150


def test_a_setting_of_two_words_is_written_whole() -> None:
    data = PRODUCT.model_dump()
    data["modbus"]["registers"]["set_depth_um"] = {"address": 300, "type": "u32"}
    pen = Rig(product=Product.model_validate(data))
    pen.set("set_depth_um", 0, 1500)
    assert pen.bench.pen.command_mm == pytest.approx(1.5)
    assert pen.refuses("set_depth_um", 0) == Exc.ILLEGAL_ADDRESS


def test_a_grid_that_does_not_fit_the_table_is_a_mistake_in_the_product() -> None:
    data = PRODUCT.model_dump()
    data["calibration"]["depths_mm"] = [0.1 * n for n in range(1, 18)]
    data["calibration"]["between_mm"] = [2.05]
    with pytest.raises(TwinError, match="2 to 16 depths"):
        Rig(product=Product.model_validate(data))
