"""``rig faults``, ``--fault`` and faults in a world file, as a person uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rig.twin.fault_kinds import KINDS
from rig.twin.world import load_world
from tests.support.command import PASS, REFUSED, ROOT, run_eol, verdicts, within
from tests.support.raw_line import RawLine
from tests.support.standing_twin import standing_twin

PAGE = ROOT / "docs" / "howto-faults.md"


def test_every_fault_is_listed_once_within_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = within("faults")
    assert said.status == PASS
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    listed = [line.split()[1] for line in lines if re.match(r"[○●] +\w+  ", line)]
    assert sorted(listed) == sorted(kind.name for kind in KINDS)
    assert "counter.late_reply@12s" in said.text


def test_the_list_as_data_has_every_fault_with_role_and_default() -> None:
    told = json.loads(within("faults", "--json").out)
    assert sorted((entry["name"], tuple(entry["roles"])) for entry in told) == sorted(
        (kind.name, kind.roles) for kind in KINDS
    )
    by_name = {entry["name"]: entry for entry in told}
    assert (by_name["slip"]["unit"], by_name["slip"]["default"]) == ("mm", 0.05)
    assert (by_name["mute"]["lasts"], by_name["mute"]["unit"]) == (True, None)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("counter.mute", "expected ROLE.NAME@SECONDSs"),
        ("camera.mute@3s", "expected one of these roles: bench, counter,"),
        ("counter.wrong_id@3s", "expected a fault of counter: disconnect,"),
        ("pen.stalls@1s=3", "expected no value with pen.stalls"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_reason(fault: str, words: str) -> None:
    said = within("twin", "--fault", "stage.stall@1s", "--fault", fault)
    assert said.status == REFUSED
    assert "refused: --fault: faults:" in said.text
    assert words in said.text
    assert f"{fault!r}" in said.text
    assert not said.out


def test_a_run_with_a_wrong_fault_does_not_begin(tmp_path: Path) -> None:
    said = run_eol(tmp_path / "runs", "--fault", "counter.sleeps@3s")
    assert said.status == REFUSED
    assert "'counter.sleeps@3s' has 'sleeps'" in said.text
    assert set(verdicts(tmp_path / "runs")) <= {"REFUSED"}


def test_a_wrong_fault_in_a_world_file_is_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    world = tmp_path / "mine.toml"
    world.write_text('faults = ["stage.stall@4s", "stage.sleeps@5s"]\n', encoding="utf-8")
    said = within("twin", "--world", world)
    assert said.status == REFUSED
    assert f"refused: {world}: faults:" in said.text
    assert "expected a fault of stage:" in said.text
    assert "'stage.sleeps@5s' has 'sleeps'" in said.text


def test_faults_of_the_file_and_of_the_command_line_both_happen(tmp_path: Path) -> None:
    world = tmp_path / "mine.toml"
    world.write_text('faults = ["counter.duplicated@0s"]\n', encoding="utf-8")
    with standing_twin("--world", str(world), "--fault", "supply.duplicated@0s") as twin:
        for role in ("counter", "supply"):
            line = RawLine(twin.addresses[role])
            line.send(b"SYST:VERS?\n")
            assert line.receive(14) == b"1999.0\n1999.0\n"
            line.close()


def test_worlds_with_faults_on_the_page_can_be_loaded(tmp_path: Path) -> None:
    snippets = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert snippets
    for number, snippet in enumerate(snippets):
        file = tmp_path / f"{number}.toml"
        file.write_text(snippet, encoding="utf-8")
        assert load_world(str(file)).faults
