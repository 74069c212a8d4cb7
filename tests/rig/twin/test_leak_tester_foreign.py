"""The leak tester on real lines, judged by Modbus masters written by others, who show words byte-swapped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.twin.emulators.leak_tester_ateq import AteqEmulator, AteqRtuSlave, AteqTcpSlave
from tests.support.modbus_pen import needs_pty
from tests.support.serving import serving_one

PROGRAM_3 = 0x0200  # the value 2, low byte first


@pytest.fixture
def minimal() -> Iterator[object]:
    import minimalmodbus

    with serving_one(lambda bench: AteqRtuSlave(AteqEmulator(bench)), "pty") as path:
        master = minimalmodbus.Instrument(path, 1)
        master.serial.baudrate = 9600
        master.serial.timeout = 5.0
        yield master
        master.serial.close()


@needs_pty
def test_minimalmodbus_selects_a_program_and_runs_it(minimal) -> None:  # type: ignore[no-untyped-def]
    assert minimal.read_registers(0x3100, 1) == [620 % 256 << 8 | 620 // 256]
    minimal.write_registers(0x0200, [PROGRAM_3])
    assert minimal.read_register(0x0200) == PROGRAM_3
    minimal.write_bit(1, 1, functioncode=5)
    assert minimal.read_register(0x2205) == 0x0200, "step 2, fill"
    minimal.write_bit(0, 1, functioncode=5)
    assert minimal.read_register(0x2205) == 0x0500, "step 5, dump"


@needs_pty
def test_minimalmodbus_reads_longs_as_little_endian(minimal) -> None:  # type: ignore[no-untyped-def]
    from minimalmodbus import BYTEORDER_LITTLE

    minimal.write_registers(0x3004, [PROGRAM_3])
    minimal.write_long(0x6016, 7000, byteorder=BYTEORDER_LITTLE)
    assert minimal.read_long(0x2016, byteorder=BYTEORDER_LITTLE) == 7000
    assert minimal.read_registers(0x2016, 2) == [0x581B, 0]


@needs_pty
def test_minimalmodbus_hears_refusals(minimal) -> None:  # type: ignore[no-untyped-def]
    import minimalmodbus

    minimal.serial.timeout = 0.25  # it waits that long, as an exception is shorter than what it asked for
    with pytest.raises(minimalmodbus.IllegalRequestError, match="function"):
        minimal.write_register(0x0200, PROGRAM_3, functioncode=6)
    with pytest.raises(minimalmodbus.IllegalRequestError, match="data address"):
        minimal.read_register(0x0031)
    with pytest.raises(minimalmodbus.IllegalRequestError, match="data value"):
        minimal.write_registers(0x0200, [0x8000])
    minimal.write_bit(1, 1, functioncode=5)
    with pytest.raises(minimalmodbus.SlaveReportedException):
        minimal.write_bit(1, 1, functioncode=5)


def test_pymodbustcp_over_the_gateway() -> None:
    from pyModbusTCP.client import ModbusClient

    with serving_one(lambda bench: AteqTcpSlave(AteqEmulator(bench))) as address:
        host, _, port = address.rpartition(":")
        master = ModbusClient(host=host, port=int(port), unit_id=1, timeout=5.0)
        assert master.open()
        assert master.write_multiple_registers(0x0200, [PROGRAM_3])
        assert master.read_holding_registers(0x0200, 1) == [PROGRAM_3]
        assert master.write_single_coil(1, True)
        assert not master.write_single_coil(1, True)
        assert master.last_except == 6
        state = master.read_holding_registers(0x0030, 13)
        assert state[0] == 0x0300, "program 3"
        assert state[4] == 0x0200, "step 2, fill"
        assert master.read_holding_registers(0x0301, 40) == [0] * 40
        assert master.read_input_registers(0x0030, 13) is None
        assert master.last_except == 1
        assert master.write_single_coil(0, True)
        master.close()
