"""Writes docs/world-parameters.md from the world's own declarations; run it after changing them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rig.twin.world import World

PAGE = Path(__file__).parent / "world-parameters.md"
HEAD = """# World parameters

Everything that can be true on a simulated bench, with unit and default. A world file names what differs, and
`--set key=value` changes one of them. This page is made from `rig/twin/world.py` by
`docs/make_world_parameters.py`.
"""


def page() -> str:
    """Return the whole page: a table for each part of the world."""
    lines = [HEAD]
    for path, section in _sections(World, ""):
        rows = [_row(path, name, field) for name, field in section.model_fields.items() if not _part(field)]
        if rows:
            title = (section.__doc__ or "").strip().partition("\n")[0]
            lines += [
                f"## `{path or 'world'}`",
                "",
                title,
                "",
                "| key | default | unit | what it is |",
                "|---|---|---|---|",
            ]
            lines += [*rows, ""]
    return "\n".join(lines)


def _part(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _sections(section: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, section
    for name, field in section.model_fields.items():
        part = _part(field)
        if part is not None:
            yield from _sections(part, f"{path}.{name}" if path else name)


def _row(path: str, name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    key = f"{path}.{name}" if path else name
    default = "(empty)" if field.default in ("", ()) else field.default
    return f"| `{key}` | {default} | {extra.get('unit', '')} | {field.description} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
