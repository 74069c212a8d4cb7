"""A station that stands on another: its own keys hold, all others are the base's, and both are on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import ConfigError
from rig.fixtures.configuration import files_of_run, identify
from rig.fixtures.plan import PLANS
from rig.records.store import Store
from rig.records.view import fold
from rig.reprocess.configuration import configuration_of
from rig.station import STATIONS, load_station
from tests.support.command import PASS, rig
from tests.support.many_runs import NO_PICTURES

OWN = 'name = "mine"\nbase = "twin"\n\n[nest]\nrim_mm = 42.4\n'


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_own_keys_hold_and_others_are_the_base_s(tmp_path: Path) -> None:
    station, base = load_station(str(written(tmp_path, OWN))), load_station("twin")
    assert (station.name, station.nest.rim_mm) == ("mine", 42.4)
    assert station.nest == base.nest.model_copy(update={"rim_mm": 42.4})
    assert (station.instruments, station.safety, station.twin) == (base.instruments, base.safety, base.twin)


def test_a_base_by_path_is_sought_beside_the_file(tmp_path: Path) -> None:
    written(tmp_path, (STATIONS / "twin.toml").read_text(), "below.toml")
    station = load_station(str(written(tmp_path, OWN.replace('"twin"', '"below.toml"'))))
    assert station.nest.safe_mm == load_station("twin").nest.safe_mm


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"twin"', '"nope"', "unknown station 'nope'"),
        ('"twin"', '"twin-attended"', "stands on twin, expected one by itself"),
        ('"twin"', '"./gone.toml"', "no such file"),
        ('"twin"', "3", r"base: got 3, expected a station by name"),
        ("rim_mm", "rim_nm", r"mine.toml on .*nest.rim_nm: unknown key"),
    ],
)
def test_a_wrong_base_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_station(str(written(tmp_path, OWN.replace(old, new))))


def test_both_files_are_of_the_run(tmp_path: Path) -> None:
    mine = written(tmp_path, OWN)
    files = files_of_run(
        PLANS / "eol",
        "eol",
        station=("mine", str(mine)),
        product=("NP-250", "office-pen"),
        world="",
        runs=tmp_path,
    )
    found = [file for file in files if file.what == "station"]
    assert [file.name for file in found] == ["twin-1", "mine"]
    assert [identify(path) for path in (STATIONS / "twin.toml", mine)] == found


def test_a_run_is_evaluated_again_with_both(tmp_path: Path) -> None:
    """Also where the files are gone by then."""
    mine, runs = written(tmp_path, OWN), tmp_path / "runs"
    said = rig("run", "eol", "--station", mine, "--runs", runs, *NO_PICTURES)
    assert said.status == PASS, said
    wanted = load_station(str(mine))
    mine.unlink()
    with Store(runs, create=False) as store:
        view = fold(store.events(store.find_run("last")))
    assert len([file for file in view.configurations if file["what"] == "station"]) == 2
    assert configuration_of(view, runs).station == wanted
    assert rig("reprocess", "last", "--runs", runs).status == PASS
