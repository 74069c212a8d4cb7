"""Product files: the ones that ship load, and a wrong one is refused with a message that helps."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from rig.config import apply_override, check_model, read_toml
from rig.errors import ConfigError
from rig.product import PRODUCTS, At, Product, Setting, load_product
from rig.product_registers import REGISTER_NAMES, Register

SHIPPED = sorted(path.stem for path in PRODUCTS.glob("*.toml"))
OFFICE_PEN = read_toml(PRODUCTS / "office-pen.toml")


def changed(*overrides: str) -> dict[str, Any]:
    data = copy.deepcopy(OFFICE_PEN)
    for override in overrides:
        apply_override(data, override)
    return data


def refusal(data: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        check_model(Product, data, source="pen.toml")
    return str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_product_that_ships_loads_and_judges_the_same_characteristics(name: str) -> None:
    product = load_product(name)
    assert product.characteristics.keys() == OFFICE_PEN["characteristics"].keys()
    assert set(product.modbus.registers) == set(REGISTER_NAMES)


def test_products_that_ship_differ_where_a_product_may() -> None:
    office, compact = load_product("office-pen"), load_product("compact-pen")
    assert office.modbus.word_order != compact.modbus.word_order
    assert office.modbus.device_id != compact.modbus.device_id
    assert compact.modbus.registers["set_depth_um"].scale == 10
    assert all(
        office.modbus.registers[name].address != compact.modbus.registers[name].address
        for name in REGISTER_NAMES
        if name != "map_id"
    )


def test_a_product_is_found_by_path_and_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    assert load_product(str(PRODUCTS / "office-pen.toml")) == load_product("office-pen")
    with pytest.raises(
        ConfigError, match=r"unknown product 'pen', expected one of: .*compact-pen.*office-pen"
    ):
        load_product("pen")
    with pytest.raises(ConfigError, match="no such file"):
        load_product(str(tmp_path / "pen.toml"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("depth.minimum_mm=3", "depth: got .* expected minimum_mm below maximum_mm"),
        ("depth.minimum_mm=-0.1", "depth.minimum_mm: got -0.1, expected greater than or equal to 0"),
        ("depth.step_mm=0", "depth.step_mm: got 0, expected greater than 0"),
        ("depth.maximum_mm=1.0", "calibration depths within the dial, 0.0 to 1.0 mm; 1.25 is outside"),
        ("mechanics.crank_ratio=1", "mechanics.crank_ratio: got 1, expected less than 1"),
        ("mechanics.needles=1.5", "mechanics.needles: got 1.5, expected a valid integer"),
        ("calibration.depths_mm=[0.5, 0.4]", "expected depths_mm strictly increasing"),
        ("calibration.depths_mm=[0.5, 0.5]", "expected depths_mm strictly increasing"),
        ("calibration.depths_mm=[0.5]", "calibration.depths_mm: got .* at least 2 items"),
        ("calibration.rates_per_min=[]", "calibration.rates_per_min: got .* at least 1 item"),
        ("calibration.between_mm=[0.75]", "between_mm apart from the nodes in depths_mm"),
        ("calibration.unlock_key=65536", "calibration.unlock_key: got 65536, expected less than or equal"),
        ("pouch.relaxation_u=[0.001]", "relaxation, relaxation_u and relaxation_time_s of one length"),
        ("pouch.relaxation=[]", "of one length"),
        ("battery.socs=[0.0, 1.0]", "as many open_circuit_mv, both strictly increasing"),
        ("battery.socs=[0.1, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]", "socs from 0 to 1"),
        ("battery.over_voltage_mv=4000", "cut_off_mv below the full cell's voltage"),
        ("battery.resistance_ohm=-1", "battery.resistance_ohm: got -1, expected greater than or equal to 0"),
        ("modbus.device_id=0", "modbus.device_id: got 0, expected greater than or equal to 1"),
        ("modbus.word_order=middle", "modbus.word_order: got 'middle', expected 'big' or 'little'"),
        ("modbus.registers.speed={address=7000}", r"missing: \[\], unknown: \['speed'\]"),
        ("modbus.registers.echo={address=84}", "registers apart; active_crc and echo share 84"),
        (
            "modbus.registers.active_bank={address=299, type='block', words=100}",
            "registers apart; .* share 299",
        ),
        (
            "modbus.registers.run={address=42, type='f32'}",
            "modbus.registers.run.type: got 'f32', expected 'u16'",
        ),
        ("modbus.registers.run={address=42, scale=0}", "modbus.registers.run.scale: got 0, expected greater"),
        ("serial_example=XX1", "serial number 'XX1'"),
        ("serial_pattern=(", "a regular expression for serial_pattern"),
        ("tip_lot_example=T12", "tip lot 'T12', expected one like T12"),
        ("tip_lot_pattern=(", "a regular expression for tip_lot_pattern"),
        ("colour=blue", "colour: unknown key"),
    ],
)
def test_a_wrong_product_is_refused(override: str, message: str) -> None:
    assert re.search(rf"^pen\.toml: .*{message}", refusal(changed(override)), re.MULTILINE)


@pytest.mark.parametrize("missing", [["model"], ["modbus", "word_order"], ["depth"], ["characteristics"]])
def test_nothing_that_matters_has_a_default(missing: list[str]) -> None:
    data = changed()
    table = data
    for name in missing[:-1]:
        table = table[name]
    del table[missing[-1]]
    assert refusal(data) == f"pen.toml: {'.'.join(missing)}: missing"


def test_a_missing_register_is_named() -> None:
    data = changed()
    del data["modbus"]["registers"]["commit"]
    assert "missing: ['commit'], unknown: []" in refusal(data)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "a lower or an upper limit"),
        ({"lower": 2, "upper": 1}, "lower not above upper"),
        ({"upper": float("nan")}, "upper: got nan, expected a finite number"),
        (
            {"upper": 1, "rule": {"name": "lenient"}},
            "rule.name: got 'lenient', expected 'simple_acceptance', 'guard_band'",
        ),
        ({"upper": 1, "rule": {"factor": -1}}, "rule.factor: got -1, expected greater than or equal to 0"),
        (
            {"upper": 1, "at": "sometimes"},
            "at: got 'sometimes', expected 'once', 'grid', 'between' or 'rates'",
        ),
        (
            {"upper": 1, "limits": "percent"},
            "limits: got 'percent', expected 'absolute', 'offset' or 'fraction'",
        ),
    ],
)
def test_a_characteristic_without_a_usable_limit_is_refused(limits: dict[str, Any], message: str) -> None:
    data = changed()
    data["characteristics"]["new.one"] = {"title": "New", "unit": "mm"} | limits
    text = refusal(data)
    assert text.startswith("pen.toml: characteristics.new.one")
    assert message in text


def test_settings_put_the_rate_in_the_outer_loop() -> None:
    plan = ["depths_mm=[0.75, 1.0]", "between_mm=[0.8]", "rates_per_min=[5000, 7000]"]
    product = check_model(Product, changed(*(f"calibration.{line}" for line in plan)), source="pen.toml")
    assert product.settings(At.ONCE) == [None]
    assert product.settings(At.RATES) == [(1.0, 7000), (1.0, 5000)]
    assert product.settings(At.GRID) == [(0.75, 5000), (1.0, 5000), (0.75, 7000), (1.0, 7000)]
    assert product.settings(At.BETWEEN) == [(0.8, 5000), (0.8, 7000)]
    assert str(Setting(0.5, 5000)) == "0.50 mm @ 5000 /min"


def test_width_of_registers() -> None:
    assert Register(address=0).width == 1
    assert Register(address=0, type="u32").width == 2
    assert Register(address=0, type="text", words=8).width == 8
