"""``rig panel``: the page for operators and engineers, and the interface for the line's computer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rig.cli_options import Fault, Override, Runs, Seed, WorldName, refused
from rig.errors import ConfigError, RigError


def panel(
    station: Annotated[
        list[str] | None, typer.Option(help="A lane for each: station by name, or path of its file.")
    ] = None,
    plan: Annotated[str, typer.Option(help="What a scanned pen goes through.")] = "eol",
    product: Annotated[
        list[str] | None, typer.Option(help="Pens that may be scanned; all that ship where none is given.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this computer only, unless told.")] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8123,
    world: WorldName = None,
    override: Override = None,
    fault: Fault = None,
    seed: Seed = None,
    runs: Runs = Path("runs"),
) -> None:
    """Serve the page for operators and engineers. Runs go on whatever becomes of it."""
    from rig.panel.settings import HOST, read_settings

    options = [f"--world={world}"] if world is not None else []
    options += [f"--set={value}" for value in override or []]
    options += [f"--fault={value}" for value in fault or []]
    options += [f"--seed={seed}"] if seed is not None else []
    try:
        settings = read_settings(
            runs.resolve(),
            station or ["twin"],
            plan=plan,
            products=product or (),
            host=host or HOST,
            port=port,
            options=options,
        )
        _serve(settings)
    except RigError as error:
        raise refused(error) from None


def _serve(settings: object) -> None:
    try:
        from rig.panel.serving import serve
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the panel needs {error.name}", do="Install it: pip install 'needle-rig[panel]'"
        ) from None
    serve(settings)  # type: ignore[arg-type]
