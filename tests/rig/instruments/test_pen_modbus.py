"""The pen's driver, on the bytes of Modbus TCP and the register map of the office pen."""

from __future__ import annotations

import socket

import pytest

from rig.errors import IdentityMismatch, InstrumentRejected, InstrumentTimeout
from rig.instruments.roles import Identity, Park, Pen, PenStatus
from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave
from tests.support.modbus_pen import (
    ALIVE,
    IN_STEP,
    PRODUCT,
    RESTART_S,
    SILENT_OPENING,
    TIMEOUT_S,
    FakeClock,
    answer_next,
    connection,
    needs_pty,
    open_at,
    open_by_hand,
    open_pen,
    text,
)
from tests.support.scripted import ScriptedPeer
from tests.support.serving import serving_one

# What the pen says


def test_identity_comes_in_one_request() -> None:
    answer = text("NP-250", 8) + text("NP000417", 8) + text("1.4.2", 4)
    with ScriptedPeer(connection(("03 0001 0014", "03 28" + answer))) as peer:
        pen = open_pen(peer)
        assert pen.identify() == Identity("", "NP-250", "NP000417", "1.4.2")
        pen.close()
        pen.close()


def test_the_driver_fulfils_its_role() -> None:
    with ScriptedPeer(connection()) as peer:
        pen: Pen = open_pen(peer)
        pen.close()


def test_status_comes_in_one_block() -> None:
    script = connection(
        (
            "03 0026 0013",
            "03 26 0001 0008 05DC 1B58 0001 0000 1B62 0137 0F6E 0048 FF9C 0001" + text("T2611A", 6) + "0000",
        ),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        assert pen.status() == PenStatus(
            running=True,
            park=None,
            error_flags=8,
            set_depth_mm=1.5,
            set_rate_per_min=7000.0,
            motor_speed_per_min=7010.0,
            motor_current_ma=311.0,
            battery_mv=3950.0,
            temperature_c=-1.0,
            tip_present=True,
            tip_lot="T2611A",
            tip_use_count=0,
            errors=("the battery is low",),
        )
        pen.close()


# What the pen is told


def test_settings() -> None:
    script = connection(
        ("06 0028 05DC", "06 0028 05DC"),
        ("06 0029 1B58", "06 0029 1B58"),
        ("06 002A 0001", "06 002A 0001"),
        ("03 002C 0001", "03 02 1B62"),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.set_depth(1.5)
        pen.set_rate(7000)
        pen.start()
        assert pen.motor_speed_per_min() == 7010
        pen.close()


def test_stop_returns_when_the_motor_stands_still() -> None:
    script = connection(
        ("06 002A 0000", "06 002A 0000"),
        ("03 0026 0001", "03 02 0001"),
        ("03 0026 0001", "03 02 0000"),
    )
    clock = FakeClock()
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, clock=clock)
        pen.stop()
        pen.close()
    assert 0 < clock.time_s < 0.1


def test_park_returns_when_the_needles_are_there() -> None:
    script = connection(
        ("06 002B 0002", "06 002B 0002"),
        ("03 002B 0001", "03 02 0000"),
        ("03 002B 0001", "03 02 0002"),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.park(Park.EXTENDED)
        pen.close()


@pytest.mark.parametrize(
    ("code", "words"), [(1, "illegal function"), (2, "no such register"), (3, "value refused"), (6, "busy")]
)
def test_a_refusal_says_what_was_refused_and_why(code: int, words: str) -> None:
    with ScriptedPeer(connection(("06 0028 0A28", f"86 {code:02X}"))) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentRejected, match=f"set_depth_um = 2600 was refused: {words}") as refusal:
            pen.set_depth(2.6)
        assert refusal.value.reason == f"{words} (exception {code}), register set_depth_um"
        pen.close()


def test_a_setting_that_the_pen_cannot_take_now_is_refused_with_its_errors() -> None:
    with ScriptedPeer(connection(("06 0028 05DC", "86 04"), ("03 0027 0001", "03 02 0004"))) as peer:
        pen = open_pen(peer)
        with pytest.raises(
            InstrumentRejected, match=r"set_depth_um = 1500 was refused.*the table is invalid"
        ):
            pen.set_depth(1.5)
        pen.close()


def test_a_number_that_no_register_holds_is_not_sent() -> None:
    with ScriptedPeer(connection()) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentRejected, match="70000 does not fit"):
            pen.set_depth(70)
        with pytest.raises(InstrumentRejected, match="-1 does not fit"):
            pen.set_rate(-1)
        with pytest.raises(InstrumentRejected, match="101 words do not fit into shadow_bank"):
            pen.write_shadow_bank([0] * 101)
        pen.close()


def test_a_pen_that_does_not_start_says_why() -> None:
    script = connection(("06 002A 0001", "86 04"), ("03 0027 0001", "03 02 0009"))
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentRejected, match="the tip was used before, the battery is low"):
            pen.start()
        pen.close()


# The table


