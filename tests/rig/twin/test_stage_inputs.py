"""The force chain and the triggers that hang on it, on virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rig.twin.bench import TARGET_ANGLES
from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from tests.support.controller import MM, Controller

RIM_MM, POUCH_MM = 42.317, 36.4
STILL = ("nest.drift_mm=0.0", "stage.repeatability_mm=0.0")  # a force does not change while the stage stands
ARM = (
    b"/1 0 trigger 1 when io di 1 == 0\n"
    b"/1 0 trigger 1 action a 1 stop\n"
    b"/1 0 trigger 1 enable\n"
)  # fmt: skip
ARMED = b"@01 0 OK IDLE -- 0\r\n" * 3


def speed(mm_per_s: float) -> int:
    return round(mm_per_s * MM * 1.6384)


def approach(controller: Controller, to_mm: float, mm_per_s: float) -> bytes:
    return controller.ask(f"/1 1 move abs {round(to_mm * MM)} {speed(mm_per_s)}\n".encode())


def present(controller: Controller, target: str) -> None:
    controller.ask(f"/1 2 move abs {round(TARGET_ANGLES[target] * 1000)}\n".encode())
    controller.wait(2.0)


def stand_at(controller: Controller, place_mm: float) -> None:
    approach(controller, place_mm, 26.0)
    controller.wait(5.0)


@pytest.fixture
def homed() -> Controller:
    controller = Controller(*STILL)
    controller.home()
    return controller


@pytest.fixture
def near(homed: Controller) -> Controller:
    """Stands 0.2 mm below the rim."""
    stand_at(homed, RIM_MM - 0.2)
    assert homed.force_n() < 1e-9
    return homed


# The force chain


@pytest.mark.parametrize("mm_per_s", [0.1, 0.8])
@pytest.mark.parametrize("looks_again_s", [0.0, 600.0])
def test_the_stage_stops_at_the_overload_though_nobody_asks(
    near: Controller, mm_per_s: float, looks_again_s: float
) -> None:
    assert near.ask(ARM) == ARMED
    approach(near, RIM_MM + 0.5, mm_per_s)
    near.wait(0.7 / mm_per_s + looks_again_s)
    assert near.ask(b"/1 1\n") == b"@01 1 OK IDLE NI 0\r\n"
    assert near.ask(b"/1 0 io get di\n") == b"@01 0 OK IDLE NI 0 1 0 0\r\n"
    braked_n = 200.0 * mm_per_s**2 / (2 * 600.0)
    assert near.force_n() == pytest.approx(4.7 + braked_n, abs=0.002)
    assert near.force_n() < 5.0


def test_the_same_whoever_looks_and_how_often(near: Controller) -> None:
    near.ask(ARM)
    approach(near, RIM_MM + 0.5, 0.8)
    for _ in range(400):
        near.wait(0.002)
        near.force_n()
    seldom = Controller(*STILL)
    seldom.home()
    stand_at(seldom, RIM_MM - 0.2)
    seldom.ask(ARM)
    approach(seldom, RIM_MM + 0.5, 0.8)
    seldom.wait(10.0)
    assert near.z_mm() == pytest.approx(seldom.z_mm(), abs=2e-6)


def test_without_a_trigger_the_open_chain_stops_nothing(near: Controller) -> None:
    approach(near, RIM_MM + 0.05, 0.8)
    near.wait(1.0)
    assert near.ask(b"/1 0 io get di 1\n") == b"@01 0 OK IDLE -- 0\r\n"
    assert near.force_n() == pytest.approx(10.0, abs=0.6)
    stand_at(near, RIM_MM - 0.2)
    assert near.ask(b"/1 0 io get di 1\n") == b"@01 0 OK IDLE -- 1\r\n"


def test_an_overload_too_light_for_the_mount_does_not_open_the_chain(near: Controller) -> None:
    near.ask(ARM)
    approach(near, RIM_MM + 0.02, 0.8)
    near.wait(1.0)
    assert near.ask(b"/1 1 get pos\n") == f"@01 1 OK IDLE -- {round((RIM_MM + 0.02) * MM)}\r\n".encode()


def test_the_gauge_opens_the_chain_at_its_high_set_point(near: Controller) -> None:
    gauge = Mark10Emulator(near.bench)
    near.bench.force_chain.connect(gauge)
    line: Any = near

    def tell(command: bytes) -> None:
        assert asyncio.run(gauge.answer(command, line)) is None

    tell(b"N")
    tell(b"SPH2.5")
    near.ask(ARM)
    approach(near, RIM_MM + 0.5, 0.8)
    near.wait(1.0)
    assert near.force_n() == pytest.approx(2.5 - 0.02 + 0.107, abs=0.01)  # the gauge's offset, and braking
    assert near.ask(b"/1 0 io get di 1\n") == b"@01 0 OK IDLE NI 0\r\n"
    tell(b"SPHD")
    assert near.ask(b"/1 0 io get di 1\n") == b"@01 0 OK IDLE NI 1\r\n"


def test_the_anvils_mount_holds_more(homed: Controller) -> None:
    present(homed, "anvil")
    stand_at(homed, POUCH_MM - 0.1)
    homed.ask(ARM)
    approach(homed, POUCH_MM + 4.0, 2.0)
    homed.wait(60.0)
    assert b" IDLE NI " in homed.ask(b"/1 1\n")
    pouch = homed.bench.largest_remembered_n(homed.bench.time.now())
    assert pouch == pytest.approx(25.5, abs=0.05)
    assert homed.force_n() < 25.0, "it relaxes while the stage stands"


# Triggers


def test_a_position_is_met_at_its_moment(homed: Controller) -> None:
    homed.ask(
        b"/1 0 trigger 2 when 1 pos >= 200000\n"
        b"/1 0 trigger 2 action a 1 estop\n"
        b"/1 0 trigger 2 action b io set do 3 1\n"
        b"/1 0 trigger 2 enable 1\n"
        b"/1 1 move abs 900000\n"
    )
    homed.wait(30.0)
    reply = homed.ask(b"/1 1 get pos\n").decode()
    assert int(reply.split()[-1]) == pytest.approx(200000, abs=2)
    assert homed.ask(b"/1 0 io get do\n") == b"@01 0 OK IDLE NI 0 0 1 0\r\n"
    assert homed.ask(b"/1 0 trigger show\n") == b"@01 0 OK IDLE NI d d d d d d\r\n"
    homed.ask(b"/1 1 warnings clear\n/1 1 move abs 900000\n")
    homed.wait(30.0)
    assert homed.ask(b"/1 1 get pos\n") == b"@01 1 OK IDLE -- 900000\r\n"


def test_a_trigger_fires_whenever_its_condition_becomes_true_again(homed: Controller) -> None:
    homed.ask(
        b"/1 0 trigger 1 when 1 pos > 100000\n"
        b"/1 0 trigger 1 action a io set do 1 t\n"
        b"/1 0 trigger 1 enable\n"
    )  # fmt: skip
    for times in range(1, 4):
        for place in (b"150000", b"120000", b"50000"):
            homed.ask(b"/1 1 move abs %s\n" % place)
            homed.wait(2.0)
        assert homed.ask(b"/1 0 io get do 1\n") == b"@01 0 OK IDLE -- %d\r\n" % (times % 2)


def test_a_condition_that_is_true_already_fires_at_once(homed: Controller) -> None:
    homed.ask(
        b"/1 0 trigger 1 when 1 idle\n"
        b"/1 0 trigger 1 action a 2 maxspeed = 1000\n"
        b"/1 0 trigger 1 action b 2 maxspeed += 5\n"
        b"/1 0 trigger 1 enable\n"
    )
    assert homed.ask(b"/1 2 get maxspeed\n") == b"@01 2 OK IDLE -- 1005\r\n"
    homed.ask(b"/1 2 set maxspeed 7\n/1 1 move abs 1000\n")
    assert homed.ask(b"/1 2 get maxspeed\n") == b"@01 2 OK IDLE -- 7\r\n"
    homed.wait(5.0)
    assert homed.ask(b"/1 2 get maxspeed\n") == b"@01 2 OK IDLE -- 1005\r\n"


def test_print_says_what_was_set_up(homed: Controller) -> None:
    homed.ask(ARM)
    assert homed.ask(b"/1 0 07 trigger 1 print\n/1 0 07\n") == (
        b"@01 0 07 OK IDLE -- 0\r\n"
        b"#01 0 07 when io di 1 == 0\r\n"
        b"#01 0 07 action a 1 stop\r\n"
        b"#01 0 07 enable\r\n"
        b"@01 0 07 OK IDLE -- 0\r\n"
    )
    assert homed.ask(b"/1 0 trigger show\n") == b"@01 0 OK IDLE -- e d d d d d\r\n"
    homed.ask(b"/1 0 trigger 1 disable\n/1 0 trigger 1 action none\n/1 0 trigger 2 enable 3\n")
    assert homed.ask(b"/1 0 trigger show\n") == b"@01 0 OK IDLE -- d d d d d d\r\n"
    assert homed.ask(b"/1 0 trigger 1 print\n") == (
        b"@01 0 OK IDLE -- 0\r\n#01 0 when io di 1 == 0\r\n#01 0 disable\r\n"
    )


def test_a_disabled_trigger_and_one_without_action_do_nothing(near: Controller) -> None:
    near.ask(ARM + b"/1 0 trigger 1 disable\n/1 0 trigger 2 when io di 1 == 0\n/1 0 trigger 2 enable 2\n")
    approach(near, RIM_MM + 0.03, 0.8)
    near.wait(1.0)
    assert near.ask(b"/1 1\n") == b"@01 1 OK IDLE -- 0\r\n"
    assert near.ask(b"/1 0 trigger show\n") == b"@01 0 OK IDLE -- d 1 d d d d\r\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("0 trigger", "BADCOMMAND"),
        ("0 trigger 1", "BADCOMMAND"),
        ("0 trigger 7 print", "BADDATA"),
        ("0 trigger x when io di 1 == 0", "BADDATA"),
        ("0 trigger 1 when io di 9 == 0", "BADDATA"),
        ("0 trigger 1 when io di 1 is 0", "BADCOMMAND"),
        ("0 trigger 1 when io di 1 == zero", "BADDATA"),
        ("0 trigger 1 when io xx 1 == 0", "BADCOMMAND"),
        ("0 trigger 1 when 3 pos > 5", "BADAXIS"),
        ("0 trigger 1 when 0 pos > 5", "BADAXIS"),
        ("0 trigger 1 when 1 dist 500", "BADCOMMAND"),
        ("0 trigger 1 when", "BADCOMMAND"),
        ("0 trigger 1 action c 1 stop", "BADCOMMAND"),
        ("0 trigger 1 action a", "BADCOMMAND"),
        ("0 trigger 1 action a 1 dance", "BADCOMMAND"),
        ("0 trigger 1 action a 3 stop", "BADAXIS"),
        ("0 trigger 1 enable", "BADDATA"),
        ("1 trigger 1 enable", "DEVICEONLY"),
    ],
)
def test_refusals(homed: Controller, command: str, reason: str) -> None:
    assert homed.ask(f"/1 {command}\n".encode()) == f"@01 {command[0]} RJ IDLE -- {reason}\r\n".encode()
