"""Simulated pens by their serial numbers: which world each is in, and what wins where more is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.errors import ConfigError
from rig.station import load_station
from tests.support.command import FAIL, PASS, rig, shown
from tests.support.many_runs import NO_PICTURES

LEAKY = "NP900001"
PLAN = {
    "plan.toml": 'name = "seal"\ntitle = "Seal"\ncharacteristics = ["seal.leak"]\n',
    "test_seal.py": "def test_seal(pouch_seal, verdict):\n"
    "    verdict.judge('seal.leak', pouch_seal.leak.rate)\n",
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    for name, text in PLAN.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("pen", "more", "status", "world"),
    [
        (LEAKY, (), FAIL, "leaky-pouch"),
        ("NP000042", (), PASS, "nominal"),
        (LEAKY, ("--world", "nominal"), PASS, "nominal"),
    ],
    ids=["a bad pen", "any other pen", "a world that is given"],
)
def test_a_pen_is_in_its_world(
    tmp_path: Path, plan: Path, pen: str, more: tuple[str, ...], status: int, world: str
) -> None:
    said = rig("run", plan, "--pen", pen, "--runs", tmp_path, *more, *NO_PICTURES)
    assert said.status == status, said
    view = shown(tmp_path)
    assert view["pen_serial"] == pen
    kept = {file["what"]: file["name"] for file in view["configurations"]}
    assert kept["world"] == world


def test_shipped_pens_match_a_product_and_are_beyond_any_lot() -> None:
    twin = load_station("twin").twin
    assert twin is not None
    assert twin.pens
    assert all(serial[2:] >= "900000" for serial in twin.pens)
    assert {twin.world_of(serial) for serial in (None, "", "NP000001")} == {"nominal"}


def test_a_world_that_is_not_there_is_refused_on_load() -> None:
    with pytest.raises(
        ConfigError, match=r"twin: got .*unknown world 'nope', expected one of: .*leaky-pouch"
    ):
        load_station("twin", ("twin.pens.NP000666=nope",))
    with pytest.raises(ConfigError, match=r"a world file at gone\.toml"):
        load_station("twin", ("twin.pens.NP000666=gone.toml",))
