"""Requirements as data: what a pen and its station owe, where it comes from, and how it is shown.

They are read from the TOML files of a folder, one subject (``of``) a file. A requirement that this rig does
not test is there all the same, and says where it has to be shown: a gap that nobody sees is none that
anybody closes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from rig.config import Section, load_model
from rig.errors import ConfigError

REQUIREMENTS = Path(__file__).resolve().parent.parent / "test_plans" / "requirements"

TEST, NOT_TESTED_HERE = "test", "not tested here"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$")]


class Requirement(Section):
    """One requirement; plans and product files cite its ``id``."""

    id: Id
    title: Words
    text: Words
    source: Words = Field(description="where it comes from, as far as it was verified")
    method: Literal["test", "not tested here"]
    acceptance: Words = Field(description="in words; the figures stand in the product file")
    characteristics: tuple[Words, ...] = ()
    where: str = Field("", description="what has to show it, where this rig does not")
    of: str = Field("", description="its subject: that of its file")

    @model_validator(mode="after")
    def _shown_somewhere(self) -> Self:
        if self.method == NOT_TESTED_HERE and not self.where.strip():
            raise ValueError(f'where, with method = "{NOT_TESTED_HERE}": what has to show it')
        if self.method == NOT_TESTED_HERE and self.characteristics:
            raise ValueError(f'no characteristics with method = "{NOT_TESTED_HERE}"')
        return self

    @property
    def is_tested(self) -> bool:
        """Whether this rig gives evidence for it."""
        return self.method == TEST

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return self.model_dump(mode="json")


class RequirementsFile(Section):
    """A file of requirements."""

    of: Words = Field(description="what they are requirements of: pen, station …")
    requirement: Annotated[list[Requirement], Field(min_length=1)]


def load_requirements(folder: Path = REQUIREMENTS) -> dict[str, Requirement]:
    """Load every requirement of a folder, by id, in the order of file names and of each file.

    Raises:
        ConfigError: no file there; a wrong, missing or unknown key, an empty text, an id twice: file and key.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise ConfigError(f"{folder}: no requirements", expected="TOML files such as pen.toml")
    known: dict[str, Requirement] = {}
    stands_in: dict[str, Path] = {}
    for path in paths:
        loaded = load_model(RequirementsFile, path)
        for number, requirement in enumerate(loaded.requirement):
            if requirement.id in known:
                raise ConfigError(
                    f"{path}: requirement.{number}.id: got {requirement.id!r} a second time",
                    expected=f"an id of its own; the first is in {stands_in[requirement.id].name}",
                )
            known[requirement.id] = requirement.model_copy(update={"of": loaded.of})
            stands_in[requirement.id] = path
    return known
