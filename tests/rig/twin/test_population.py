"""Populations: laws of single values and of lists, and what is no law."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rig.errors import ConfigError
from rig.product import load_product
from rig.twin.population import Law, load_population
from rig.twin.randomness import noise_source
from rig.twin.world import load_world


def test_the_elements_of_a_list_scatter_each_by_itself() -> None:
    law = Law(key="pouch.relaxation", law="normal", a=[0.030, 0.045], b=[0.001, 0.0015])
    random = noise_source(1, "law")
    drawn = np.array([load_world("nominal", [law.draw(random)]).pouch.relaxation for _ in range(300)])
    assert drawn.mean(axis=0) == pytest.approx([0.030, 0.045], rel=0.01)
    assert drawn.std(axis=0) == pytest.approx([0.001, 0.0015], rel=0.15)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.2


def test_no_element_is_drawn_below_the_least() -> None:
    law = Law(key="k", law="uniform", a=[0.0, 5.0], b=[1.0, 6.0], at_least=2.0)
    assert law.draw(noise_source(1, "law")).startswith("k=[2.0, 5.")


def test_the_line_s_pouches_relax_as_the_products_reference_pouches_do() -> None:
    pouch = load_product("office-pen").pouch
    (law,) = (law for law in load_population("line").varies if law.key == "pouch.relaxation")
    assert (law.a, law.b) == (pouch.relaxation, pouch.relaxation_u)


def test_a_value_follows_another_of_the_same_draw() -> None:
    lot, random = load_population("pouch-lot"), noise_source(3, "lot")
    worlds = [load_world("nominal", lot.draw(random)) for _ in range(200)]
    strength = np.array([world.peel.strength_n_per_15mm for world in worlds])
    channel = np.array([world.pouch.channel_um for world in worlds])
    slope, at_none = np.polyfit(strength[channel > 0], channel[channel > 0], 1)
    assert (slope, at_none) == (pytest.approx(-28.0, abs=3.0), pytest.approx(70.0, abs=5.0))
    assert channel.min() >= 0.0


def test_what_follows_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lot.toml"
    file.write_text(
        'title = "lot"\nvaries = [{ key = "a", law = "normal", a = 1.0, b = 0.1, follows = "b", per = 2.0 }]',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="'b' is none"):
        load_population(str(file))


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ('law = "normal", a = [1.0, 2.0], b = [0.1]', "lists of one length"),
        ('law = "normal", a = [1.0, 2.0], b = 0.1', "lists of one length"),
        ('law = "normal", a = 1.0, b = [0.1]', "lists of one length"),
        ('law = "normal", a = [1.0, 2.0], b = [0.1, -0.1]', "not negative"),
        ('law = "uniform", a = [1.0, 2.0], b = [1.5, 1.5]', "not below a"),
        ('law = "normal", a = [], b = []', "at least 1 item"),
        ('law = "normal", a = nan, b = 1.0', "finite"),
    ],
)
def test_a_law_that_is_none_is_refused_with_its_place(law: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(f'title = "t"\nvaries = [{{ key = "k", {law} }}]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_population(str(file))
