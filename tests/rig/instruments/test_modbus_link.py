"""The Modbus link keeps answers and requests together, whatever is missing, late or wrong."""

from __future__ import annotations

import logging
import socket

import pytest

from rig.errors import (
    ConfigError,
    IdentityMismatch,
    InstrumentDisconnected,
    InstrumentError,
    InstrumentReplyError,
    InstrumentTimeout,
)
from rig.instruments.modbus_map import RegisterMap
from rig.instruments.wirelog import WireLog
from rig.product import Product
from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
from rig.twin.wire import Line
from tests.support.modbus_pen import (
    IN_STEP,
    PRODUCT,
    SILENT_OPENING,
    TIMEOUT_S,
    FakeClock,
    adu,
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

# Missing, late and wrong answers


def test_a_read_is_asked_again_over_a_fresh_connection(caplog: pytest.LogCaptureFixture) -> None:
    script = connection(("03 002C 0001", "")) + connection(*IN_STEP, ("03 002C 0001", "03 02 1B62"))
    clock = FakeClock()
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S, clock=clock)
        assert pen.motor_speed_per_min() == 7010
        pen.close()
    assert clock.time_s == 0.0, "on TCP a late answer is lost with its connection"
    assert "pen: recovered: no answer within 0.5 s" in caplog.text


class LateSlave(RtuSlave):
    """Keeps its answer about the motor's speed, and sends it with the answer to the next request."""

    def __init__(self, firmware: PenFirmware) -> None:
        super().__init__(firmware)
        self._late: bytes | None = None
        self._was_late = False

    async def answer(self, message: bytes, line: Line) -> bytes | None:
        reply = await super().answer(message, line)
        if message[1:4] == b"\x03\x00\x32" and not self._was_late:
            self._late, self._was_late = reply, True
            return None
        late, self._late = self._late, None
        return (late or b"") + (reply or b"")


@needs_pty
def test_a_late_answer_on_a_serial_line_is_not_taken_for_another() -> None:
    with serving_one(lambda bench: LateSlave(PenFirmware(bench)), "pty") as path:
        pen = open_at(f"rtu:{path}:115200", timeout_s=TIMEOUT_S)
        assert pen.motor_speed_per_min() == 0
        assert pen.active_generation() == 1
        assert pen.identify().model == PRODUCT.model
        pen.close()


def test_a_read_without_any_answer_is_a_time_out() -> None:
    script = [*connection(("03 002C 0001", "")), SILENT_OPENING]
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout, match="no answer within"):
            pen.motor_speed_per_min()
        pen.close()


def test_a_write_without_an_answer_is_not_repeated_but_looked_after(caplog: pytest.LogCaptureFixture) -> None:
    script = connection(("06 0028 05DC", "")) + connection(*IN_STEP, ("03 0028 0001", "03 02 05DC"))
    with ScriptedPeer(script) as peer, caplog.at_level(logging.WARNING):
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        pen.set_depth(1.5)
        pen.close()
    assert "set_depth_um was written, though no answer said so" in caplog.text


def test_a_write_that_did_not_arrive_says_what_was_found() -> None:
    script = connection(("06 0028 05DC", "")) + connection(*IN_STEP, ("03 0028 0001", "03 02 0000"))
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout, match=r"writing set_depth_um; afterwards it holds \[0\]"):
            pen.set_depth(1.5)
        pen.close()


def test_a_commit_without_an_answer_says_which_table_is_in_use() -> None:
    script = connection(("06 0051 0001", "")) + connection(
        *IN_STEP, ("03 0054 0002", "03 04 1C1A 7B84"), ("03 0056 0001", "03 02 0005")
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentTimeout, match="CRC 1C1A7B84, generation 5"):
            pen.commit()
        pen.close()


def test_answers_that_do_not_fit_are_not_believed() -> None:
    script = connection(("03 002C 0001", "03 04 0001 0002")) + connection(
        *IN_STEP, ("03 002C 0001", "06 002C 0001")
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer)
        with pytest.raises(InstrumentReplyError, match="answer to another request"):
            pen.motor_speed_per_min()
        pen.close()


def test_a_link_that_stays_out_of_step_is_not_used() -> None:
    script = (
        connection(("06 0028 05DC", ""))
        + connection(("06 0022 0001", "06 0022 0001"), ("03 0022 0001", "03 02 0007"))
        + connection(("06 0022 0002", "06 0022 0001"))
    )
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentReplyError, match="another request"):
            pen.set_depth(1.5)
        pen.close()


# Opening


@pytest.mark.parametrize("answer", ["03 02 4E51", "83 02"])
def test_another_register_map_is_refused(answer: str) -> None:
    script = [(adu(1, "03 0000 0001"), adu(1, answer))]
    with ScriptedPeer(script) as peer, pytest.raises(IdentityMismatch, match=r"expected \[20048\]"):
        open_pen(peer)


def test_a_refused_port_is_a_disconnection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(InstrumentDisconnected, match="cannot be opened"):
        open_at(f"tcp:127.0.0.1:{port}")
    with pytest.raises(InstrumentDisconnected, match="cannot be opened"):
        open_at("rtu:no-such-port:115200")


