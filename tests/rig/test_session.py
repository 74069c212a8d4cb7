"""A station for people who type: what it measures and refuses, and that it leaves no bench unsafe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rig
from rig.errors import ConfigError, EmergencyStopped, RefusedToStart, RigError
from rig.session import Session
from rig.station import load_station
from rig.studies.measurands import MEASURANDS
from tests.support.command import ENVIRONMENT, PASS, PATIENCE_S, ROOT
from tests.support.command import rig as command
from tests.support.processes import LINUX, marked, started_by
from tests.support.standing_twin import standing_twin


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with rig.open_station("twin", seed=3) as session:
        yield session


def test_it_measures_by_name_at_a_setting(session: Session) -> None:
    slow = session.measure("extension", depth_mm=0.5, rate_per_min=5000.0)
    fast = session.measure("extension", depth_mm=0.5, rate_per_min=9000.0)
    assert slow.unit == "mm"
    assert slow.value == pytest.approx(0.55, abs=0.05)  # the nominal pen reaches a little too far
    assert 0.0 < fast.value - slow.value < 0.05  # and farther at speed
    assert 0.0 < slow.U < 0.005


def test_what_is_shared_is_measured_once(session: Session) -> None:
    first = session.measure("rim_datum")
    before_s = session.bench.clock.now()
    assert session.measure("rim_datum") is first
    assert session.bench.clock.now() == before_s


@pytest.mark.parametrize(
    ("measurand", "setting", "told"),
    [
        ("colour", {}, "measurand 'colour', expected one of: .*extension"),
        ("extension", {"depth_mm": 3.0}, "a set depth of 3 mm, expected 0 to 2.5 mm"),
        ("extension", {"depth_mm": float("nan")}, "a set depth of nan mm"),
        ("extension", {"rate_per_min": 12000.0}, "a set rate of 12000 /min, expected 5000 to 9000"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_moves(
    session: Session, measurand: str, setting: dict[str, float], told: str
) -> None:
    before_s = session.bench.clock.now()
    with pytest.raises(ConfigError, match=told):
        session.measure(measurand, **setting)
    assert session.bench.clock.now() == before_s


def test_a_measurement_that_breaks_off_leaves_the_bench_safe(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(bout: object, setting: object) -> None:
        session.bench.stage.move_to("z", session.bench.station.nest.safe_mm + 1.0)
        raise KeyboardInterrupt

    monkeypatch.setitem(MEASURANDS, "breaks", type(MEASURANDS["leak"])("", "", breaks, breaks, 1.0))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        session.measure("breaks")
    safe_mm = session.bench.station.nest.safe_mm
    assert session.bench.stage.position("z") == pytest.approx(safe_mm, abs=0.001)
    assert session.measure("rate", depth_mm=2.0).value == pytest.approx(7000.0, rel=0.01)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"station": "moon"}, "unknown station 'moon'"),
        ({"product": "moon"}, "unknown product 'moon'"),
        ({"world": "moon"}, "unknown world 'moon'"),
        ({"overrides": ["pen.dept.gain=1"]}, "pen.dept"),
        ({"overrides": "pen.depth.gain=1.03"}, "expected a list"),
    ],
)
def test_a_station_that_cannot_be_opened_says_why(options: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        rig.open_station(**options)


def test_closing_twice_is_harmless_and_a_closed_one_measures_nothing() -> None:
    session = rig.open_station("twin")
    assert "open" in repr(session)
    session.close()
    session.close()
    assert repr(session).endswith("closed>")
    with pytest.raises(RefusedToStart, match="the session is closed"):
        session.measure("rate")
    with pytest.raises(RigError):
        session.bench.stage.position("z")


def test_an_emergency_stop_is_latched_for_the_next_session(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    pressed = ['faults=["stage.emergency_stop@2s"]']
    with rig.open_station("twin", overrides=pressed, runs=runs) as session:
        assert not runs.exists()  # as long as nothing is stopped, nothing is written
        with pytest.raises(EmergencyStopped):
            session.measure("extension", depth_mm=0.5)
        with pytest.raises(RefusedToStart, match="was stopped and nobody has reset it"):
            session.measure("rate")
    with pytest.raises(RefusedToStart, match=r"was stopped and nobody has reset it: .*emergency stop"):
        rig.open_station("twin", runs=runs)
    reset = command("reset", "--by", "A. Keller", "--reason", "the guard was open", "--runs", runs)
    assert reset.status == PASS, reset
    with rig.open_station("twin", runs=str(runs)) as session:
        assert session.bench.emergency_stop is None


def test_an_emergency_stop_that_is_met_while_a_session_closes_is_latched(tmp_path: Path) -> None:
    session = rig.open_station("twin", overrides=['faults=["stage.emergency_stop@2s"]'], runs=tmp_path)
    session.bench.clock.sleep(3.0)
    session.close()
    with pytest.raises(RefusedToStart, match="was stopped and nobody has reset it"):
        rig.open_station("twin", runs=tmp_path)


FORGOTTEN = """
import rig
session = rig.open_station({station!r})
session.bench.stage.move_to("z", session.bench.station.nest.safe_mm + 1.0)
session.bench.pen.start()
{last_line}
"""


@pytest.mark.parametrize(("last_line", "status"), [("", 0), ("raise ValueError('mine')", 1)])
def test_the_bench_is_made_safe_when_python_ends_without_closing_it(
    tmp_path: Path, last_line: str, status: int
) -> None:
    with standing_twin() as twin:
        done = run(FORGOTTEN.format(station=str(twin.station_file(tmp_path)), last_line=last_line))
        assert done.returncode == status, done.stderr
        assert ("ValueError: mine" in done.stderr) == bool(status)
        assert twin.stage_mm() <= load_station("twin").nest.safe_mm + 0.001
        assert twin.pen_register("motor_speed_per_min") == 0


@pytest.mark.skipif(not LINUX, reason="only Linux tells when another's child has ended")
def test_no_twin_outlives_python(tmp_path: Path) -> None:
    mark = str(tmp_path)
    done = run("import rig\nsession = rig.open_station()\nraise ValueError('mine')", env=marked(mark))
    assert done.returncode == 1
    assert started_by(mark) == []


def run(script: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
        **{"env": ENVIRONMENT, "cwd": ROOT, **options},
    )
