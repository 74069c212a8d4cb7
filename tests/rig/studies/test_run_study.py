"""Studies as people run them: to the end, stopped and gone on with, and refused before anything moves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from rig.errors import ConfigError, RefusedToStart
from rig.records.store import Store
from rig.records.studies import read_study
from rig.station import STATIONS
from rig.studies.journal import Journal, PointResult, only_one
from rig.studies.measurands import MEASURANDS
from rig.studies.run_study import run_study
from rig.studies.study_file import load_study
from tests.support.command import (
    BROKE,
    ENVIRONMENT,
    PASS,
    PATIENCE_S,
    REFUSED,
    RIG,
    ROOT,
    TRACEBACK,
    rig,
    within,
)
from tests.support.processes import LINUX, ends, marked, started_by
from tests.support.small_study import SMALL

FAILING = """
sets = "world.contact.wire_open"
levels = [true, false]

[factors.again]
sets = "hand"
levels = [1, 2, 3, 4, 5]"""


def small(folder: Path, *replacements: tuple[str, str]) -> Path:
    text = SMALL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    file = folder / "small.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study that was run to its end by the command."""
    folder = tmp_path_factory.mktemp("study")
    said = rig("study", "run", small(folder), "--out", folder / "out", "--jobs", "2")
    assert said.status == PASS, said
    assert "4 points" in said.text
    assert "extension: 4 points for 2 factors, expected" in said.out
    return folder / "out"


def results(folder: Path) -> pd.DataFrame:
    """What was found, without when."""
    return read_study(folder).frame.drop(columns="at")


def test_its_tables_hold_a_row_a_point_and_response(finished: Path) -> None:
    csv, parquet = pd.read_csv(finished / "results.csv"), pd.read_parquet(finished / "results.parquet")
    assert len(csv) == len(parquet) == 4 * 2
    assert set(csv["response"]) == {"extension", "rate"}
    extension = csv[csv["response"] == "extension"]
    # The nominal pen reaches about as far as it is told to, and a little farther at speed.
    assert (extension["value"] - extension["depth"]).between(0.0, 0.12).all()
    assert (csv["U"] > 0).all()
    assert csv["problem"].isna().all()


def test_its_plots_and_models_lie_beside_the_tables(finished: Path) -> None:
    models = json.loads((finished / "models.json").read_text(encoding="utf-8"))
    # Four points are too few to tell effects from scatter: said, not fitted.
    assert models["models"] == []
    assert "expected" in models["problems"][0]


def test_the_same_command_again_measures_nothing_twice(finished: Path) -> None:
    with Store(finished, create=False) as store:
        before = store.head()
    study = finished.parent / "small.toml"
    said = rig("study", "run", study, "--out", finished, "--json")
    assert said.status == PASS
    assert "4 of them measured before" in said.text
    with Store(finished, create=False) as store:
        assert store.head() == before


def test_a_study_stopped_midway_goes_on_without_losing_or_repeating_a_point(
    finished: Path, tmp_path: Path
) -> None:
    study, measured = load_study(str(finished.parent / "small.toml")), []

    def interrupted(result: PointResult) -> None:
        measured.append(result.point.number)
        if len(measured) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path, progress=interrupted)
    assert not read_study(tmp_path).ended
    view = run_study(study, tmp_path, progress=lambda result: measured.append(result.point.number))
    assert view.ended
    assert sorted(measured) == [0, 1, 2, 3]
    # One at a time gives what two at a time gave.
    pd.testing.assert_frame_equal(results(tmp_path), results(finished))


