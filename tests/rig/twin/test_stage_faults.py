"""What may happen to the stage: emergency stop, stall, slip, loss of power, and the ends of its travel."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.controller import MM, Controller


def stage(*faults: str) -> Controller:
    """Return a homed controller, one second after the world began."""
    controller = Controller(faults=faults)
    controller.home()
    return controller


def move(controller: Controller, to_mm: float, seconds: float = 5.0) -> bytes:
    reply = controller.ask(f"/1 1 move abs {round(to_mm * MM)}\n".encode())
    controller.wait(seconds)
    return reply


# Emergency stop


def test_pressed_while_it_moves_it_stands_at_once() -> None:
    controller = stage("stage.emergency_stop@2s")
    start_s = controller.bench.time.now()
    controller.ask(f"/1 1 move abs {round(50 * MM)}\n".encode())
    pressed_at_mm = controller.bench.z.position_at(2.0)
    assert 10.0 < pressed_at_mm < 49.0
    controller.wait(10.0 - start_s)
    assert controller.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE FH 03 FH WR NI\r\n"
    assert controller.z_mm() == pytest.approx(pressed_at_mm, abs=1e-9)
    assert controller.ask(b"/1 0 io get di\n") == b"@01 0 OK IDLE FH 1 0 0 0\r\n"


def test_it_stays_off_until_released_and_enabled() -> None:
    controller = stage("stage.emergency_stop@1.5s+3s")
    controller.wait(1.0)
    for command in (b"home", b"move abs 1000", b"move rel 5", b"move vel 10", b"move max"):
        assert controller.ask(b"/1 1 " + command + b"\n") == b"@01 1 RJ IDLE FH DRIVERDISABLED\r\n"
    assert controller.ask(b"/1 1 stop\n") == b"@01 1 OK IDLE FH 0\r\n"
    assert controller.ask(b"/1 0 driver enable\n") == b"@01 0 RJ IDLE FH DRIVERDISABLED\r\n"
    controller.ask(b"/1 1 warnings clear\n")
    assert controller.ask(b"/1 1\n") == b"@01 1 OK IDLE FH 0\r\n"
    controller.wait(5.0)
    assert controller.ask(b"/1 0 io get di 2\n") == b"@01 0 OK IDLE FH 1\r\n"
    assert controller.ask(b"/1 1 move abs 1000\n") == b"@01 1 RJ IDLE FH DRIVERDISABLED\r\n"
    assert controller.ask(b"/1 0 driver enable\n") == b"@01 0 OK IDLE WR 0\r\n"
    controller.home()
    move(controller, 5.0)
    assert controller.ask(b"/1 1 get pos\n") == f"@01 1 OK IDLE -- {round(5 * MM)}\r\n".encode()


def test_pressed_by_hand() -> None:
    controller = stage()
    controller.ask(b"/1 0 trigger 1 when io di 2 == 0\n/1 0 trigger 1 action a io set do 1 1\n")
    controller.ask(b"/1 0 trigger 1 enable\n")
    controller.ask(b"/1 2 move abs 90000\n")
    controller.wait(0.1)
    controller.bench.catch_up()
    button = controller.bench.emergency_stop
    button.press(controller.bench.time.now())
    here = controller.bench.turret.position_at(controller.bench.time.now())
    controller.wait(1.0)
    assert controller.ask(b"/1 2\n") == b"@01 2 OK IDLE FH 0\r\n"
    assert 0.0 < controller.bench.turret.position_at(controller.bench.time.now()) == here
    assert controller.ask(b"/1 0 io get do 1\n") == b"@01 0 OK IDLE FH 1\r\n"
    button.release(controller.bench.time.now())
    assert controller.ask(b"/1 0 driver enable\n") == b"@01 0 OK IDLE WR 0\r\n"


def test_a_driver_switched_off_by_command_keeps_its_reference() -> None:
    controller = stage()
    assert controller.ask(b"/1 1 driver disable\n") == b"@01 1 OK IDLE FO 0\r\n"
    assert controller.ask(b"/1 1 move abs 5\n") == b"@01 1 RJ IDLE FO DRIVERDISABLED\r\n"
    assert controller.ask(b"/1 1 driver enable\n") == b"@01 1 OK IDLE -- 0\r\n"
    assert controller.ask(b"/1 1 driver sleep\n") == b"@01 1 RJ IDLE -- BADCOMMAND\r\n"


# Stall, slip, loss of power


def test_a_stall_stops_the_motion_and_every_later_one() -> None:
    controller = stage("stage.stall@2s+30s")
    controller.ask(f"/1 1 move abs {round(50 * MM)}\n".encode())
    stalled_at_mm = controller.bench.z.position_at(2.0)
    controller.wait(9.0)
    assert controller.ask(b"/1 1 warnings clear\n") == b"@01 1 OK IDLE -- 01 FS\r\n"
    assert controller.z_mm() == pytest.approx(stalled_at_mm, abs=1e-9)
    move(controller, 10.0)
    assert controller.ask(b"/1 1 home\n") == b"@01 1 OK IDLE FS 0\r\n"
    assert controller.z_mm() == pytest.approx(stalled_at_mm, abs=1e-9)
    assert controller.ask(b"/1 2 move abs 90000\n") == b"@01 2 OK BUSY -- 0\r\n"
    controller.wait(30.0)
    controller.ask(b"/1 1 warnings clear\n")
    move(controller, 10.0)
    assert controller.ask(b"/1 1\n") == b"@01 1 OK IDLE -- 0\r\n"
    assert controller.z_mm() == pytest.approx(10.0, abs=1e-4)


def test_after_a_slip_the_carriage_is_not_where_it_is_counted_until_homed() -> None:
    controller = stage("stage.slip@2s=0.3")
    move(controller, 20.0)
    assert controller.ask(b"/1 1 get pos\n") == f"@01 1 OK IDLE -- {round(20 * MM)}\r\n".encode()
    assert controller.z_mm() == pytest.approx(19.7, abs=1e-4)
    controller.home()
    controller.wait(5.0)
    move(controller, 20.0)
    assert controller.z_mm() == pytest.approx(20.0, abs=1e-4)


def test_a_slip_while_homing_is_healed_by_it() -> None:
    controller = stage("stage.slip@7s=0.3")
    move(controller, 40.0)  # until 6 s
    controller.ask(b"/1 1 home\n")
    controller.wait(10.0)
    assert controller.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE -- 00\r\n"
    assert controller.z_mm() == 0.0


def test_after_a_loss_of_power_nothing_is_left_of_what_was_set() -> None:
    controller = stage("stage.lost_reference@2s")
    controller.ask(
        b"/1 1 set limit.max 900000\n/1 0 set comm.checksum 1\n/1 0 io set do 1 1\n"
        b"/1 0 trigger 1 when 1 pos > 1200000\n/1 0 trigger 1 action a 1 stop\n/1 0 trigger 1 enable\n"
    )
    controller.ask(b"/1 1 move abs 800000\n")
    stood_at_mm = controller.bench.z.position_at(2.0)
    controller.wait(5.0)
    assert controller.ask(b"/1 1 get pos\n") == b"@01 1 OK IDLE WR 0\r\n"
    assert controller.z_mm() == pytest.approx(stood_at_mm, abs=1e-9)
    assert controller.ask(b"/1 1 get limit.max\n") == b"@01 1 OK IDLE WR 1259843\r\n"
    assert controller.ask(b"/1 0 trigger show\n") == b"@01 0 OK IDLE WR d d d d d d\r\n"
    assert controller.ask(b"/1 0 io get do\n") == b"@01 0 OK IDLE WR 0 0 0 0\r\n"


def test_mishaps_happen_in_their_order() -> None:
    controller = stage(
        "stage.slip@4s=0.1", "stage.stall@5s+1s", "stage.slip@3s=0.2", "stage.lost_reference@9s"
    )
    controller.ask(f"/1 1 move abs {round(50 * MM)} {round(1.6384 * MM)}\n".encode())  # 1 mm/s
    controller.wait(20.0)
    assert controller.ask(b"/1 1 warnings\n") == b"@01 1 OK IDLE WR 01 WR\r\n"
    assert controller.z_mm() == pytest.approx(4.0 - 0.3, abs=0.01)


# Limits


@pytest.mark.parametrize(
    "command", ["move abs 1259843 9999999 1", "move max", "move vel 99999999 1", "move rel 1"]
)
def test_no_motion_leaves_the_limits(command: str) -> None:
    controller = stage()
    controller.ask(b"/1 1 set limit.max 1000000\n/1 1 move abs 990000\n")
    controller.wait(1.7)
    assert b"BUSY" in controller.ask(b"/1 1\n"), "still fast"
    controller.ask(f"/1 1 {command}\n".encode())
    controller.ask(b"/1 1 move abs 1000000 9999999 1\n")  # brakes far too slowly
    highest_mm = 0.0
    for _ in range(200):
        controller.wait(0.05)
        highest_mm = max(highest_mm, controller.z_mm())
    assert highest_mm <= 1000000 / MM + 1e-4
    assert controller.ask(b"/1 1 warnings\n").startswith(b"@01 1 OK IDLE FE ")


def test_a_limit_does_not_change_while_the_axis_moves() -> None:
    controller = stage()
    controller.ask(b"/1 1 move abs 900000\n")
    assert controller.ask(b"/1 1 set limit.max 10\n") == b"@01 1 RJ BUSY -- STATUSBUSY\r\n"
    controller.wait(5.0)
    assert controller.ask(b"/1 1 set limit.max 10\n") == b"@01 1 OK IDLE -- 0\r\n"
    assert controller.ask(b"/1 1 move abs 800000\n") == b"@01 1 RJ IDLE -- BADDATA\r\n"
    assert controller.ask(b"/1 1 move abs 5\n") == b"@01 1 OK BUSY -- 0\r\n", "back within them it may go"


@pytest.mark.parametrize("down", [5.0, -5.0])
def test_a_slip_ends_at_the_end_of_the_travel(down: float) -> None:
    controller = stage(f"stage.slip@20s={down}")
    move(controller, 1.0 if down > 0 else 59.0)
    controller.wait(30.0)
    assert controller.z_mm() == (0.0 if down > 0 else 60.0)


def test_time_that_passes_without_faults_changes_nothing() -> None:
    quiet, asked = stage(), stage()
    for controller in (quiet, asked):
        controller.ask(b"/1 1 move abs 900000 99999 100\n")
    for _ in range(50):
        asked.wait(0.2)
        asked.bench.catch_up()
    asyncio.run(quiet.bench.time.wait(50 * 0.2))
    assert quiet.z_mm() == pytest.approx(asked.z_mm(), abs=1e-9)
