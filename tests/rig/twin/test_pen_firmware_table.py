"""The calibration table in the pen's firmware: taken whole or not at all, and kept over cuts of power."""

from __future__ import annotations

import asyncio

import pytest

from rig.twin.emulators.modbus_slave import Died, Exc, Refused
from rig.twin.emulators.pen_table import crc_of
from tests.support.pen_bench import PRODUCT
from tests.support.pen_rig import KEY, REGISTERS, Rig, new_table


@pytest.fixture
def pen() -> Rig:
    return Rig()


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
