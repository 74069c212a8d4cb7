"""From a study file to its points: every design, its order, its blocks, and what a point means."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.errors import ConfigError
from rig.studies.conditions import conditions_of
from rig.studies.design import MOST_POINTS, Point, count_points, design_points
from rig.studies.feasible import check, check_size
from rig.studies.study_file import STUDIES, StudyFile, load_study
from tests.support.small_study import SMALL


def a_study(**changes: Any) -> StudyFile:
    base: dict[str, Any] = {
        "name": "a",
        "title": "a",
        "responses": ["extension"],
        "factors": {
            "depth": {"sets": "setting.depth_mm", "levels": [0.5, 1.0, 2.0]},
            "blunt": {"sets": "world.pen.tip.needles.bluntness", "levels": [1.0, 3.0]},
        },
    }
    return StudyFile.model_validate(base | changes)


def test_a_full_factorial_holds_every_combination_once_a_replicate() -> None:
    points = design_points(a_study(design={"replicates": 2}))
    wanted = set(product([0.5, 1.0, 2.0], [1.0, 3.0], [1, 2]))
    assert {(p.levels["depth"], p.levels["blunt"], p.replicate) for p in points} == wanted
    assert len(points) == len(wanted)
    assert [p.run for p in points] == list(range(12))
    assert sorted(p.number for p in points) == list(range(12))


def test_the_order_is_shuffled_the_same_way_for_a_seed_and_another_for_another() -> None:
    orders = [[p.number for p in design_points(a_study(seed=seed))] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    plain = design_points(a_study(design={"randomised": False}))
    assert [p.number for p in plain] == list(range(6))


def test_blocks_are_run_one_after_the_other() -> None:
    points = design_points(a_study(design={"block": "blunt", "replicates": 3}))
    levels = [p.levels["blunt"] for p in points]
    assert levels in ([1.0] * 9 + [3.0] * 9, [3.0] * 9 + [1.0] * 9)
    assert [p.number for p in points[:9]] != sorted(p.number for p in points[:9])


@given(samples=st.integers(2, 40), seed=st.integers(0, 1000))
def test_a_latin_hypercube_has_one_sample_in_each_part_of_each_range(samples: int, seed: int) -> None:
    factors = {
        "depth": {"sets": "setting.depth_mm", "low": 0.5, "high": 2.5},
        "rate": {"sets": "setting.rate_per_min", "low": 5000.0, "high": 9000.0},
    }
    study = a_study(seed=seed, factors=factors, design={"kind": "latin hypercube", "samples": samples})
    for name, low, width in (("depth", 0.5, 2.0), ("rate", 5000.0, 4000.0)):
        parts = sorted(int((float(p.levels[name]) - low) / width * samples) for p in design_points(study))
        assert parts == list(range(samples))


def test_a_central_composite_stays_within_the_ranges_and_repeats_its_centre() -> None:
    factors = {
        "depth": {"sets": "setting.depth_mm", "low": 0.5, "high": 2.5},
        "rate": {"sets": "setting.rate_per_min", "low": 5000.0, "high": 9000.0},
    }
    study = a_study(factors=factors, design={"kind": "central composite", "centre_points": 3})
    points = [(p.levels["depth"], p.levels["rate"]) for p in design_points(study)]
    corners_and_faces = set(product([0.5, 1.5, 2.5], [5000.0, 7000.0, 9000.0]))
    assert set(points) == corners_and_faces
    assert points.count((1.5, 7000.0)) == 3
    assert len(points) == 8 + 3


def test_a_point_says_what_is_asked_of_the_pen_and_what_changes_in_the_files() -> None:
    factors = {
        "rate": {"sets": "setting.rate_per_min", "levels": [5000, 9000]},
        "blunt": {"sets": "world.pen.tip.needles.bluntness", "levels": [1.0, 3.0]},
        "speed": {"sets": "product.phantom.speed_mm_per_s", "levels": [1.0, 2.0]},
        "filter": {"sets": "station.instruments.force_gauge.options.filter", "levels": [2, 4]},
        "room": {"sets": "hand", "levels": ["warm", "cold"]},
    }
    study = a_study(factors=factors, depth_mm=0.75)
    point = next(p for p in design_points(study) if p.levels["rate"] == 9000 and p.levels["room"] == "cold")
    conditions = conditions_of(study, point)
    assert conditions.setting == (0.75, 9000.0)
    assert f"pen.tip.needles.bluntness={point.levels['blunt']:g}" in conditions.world
    assert conditions.product == (f"phantom.speed_mm_per_s={point.levels['speed']:g}",)
    assert conditions.station == (f"instruments.force_gauge.options.filter={point.levels['filter']:g}",)
    assert "room: cold" in conditions.by_hand


def test_every_point_has_noise_of_its_own_but_the_same_pen() -> None:
    study = a_study(design={"replicates": 2})
    all_conditions = [conditions_of(study, point) for point in design_points(study)]
    assert len({conditions.seed for conditions in all_conditions}) == 12
    tips = {v for conditions in all_conditions for v in conditions.world if v.startswith("pen.tip.number=")}
    assert len(tips) == 1


def test_pen_n_is_the_same_pen_in_every_point_and_another_than_pen_m() -> None:
    factors = {
        "pen": {"sets": "pen", "levels": [0, 1]},
        "depth": {"sets": "setting.depth_mm", "levels": [0.5, 2.0]},
    }
    study = a_study(factors=factors)
    worlds: dict[object, set[tuple[str, ...]]] = {0: set(), 1: set()}
    for point in design_points(study):
        drawn = tuple(v for v in conditions_of(study, point).world if v.startswith("pen."))
        worlds[point.levels["pen"]].add(drawn)
    assert [len(drawn) for drawn in worlds.values()] == [1, 1]
    assert worlds[0] != worlds[1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('sets = "setting.depth_mm"', 'sets = "depth"', "sets one of"),
        ("levels = [0.5, 2.0]", "levels = [0.5, 0.5]", "every level once"),
        ("levels = [0.5, 2.0]", "low = 2.0\nhigh = 0.5", "low below high"),
        ("levels = [0.5, 2.0]", "", "either levels, or low and high"),
        ("levels = [0.5, 2.0]", "low = 0.5\nhigh = 2.0", "levels for factor depth"),
        ('sets = "setting.rate_per_min"', 'sets = "setting.depth_mm"', "each thing set by one factor only"),
        ('name = "small"', 'name = "../etc"', "name"),
        ('"extension", "rate"', '"extension", "extension"', "every response once"),
        ("[factors.depth]", '[design]\nblock = "pen"\n[factors.depth]', "design.block one of the factors"),
        ("[factors.depth]", '[design]\nkind = "latin hypercube"\n[factors.depth]', "design.samples"),
        ("[factors.depth]", "[design]\nreplicates = 0\n[factors.depth]", "replicates"),
        (
            "[factors.depth]",
            "[factors.pen]\nsets = 'pen'\nlevels = [0.5, 1]\n[factors.depth]",
            "pens by number",
        ),
        ("levels = [0.5, 2.0]", "levels = [0.5, 2.0]\nlow = 0.5", "either levels, or low and high"),
        ("levels = [0.5, 2.0]", "levels = [0.5, 'deep']", "levels all numbers, or all words"),
        ("levels = [0.5, 2.0]", "levels = [0.5, nan]", "levels"),
        ("levels = [0.5, 2.0]", "low = -inf\nhigh = 2.0", "low"),
        ('"setting.depth_mm"\nlevels = [0.5, 2.0]', '"pen"\nlow = 0\nhigh = 2', "levels, for what is set by"),
        ("[factors.depth]", "[factors.value]", "other names for factors"),
        ("[factors.depth]", '[factors."a[T.b]"]', "pattern"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_by_name(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"study\.toml") as caught:
        load_study(str(file))
    assert told in str(caught.value)


@pytest.mark.parametrize("file", sorted(STUDIES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_study_that_ships_can_be_done(file: Path) -> None:
    study = load_study(file.stem)
    assert study.name == file.stem
    points = design_points(study)
    assert len(points) == count_points(study)
    check(study, points)
    assert study.time_limit_min is not None
    assert check_size(study) <= 60.0 * study.time_limit_min


def test_a_yes_or_no_and_a_whole_number_reach_the_files_as_such() -> None:
    factors = {
        "wire": {"sets": "world.contact.wire_open", "levels": [True, False]},
        "filter": {"sets": "station.instruments.force_gauge.options.filter", "levels": [2, 4]},
        "word": {"sets": "world.pen.firmware.serial", "levels": ["it's", 'a "b"']},
    }
    told = {value for point in design_points(a_study(factors=factors)) for value in values_of(point, factors)}
    assert told == {
        "contact.wire_open=true", "contact.wire_open=false", "instruments.force_gauge.options.filter=2",
        "instruments.force_gauge.options.filter=4", """pen.firmware.serial="it's\"""",
        'pen.firmware.serial="a \\"b\\""',
    }  # fmt: skip


def values_of(point: Point, factors: dict[str, Any]) -> list[str]:
    conditions = conditions_of(a_study(factors=factors), point)
    return [v for v in conditions.world + conditions.station if not v.startswith("pen.tip.number")]


@given(levels=st.lists(st.integers(2, 60), min_size=1, max_size=12), replicates=st.integers(1, 1000))
def test_a_design_is_counted_before_it_is_laid_out(levels: list[int], replicates: int) -> None:
    factors = {
        f"f{i}": {"sets": "hand", "levels": [float(level) for level in range(n)]}
        for i, n in enumerate(levels)
    }
    study = a_study(factors=factors, design={"replicates": replicates})
    count = count_points(study)
    assert count == math.prod(levels) * replicates
    if count > MOST_POINTS:
        with pytest.raises(ConfigError, match=f"a design of {count:,} points"):
            design_points(study)
