"""Every validation plan from outside: a good pen passes, a bad one is told, what is lacking is told first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.product import PRODUCTS
from rig.reprocess.moved import Status
from rig.reprocess.outcome import outcome_of
from rig.reprocess.worker import evaluate_again
from rig.station import STATIONS
from tests.support.command import FAIL, PASS, REFUSED, Said, rig, shown

PLANS = ("penetration", "sharpness", "wear", "load", "battery", "peel")
QUICK = {"insertions": "4", "run_s": "3.0", "rest_s": "5.0", "slow_mm_per_s": "0.16"}
"""Values of a product file that take long on the bench, and longer in a test."""

AS_SHIPPED = ("sharpness",)
"""Plans that tell needles from each other: a quick insertion has too few readings between two punctures."""

WITHOUT = {"battery": "supply", "peel": "leak_tester"}
WORLDS = {
    "dull tip": ("sharpness", "--world", "dull-tip"),
    "bent needle": ("sharpness", "--world", "bent-needle"),
    "weak cell": ("battery", "--set", "pen.motor.sag=0.35"),
    "leaking part": ("peel", "--set", "leak_tester.channel_um=25"),
}


@dataclass(frozen=True)
class Ended:
    """What a run said, and what is on record of it."""

    said: Said
    record: dict[str, Any]
    runs: Path

    def verdict(self, characteristic: str) -> set[str]:
        """Return the verdicts on a characteristic, at whatever setting."""
        return {m["verdict"] for m in self.record["measurements"] if m["characteristic"] == characteristic}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ended]]]:
    """Every run that a test here looks at, one after the other, by name."""
    folder = tmp_path_factory.mktemp("validation")
    with ThreadPoolExecutor(1) as pool:
        begun = {}
        for product in ("office-pen", "compact-pen"):
            quick_product(folder, product)
            for plan in PLANS:
                begun[f"{plan} {product}"] = pool.submit(run, folder, plan, product)
        for name, (plan, *world) in WORLDS.items():
            begun[name] = pool.submit(run, folder, plan, "office-pen", *world)
        for plan, role in WITHOUT.items():
            station = station_without(folder, role)
            begun[f"{plan} without"] = pool.submit(run, folder, plan, "office-pen", "--station", station)
        yield begun


def run(folder: Path, plan: str, product: str, *arguments: str | Path) -> Ended:
    """Run a plan in a record of its own, quickly where that changes nothing."""
    records = folder / "-".join([plan, product, *(Path(argument).stem for argument in arguments)])
    design = product if plan in AS_SHIPPED else folder / f"{product}.toml"
    said = rig("run", f"validation/{plan}", "--runs", records, "--product", design, *arguments)
    return Ended(said, shown(records), records)


def quick_product(folder: Path, name: str) -> None:
    """Copy a product file, with less of what takes long."""
    text = (PRODUCTS / f"{name}.toml").read_text(encoding="utf-8")
    for key, value in QUICK.items():
        text, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        assert count == 1, key
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def station_without(folder: Path, role: str) -> Path:
    """Copy the twin's station file, without an instrument."""
    text = (STATIONS / "twin.toml").read_text(encoding="utf-8")
    sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    kept = [part for part in sections if not re.match(rf"\[instruments\.{role}[.\]]", part)]
    assert len(kept) < len(sections)
    path = folder / f"no-{role}.toml"
    path.write_text("".join(kept), encoding="utf-8")
    return path


@pytest.mark.parametrize("product", ["office-pen", "compact-pen"])
@pytest.mark.parametrize("plan", PLANS)
def test_a_good_pen_passes(runs: dict[str, Future[Ended]], plan: str, product: str) -> None:
    ended = runs[f"{plan} {product}"].result()
    assert ended.said.status == PASS, ended.said


@pytest.mark.parametrize("product", ["office-pen", "compact-pen"])
@pytest.mark.parametrize("plan", PLANS)
def test_every_result_can_be_made_again_to_the_bit(
    runs: dict[str, Future[Ended]], plan: str, product: str
) -> None:
    ended = runs[f"{plan} {product}"].result()
    (run,) = outcome_of(evaluate_again(ended.runs, [ended.record["run_id"]])).runs
    assert len(run.movements) >= len(ended.record["measurements"])
    assert {movement.status for movement in run.movements} == {Status.IDENTICAL}, run.counts


def test_the_record_of_wear_tells_what_every_insertion_found(runs: dict[str, Future[Ended]]) -> None:
    notes = [note["text"] for note in runs["wear office-pen"].result().record["notes"]]
    told = [
        re.fullmatch(r"insertion (\d+): first puncture at .* ± .* N a needle, .*", note) for note in notes
    ]
    counts = [int(match[1]) for match in told if match]
    assert len(counts) == int(QUICK["insertions"])
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("name", "characteristic"),
    [
        ("dull tip", "puncture.force"),
        ("bent needle", "puncture.late"),
        ("weak cell", "battery.rate_loss"),
        ("leaking part", "seal.pressure_decay"),
    ],
)
def test_a_bad_one_fails_by_what_is_bad_of_it(
    runs: dict[str, Future[Ended]], name: str, characteristic: str
) -> None:
    ended = runs[name].result()
    assert ended.said.status == FAIL, ended.said
    assert ended.verdict(characteristic) == {"FAIL"}
    assert characteristic in ended.said.text
    others = {m["characteristic"] for m in ended.record["measurements"]} - {characteristic}
    assert {verdict for other in others for verdict in ended.verdict(other)} <= {"PASS"}


@pytest.mark.parametrize(("plan", "role"), WITHOUT.items())
def test_a_station_that_lacks_an_instrument_is_refused_before_anything_moves(
    runs: dict[str, Future[Ended]], plan: str, role: str
) -> None:
    ended = runs[f"{plan} without"].result()
    assert ended.said.status == REFUSED, ended.said
    assert f"station 'twin-1' has no {role}" in ended.said.text
    assert ended.record["instruments"] == [], "nothing was connected, so nothing has moved"
