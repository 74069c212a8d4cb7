"""The witness tells what truly happened, between questions too, and changes nothing by telling."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from rig.twin.bench import TARGET_ANGLES
from rig.twin.emulators.pen_modbus import PenFirmware
from rig.twin.witness import Witness
from tests.support.controller import MM, Controller

RIM_MM = 42.317


class Watched(Controller):
    """A controller whose bench a witness watches."""

    def __init__(self, *overrides: str) -> None:
        super().__init__(*overrides)
        self.witness = Witness(self.bench, PenFirmware(self.bench))
        self.home()

    def told(self, question: bytes = b"state") -> dict[str, Any]:
        line: Any = self
        answer = asyncio.run(self.witness.answer(question, line))
        told: dict[str, Any] = json.loads(answer)
        return told

    def move(self, to_mm: float) -> None:
        self.ask(f"/1 1 move abs {round(to_mm * MM)}\n".encode())
        self.wait(5.0)

    def turn(self, target: str) -> None:
        self.ask(f"/1 2 move abs {round(TARGET_ANGLES[target] * 1000)}\n".encode())
        self.wait(2.0)


def test_a_push_that_nobody_looked_at_is_told() -> None:
    watched = Watched("nest.drift_mm=0.0", "stage.repeatability_mm=0.0")
    watched.move(RIM_MM + 0.03)
    watched.move(30.0)
    told = watched.told()
    assert told["largest_force_n"] == {"datum": pytest.approx(6.0, abs=0.5)}
    assert told["force_n"] < 1e-9
    assert told["highest_mm"] == pytest.approx(RIM_MM + 0.03, abs=1e-4)
    assert told["z_mm"] == pytest.approx(30.0, abs=1e-4)
    assert told["moving"] is False


def test_a_target_that_remembers_is_asked_when_it_is_turned_away() -> None:
    watched = Watched()
    watched.turn("anvil")
    watched.move(38.4)
    watched.move(30.0)
    watched.turn("datum")
    assert watched.told()["largest_force_n"]["anvil"] > 10.0


def test_turning_the_turret_high_up_is_told() -> None:
    watched = Watched()
    watched.turn("film")
    assert watched.told()["highest_while_turning_mm"] < 3.1
    watched.move(40.0)
    watched.ask(b"/1 2 move abs 90000\n")
    assert watched.told()["moving"] is True
    watched.wait(2.0)
    assert watched.told()["highest_while_turning_mm"] == pytest.approx(40.0, abs=1e-4)


def test_the_emergency_stop_is_pressed_and_released() -> None:
    watched = Watched()
    watched.ask(b"/1 1 move abs 900000\n")
    watched.wait(0.3)
    assert watched.told(b"press")["emergency_stop_pressed"] is True
    here_mm = watched.told()["z_mm"]
    watched.wait(3.0)
    assert watched.told()["z_mm"] == here_mm
    assert watched.ask(b"/1 1\n") == b"@01 1 OK IDLE FH 0\r\n"
    assert watched.told(b"release")["emergency_stop_pressed"] is False


def test_the_pens_state_is_told() -> None:
    watched = Watched()
    watched.bench.pen.start(watched.bench.time.now())
    watched.wait(1.0)
    pen = watched.told()["pen"]
    assert pen["running"] is True
    assert pen["active_crc"] > 0
    assert pen["unlocked"] is False


def test_asking_changes_nothing() -> None:
    asked, left_alone = Watched(), Watched()
    for watched in (asked, left_alone):
        for step in range(6):
            watched.move(RIM_MM - 0.01 + 0.002 * step)
            if watched is asked:
                watched.told()
    now_s = asked.bench.time.now()
    assert asked.bench.move_error_mm == left_alone.bench.move_error_mm
    assert asked.bench.z.position_at(now_s) == left_alone.bench.z.position_at(now_s)


def test_what_it_does_not_know_is_an_error() -> None:
    line: Any = None
    answer = asyncio.run(Watched().witness.answer(b"truth", line))
    assert answer == b"error: state, press or release\n"
