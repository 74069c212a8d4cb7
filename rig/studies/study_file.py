"""A study as data: which question, which factors at which levels, by which design, with which responses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from rig.config import Section, find_file, load_model
from rig.errors import ConfigError
from rig.records.studies import ABOUT, RESULT

STUDIES = Path(__file__).resolve().parent.parent.parent / "test_plans" / "studies"

Level = StrictBool | float | str
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
FactorName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]{0,39}$")]

FILM_LAYERS = "film.layers"
HAND, PEN, OPERATOR = "hand", "pen", "operator"
SETTINGS = ("setting.depth_mm", "setting.rate_per_min")
FILES = ("world.", "product.", "station.")


class Factor(Section):
    """One thing that is varied.

    ``sets`` says what: ``setting.depth_mm`` and ``setting.rate_per_min`` what is asked of the pen; any
    value of the world (on a twin), the product or the station, such as ``world.pen.tip.needles.bluntness``;
    ``film.layers`` how many layers of film are stretched; ``pen`` which pen, by number; ``operator`` who
    clamps it, by name; ``hand`` anything else that a person sees to and the rig only writes down.
    """

    sets: str
    levels: Annotated[list[Level], Field(min_length=2)] | None = None
    low: float | None = None
    high: float | None = None
    unit: str = Field("", description="of its levels, for plots")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.sets not in (HAND, PEN, OPERATOR, FILM_LAYERS, *SETTINGS) and not self.sets.startswith(FILES):
            known = ", ".join((*SETTINGS, *(f"{name}…" for name in FILES), FILM_LAYERS, PEN, OPERATOR, HAND))
            raise ValueError(f"sets one of: {known}")
        given = (self.levels is not None, self.low is not None, self.high is not None)
        if given not in ((True, False, False), (False, True, True)):
            raise ValueError("either levels, or low and high")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError("low below high")
        if self.levels is not None and len(set(self.levels)) != len(self.levels):
            raise ValueError("every level once")
        if len({type(level) for level in self.levels or ()}) > 1:
            raise ValueError("levels all numbers, or all words")
        if self.sets in (PEN, OPERATOR, HAND) and self.levels is None:
            raise ValueError(f"levels, for what is set by {self.sets}")
        if self.sets == PEN and not all(_is_count(level) for level in self.levels or ()):
            raise ValueError("pens by number: 0, 1, 2 …")
        return self

    @property
    def is_numeric(self) -> bool:
        """Whether its levels can be placed on a scale; pens by number cannot."""
        return self.sets not in (PEN, OPERATOR, HAND) and not any(
            isinstance(level, bool | str) for level in self.levels or ()
        )

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value of a factor on a scale."""
        if self.levels is None:
            assert self.low is not None
            assert self.high is not None
            return self.low, self.high
        numbers = [float(level) for level in self.levels]
        return min(numbers), max(numbers)


class Design(Section):
    """How levels are combined.

    ``full factorial`` takes every combination of levels; ``latin hypercube`` draws ``samples`` that fill
    the ranges evenly; ``central composite`` (face-centred, so that no range is left) suits a quadratic
    response, with ``centre_points`` in the middle.
    """

    kind: Literal["full factorial", "latin hypercube", "central composite"] = "full factorial"
    samples: Annotated[int, Field(ge=2)] | None = None
    centre_points: Count = 4
    replicates: Count = 1
    randomised: bool = True
    block: str = Field("", description="factor whose levels are run one after the other, not mixed")


class StudyFile(Section):
    """A study, complete: the same file and seed give the same points in the same order."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: str
    question: str = ""
    station: str = "twin"
    product: str = "office-pen"
    world: str = "nominal"
    population: str = Field("line", description="what pens are drawn from, where the pen is a factor")
    seed: Annotated[int, Field(ge=0)] = 0
    depth_mm: Positive = Field(1.25, description="set depth, where it is no factor")
    rate_per_min: Positive = Field(7000.0, description="set rate, where it is no factor")
    time_limit_min: Positive | None = Field(None, description="longest time on the bench; refused beyond")
    clamps_anew: bool = Field(False, description="the pen is taken out and clamped anew for every point")
    factors: Annotated[dict[FactorName, Factor], Field(min_length=1)]
    responses: Annotated[list[str], Field(min_length=1)]
    design: Design = Design()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        kind, block = self.design.kind, self.design.block
        taken = [name for name in self.factors if name in (*ABOUT, *RESULT)]
        if taken:
            raise ValueError(f"other names for factors; columns of the results are called {', '.join(taken)}")
        if block and block not in self.factors:
            raise ValueError(f"design.block one of the factors; {block!r} is none")
        if len(set(self.responses)) != len(self.responses):
            raise ValueError("every response once")
        for name, factor in self.factors.items():
            if kind == "full factorial" and factor.levels is None:
                raise ValueError(f"levels for factor {name} in a full factorial")
            if kind == "central composite" and not factor.is_numeric:
                raise ValueError(f"numbers as levels of factor {name} in a central composite")
        if kind == "latin hypercube" and self.design.samples is None:
            raise ValueError("design.samples for a latin hypercube")
        if kind == "central composite" and len(self.factors) < 2:
            raise ValueError("two factors or more for a central composite")
        targets = [factor.sets for factor in self.factors.values() if factor.sets != HAND]
        if len(set(targets)) != len(targets):
            raise ValueError("each thing set by one factor only")
        return self


def load_study(name: str) -> StudyFile:
    """Load a study by name (one that ships in ``test_plans/studies``) or by path.

    Raises:
        ConfigError: unknown name, or a wrong or missing key.
    """
    return load_model(StudyFile, find_file(name, STUDIES, kind="study"))


def number(level: Level) -> float:
    """Return a level as the number it is.

    Raises:
        ConfigError: it is a word.
    """
    if isinstance(level, bool | str):
        raise ConfigError(f"level {level!r}", expected="a number")
    return float(level)


def _is_count(level: Level) -> bool:
    return isinstance(level, float) and level.is_integer() and level >= 0
