"""Bad input: a sentence that names what is wrong and what was expected, and nothing half-done.

Exit status 3 where the run does not start, 2 where the rig breaks, and never a traceback: every command
here goes through :func:`tests.support.command.rig`, which looks.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.fixtures.plan import PLANS
from rig.product import PRODUCTS
from rig.station import STATIONS
from tests.support.command import BROKE, FAIL, REFUSED, rig, run_eol, shown, verdicts
from tests.support.many_runs import NO_PICTURES
from tests.support.standing_twin import StandingTwin, standing_twin

Edit = Callable[[str], str]
SMALL_FILES = 150_000  # bytes: the record's log passes this after the first dozen results


def replaced(old: str, new: str) -> Edit:
    """Return an edit that replaces the first ``old``."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def edited(path: Path, folder: Path, edit: Edit) -> Path:
    """Return a copy of a TOML file, edited."""
    copy = folder / path.name
    copy.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


# Before anything is opened: configuration


def several_wrong(text: str) -> str:
    """A misspelt key, a word for a number, a number out of range, and a certificate left out."""
    text = text.replace('model = "M5-10"', 'modell = "M5-10"')
    text = text.replace("highest_mm = 43.2", 'highest_mm = "up"').replace("rim_mm = 42.3", "rim_mm = -1")
    return re.sub(r"\[instruments.counter.certificate\]\n(.+\n)*", "", text)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            several_wrong,
            [
                "instruments.force_gauge.model: missing",
                "instruments.force_gauge.modell: unknown key (value 'M5-10')",
                "instruments.counter.certificate: missing",
                "nest.rim_mm: got -1, expected greater than 0",
                "safety.highest_mm: got 'up', expected a valid number",
            ],
        ),
        (replaced("2099-12-31", "2025-06-30"), ["stage: certificate SIM-L-0001", "to 2025-06-30, today"]),
        (replaced("time_base_u = 1.0e-7", "other = 1.0"), ["certificate of counter stating time_base_u"]),
        (lambda text: "name = [", ["not TOML"]),
    ],
    ids=["wrong keys", "expired", "no figure", "not TOML"],
)
def test_wrong_station_file(tmp_path: Path, edit: Edit, words: list[str]) -> None:
    station = edited(STATIONS / "twin.toml", tmp_path, edit)
    said = run_eol(tmp_path / "runs", "--station", station)
    assert said.status == REFUSED, said
    assert all(word in said.text for word in words), said
    assert not verdicts(tmp_path / "runs")


def test_wrong_product_file(tmp_path: Path) -> None:
    product = edited(PRODUCTS / "office-pen.toml", tmp_path, replaced("maximum_mm = 2.5", "maximum_mm = 0.2"))
    said = run_eol(tmp_path / "runs", "--product", product)
    assert said.status == REFUSED, said
    assert str(product) in said.text
    assert not verdicts(tmp_path / "runs")


def test_set_point_outside_the_range(tmp_path: Path) -> None:
    product = edited(PRODUCTS / "office-pen.toml", tmp_path, replaced("1.75, 2.5]", "1.75, 2.75]"))
    said = run_eol(tmp_path / "runs", "--product", product)
    assert said.status == REFUSED, said
    assert "2.75" in said.text
    assert str(product) in said.text