def test_a_study_whose_process_was_killed_goes_on(finished: Path, tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from rig.studies.run_study import run_study\n"
        "from rig.studies.study_file import load_study\n"
        "run_study(load_study(sys.argv[1]), Path(sys.argv[2]),\n"
        "          progress=lambda result: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    study = finished.parent / "small.toml"
    done = subprocess.run(
        [sys.executable, "-c", killed, str(study), str(tmp_path)], env=ENVIRONMENT, cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert len(read_study(tmp_path).frame) == 2  # one point, two responses
    run_study(load_study(str(study)), tmp_path)
    pd.testing.assert_frame_equal(results(tmp_path), results(finished))


def test_a_point_that_fails_is_recorded_and_the_study_goes_on(tmp_path: Path) -> None:
    # Without a conducting wire no stroke is ever seen.
    wire = (
        'sets = "setting.rate_per_min"\nlevels = [5000, 9000]',
        'sets = "world.contact.wire_open"\nlevels = [false, true]',
    )
    said = within("study", "run", small(tmp_path, wire), "--out", tmp_path / "out")
    assert said.status == PASS
    frame = read_study(tmp_path / "out").frame
    broken = frame[frame["rate"]]
    assert broken["value"].isna().all()
    assert broken["problem"].str.contains("contact|gauge").all()
    assert frame[~frame["rate"].astype(bool)]["value"].notna().all()
    assert "results are missing" in said.text


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_emergency_stop_ends_a_study_and_is_latched(tmp_path: Path, jobs: int) -> None:
    pressed = tmp_path / "pressed.toml"
    pressed.write_text('faults = ["stage.emergency_stop@2s"]\n', encoding="utf-8")
    study = small(tmp_path, ('name = "small"', f'name = "small"\nworld = {json.dumps(str(pressed))}'))
    asked = ("study", "run", study, "--out", tmp_path / "out", "--runs", tmp_path / "runs")
    stopped = within(*asked, "--jobs", str(jobs))
    assert stopped.status == BROKE, stopped
    assert "emergency stop" in stopped.text
    assert read_study(tmp_path / "out").frame.empty  # what was broken off is measured again

    refused = within(*asked)
    assert refused.status == REFUSED
    assert "was stopped and nobody has reset it" in refused.text
    assert rig("run", "eol", "--runs", tmp_path / "runs").status == REFUSED

    pressed.write_text("", encoding="utf-8")
    seen_to = ("--by", "A. Keller", "--reason", "the guard was open", "--runs", tmp_path / "runs")
    assert within("reset", *seen_to).status == PASS
    assert within(*asked).status == PASS
    assert len(read_study(tmp_path / "out").frame) == 8


def test_two_processes_cannot_run_one_study_at_once(tmp_path: Path) -> None:
    study = load_study(str(small(tmp_path)))
    with only_one(tmp_path / "out"), pytest.raises(RefusedToStart, match="running already"):
        run_study(study, tmp_path / "out")


def test_a_changed_study_does_not_go_on_in_the_old_ones_folder(tmp_path: Path) -> None:
    Journal(tmp_path / "out", load_study(str(small(tmp_path)))).close()
    changed = load_study(str(small(tmp_path, ("[0.5, 2.0]", "[0.5, 1.0]"))))
    with pytest.raises(ConfigError, match=r"another study: factors.depth.levels was \[0.5, 2.0\], is"):
        Journal(tmp_path / "out", changed)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["extension", "rate"]', '["extension", "colour"]', "responses: colour, expected some of"),
        ("levels = [0.5, 2.0]", "levels = [0.5, 3.0]", "a set depth of 3 mm, expected 0 to 2.5 mm"),
        (
            "levels = [5000, 9000]",
            "levels = [5000, 12000]",
            "a set rate of 12000 /min, expected 5000 to 9000",
        ),
        ('"setting.depth_mm"', '"world.pen.dept.gain"', "unknown key"),
        ('"setting.depth_mm"', '"product.phantom.colour"', "unknown key"),
        ('title = "', 'world = "moon"\ntitle = "', "unknown world 'moon'"),
        ('title = "', 'station = "moon"\ntitle = "', "unknown station 'moon'"),
        ('title = "', 'time_limit_min = 0.1\ntitle = "', "4 points of 7.5 s each would take 30 s"),
        (
            'title = "',
            'design = { replicates = 1000000 }\ntime_limit_min = 60\ntitle = "',
            "would take 8333 h 20 min on the bench, expected at most 1 h",
        ),
        ('title = "', 'design = { replicates = 1000000 }\ntitle = "', "a design of 4,000,000 points"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_moves(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    said = within("study", "run", small(tmp_path, (old, new)), "--out", tmp_path / "out")
    assert said.status == REFUSED
    assert told in said.text
    assert not (tmp_path / "out").exists()


def test_an_instrument_the_station_lacks_is_told_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    kept = [table for table in station.split("\n[") if not table.startswith("instruments.leak_tester")]
    (tmp_path / "poor.toml").write_text("\n[".join(kept), encoding="utf-8")
    monkeypatch.setitem(MEASURANDS, "leak", replace(MEASURANDS["leak"], needs=("leak_tester",)))
    study = small(
        tmp_path,
        ('title = "', f'station = "{tmp_path / "poor.toml"}"\ntitle = "'),
        ('["extension", "rate"]', '["extension", "leak"]'),
    )
    with pytest.raises(RefusedToStart, match="leak needs a leak_tester, and station twin-1 has none"):
        run_study(load_study(str(study)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["pydoe", "statsmodels"])
def test_a_library_that_is_not_installed_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    said = within("study", "run", small(tmp_path), "--out", tmp_path / "out")
    assert said.status == REFUSED
    assert f"studies need {missing}, which is not installed" in said.text
    assert "pip install needle-rig[studies]" in said.text
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not LINUX, reason="only Linux tells when another's child has ended")
@pytest.mark.parametrize(("jobs", "number"), [("1", signal.SIGTERM), ("2", signal.SIGINT)])
def test_a_study_that_its_operator_stops_says_so_and_leaves_no_twin_behind(
    tmp_path: Path, jobs: str, number: signal.Signals
) -> None:
    # Half of the points fail, each with a line: by the first of them, points are being measured.
    wire = ('sets = "setting.depth_mm"\nlevels = [0.5, 2.0]', FAILING)
    mark = str(tmp_path)
    with subprocess.Popen(
        [*RIG, "study", "run", str(small(tmp_path, wire)), "--out", str(tmp_path / "out"), "--jobs", jobs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=marked(mark),
        cwd=ROOT,
        start_new_session=True,
    ) as study:
        assert study.stderr is not None
        assert any(line.startswith("point ") for line in study.stderr)
        while not (helpers := started_by(mark, but=study.pid)):  # between two points there is no twin
            assert study.poll() is None
        os.killpg(study.pid, number)  # as a terminal does: to the command and to all that it started
        out, err = study.communicate(timeout=PATIENCE_S)
    assert study.returncode == BROKE, (out, err)
    assert not TRACEBACK.search(out + err), err
    assert err.splitlines()[-1] == "stopped; what was measured is kept, and the same command goes on"
    assert all(ends(helper) for helper in helpers)
    view = read_study(tmp_path / "out")
    assert len(view.frame) > 0
    assert not view.ended
