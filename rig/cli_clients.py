"""``rig clients``: machines that may use the REST interface, and as what."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import AsJson, Runs, refusals
from rig.cli_sign_in import FromStdin, quality

if TYPE_CHECKING:
    pass

clients = typer.Typer(help="Machines that may use the REST interface, and as what.", no_args_is_help=True)

WHAT = "changing clients"

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the client, such as line-3-mes.")]
RoleNames = Annotated[
    list[str], typer.Option("--role", help="operator, engineer or quality; may be repeated")
]
By = Annotated[str, typer.Option(help="Who does this: a user of role quality.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@clients.command()
def add(
    name: Name,
    role: RoleNames,
    by: By,
    reason: Reason = "a new client",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Add a client, and print its token: on the standard output, alone, and never again."""
    from rig.people.clients import add_client

    with refusals():
        token = add_client(runs, name, role, by=quality(runs, by, WHAT, from_stdin=from_stdin), reason=reason)
    print(f"added: {name}, {', '.join(role)}; its token, which is kept nowhere:", file=sys.stderr)
    print(token)


@clients.command("list")
def list_clients(as_json: AsJson = False, runs: Runs = Path("runs")) -> None:
    """List every client there ever was."""
    from rich.console import Console

    from rig.people.access import knows_users
    from rig.people.clients import clients as known_clients
    from rig.show_clients import render_clients, told_of

    with refusals():
        known = [told_of(client) for client in known_clients(runs)] if knows_users(runs) else []
    if as_json:
        print(json.dumps(known, ensure_ascii=False, indent=1))
    else:
        render_clients(known, Console())


@clients.command()
def retire(
    name: Name, by: By, reason: Reason, from_stdin: FromStdin = False, runs: Runs = Path("runs")
) -> None:
    """Let a client in no more. The name stays its own; no client is deleted."""
    from rig.people.clients import retire_client

    with refusals():
        retire_client(runs, name, by=quality(runs, by, WHAT, from_stdin=from_stdin), reason=reason)
    print(f"retired: {name}")
