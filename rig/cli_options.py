"""What the ``rig`` commands share: options, exit statuses, and how a wrong configuration is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.errors import RigError

if TYPE_CHECKING:
    from rig.product import Product
    from rig.twin.world import World

BROKE, REFUSED = 2, 3

Station = Annotated[str, typer.Option(help="Station by name, or the path of its TOML file.")]
ProductName = Annotated[str, typer.Option("--product", help="Product by name, or the path of its TOML file.")]
WorldName = Annotated[
    str | None, typer.Option("--world", help="Twin: world by name, or the path of its file.")
]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Twin: one value, as pen.depth.gain=1.03."),
]
Fault = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="ROLE.NAME@SECONDSs", help="Twin: what goes wrong; see rig faults."),
]
Seed = Annotated[int | None, typer.Option(help="Twin: seed of every random number.")]
Runs = Annotated[Path, typer.Option(help="Folder of the records.")]
RunName = Annotated[str, typer.Argument(metavar="[RUN|last]", help="Run id, the beginning of one, or last.")]
Jobs = Annotated[int, typer.Option(min=1, help="How many at a time, on twins.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def load_world(
    world: str | None, overrides: list[str] | None, product: str, faults: list[str] | None = None
) -> tuple[World, Product]:
    """Return a world with its overrides, and a product; a wrong one ends the command."""
    from rig.product import load_product
    from rig.twin.world import load_world as load

    try:
        return load(world or "nominal", overrides or [], faults or []), load_product(product)
    except RigError as error:
        raise refused(error) from None


def refused(error: RigError) -> typer.Exit:
    """Tell why a command does not begin; returns what ends it."""
    print(f"refused: {error}", file=sys.stderr)
    return typer.Exit(REFUSED)


@contextmanager
def refusals() -> Iterator[None]:
    """Tell what the rig refuses within the block, and end the command."""
    try:
        yield
    except RigError as error:
        raise refused(error) from None
