"""A whole run on the clock on the wall, as on a bench of metal: seconds pass while nobody asks for a force."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.command import PASS, rig, shown
from tests.support.fault_matrix import write_product
from tests.support.many_runs import NO_PICTURES
from tests.support.standing_twin import standing_twin

PATIENT = ("force_stale_s = 0.05", "force_stale_s = 1.0")
"""A machine that is busy with other things may stand still for longer than a station's 50 ms."""

CLOCK = "\nclock = "


@pytest.mark.skipif(sys.platform == "win32", reason="lines are ptys")
def test_a_run_on_the_wall_clock_passes(tmp_path: Path) -> None:
    product = write_product(tmp_path)
    with standing_twin("--wall-clock", "--product", str(product)) as twin:
        station = twin.station_file(tmp_path, PATIENT, (f'{CLOCK}"{twin.addresses["clock"]}"', ""))
        said = rig(
            "run", "eol", "--station", station, "--product", product, "--runs", tmp_path / "runs", *NO_PICTURES
        )
        assert said.status == PASS, said
        assert twin.stage_is_idle()
        assert twin.pen_register("motor_speed_per_min") == 0
    view = shown(tmp_path / "runs")
    assert view["verdict"] == "PASS"
    assert view["wall_s"] >= view["takt_s"] > 10.0, "it took its time"
    assert not [note for note in view["notes"] if "the stage was stopped" in note["text"]]
