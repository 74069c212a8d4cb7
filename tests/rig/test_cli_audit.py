"""What was changed between runs, by whom and why, as a person meets it at the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rig.people.changes import Newcomer, add_user
from rig.product import PRODUCTS
from rig.station import STATIONS
from tests.support.command import ENVIRONMENT, PASS, REFUSED, Said, rig, shown, verdicts, within

PLAN = '''
import pytest
from rig.fixtures.evaluate import count

@pytest.mark.requirement("PEN-SINGLE-USE")
def test_tip_is_present(pen_status, verdict):
    verdict.judge("tip.present", count(pen_status.tip_present))

def test_uses(pen_status, verdict):
    """The tip was never used.

    More about it.
    """
    verdict.judge("tip.uses", count(pen_status.tip_use_count))
'''
OLD_LIMIT, NEW_LIMIT = "upper = 2.0e-4", "upper = 3.0e-4"
KEY = "characteristics.seal.leak.upper"
ROOM = '\n[environment]\nlocation = "room 12"\ntemperature_c = 21.5\nhumidity_percent = 40\n'
WHO = ["--by", "A. Keller", "--reason", "drawing 3"]
PASSWORD = "a long word nobody guesses"  # of a user who lives as long as the test
CHEAP = "[hashing]\npasses = 1\nmemory_kib = 8\nlanes = 1\n"


def listed(runs: Path, *arguments: str) -> list[dict[str, Any]]:
    said = within("list", "--json", "--runs", runs, *arguments)
    assert said.status == PASS
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


def audited(runs: Path, *arguments: str) -> list[dict[str, Any]]:
    said = within("audit", "--json", "--runs", runs, *arguments)
    assert said.status == PASS
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


class Bench:
    """A folder with a plan, a station and a product of its own, and the runs made with them."""

    def __init__(self, folder: Path) -> None:
        self.runs, self.plan = folder / "runs", folder / "quick"
        self.product, self.station = folder / "pen.toml", folder / "bench.toml"

    def set_up(self) -> None:
        self.plan.mkdir()
        declared = 'characteristics = ["tip.present", "tip.uses"]'
        (self.plan / "plan.toml").write_text(f'name = "quick"\ntitle = "Quick"\n{declared}\n')
        (self.plan / "test_quick.py").write_text(PLAN)
        self.product.write_bytes((PRODUCTS / "office-pen.toml").read_bytes())
        shipped = (STATIONS / "twin.toml").read_text()
        without = shipped.replace('[environment]\nlocation = "simulated bench"\n', "")
        self.station.write_text(without + ROOM)

    def run(self, *arguments: str, **options: Any) -> Said:
        files = ["--product", self.product, "--station", self.station]
        return rig("run", self.plan, "--runs", self.runs, *files, *arguments, **options)

    def change_product(self) -> None:
        text = self.product.read_text()
        assert text.count(OLD_LIMIT) == 1
        self.product.write_text(text.replace(OLD_LIMIT, NEW_LIMIT))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two runs of two lots, and a limit that was changed between them."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    bench.set_up()
    assert bench.run("--lot", "L-1").status == PASS
    bench.change_product()
    assert bench.run("--lot", "L-2").status == PASS
    return bench


@pytest.fixture
def bench(made: Bench, tmp_path: Path) -> Bench:
    """The same, to be changed further."""
    shutil.copytree(made.runs.parent, tmp_path, dirs_exist_ok=True)
    return Bench(tmp_path)


# What a run keeps


def test_a_run_keeps_its_files_as_they_were(made: Bench) -> None:
    first, second = (shown(made.runs, run["run_id"]) for run in listed(made.runs))
    products = []
    for view in (first, second):
        files = {file["what"]: made.runs / file["path"] for file in view["configurations"]}
        assert files["station"].read_bytes() == made.station.read_bytes()
        assert files["tests"].read_bytes() == (made.plan / "test_quick.py").read_bytes()
        products.append(files["product"].read_text())
    assert products[0] == (PRODUCTS / "office-pen.toml").read_text()
    assert products[1] == made.product.read_text() != products[0]


def test_what_two_runs_share_is_kept_once(made: Bench) -> None:
    views = [shown(made.runs, run["run_id"]) for run in listed(made.runs)]
    named = {file["path"] for view in views for file in view["configurations"]}
    kept = {path.relative_to(made.runs).as_posix() for path in (made.runs / "configurations").iterdir()}
    assert kept == named


def test_a_run_tells_its_tests_with_what_they_are_evidence_for(made: Bench) -> None:
    view = shown(made.runs)
    assert view["tests"] == [
        {
            "test": "test_quick.py::test_tip_is_present",
            "title": "tip is present",
            "requirements": ["PEN-SINGLE-USE"],
        },
        {"test": "test_quick.py::test_uses", "title": "The tip was never used.", "requirements": []},
    ]
    assert {m["name"]: m["test"] for m in view["measurements"]} == {
        "tip.present": "test_quick.py::test_tip_is_present",
        "tip.uses": "test_quick.py::test_uses",
    }


def test_a_run_tells_what_is_known_of_the_room(made: Bench) -> None:
    assert shown(made.runs)["environment"] == {
        "location": "room 12", "temperature_c": 21.5, "humidity_percent": 40.0, "source": "station file",
    }  # fmt: skip


def test_runs_are_listed_by_lot(made: Bench) -> None:
    assert [run["lot"] for run in listed(made.runs)] == ["L-1", "L-2"]
    assert [run["lot"] for run in listed(made.runs, "--lot", "L-2")] == ["L-2"]
    assert listed(made.runs, "--lot", "L-3") == []
    assert "L-2" in within("list", "--runs", made.runs).text
    assert "lot L-2" in within("show", "--runs", made.runs).text


@pytest.mark.parametrize("lot", ["a b", "x" * 65, "../up", "ä"])
def test_a_lot_that_no_label_can_carry_is_refused(tmp_path: Path, lot: str) -> None:
    said = rig("run", "eol", "--runs", tmp_path, "--lot", lot)
    assert said.status == REFUSED
    assert "--lot" in said.text
    assert verdicts(tmp_path) == []


# What was changed


def test_a_limit_that_was_changed_between_runs_shows_old_and_new(made: Bench) -> None:
    second = listed(made.runs)[1]["run_id"]
    [change] = audited(made.runs, "--of", "product NP-250:")
    assert (change["what"], change["old"], change["new"]) == (f"product NP-250: {KEY}", 2e-4, 3e-4)
    assert (change["by"], change["why"]) == ("", ""), "nobody was named, and nobody is made up"
    assert shown(made.runs, second)["started"][:10] == change["at"][:10]
    said = within("audit", "--runs", made.runs)
    assert "0.0002 → 0.0003" in said.text


def test_files_that_stay_as_they_are_are_entered_once(made: Bench) -> None:
    rows = [row["what"] for row in audited(made.runs, "--of", "station twin-1")]
    assert rows == ["station twin-1"]


def test_a_change_entered_beforehand_has_its_person_and_reason(bench: Bench) -> None:
    bench.product.write_text(bench.product.read_text().replace(NEW_LIMIT, OLD_LIMIT))
    said = within("change", bench.product, *WHO, "--runs", bench.runs)
    assert said.status == PASS
    assert KEY in said.text
    assert bench.run().status == PASS
    back = audited(bench.runs, "--of", "product NP-250:")
    assert [(row["old"], row["new"], row["by"], row["why"]) for row in back] == [
        (2e-4, 3e-4, "", ""),
        (3e-4, 2e-4, "A. Keller", "drawing 3"),
    ]
    assert rig("verify", bench.runs).status == PASS


def test_where_users_are_known_a_change_must_be_entered(bench: Bench) -> None:
    (bench.runs / "people.toml").write_text(CHEAP)
    newcomer = Newcomer("keller", "A. Keller", ["operator", "quality"])
    add_user(bench.runs, newcomer, PASSWORD, by=None, reason="first")
    me = {"env": ENVIRONMENT | {"RIG_PASSWORD": PASSWORD}}
    bench.product.write_text(bench.product.read_text().replace(NEW_LIMIT, OLD_LIMIT))
    refused = bench.run("--user", "keller", **me)
    assert refused.status == REFUSED
    assert "product NP-250" in refused.text
    assert KEY in refused.text
    assert "rig change" in refused.text
    assert len(listed(bench.runs)) == 2, "what was refused never began"
    change = ["change", bench.product, "--reason", "drawing 3", "--runs", bench.runs]
    assert rig(*change, "--by", "keller").status == REFUSED, "without the password, it could be anybody"
    assert rig(*change, "--by", "keller", **me).status == PASS
    assert bench.run("--user", "keller", **me).status == PASS
    assert shown(bench.runs)["operator"]["name"] == "keller"
    assert audited(bench.runs, "--of", "product NP-250:")[-1]["by"] == "keller"


def test_a_byte_flipped_in_a_kept_file_is_named(bench: Bench) -> None:
    [station] = [file for file in shown(bench.runs)["configurations"] if file["what"] == "station"]
    path = bench.runs / station["path"]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    said = rig("verify", bench.runs)
    assert said.status == 1
    assert station["path"] in said.text


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01"])
def test_a_day_that_is_none_is_refused(made: Bench, day: str) -> None:
    said = within("audit", "--since", day, "--runs", made.runs)
    assert (said.status, "--since" in said.text) == (REFUSED, True)


def test_nothing_lies_before_a_day_to_come(made: Bench) -> None:
    assert audited(made.runs, "--since", "2999-01-01") == []
    assert audited(made.runs, "--since", "2000-01-01") == audited(made.runs) != []


# Hiding


def test_a_hidden_run_leaves_the_list_and_nothing_else(bench: Bench) -> None:
    first, second = (run["run_id"] for run in listed(bench.runs))
    assert within("hide", first, *WHO, "--runs", bench.runs).status == PASS
    assert [run["run_id"] for run in listed(bench.runs)] == [second]
    assert [run["run_id"] for run in listed(bench.runs, "--hidden")] == [first, second]
    assert "hidden" in within("list", "--hidden", "--runs", bench.runs).text
    assert shown(bench.runs, first)["measurements"]
    assert "hidden by A. Keller: drawing 3" in within("show", first, "--runs", bench.runs).text
    [row] = audited(bench.runs, "--of", first)
    assert (row["by"], row["old"], row["new"], row["why"]) == ("A. Keller", "shown", "hidden", "drawing 3")
    assert within("unhide", first, *WHO, "--runs", bench.runs).status == PASS
    assert [run["run_id"] for run in listed(bench.runs)] == [first, second]
    assert rig("verify", bench.runs).status == PASS


def test_what_is_not_there_is_not_hidden(tmp_path: Path, made: Bench) -> None:
    assert within("hide", "last", *WHO, "--runs", tmp_path / "none").status == REFUSED
    assert not (tmp_path / "none").exists()
    assert within("hide", "1999", *WHO, "--runs", made.runs).status == REFUSED
