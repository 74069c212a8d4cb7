"""Lots from outside: every pen once, a bad one among them, stopped and gone on with, and nothing mixed up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rig.errors import ConfigError
from rig.lots import LotOrder, pens_of, serial_of
from rig.product import load_product
from rig.records.store import Store
from rig.records.view import headlines
from rig.station import STATIONS
from tests.support.command import (
    BROKE,
    ENVIRONMENT,
    FAIL,
    PASS,
    PATIENCE_S,
    REFUSED,
    RIG,
    ROOT,
    TRACEBACK,
    Said,
    rig,
)
from tests.support.standing_twin import standing_twin

NOT_SHOWN = FAIL
LONG_S = 4 * PATIENCE_S  # for several runs in one command
PENS = ("NP000001", "NP000002", "NP000003")
BAD = "NP000002"
SEED = 36  # pouches with channels of 2.5, 40.7 and 2.2 µm

POUCHES = """
title = "Pouches, some of them with a channel"
varies = [{ key = "pouch.channel_um", law = "uniform", a = 0.0, b = 45.0 }]
"""
TIP_AND_SEAL = """
import pytest
from rig.fixtures.evaluate import count

@pytest.mark.requirement("PEN-SINGLE-USE")
def test_tip(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))

@pytest.mark.requirement("PEN-SEAL", "PEN-NOWHERE")
def test_seal(pouch_seal, verdict):
    verdict.judge("seal.leak", pouch_seal.leak.rate, trace=pouch_seal.trace)
"""
TIP_ONLY = TIP_AND_SEAL.partition('@pytest.mark.requirement("PEN-SEAL"')[0]


def plan(folder: Path, name: str, text: str, *characteristics: str) -> Path:
    """Write a plan that takes little time."""
    path = folder / name
    path.mkdir()
    (path / "plan.toml").write_text(
        f'name = "{name}"\ntitle = "Quick"\ncharacteristics = {list(characteristics)}\n', encoding="utf-8"
    )
    (path / f"test_{name}.py").write_text(text, encoding="utf-8")
    return path


def words(folder: Path, *more: str | Path) -> list[str | Path]:
    """Return the words of ``rig lot run`` for a lot of three pouches."""
    population = folder / "pouches.toml"
    return [
        "lot", "run", folder / "seal", "--lot", "L-1", "--pens", "3", "--population", population,
        "--seed", str(SEED), "--jobs", "2", "--runs", folder / "runs", *more,
    ]  # fmt: skip


def recorded(folder: Path) -> list[tuple[str, str]]:
    """Return serial number and verdict of every run."""
    with Store(folder / "runs", create=False) as store:
        return [(view.pen_serial, view.verdict) for view in headlines(store) if view.lot]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lot")
    plan(folder, "seal", TIP_AND_SEAL, "tip.present", "seal.leak")
    plan(folder, "tip", TIP_ONLY, "tip.present")
    (folder / "pouches.toml").write_text(POUCHES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lot(desk: Path) -> Said:
    """The lot, run to its end."""
    return rig(*words(desk), timeout=LONG_S)


def test_every_pen_is_run_once_and_the_bad_one_is_named(lot: Said, desk: Path) -> None:
    assert lot.status == NOT_SHOWN, lot
    assert sorted(recorded(desk)) == [(pen, "FAIL" if pen == BAD else "PASS") for pen in PENS]
    assert f"failed {BAD}" in lot.text
    assert "3 pens do not show" in lot.text


def test_the_lot_as_json(lot: Said, desk: Path) -> None:
    said = rig("lot", "show", "L-1", "--json", "--runs", desk / "runs")
    assert said.status == NOT_SHOWN
    told: dict[str, Any] = json.loads(said.out)
    found = {line["characteristic"]: line["verdict"] for line in told["characteristics"]}
    assert found == {"tip.present": "NOT SHOWN", "seal.leak": "FAIL"}
    assert (sorted(told["pens"]), told["failed_pens"], told["verdict"]) == (list(PENS), [BAD], "FAIL")


def test_the_same_command_runs_nothing_again(lot: Said, desk: Path) -> None:
    before = recorded(desk)
    again = rig(*words(desk))
    assert again.status == NOT_SHOWN, again
    assert "3 of them tested before" in again.text
    assert recorded(desk) == before


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--seed", "1"), "as another one than population"),
        (("--product", "compact-pen"), "with product office-pen, expected compact-pen"),
        (("--lot", "L 1"), "--lot 'L 1'"),
        (("--population", "nobody"), "unknown population 'nobody'"),
    ],
    ids=["seed", "product", "name", "population"],
)
def test_what_would_mix_up_a_lot_is_refused(lot: Said, desk: Path, more: tuple[str, ...], says: str) -> None:
    before = recorded(desk)
    said = rig(*words(desk, *more))
    assert said.status == REFUSED, said
    assert says in said.text
    assert recorded(desk) == before


def test_another_plan_is_another_lot(lot: Said, desk: Path) -> None:
    said = rig("lot", "run", desk / "tip", "--lot", "L-1", "--runs", desk / "runs")
    assert said.status == REFUSED
    assert "with plan seal, expected tip" in said.text


def test_the_matrix_of_a_lot_is_strict_about_unknown_ids(lot: Said, desk: Path) -> None:
    asked = ("matrix", "--lot", "L-1", "--runs", desk / "runs")
    assert rig(*asked).status == PASS
    strict = rig(*asked, "--strict")
    assert strict.status == FAIL
    assert "seal: test_seal.py::test_seal cites PEN-NOWHERE: unknown" in strict.text
    assert "PEN-DEPTH-ACCURACY: no evidence" in strict.text
    told: dict[str, Any] = json.loads(rig(*asked, "--json").out)
    found = {row["requirement"]["id"]: row["verdict"] for row in told["requirements"]}
    seen = [found[name] for name in ("PEN-SINGLE-USE", "PEN-SEAL", "PEN-EMC")]
    assert seen == ["PASS", "FAIL", "NOT TESTED HERE"]


def test_a_matrix_without_gaps_passes_strictly(lot: Said, desk: Path, tmp_path: Path) -> None:
    only = """of = "pen"\n"""
    for name in ("PEN-SINGLE-USE", "PEN-NOWHERE", "PEN-SEAL"):
        only += f"""
