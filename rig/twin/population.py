"""Populations: worlds drawn from distributions: pens good and bad, benches as certificates allow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rig.config import Section, find_file, load_model

POPULATIONS = Path(__file__).parent / "populations"


class Law(Section):
    """How one value of the world scatters: normal around ``a`` with ``b``, or uniform from ``a`` to ``b``."""

    key: str = Field(description="value of the world, such as pen.depth.gain")
    law: Literal["normal", "uniform"]
    a: float
    b: float
    at_least: float | None = Field(None, description="draws below this are this")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.law == "normal" and self.b < 0) or (self.law == "uniform" and self.b < self.a):
            raise ValueError("b not negative for a normal law, not below a for a uniform one")
        return self

    def draw(self, random: np.random.Generator) -> str:
        """Return one draw as an override, ``key=value``."""
        value = random.normal(self.a, self.b) if self.law == "normal" else random.uniform(self.a, self.b)
        if self.at_least is not None:
            value = max(value, self.at_least)
        return f"{self.key}={float(value)!r}"


class Population(Section):
    """What varies from pen to pen and from bench to bench."""

    title: str
    varies: list[Law]

    def draw(self, random: np.random.Generator) -> list[str]:
        """Return the overrides of one world."""
        return [law.draw(random) for law in self.varies]


def load_population(name: str) -> Population:
    """Load a population by name (one that ships) or path.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    return load_model(Population, find_file(name, POPULATIONS, kind="population"))
