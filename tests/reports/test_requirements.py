"""The requirements that ship, and what is refused of those that somebody else writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.requirements import REQUIREMENTS, load_requirements
from rig.errors import ConfigError
from rig.product import PRODUCTS, load_product

PLANS = REQUIREMENTS.parent
LIMITED = re.compile(r'^\[(?:characteristics|limits)\."([^"]+)"\]', re.MULTILINE)
CITED = re.compile(r"mark\.requirement\(([^)]*)\)")

GOOD = """
of = "pen"

[[requirement]]
id = "PEN-ONE"
title = "One"
text = "The first."
source = "somebody"
method = "test"
acceptance = "It is so."
"""


def test_every_special_control_has_a_requirement() -> None:
    sources = " ".join(requirement.source for requirement in load_requirements().values())
    for control in ("1", "2(i)", "2(ii)", "2(iii)", "3", "4", "5", "6", "7", "8", "9"):
        assert re.search(rf"special controls? (\S+ and )?{re.escape(control)}(?!\d|\()", sources), control


def test_what_the_rig_cannot_show_is_there_and_says_where_it_is_shown() -> None:
    elsewhere = {name for name, found in load_requirements().items() if not found.is_tested}
    assert {
        "PEN-STERILITY",
        "PEN-EMC",
        "PEN-BIOCOMPATIBILITY",
        "PEN-REPROCESSING",
        "PEN-LABELLING",
    } <= elsewhere
    assert all(load_requirements()[name].where for name in elsewhere)


def test_whatever_plans_and_products_cite_is_there() -> None:
    cited = set()
    for path in PLANS.rglob("test_*.py"):
        for ids in CITED.findall(path.read_text(encoding="utf-8")):
            cited |= set(re.findall(r'"([^"]+)"', ids))
    assert "STATION-CHECK" in cited
    for path in PRODUCTS.glob("*.toml"):
        for characteristic in load_product(str(path)).characteristics.values():
            cited |= set(characteristic.requirements)
    assert cited <= set(load_requirements())


def test_characteristics_of_requirements_are_those_of_products_or_plans() -> None:
    limits = {name for path in PLANS.rglob("*.toml") for name in _limited(path)}
    for requirement in load_requirements().values():
        assert set(requirement.characteristics) <= limits, requirement.id


def _limited(path: Path) -> list[str]:
    return re.findall(
        r'^\[(?:characteristics|limits)\."([^"]+)"\]', path.read_text(encoding="utf-8"), re.MULTILINE
    )


def test_the_subject_of_a_file_is_that_of_its_requirements(tmp_path: Path) -> None:
    (tmp_path / "some.toml").write_text(GOOD, encoding="utf-8")
    assert load_requirements(tmp_path)["PEN-ONE"].of == "pen"
    assert load_requirements(tmp_path)["PEN-ONE"].to_json()["text"] == "The first."


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('text = "The first."', 'text = "  "', r"bad\.toml: requirement\.0\.text"),
        ('source = "somebody"\n', "", r"bad\.toml: requirement\.0\.source: missing"),
        ('title = "One"', 'title = "One"\nowner = "me"', r"bad\.toml: requirement\.0\.owner: unknown key"),
        ('method = "test"', 'method = "guess"', r"bad\.toml: requirement\.0\.method: got 'guess'"),
        ('method = "test"', 'method = "not tested here"', r"bad\.toml: requirement\.0: .*where"),
        ('id = "PEN-ONE"', 'id = "pen one"', r"bad\.toml: requirement\.0\.id: got 'pen one'"),
        ('of = "pen"\n', "", r"bad\.toml: of: missing"),
        ("[[requirement]]", "[[requirements]]", r"bad\.toml: requirement"),
        ('"PEN-ONE"', '"PEN-ONE', r"bad\.toml: not TOML"),
    ],
    ids=["empty", "missing", "unknown", "method", "where", "id", "subject", "table", "no TOML"],
)
def test_a_wrong_file_is_told_by_name_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    (tmp_path / "bad.toml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load_requirements(tmp_path)


def test_an_id_is_there_once_only_in_whatever_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD.replace('of = "pen"', 'of = "tip"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"b\.toml: requirement\.0\.id: got 'PEN-ONE'.*a\.toml"):
        load_requirements(tmp_path)


def test_a_folder_without_requirements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no requirements"):
        load_requirements(tmp_path)
