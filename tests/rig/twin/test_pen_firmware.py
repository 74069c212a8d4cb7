"""The pen's firmware, register by register, on mechanics that only take notes."""

from __future__ import annotations

import asyncio

import pytest

from rig.errors import TwinError
from rig.product import Product
from rig.twin.emulators.modbus_slave import Exc, Refused
from tests.support.pen_bench import PRODUCT
from tests.support.pen_rig import REGISTERS, Rig


@pytest.fixture
def pen() -> Rig:
    return Rig()


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
