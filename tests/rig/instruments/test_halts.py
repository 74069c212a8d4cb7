"""Stops that wait for nothing: what goes over the wire, and that the line is in step afterwards."""

from __future__ import annotations

import pytest

from rig.clock import LinkedClock
from rig.errors import InstrumentDisconnected
from rig.instruments.modbus_messages import single_write
from rig.instruments.pen_modbus import ModbusPen
from rig.instruments.wirelog import WireLog
from rig.product import load_product
from tests.support.serving import serving


def test_the_request_to_write_a_register_on_either_line() -> None:
    assert single_write("rtu", 1, 42, 0) == bytes.fromhex("01 06 00 2A 00 00 A8 02")
    assert single_write("tcp", 1, 42, 0) == bytes.fromhex("FF FF 00 00 00 06 01 06 00 2A 00 00")


@pytest.mark.parametrize("line", ["pen", "pen_tcp"])
def test_a_running_pen_is_halted_and_answers_in_step(line: str) -> None:
    product = load_product("office-pen")
    with serving() as addresses:
        host, _, port = addresses["clock"].partition(":")
        clock, wire_log = LinkedClock(host, int(port)), WireLog()
        pen = ModbusPen(
            "pen",
            addresses[line],
            wire_log,
            clock,
            timeout_s=2.0,
            modbus=product.modbus,
            restart_s=product.calibration.restart_s,
            unlock_key=product.calibration.unlock_key,
        )
        pen.set_rate(7000)
        pen.start()
        sent = len(wire_log.lines())
        pen.halt()
        assert len(wire_log.lines()) == sent + 1, "one message, and no answer was awaited"
        began_s = clock.now()
        assert pen.identify().model == product.model
        assert clock.now() - began_s < 1.0, "nothing had to be waited out to get into step"
        clock.sleep(2.0)
        assert not pen.status().running
        pen.close()
        with pytest.raises(InstrumentDisconnected):
            pen.halt()
        clock.close()
