"""A twin that outlives the runs on it, looked at with nothing but sockets once a run has left it."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rig.product import load_product
from rig.station import STATIONS
from tests.support.command import ENVIRONMENT, PATIENCE_S, RIG, ROOT

READ_HOLDING = 3
MICROSTEP_MM = 4.7625e-5


class StandingTwin:
    """Where the instruments of a twin are, and what they say of themselves."""

    def __init__(self, process: subprocess.Popen[str], addresses: dict[str, str]) -> None:
        self.process, self.addresses = process, addresses
        self._modbus = load_product("office-pen").modbus

    def station_file(self, folder: Path, *changes: tuple[str, str]) -> Path:
        """Write the station file of a bench that happens to be this twin, after ``changes`` of its text."""
        return write_station(folder, self.addresses, *changes)

    def stage_mm(self) -> float:
        """Ask the stage where z is."""
        reply = self.ask("stage", b"/1 1 get pos\n")
        return int(reply.split()[5]) * MICROSTEP_MM

    def stage_is_idle(self) -> bool:
        """Ask the stage whether z stands still."""
        return self.ask("stage", b"/1 1\n").split()[3] == b"IDLE"

    def pen_register(self, name: str, words: int = 1) -> int:
        """Read a number from the pen."""
        _, host, port = self.addresses["pen_tcp"].split(":")
        address = self._modbus.registers[name].address
        body = struct.pack(">BBHH", self._modbus.device_id, READ_HOLDING, address, words)
        request = struct.pack(">HHH", 1, 0, len(body)) + body
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as pen:
            pen.sendall(request)
            reply = _receive(pen, 9 + 2 * words)
        assert reply[7] == READ_HOLDING, reply
        return int.from_bytes(reply[9:], "big")

    def ask(self, role: str, question: bytes) -> bytes:
        """Send a line to a role's TCP socket and return the line that comes back."""
        _, host, port, _ = self.addresses[role].split("::")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
            line.sendall(question)
            return line.makefile("rb").readline()


def write_station(folder: Path, addresses: dict[str, str], *changes: tuple[str, str]) -> Path:
    """Write the station file of a bench that happens to be a twin, after ``changes`` of its text."""
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[twin\]\n(.+\n)*", "", text)
    text = text.replace("code = 1\n", f'code = 1\nclock = "{addresses["clock"]}"\n', 1)
    text = re.sub(r'"twin:(\w+)"', lambda match: json.dumps(addresses[match[1]]), text)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def standing_twin(*arguments: str) -> Iterator[StandingTwin]:
    """Serve a twin with ``rig twin``; it ends with the block, quietly."""
    with subprocess.Popen(
        [*RIG, "twin", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=ROOT,
    ) as process:
        try:
            assert process.stdout is not None
            yield StandingTwin(process, json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, "", ""), (process.returncode, out, err)


def _receive(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = line.recv(count - len(data))
        assert piece, data
        data += piece
    return data
