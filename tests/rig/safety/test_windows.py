"""Windows: what a station and a product make of them, and what is refused before anything moves."""

from __future__ import annotations

import pytest

from rig.errors import RefusedToStart
from rig.product import load_product
from rig.safety.windows import around_rim, check_safety, windows
from rig.station import load_station


def test_every_target_of_the_turret_has_a_window_below_the_highest_position() -> None:
    station = load_station("twin")
    found = windows(station, load_product("office-pen"))
    assert set(found) == set(station.nest.targets)
    for window in found.values():
        assert station.nest.safe_mm < window.contact_from_mm <= window.highest_mm
        assert window.highest_mm <= station.safety.highest_mm


def test_what_may_be_pressed_hard_is_the_pouch_only() -> None:
    found = windows(load_station("twin"), load_product("office-pen"))
    assert {name for name, window in found.items() if window.force_limit_n > 5.0} == {"anvil", "grip"}
    assert found["datum"].speed_mm_per_s < found["anvil"].speed_mm_per_s


def test_a_found_rim_narrows_the_plate_s_window() -> None:
    station = load_station("twin")
    datum = windows(station, load_product("office-pen"))["datum"]
    around = around_rim(datum, 42.317, station)
    assert around.highest_mm == pytest.approx(42.317 + 0.1 + 5.0 * 0.008)
    assert around.contact_from_mm == pytest.approx(42.217)
    assert around.highest_mm < datum.highest_mm


@pytest.mark.parametrize("product", ["office-pen", "compact-pen"])
def test_the_station_that_ships_suits_the_products_that_ship(product: str) -> None:
    check_safety(load_station("twin"), load_product(product))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "safety.highest_mm=42.5",
            r"highest_mm = 42\.5, but it takes 42\.840 mm to reach the rim wherever it may be",
        ),
        ("safety.force_limit_n=4.0", r"force_limit_n = 4, but the scan of the rim needs 4\.1 N"),
        ("safety.pouch_force_limit_n=20", r"pouch_force_limit_n = 20, but the squeeze of a pouch needs 20 N"),
        ("nest.phantom_mm=35.2", r"safe_mm = 35, where phantom may already touch \(from 33\.350 mm on\)"),
    ],
)
def test_limits_that_exclude_what_the_product_needs_are_refused_with_the_reason(
    change: str, reason: str
) -> None:
    station = load_station("twin", (change,))
    with pytest.raises(RefusedToStart, match=reason) as refusal:
        check_safety(station, load_product("office-pen"))
    assert "Correct [safety] or [nest]" in str(refusal.value)


@pytest.mark.parametrize("key", ["touch_mm_per_s", "press_mm_per_s", "near_mm", "force_stale_s"])
def test_a_zero_is_no_limit(key: str) -> None:
    with pytest.raises(RefusedToStart, match=f"safety.{key}"):
        load_station("twin", (f"safety.{key}=0",))
