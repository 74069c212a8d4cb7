"""What a point's levels mean for the bench: what is asked of the pen, and which files' values change."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rig.product import Setting
from rig.studies.design import Point
from rig.studies.study_file import FILM_LAYERS, HAND, OPERATOR, PEN, Level, StudyFile, number
from rig.twin.population import load_population
from rig.twin.randomness import noise_source

ITS_OWN = ("pen.", "pouch.", "peel.")
"""What belongs to a pen and its tip's pouch, and not to the bench."""


@dataclass(frozen=True)
class Conditions:
    """Under which conditions a point is measured.

    Args:
        setting: what is asked of the pen.
        world, product, station: ``key=value`` overrides of those files.
        seed: of the twin's noise; every point has its own.
        by_hand: what a person has to see to on a real bench, a sentence each.
    """

    setting: Setting
    world: tuple[str, ...]
    product: tuple[str, ...]
    station: tuple[str, ...]
    seed: int
    by_hand: tuple[str, ...]


def conditions_of(study: StudyFile, point: Point) -> Conditions:
    """Return the conditions of a point.

    On a twin, the pen and its tip are the same at every point unless they are varied: pen n of a population
    is drawn from the study's seed and n only.

    Raises:
        ConfigError: a level that is no number where one is needed, or no such population.
    """
    depth_mm, rate_per_min = study.depth_mm, study.rate_per_min
    overrides: dict[str, list[str]] = {
        "world": [f"pen.tip.number={study.seed + 1}"],
        "product": [],
        "station": [],
    }
    by_hand = []
    for name, factor in study.factors.items():
        level = point.levels[name]
        file, _, key = factor.sets.partition(".")
        match file:
            case "setting" if key == "depth_mm":
                depth_mm = number(level)
            case "setting":
                rate_per_min = number(level)
            case _ if factor.sets == FILM_LAYERS:
                overrides["world"].append(f"film.layers={_layers(level)}")
                overrides["station"].append(f"nest.film_layers={_layers(level)}")
                by_hand.append(f"stretch {_layers(level)} layers of film")
            case _ if factor.sets == PEN:
                overrides["world"] += _pen(study, int(number(level)))
                by_hand.append(f"clamp pen {in_words(level)}")
            case _ if factor.sets == OPERATOR:
                overrides["world"] += _drawn("operators", study, f"operator {level}")
                by_hand.append(f"operator {in_words(level)}")
            case _ if factor.sets == HAND:
                by_hand.append(f"{name}: {in_words(level)} {factor.unit}".rstrip())
            case _:
                overrides[file].append(f"{key}={_as_toml(level)}")
                told = f"{name}: {in_words(level)} {factor.unit}".rstrip()
                by_hand += [told] if file == "world" else []
    if study.clamps_anew:
        overrides["world"] += _drawn("clamping", study, f"clamping {point.number}")
        by_hand.append(f"take the pen out and clamp it anew ({point.run + 1})")
    return Conditions(
        Setting(depth_mm, rate_per_min),
        tuple(overrides["world"]),
        tuple(overrides["product"]),
        tuple(overrides["station"]),
        int(noise_source(study.seed, f"point {point.number}").integers(2**31)),
        tuple(by_hand),
    )


def in_words(level: Level) -> str:
    """Return a level as people say it.

    >>> in_words(3.0), in_words(0.25), in_words("warm"), in_words(True)
    ('3', '0.25', 'warm', 'yes')
    """
    if isinstance(level, bool):
        return "yes" if level else "no"
    return level if isinstance(level, str) else f"{level:g}"


def _as_toml(level: Level) -> str:
    """Return a level as a configuration file has it; whole numbers without a point, as drivers want them."""
    whole = isinstance(level, float) and level.is_integer()
    return json.dumps(int(level) if whole else level, ensure_ascii=False)


def _layers(level: Level) -> int:
    """Return a number of layers; load_world and load_station say what is wrong with it, if anything is."""
    return round(number(level))


def _pen(study: StudyFile, pen: int) -> list[str]:
    """Return what makes pen ``pen`` of the population, and its tip, in the world."""
    drawn = _drawn(study.population, study, f"pen {pen}")
    return [*(value for value in drawn if value.startswith(ITS_OWN)), f"pen.tip.number={pen + 1}"]


def _drawn(population: str, study: StudyFile, name: str) -> list[str]:
    """Return what of a population belongs to a name, the same at every point of the study."""
    return load_population(population).draw(noise_source(study.seed, name))