def test_a_pen_that_hangs_up_is_a_disconnection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pen, first = open_by_hand(listener)
        first.close()
        answer_next(listener, connection(*IN_STEP, ("03 002C 0001", "03 02 1B62")))
        assert pen.motor_speed_per_min() == 7010
        pen.close()


@pytest.mark.parametrize("serial", ["NP000417", "NP000418"])
def test_after_a_mishap_only_the_same_device_is_believed(serial: str) -> None:
    """Another pen of the same kind has the same register map; only its serial number tells it apart."""
    identity = ("03 0001 0014", "03 28" + text("NP-250", 8) + text("NP000417", 8) + text("1.4.2", 4))
    held = ("03 0009 0008", "03 10" + text(serial, 8))
    in_step_again = [("06 0022 0002", "06 0022 0002"), ("03 0022 0001", "03 02 0002")]
    lost = connection(identity, ("03 002C 0001", ""))
    same = connection(*IN_STEP, held, ("03 002C 0001", "03 02 1B62"))
    other = connection(*IN_STEP, held) + connection(*in_step_again, held)
    with ScriptedPeer(lost + (same if serial == "NP000417" else other)) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        pen.identify()
        if serial == "NP000417":
            assert pen.motor_speed_per_min() == 7010
        else:
            with pytest.raises(IdentityMismatch, match=r"pen: after the line was opened anew.*as before"):
                pen.motor_speed_per_min()
        pen.close()


@pytest.mark.parametrize(
    "answer",
    [
        "03 02 1B",  # shorter than it says
        "03 FE 1B62",
        "83",  # an exception without a code
        "55 00",
        "2B 0E",
        "86 02",  # the refusal of another request
    ],
)
def test_what_is_no_answer_is_an_error_of_the_instrument(answer: str) -> None:
    script = connection(("03 002C 0001", answer)) + connection(*IN_STEP, ("03 002C 0001", answer))
    with ScriptedPeer(script) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentError, match=r"^pen: "):
            pen.motor_speed_per_min()
        pen.close()


def test_a_device_that_never_ends_its_answer_is_given_up() -> None:
    """The length in a Modbus TCP header may promise 64 kB; no answer is longer than 260 bytes."""
    endless = b"\0\x02\0\0\xff\xff\x01\x03" + bytes(60_000)
    lost = [*connection(), (adu(2, "03 002C 0001"), endless)]
    again = [*connection(*IN_STEP), (adu(4, "03 002C 0001"), endless)]
    with ScriptedPeer(lost + again) as peer:
        pen = open_pen(peer, timeout_s=TIMEOUT_S)
        with pytest.raises(InstrumentReplyError, match=r"pen: .* bytes came, expected 4096 at most"):
            pen.motor_speed_per_min()
        pen.close()


@pytest.mark.parametrize(
    "resource", ["", "tcp:127.0.0.1", "udp:127.0.0.1:502", "rtu:COM3:fast", "rtu:COM3:0"]
)
def test_a_resource_of_another_form_is_a_configuration_error(resource: str) -> None:
    with pytest.raises(ConfigError, match="tcp:HOST:PORT or rtu:PATH:BAUD"):
        open_at(resource)


def test_every_message_is_in_the_wire_log() -> None:
    log = WireLog()
    with ScriptedPeer(connection(("03 002C 0001", "03 02 1B62"))) as peer:
        pen = open_pen(peer, log=log)
        pen.motor_speed_per_min()
        pen.close()
    assert [line.split("|")[0].split()[2:] for line in log.lines()[2:]] == [
        [">", *adu(2, "03 002C 0001").hex(" ").split()],
        ["<", *adu(2, "03 02 1B62").hex(" ").split()],
    ]


# Register maps


def test_values_and_words_of_every_kind() -> None:
    data = PRODUCT.model_dump()
    data["modbus"]["word_order"] = "little"
    data["modbus"]["registers"]["set_depth_um"] = {"address": 300, "type": "u32", "scale": 0.5}
    registers = RegisterMap(Product.model_validate(data).modbus)
    assert registers.encode("set_depth_um", 0x12345678 / 2) == [0x5678, 0x1234]
    assert registers.decode("set_depth_um", {300: 0x5678, 301: 0x1234}) == 0x12345678 / 2
    assert registers.encode("temperature_centi_c", -870) == [0xFC9A]
    assert registers.decode("temperature_centi_c", {48: 0xFC9A}) == -870
    assert registers.decode("tip_lot", dict.fromkeys(range(50, 56), 0)) == ""
    with pytest.raises(ValueError, match="does not fit"):
        registers.encode("temperature_centi_c", 0x8000)


def test_blocks_run_over_registers_but_not_over_gaps_and_not_too_far() -> None:
    registers = RegisterMap(PRODUCT.modbus)
    assert registers.blocks(["park", "set_depth_um"]) == [(40, 4)]
    assert registers.blocks(["echo", "set_depth_um"]) == [(34, 1), (40, 1)]
    assert registers.blocks(["shadow_bank", "active_crc"]) == [(84, 2), (200, 100)]


def test_what_the_pen_flags_is_its_self_test() -> None:
    with serving_one(
        lambda bench: TcpSlave(PenFirmware(bench)), world_overrides=["pen.tip.use_count=1"]
    ) as address:
        pen = open_at(f"tcp:{address}")
        assert pen.self_test() == ["it flags that the tip was used before"]
        pen.close()
