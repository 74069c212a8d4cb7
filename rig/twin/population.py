"""Populations: worlds drawn from distributions: pens good and bad, benches as certificates allow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rig.config import Section, find_file, load_model

POPULATIONS = Path(__file__).parent / "populations"


Values = float | Annotated[list[float], Field(min_length=1)]


class Law(Section):
    """How one value of the world scatters: normal around ``a`` with ``b``, or uniform from ``a`` to ``b``.

    A value that is a list, such as the shares of a pouch's relaxation, has lists of the same length for
    both; its elements scatter each by itself. What depends on another value of the same draw ``follows``
    that one's key, and gains ``per`` for each unit of it.
    """

    key: str = Field(description="value of the world, such as pen.depth.gain")
    law: Literal["normal", "uniform"]
    a: Values
    b: Values
    at_least: float | None = Field(None, description="draws below this are this")
    follows: str = Field("", description="key of a number that is drawn earlier in the list")
    per: float = Field(0.0, description="what is added for each unit of that")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if np.shape(self.a) != np.shape(self.b):
            raise ValueError("a and b both numbers, or both lists of one length")
        if np.any(np.less(self.b, 0.0 if self.law == "normal" else self.a)):
            raise ValueError("b not negative for a normal law, not below a for a uniform one")
        return self

    def draw(self, random: np.random.Generator, leader: float = 0.0) -> str:
        """Return one draw as an override, ``key=value``; ``leader`` is the value it follows."""
        value = random.normal(self.a, self.b) if self.law == "normal" else random.uniform(self.a, self.b)
        value = value + self.per * leader
        if self.at_least is not None:
            value = np.maximum(value, self.at_least)
        return f"{self.key}={np.asarray(value).tolist()!r}"


class Population(Section):
    """What varies from pen to pen and from bench to bench."""

    title: str
    varies: list[Law]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        numbers: set[str] = set()
        for law in self.varies:
            if law.follows and law.follows not in numbers:
                raise ValueError(f"follows the key of a number that is drawn before; {law.follows!r} is none")
            numbers |= {law.key} if isinstance(law.a, float) else set()
        return self

    def draw(self, random: np.random.Generator) -> list[str]:
        """Return the overrides of one world."""
        drawn: dict[str, str] = {}
        for law in self.varies:
            leader = float(drawn[law.follows].partition("=")[2]) if law.follows else 0.0
            drawn[law.key] = law.draw(random, leader)
        return list(drawn.values())


def load_population(name: str) -> Population:
    """Load a population by name (one that ships) or path.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    return load_model(Population, find_file(name, POPULATIONS, kind="population"))
