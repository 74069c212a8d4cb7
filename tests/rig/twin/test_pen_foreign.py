"""The pen on real lines, judged by a Modbus master written by others, and by plain bytes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from rig.twin.emulators.pen_modbus import PenFirmware, RtuSlave, TcpSlave
from tests.support.serving import serving_one

needs_pty = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals exist on Unix only")


@pytest.fixture
def minimal() -> Iterator[object]:
    import minimalmodbus

    with serving_one(lambda bench: RtuSlave(PenFirmware(bench)), "pty") as path:
        master = minimalmodbus.Instrument(path, 1)
        master.serial.baudrate = 115200
        master.serial.timeout = 5.0
        yield master
        master.serial.close()


@needs_pty
def test_minimalmodbus_reads_and_writes(minimal) -> None:  # type: ignore[no-untyped-def]
    assert minimal.read_register(0) == 0x4E50
    assert minimal.read_string(1, 8).rstrip("\0") == "NP-250"
    assert minimal.read_register(48, 2, signed=True) == pytest.approx(21.3)
    minimal.write_register(40, 1500, functioncode=6)
    minimal.write_registers(40, [1250, 7000])
    assert minimal.read_registers(40, 2) == [1250, 7000]
    bank = minimal.read_registers(400, 100)
    assert minimal.read_long(84) == bank[31] << 16 | bank[32]


@needs_pty
def test_minimalmodbus_hears_refusals(minimal) -> None:  # type: ignore[no-untyped-def]
    import minimalmodbus

    minimal.serial.timeout = 0.25  # it waits that long, as an exception is shorter than what it asked for
    with pytest.raises(minimalmodbus.IllegalRequestError, match="data address"):
        minimal.read_register(21)
    with pytest.raises(minimalmodbus.IllegalRequestError, match="data value"):
        minimal.write_register(40, 2600, functioncode=6)
    with pytest.raises(minimalmodbus.SlaveReportedException):
        minimal.write_registers(200, [1, 2])
    with pytest.raises(minimalmodbus.IllegalRequestError, match="function"):
        minimal.read_bit(0)


@needs_pty
def test_minimalmodbus_hears_nothing_from_another_device(minimal) -> None:  # type: ignore[no-untyped-def]
    import minimalmodbus

    minimal.address, minimal.serial.timeout = 2, 0.1
    with pytest.raises(minimalmodbus.NoResponseError):
        minimal.read_register(0)


def test_two_requests_at_once_over_tcp_are_answered_in_order() -> None:
    with serving_one(lambda bench: TcpSlave(PenFirmware(bench))) as address:
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=5.0) as connection:
            connection.sendall(
                bytes.fromhex("0007 0000 0006 01 03 0000 0001  0008 0000 0006 01 06 0022 00FF")
            )
            answer = b""
            while len(answer) < 23:
                answer += connection.recv(100)
    assert answer == bytes.fromhex("0007 0000 0005 01 03 02 4E50  0008 0000 0006 01 06 0022 00FF")


def test_pymodbustcp_reads_writes_and_hears_refusals() -> None:
    from pyModbusTCP.client import ModbusClient

    with serving_one(lambda bench: TcpSlave(PenFirmware(bench))) as address:
        host, _, port = address.rpartition(":")
        master = ModbusClient(host=host, port=int(port), unit_id=1, timeout=5.0)
        assert master.open()
        assert master.read_holding_registers(0, 1) == [0x4E50]
        assert master.write_single_register(40, 1500)
        assert master.write_multiple_registers(40, [1250, 7000])
        assert master.read_holding_registers(40, 2) == [1250, 7000]
        assert master.read_holding_registers(21, 1) is None
        assert master.last_except == 2
        assert not master.write_single_register(40, 2600)
        assert master.last_except == 3
        assert master.read_holding_registers(40, 1) == [1250], "a refused depth changes nothing"
        master.close()
