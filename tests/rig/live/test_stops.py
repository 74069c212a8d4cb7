"""Who stopped a run from elsewhere is on record where it could be written, and the stop waits for nothing."""

from __future__ import annotations

from pathlib import Path

from rig.live.reading import FOLDER
from rig.live.stops import say_who_stops, who_stopped

RUN = "20261122T103000Z-NP000001-3f9a"


def test_the_first_who_says_so_stopped_it(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    assert who_stopped(tmp_path, RUN) == ""
    say_who_stops(tmp_path, RUN, "ada")
    say_who_stops(tmp_path, RUN, "ben")
    assert who_stopped(tmp_path, RUN) == "ada"
    assert who_stopped(tmp_path, RUN + "0") == ""


def test_a_stop_that_nobody_can_sign_is_still_one(tmp_path: Path) -> None:
    say_who_stops(tmp_path / "nowhere", RUN, "ada")
    assert who_stopped(tmp_path / "nowhere", RUN) == ""
