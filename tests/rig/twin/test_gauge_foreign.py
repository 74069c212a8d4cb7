"""A client written from the manual alone, with plain pyserial, gets along with the emulated gauge."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
import serial

from rig.twin.emulators.gauge_mark10 import Mark10Emulator
from tests.support.serving import serving_one

POSIX_ONLY = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are a Unix matter")


@pytest.fixture(params=["tcp", pytest.param("pty", marks=POSIX_ONLY)])
def port(request: pytest.FixtureRequest) -> Iterator[serial.Serial]:
    """The gauge's port, opened as the manual says: 115200 baud, 8 data bits, no parity, 1 stop bit."""
    overrides = ["gauge.offset_n=1.25", "gauge.noise_n=0"]
    with serving_one(Mark10Emulator, request.param, world_overrides=overrides) as address:
        url = address if request.param == "pty" else f"socket://{address}"
        with serial.serial_for_url(url, baudrate=115200, timeout=5.0) as opened:
            yield opened


def ask(port: serial.Serial, request: bytes) -> str:
    port.write(request)
    return port.read_until(b"\r\n").decode("ascii")


def test_question_mark_returns_number_and_unit(port: serial.Serial) -> None:
    port.write(b"N\r\n")
    match = re.fullmatch(r"(-?\d+\.\d{2}) N\r\n", ask(port, b"?\r\n"))
    assert match is not None
    assert float(match[1]) == pytest.approx(1.25, abs=0.011)


def test_carriage_return_alone_ends_a_request(port: serial.Serial) -> None:
    assert ask(port, b"LIST\r").count(";") == 10


def test_zero_units_and_formats(port: serial.Serial) -> None:
    port.write(b"KG\r\nZ\r\nNUM\r\n")
    assert ask(port, b"?C\r\n") == "0.000\r\n"


def test_illegal_command(port: serial.Serial) -> None:
    assert ask(port, b"PLEASE\r\n") == "*10\r\n"


def test_many_requests_in_one_write_are_answered_in_order(port: serial.Serial) -> None:
    port.write(b"RN\rRM\rRV\r")
    assert [port.read_until(b"\r\n") for _ in range(3)] == [b"3772101\r\n", b"M5-10\r\n", b"1.00\r\n"]
