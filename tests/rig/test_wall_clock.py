"""A whole run on the clock on the wall, as on a real bench: seconds pass while nobody asks for a force."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.command import PASS, Said, rig, shown
from tests.support.fault_matrix import write_product
from tests.support.many_runs import NO_PICTURES
from tests.support.standing_twin import standing_twin

PATIENT = ("force_stale_s = 0.05", "force_stale_s = 0.25")
TIMES = 3
"""A machine that is busy with other things may stand still for longer than that, and the stage is stopped."""

CLOCK = "\nclock = "


@pytest.mark.skipif(sys.platform == "win32", reason="lines are ptys")
def test_a_run_on_the_wall_clock_passes(tmp_path: Path) -> None:
    for number in range(TIMES):
        said = run_on_the_wall(tmp_path / str(number))
        if said.status == PASS or "nothing else keeps this computer busy" not in said.text:
            break
    assert said.status == PASS, said
    view = shown(tmp_path / str(number))
    assert view["verdict"] == "PASS"
    assert view["wall_s"] >= view["takt_s"] > 10.0, "it took its time"


def run_on_the_wall(folder: Path) -> Said:
    """Run the plan on a twin of its own whose seconds are real ones."""
    folder.mkdir()
    product = write_product(folder)
    with standing_twin("--wall-clock", "--product", str(product)) as twin:
        station = twin.station_file(folder, PATIENT, (f'{CLOCK}"{twin.addresses["clock"]}"', ""))
        said = rig("run", "eol", "--station", station, "--product", product, "--runs", folder, *NO_PICTURES)
        assert twin.stage_is_idle()
        assert twin.pen_register("motor_speed_per_min") == 0
    return said