def test_wrong_plan_file(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(PLANS / "eol", plan, ignore=shutil.ignore_patterns("__pycache__"))
    edited(PLANS / "eol" / "plan.toml", plan, replaced('"seal.leak"', '"seal.leek"'))
    said = rig("run", plan, "--runs", tmp_path / "runs")
    assert said.status == REFUSED, said
    assert "seal.leek" in said.text
    assert "seal.leak" in said.text, "the message lists what there is"


def test_plan_that_python_cannot_read_says_nothing_about_the_pen(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(PLANS / "eol", plan, ignore=shutil.ignore_patterns("__pycache__"))
    (plan / "test_eol.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    said = rig("run", plan, "--runs", tmp_path / "runs")
    assert said.status == BROKE, said
    assert "no_such_module_anywhere" in said.text
    assert shown(tmp_path / "runs")["verdict"] == "ERROR"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--product", "nope"], "unknown product 'nope', expected one of: compact-pen, office-pen"),
        (["--station", "nope"], "unknown station 'nope', expected one of: twin"),
        (["--world", "nope"], "unknown world 'nope', expected one of: bent-needle"),
        (["--set", "pen.depth.gian=1"], "pen.depth.gian: unknown key (value 1)"),
        (["--set", "nonsense"], "--set 'nonsense', expected key=value, such as pen.depth.gain=1.03"),
        (["--pen", "NP12"], "'NP12', expected one like NP000001"),
        (["--nonsense"], "--nonsense"),
        (["--", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["--", "-k", "not ("], "not ("),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_option(tmp_path: Path, arguments: list[str], words: str) -> None:
    said = run_eol(tmp_path / "runs", *arguments)
    assert said.status == REFUSED, said
    assert words in said.text, said
    assert set(verdicts(tmp_path / "runs")) <= {"REFUSED"}


def test_unknown_plan() -> None:
    said = rig("run", "nope")
    assert said.status == REFUSED
    assert "unknown plan 'nope', expected one of: eol" in said.text


def test_listing_tests_is_not_a_run(tmp_path: Path) -> None:
    said = run_eol(tmp_path / "runs", "--", "--collect-only", "-q")
    assert said.status == REFUSED
    assert "test_pouch_is_sealed" in said.text
    assert not verdicts(tmp_path / "runs")


def test_measuring_nothing_is_no_pass(tmp_path: Path) -> None:
    said = run_eol(tmp_path / "runs", "--", "-k", "nothing_is_called_this")
    assert said.status == FAIL
    assert "seal.leak was not measured" in said.text


# Instruments: who answers, and whether


@pytest.fixture(scope="module")
def twin() -> Iterator[StandingTwin]:
    with standing_twin() as standing:
        yield standing


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'serial = "3772101"',
            'serial = "1"',
            "force_gauge: model 'M5-10', serial number '3772101' answered",
        ),
        (
            'model = "53230A"',
            'model = "53220A"',
            "counter: model '53230A', serial number 'MY63260252' answered",
        ),
        ('"mark10-gcl2"', '"nope"', "unknown driver 'nope', expected one of: ateq-"),
        ("{ filter = 4 }", "{ nope = 4 }", "force_gauge: driver mark10-gcl2 does not take these options"),
    ],
    ids=["serial", "model", "driver", "options"],
)
def test_wrong_instrument_moves_nothing(
    twin: StandingTwin, tmp_path: Path, old: str, new: str, words: str
) -> None:
    before = twin.stage_mm()
    said = run_eol(tmp_path / "runs", "--station", twin.station_file(tmp_path, (old, new)))
    assert said.status == REFUSED, said
    assert words in said.text, said
    assert shown(tmp_path / "runs")["verdict"] == "REFUSED"
    assert twin.stage_mm() == before


def test_world_on_a_real_station(twin: StandingTwin, tmp_path: Path) -> None:
    said = run_eol(tmp_path / "runs", "--station", twin.station_file(tmp_path), "--world", "nominal")
    assert said.status == REFUSED
    assert "station twin-1 is real, expected no --world, --set, --fault or --seed with it" in said.text


def test_another_pen_than_was_scanned(twin: StandingTwin, tmp_path: Path) -> None:
    station = twin.station_file(tmp_path)
    said = run_eol(tmp_path / "runs", "--station", station, "--pen", "NP000002")
    assert said.status == REFUSED, said
    assert "serial number 'NP000001' answered, expected" in said.text
    assert "'NP000002'" in said.text


@pytest.mark.parametrize("kind", ["mute", "closed"])
def test_instrument_that_does_not_answer(twin: StandingTwin, tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"TCPIP0::127.0.0.1::{mute.getsockname()[1]}::SOCKET"
        if kind == "closed":
            mute.close()
        station = twin.station_file(tmp_path, (twin.addresses["counter"], address))
        station.write_text(station.read_text().replace("timeout_s = 3.0", "timeout_s = 0.1"))
        said = run_eol(tmp_path / "runs", "--station", station)
    assert said.status == BROKE, said
    assert "counter: " in said.text
    assert address in said.text
    assert "Check" in said.text
    view = shown(tmp_path / "runs")
    assert view["verdict"] == "ERROR"
    assert not view["measurements"]


# The record: where it cannot be kept


def test_runs_path_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    for command in (("run", "eol"), ("list",), ("show",)):
        said = rig(*command, "--runs", tmp_path / "runs")
        assert said.status == REFUSED
        assert str(tmp_path / "runs") in said.text


def test_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_text("no database at all" * 100, encoding="ascii")
    for command in (("run", "eol"), ("list",), ("show",)):
        said = rig(*command, "--runs", tmp_path)
        assert said.status == REFUSED
        assert "records.sqlite" in said.text
        assert "move it away, or choose another folder with --runs" in said.text


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file permissions of Unix")
def test_folder_that_is_read_only(tmp_path: Path) -> None:
    place = Path("/proc/self") if os.geteuid() == 0 else tmp_path  # root may write anywhere but there
    tmp_path.chmod(0o555)
    said = run_eol(place / "runs")
    assert said.status == REFUSED
    assert "the record cannot be opened" in said.text
    assert "choose another with --runs" in said.text


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
def test_disk_that_fills_up_during_the_run(tmp_path: Path) -> None:
    """No file may grow beyond a limit, which to the record is the same as a full disk."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILES, SMALL_FILES))

    said = rig("run", "eol", "--runs", tmp_path / "runs", *NO_PICTURES, preexec_fn=limit)
    assert said.status == BROKE, said
    assert "the record cannot be written" in said.text
    assert "choose another folder with --runs" in said.text
    assert shown(tmp_path / "runs")["verdict"] in ("UNFINISHED", "ERROR")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_does_not_decide(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rig", "run", "eol", "--runs", str(tmp_path), "--world", "used-tip"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == FAIL, done
    assert shown(tmp_path)["verdict"] == "FAIL"
