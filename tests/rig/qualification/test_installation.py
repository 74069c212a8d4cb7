"""The checks of an installation find what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.qualification import installation as checks
from rig.qualification.check import Check, CheckVerdict
from rig.qualification.installation import LOCK, installation
from rig.records.store import Store
from rig.station import STATIONS, Station, load_station
from tests.support.records import begin_run


def made(runs: Path, station: Station | None = None) -> dict[str, Check]:
    return {check.what: check for check in installation(station or load_station("twin"), runs)}


def changed_station(folder: Path, old: str, new: str) -> Station:
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "changed.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_station(str(path))


def test_this_installation_is_as_it_should_be(tmp_path: Path) -> None:
    found = made(tmp_path)
    of_the_tree = found.pop("The package's own files")
    assert "SHA-256 over files" in of_the_tree.got  # a tree that is being worked on is not released
    assert found.pop("Records of the station").verdict is CheckVerdict.NOT_DONE
    assert {check.verdict for check in found.values()} == {CheckVerdict.PASS}, found


def test_another_version_than_the_pinned_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        LOCK.read_text(encoding="utf-8") + "typer==0.0.1\nno-such-package==1.0\n", encoding="utf-8"
    )
    monkeypatch.setattr(checks, "LOCK", lock)
    check = made(tmp_path)["Every pinned package"]
    assert check.verdict is CheckVerdict.FAIL
    assert "for 0.0.1" in check.got
    assert "no-such-package missing for 1.0" in check.got


def test_a_certificate_past_its_date_fails(tmp_path: Path) -> None:
    station = changed_station(tmp_path, "2099-12-31", "2025-12-31")
    check = made(tmp_path, station)["Certificates of the station"]
    assert check.verdict is CheckVerdict.FAIL
    assert "to 2025-12-31" in check.got


def test_a_driver_that_is_not_installed_fails(tmp_path: Path) -> None:
    station = changed_station(tmp_path, '"zaber-ascii"', '"somebody-elses"')
    check = made(tmp_path, station)["Drivers that the station names"]
    assert check.verdict is CheckVerdict.FAIL
    assert "somebody-elses" in check.got


def test_a_record_without_its_heads_is_not_whole(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        begin_run(store)
    assert made(tmp_path)["Records of the station"].verdict is CheckVerdict.PASS
    (tmp_path / "heads.txt").unlink()
    assert made(tmp_path)["Records of the station"].verdict is CheckVerdict.FAIL


def test_a_clock_behind_the_record_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta

    began, monotonic = datetime(2020, 1, 1, tzinfo=UTC), checks.time.monotonic
    zero_s = monotonic()
    monkeypatch.setattr(checks, "wall_utc", lambda: began + timedelta(seconds=monotonic() - zero_s))
    with Store(tmp_path) as store:
        begin_run(store)
    assert made(tmp_path)["Clock of this computer"].verdict is CheckVerdict.FAIL
