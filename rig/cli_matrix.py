"""``rig matrix``: which requirement is shown by which test of which run, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import AsJson, Runs, refused
from rig.errors import ConfigError, RigError

if TYPE_CHECKING:
    from rig.records.view import RunView

GAPS = 1

Requirements = Annotated[
    Path | None, typer.Option(help="Folder of the requirements' TOML files; those that ship if not given.")
]
LotName = Annotated[str, typer.Option("--lot", help="All runs of a lot.")]


def matrix(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]…", help="Run ids, their beginnings, or last.")
    ] = None,
    lot: LotName = "",
    requirements: Requirements = None,
    strict: Annotated[bool, typer.Option(help="Exit status 1 where anything is not shown.")] = False,
    as_json: AsJson = False,
    runs: Runs = Path("runs"),
) -> None:
    """Show requirements against tests, runs and results, both ways; of the last run if none is named."""
    from rich.console import Console

    from reports.matrix import matrix_of
    from reports.requirements import REQUIREMENTS, load_requirements
    from rig.show_matrix import render_matrix

    try:
        known = load_requirements(requirements or REQUIREMENTS)
        found = matrix_of(known, _views(names or [], lot, runs))
    except RigError as error:
        raise refused(error) from None
    if as_json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
    else:
        render_matrix(found, Console())
    if strict and found.has_gaps:
        raise typer.Exit(GAPS)


def _views(names: list[str], lot: str, runs: Path) -> tuple[RunView, ...]:
    from reports.evidence.subject import lot_subject, run_subject

    if lot and names:
        raise ConfigError(f"--lot {lot} and runs {', '.join(names)}", expected="a lot, or runs")
    return lot_subject(runs, lot).runs if lot else run_subject(runs, names or ["last"]).runs