[[requirement]]
id = "{name}"
title = "…"
text = "…"
source = "…"
method = "test"
acceptance = "…"
"""
    (tmp_path / "only.toml").write_text(only, encoding="utf-8")
    with Store(desk / "runs", create=False) as store:
        good = next(view.run_id for view in headlines(store) if view.verdict == "PASS")
    said = rig("matrix", good, "--strict", "--requirements", tmp_path, "--runs", desk / "runs")
    assert said.status == PASS, said
    assert "has its evidence" in said.text


def test_a_stopped_lot_goes_on_where_it_stopped(desk: Path, tmp_path: Path) -> None:
    asked = [
        "lot", "run", str(desk / "tip"), "--lot", "S-1", "--pens", "3", "--population", "line",
        "--runs", str(tmp_path / "runs"),
    ]  # fmt: skip
    process = subprocess.Popen(
        [*RIG, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if PENS[0] in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LONG_S)
    assert process.returncode == BROKE, seen + err
    assert "stopped; every run under way has ended" in err
    assert not TRACEBACK.search(seen + err)
    ended = Counter(verdict for _, verdict in recorded(tmp_path))
    assert ended["PASS"] in (1, 2), ended  # the second pen may have ended before the signal reached the lot
    assert ended["UNFINISHED"] == 0, ended
    assert not list((tmp_path / "runs" / ".locks").glob("*.holder")), "no run is under way"

    again = rig(*asked, "--json", timeout=LONG_S)
    told: dict[str, Any] = json.loads(again.out)
    assert (again.status, sorted(told["pens"])) == (NOT_SHOWN, list(PENS)), again
    passed = Counter(serial for serial, verdict in recorded(tmp_path) if verdict == "PASS")
    assert passed == dict.fromkeys(PENS, 1), "no pen was run to its end twice"


def test_every_run_of_a_lot_is_signed_for(desk: Path, tmp_path: Path) -> None:
    runs, words = tmp_path / "runs", "two horses and a green lamp"
    added = rig(
        "users", "add", "ada", "--full-name", "Ada Berg", "--role", "quality", "--runs", runs,
        env={**ENVIRONMENT, "RIG_NEW_PASSWORD": words},
    )  # fmt: skip
    assert added.status == PASS, added
    asked = ("lot", "run", desk / "tip", "--lot", "U-1", "--pens", "1", "--user", "ada", "--runs", runs)
    wrong = rig(*asked, env={**ENVIRONMENT, "RIG_PASSWORD": "another sentence altogether"})
    assert (wrong.status, recorded(tmp_path)) == (REFUSED, []), wrong
    said = rig(*asked, env={**ENVIRONMENT, "RIG_PASSWORD": words}, timeout=LONG_S)
    assert said.status == NOT_SHOWN, said
    with Store(runs, create=False) as store:
        (view,) = [view for view in headlines(store) if view.lot == "U-1"]
    assert view.operator is not None
    assert view.operator["name"] == "ada"


@pytest.mark.skipif(os.name == "nt", reason="the twin of a real bench is served on POSIX sockets")
def test_on_a_real_bench_pens_are_scanned_one_after_the_other(desk: Path, tmp_path: Path) -> None:
    with standing_twin() as twin:
        station = twin.station_file(tmp_path)
        asked = ["lot", "run", desk / "tip", "--lot", "B-1", "--pens", "2", "--station", station]
        said = rig(
            *asked, "--runs", tmp_path / "runs", input=f"what?\n{PENS[0]}\n{PENS[0]}\n", timeout=LONG_S
        )
    assert said.status == BROKE, said
    assert "clamp pen 1 of 2 and scan its serial number" in said.text
    assert f"{PENS[0]} was tested in this lot; clamp pen 2 of 2" in said.text
    assert recorded(tmp_path) == [(PENS[0], "PASS")]
    assert "stopped" in said.err, "nobody scanned the second one"


def test_a_real_bench_takes_one_pen_at_a_time(desk: Path, tmp_path: Path) -> None:
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    (tmp_path / "bench.toml").write_text(re.sub(r"\[twin\]\n(.+\n)*", "", text), encoding="utf-8")
    said = rig(
        "lot", "run", desk / "tip", "--lot", "B-2", "--station", tmp_path / "bench.toml", "--jobs", "2",
        "--runs", tmp_path / "runs",
    )  # fmt: skip
    assert said.status == REFUSED, said
    assert "one pen at a time" in said.text


def test_a_lot_that_is_not_there_is_refused(lot: Said, desk: Path) -> None:
    for command in (("lot", "show", "L-9"), ("matrix", "--lot", "L-9")):
        said = rig(*command, "--runs", desk / "runs")
        assert said.status == REFUSED
        assert "one of the lots: L-1" in said.text


def test_a_pen_is_the_same_whoever_else_is_in_the_lot() -> None:
    office = load_product("office-pen")
    few, many = (pens_of(LotOrder("eol", "L", count, Path("runs"), seed=5), office) for count in (3, 5))
    assert many[:3] == few
    assert len({pen.overrides for pen in many}) == len({pen.seed for pen in many}) == 5
    own = {override.partition(".")[0] for pen in many for override in pen.overrides}
    assert own <= {"pen", "pouch", "nest"}, "the bench is the same for all of them, but for clamping"


def test_serial_numbers_end_where_the_product_s_do() -> None:
    office = load_product("office-pen")
    assert serial_of(office, 42) == "NP000042"
    with pytest.raises(ConfigError, match="pen 1000000"):
        serial_of(office, 1_000_000)
