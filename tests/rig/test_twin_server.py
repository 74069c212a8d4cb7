"""``rig twin`` from outside: one line of addresses, then instruments, until it is stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ENVIRONMENT, PASS, PATIENCE_S, REFUSED, RIG, ROOT, rig
from tests.support.standing_twin import StandingTwin, standing_twin

ROLES = {"stage", "force_gauge_tcp", "counter", "supply", "pen_tcp", "leak_tester_tcp", "clock", "witness"}
SERIAL_ROLES = {"stage_serial", "force_gauge", "pen", "leak_tester"}


@pytest.fixture(scope="module")
def twin() -> Iterator[StandingTwin]:
    with standing_twin("--set", "pen.firmware.serial=NP000777") as standing:
        yield standing


def test_first_line_names_every_role(twin: StandingTwin) -> None:
    assert set(twin.addresses) == ROLES | (SERIAL_ROLES if os.name == "posix" else set())


def test_stage_answers(twin: StandingTwin) -> None:
    assert twin.ask("stage", b"/1 0 get device.id\n").split()[5] == b"30222"


def test_gauge_answers(twin: StandingTwin) -> None:
    assert twin.ask("force_gauge_tcp", b"?\r").rstrip().endswith(b" lbF")  # as it is switched on


def test_counter_answers(twin: StandingTwin) -> None:
    assert b",53230A,MY63260252," in twin.ask("counter", b"*IDN?\n")


def test_supply_answers(twin: StandingTwin) -> None:
    assert b",E36312A,MY59002187," in twin.ask("supply", b"*IDN?\n")


def test_pen_answers(twin: StandingTwin) -> None:
    assert twin.pen_register("map_id") == 0x4E50
    assert twin.pen_register("serial", words=8).to_bytes(16, "big").rstrip(b"\0 ") == b"NP000777"


def test_virtual_clock_sleeps_at_once(twin: StandingTwin) -> None:
    host, port = twin.addresses["clock"].split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
        answers = line.makefile("rb")
        line.sendall(b"now\nsleep 86400\nfoo\n")
        before, after = float(answers.readline()), float(answers.readline())
        assert after - before == pytest.approx(86400, abs=1e-3)
        assert answers.readline().startswith(b"error")


@pytest.mark.skipif(os.name != "posix", reason="ptys exist on Unix only")
@pytest.mark.parametrize(
    ("role", "question", "ending"),
    [("stage_serial", b"/1 0 get device.id\n", b"30222\r\n"), ("force_gauge", b"?\r", b" lbF\r\n")],
)
def test_serial_lines_answer(twin: StandingTwin, role: str, question: bytes, ending: bytes) -> None:
    path = twin.addresses[role].removeprefix("ASRL").removesuffix("::INSTR")
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(line, question)
        answer = b""
        while not answer.endswith(b"\n"):
            assert select.select([line], [], [], PATIENCE_S)[0]
            answer += os.read(line, 100)
    finally:
        os.close(line)
    assert answer.endswith(ending)


def test_wall_clock_takes_its_time() -> None:
    with standing_twin("--wall-clock") as slow:
        host, port = slow.addresses["clock"].split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
            answers = line.makefile("rb")
            line.sendall(b"now\nnow\nsleep 0.05\n")
            first, second, slept = (float(answers.readline()) for _ in range(3))
    assert first < second, "time passes by itself"
    assert slept >= second + 0.05


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_quietly(number: signal.Signals) -> None:
    command = [*RIG, "twin", "--product", "compact-pen", "--seed", "3"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        json.loads(process.stdout.readline())
        process.send_signal(number)
        assert process.communicate(timeout=PATIENCE_S) == (b"", b"")
    assert process.returncode == PASS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--world", "nope"), "unknown world 'nope', expected one of: bent-needle, drifting-gauge"),
        (("--set", "pen.depth.gain=-1"), "pen.depth.gain: got -1, expected greater than 0"),
        (("--product", "nope"), "unknown product 'nope'"),
        (("--seed", "x"), "'--seed'"),
    ],
)
def test_wrong_world_is_refused(arguments: tuple[str, ...], words: str) -> None:
    said = rig("twin", *arguments)
    assert said.status == REFUSED
    assert words in said.text
    assert not said.out


def test_world_file_is_read(tmp_path: Path) -> None:
    world = tmp_path / "mine.toml"
    world.write_text("[stage]\nserial = 4711\n", encoding="utf-8")
    with standing_twin("--world", str(world)) as mine:
        assert mine.ask("stage", b"/1 0 get system.serial\n").split()[5] == b"4711"
