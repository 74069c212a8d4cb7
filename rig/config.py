"""Reading TOML files into checked models, with messages that name file, key, value and expectation.

Station, product and world files all come through :func:`load_model`. Nothing here knows what a
station or a pen is.
"""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from rig.errors import ConfigError

# A rule between keys reports their whole table; a message shows its plain values only.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 1


class Section(BaseModel):
    """A table of a configuration file: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


Model = TypeVar("Model", bound=Section)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ConfigError: the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", do="Check the name, or write the file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def load_model(kind: type[Model], path: Path, *, overrides: Sequence[str] = (), **extra: Any) -> Model:
    """Load ``path`` as ``kind``, after applying ``a.b.c=value`` overrides and ``extra`` top-level keys.

    Raises:
        ConfigError: one line per wrong key: file, key, value, what was expected.
    """
    data = read_toml(path) | extra
    for override in overrides:
        apply_override(data, override)
    return check_model(kind, data, source=str(path))


def check_model(kind: type[Model], data: dict[str, Any], *, source: str) -> Model:
    """Validate ``data`` as ``kind``; ``source`` names where it came from in messages.

    Raises:
        ConfigError: as :func:`load_model`.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        lines = [_describe(source, problem) for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def apply_override(data: dict[str, Any], override: str) -> None:
    """Set one nested value in place from ``a.b.c=value``; the value is read as TOML, else as text.

    Raises:
        ConfigError: the override is not of that form, or walks through something that is not a table.
    """
    key, equals, text = override.partition("=")
    path = [name.strip() for name in key.split(".")]
    if not equals or not all(path):
        raise ConfigError(f"--set {override!r}", expected="key=value, such as pen.depth.gain=1.03")
    table = data
    for name in path[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {override!r}: {name} is a value", expected="a table")
    table[path[-1]] = _value(text)


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of two files as one: ``above`` holds where both say something, key by key."""
    both = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            both[key] = overlaid(below[key], above[key])
    return both


def find_file(name: str, folder: Path, *, kind: str) -> Path:
    """Return the path of a TOML file given by path or by the name of one that ``folder`` ships.

    Raises:
        ConfigError: neither exists; the message lists the names there are.
    """
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return Path(name)
    path = folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml"))) or "none"
        raise ConfigError(f"unknown {kind} {name!r}", expected=f"one of: {known}, or the path of a TOML file")
    return path


def _value(text: str) -> Any:
    """Read ``text`` as one TOML value, or take it as it stands."""
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    return tables["value"] if len(tables) == 1 else text.strip()


def _describe(source: str, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(top level)"
    got = _SHORT.repr(problem["input"])
    match problem["type"]:
        case "missing":
            return f"{source}: {key}: missing"
        case "extra_forbidden":
            return f"{source}: {key}: unknown key (value {got}), expected no such key"
        case _:
            expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            return f"{source}: {key}: got {got}, expected {expected}"