def test_unlocking() -> None:
    script = connection(
        ("06 0050 5EA1", "06 0050 5EA1"),
        ("03 0050 0001", "03 02 0001"),
        ("06 0050 0000", "06 0050 0000"),
        ("06 0050 5EA1", "06 0050 5EA1"),
        ("03 0050 0001", "03 02 0000"),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.unlock_service()
        pen.lock_service()
        with pytest.raises(InstrumentRejected, match="unlock_key"):
            pen.unlock_service()
        pen.close()


def test_banks_and_what_is_in_use() -> None:
    script = connection(
        ("10 00C8 0003 06 4E54 0001 00FA", "10 00C8 0003"),
        ("03 00C8 0003", "03 06 4E54 0001 00FA"),
        ("03 0190 0002", "03 04 4E54 0001"),
        ("03 0054 0002", "03 04 1C1A 7B84"),
        ("03 0056 0001", "03 02 0005"),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.write_shadow_bank([0x4E54, 1, 250])
        assert pen.read_shadow_bank(3) == [0x4E54, 1, 250]
        assert pen.read_active_bank(2) == [0x4E54, 1]
        assert pen.active_crc() == 0x1C1A7B84
        assert pen.active_generation() == 5
        pen.close()


def test_commit_reads_the_result() -> None:
    script = connection(
        ("06 0051 0001", "06 0051 0001"),
        ("03 0052 0001", "03 02 0001"),
        ("06 0051 0001", "06 0051 0001"),
        ("03 0052 0001", "03 02 0008"),
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.commit()
        with pytest.raises(InstrumentRejected, match="the table was refused: wrong CRC") as refusal:
            pen.commit()
        assert refusal.value.reason == "wrong CRC"
        pen.close()


def test_a_table_that_the_flash_memory_does_not_keep_is_refused() -> None:
    script = connection(("06 0051 0001", "06 0051 0001"), ("03 0052 0001", "03 02 000A"))
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentRejected, match="the flash memory does not keep it"):
            pen.commit()
        pen.close()


IN_USE = [("03 0054 0002", "03 04 1C1A 7B84"), ("03 0056 0001", "03 02 0005")]


def test_a_pen_that_booted_over_its_commit_is_not_believed_to_have_refused_it() -> None:
    script = connection(("06 0051 0001", "06 0051 0001"), ("03 0052 0001", "03 02 0000"), *IN_USE)
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentTimeout, match=r"booted anew.*CRC 1C1A7B84, generation 5"):
            pen.commit()
        pen.close()


def test_a_commit_without_an_answer_is_sent_once_and_the_table_in_use_is_told() -> None:
    script = connection(("06 0051 0001", "")) + connection(*IN_STEP, *IN_USE)
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout, match=r"no answer to the commit.*CRC 1C1A7B84, generation 5"):
            pen.commit()
        pen.close()


def test_a_line_that_is_cut_over_the_commit_leaves_it_open_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pen, first = open_by_hand(listener)
        first.close()
        answer_next(listener, connection(*IN_STEP, *IN_USE))
        with pytest.raises(InstrumentTimeout, match="no answer to the commit"):
            pen.commit()
        pen.close()


def test_a_write_over_which_the_line_is_cut_is_looked_up_and_not_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pen, first = open_by_hand(listener)
        first.close()
        answer_next(listener, connection(*IN_STEP, ("03 0028 0001", "03 02 05DC")))
        pen.set_depth(1.5)
        pen.close()
    assert "set_depth_um was written, though no answer said so" in caplog.text


def test_a_pen_that_booted_over_a_write_has_forgotten_it_and_that_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pen, first = open_by_hand(listener)
        first.close()
        answer_next(listener, connection(*IN_STEP, ("03 0028 0001", "03 02 0000")))
        with pytest.raises(InstrumentTimeout, match="no answer to writing set_depth_um; afterwards it holds"):
            pen.set_depth(1.5)
        pen.close()


# Restart


def test_restart_waits_until_the_pen_answers_with_its_identity() -> None:
    script = [
        *connection(("06 005A 0001", "06 005A 0001"), ("03 0000 0011", "")),
        SILENT_OPENING,
        *connection(*IN_STEP, ALIVE),
    ]
    clock = FakeClock()
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S, clock=clock)
        pen.restart()
        pen.close()
    assert RESTART_S < clock.time_s < 2 * RESTART_S


def test_a_pen_that_is_busy_with_booting_is_waited_for() -> None:
    script = connection(("03 0000 0011", "83 06"), ALIVE)
    clock = FakeClock()
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, clock=clock)
        pen.await_answer()
        pen.close()
    assert 0 < clock.time_s < RESTART_S


def test_a_pen_that_never_comes_back_is_given_up() -> None:
    with ScriptedPeer(connection(*[("03 0000 0011", "83 06")] * 14)) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentTimeout, match=r"does not answer after its restart.*which table"):
            pen.await_answer()
        pen.close()


def test_another_pen_is_not_taken_for_the_one_that_restarts() -> None:
    identity = text("NP-250", 8) + text("NP000417", 8) + text("1.4.2", 4)
    script = connection(("03 0001 0014", "03 28" + identity), ("06 005A 0001", "06 005A 0001"), ALIVE)
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        pen.identify()
        with pytest.raises(IdentityMismatch, match="another pen came back, NP000001, expected NP000417"):
            pen.restart()
        pen.close()


def test_a_pen_may_restart_before_it_answers() -> None:
    script = connection(("06 005A 0001", "")) + connection(*IN_STEP, ALIVE)
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        pen.restart()
        pen.close()


def test_a_pen_may_hang_up_when_it_restarts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pen, first = open_by_hand(listener)
        first.close()
        answer_next(listener, connection(*IN_STEP, ALIVE))
        pen.restart()
        pen.close()


# RTU


@needs_pty
def test_the_same_pen_over_a_serial_line() -> None:
    clock = FakeClock()
    with serving_one(lambda bench: RtuSlave(PenFirmware(bench)), "pty") as path:
        pen = open_at(f"rtu:{path}:115200", clock=clock)
        opened_s = clock.time_s
        assert pen.identify().model == PRODUCT.model
        assert clock.time_s - opened_s == pytest.approx(1.75e-3), "the silence between two messages"
        pen.unlock_service()
        pen.write_shadow_bank(list(range(100)))
        assert pen.read_shadow_bank(100) == list(range(100))
        with pytest.raises(InstrumentRejected, match="magic"):
            pen.commit()
        pen.close()
