"""``rig users``: who may use the rig, and as what.

Where a command needs two passwords, the one of the person who does it comes first, then the new one, also on
the standard input; in the environment they are ``RIG_PASSWORD`` and ``RIG_NEW_PASSWORD``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.cli_options import AsJson, Runs, refusals
from rig.cli_sign_in import NEW_PASSWORD, FromStdin, quality, read_password, signed_in

if TYPE_CHECKING:
    from rig.people.sign_in import SignedIn

users = typer.Typer(help="Who may use the rig, and as what.", no_args_is_help=True)

WHAT = "changing users"

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the person signs in with.")]
FullName = Annotated[str, typer.Option(help="The name as it is printed.")]
RoleNames = Annotated[
    list[str], typer.Option("--role", help="operator, engineer or quality; may be repeated")
]
By = Annotated[str, typer.Option(help="Who does this: a user of role quality.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@users.command()
def add(
    name: Name,
    full_name: FullName,
    role: RoleNames,
    by: By = "",
    reason: Reason = "a new user",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Add a user. The first is of role quality; later ones must change the password that they are given."""
    from rig.people.changes import Newcomer, add_user

    with refusals():
        person = _signed_in(runs, by, from_stdin)
        password = _new_password(name, from_stdin)
        user = add_user(runs, Newcomer(name, full_name, role), password, by=person, reason=reason)
    told = "" if person is None else f"; the password must be changed first: rig users password {name}"
    print(f"added: {user.name}, {user.full_name}, {', '.join(user.roles)}{told}")


@users.command("list")
def list_users(as_json: AsJson = False, runs: Runs = Path("runs")) -> None:
    """List every user there ever was."""
    from rich.console import Console

    from rig.people.access import knows_users
    from rig.people.directory import Directory
    from rig.people.policy import load_policy
    from rig.show_users import render_users, told_of

    with refusals():
        known, policy = [], load_policy(runs)
        if knows_users(runs):
            with Directory(runs) as directory:
                known = [told_of(user, policy) for user in directory.users()]
    if as_json:
        print(json.dumps(known, ensure_ascii=False, indent=1))
    else:
        render_users(known, Console())


@users.command()
def retire(
    name: Name, by: By, reason: Reason, from_stdin: FromStdin = False, runs: Runs = Path("runs")
) -> None:
    """Let a user sign in no more. The name stays theirs; nobody is deleted."""
    from rig.people.changes import retire as change

    with refusals():
        change(runs, name, by=quality(runs, by, WHAT, from_stdin=from_stdin), reason=reason)
    print(f"retired: {name}")


@users.command()
def roles(
    name: Name,
    role: RoleNames,
    by: By,
    reason: Reason,
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Give a user other roles, in place of those the user has."""
    from rig.people.changes import set_roles

    with refusals():
        user = set_roles(runs, name, role, by=quality(runs, by, WHAT, from_stdin=from_stdin), reason=reason)
    print(f"roles of {name}: {', '.join(user.roles)}")


@users.command()
def unlock(
    name: Name, by: By, reason: Reason, from_stdin: FromStdin = False, runs: Runs = Path("runs")
) -> None:
    """End a lock-out before its time."""
    from rig.people.changes import unlock as change

    with refusals():
        change(runs, name, by=quality(runs, by, WHAT, from_stdin=from_stdin), reason=reason)
    print(f"unlocked: {name}")


@users.command()
def password(
    name: Name,
    by: By = "",
    reason: Reason = "a new password",
    from_stdin: FromStdin = False,
    runs: Runs = Path("runs"),
) -> None:
    """Change one's own password; with --by, give a user one that must be changed first."""
    from rig.people.changes import change_password, give_password

    with refusals():
        if by and by != name:
            person = quality(runs, by, WHAT, from_stdin=from_stdin)
            give_password(runs, name, _new_password(name, from_stdin), by=person, reason=reason)
        else:
            old = read_password(name, from_stdin=from_stdin)
            change_password(runs, name, old, _new_password(name, from_stdin), reason=reason)
    print(f"password of {name}: changed")


def _signed_in(runs: Path, by: str, from_stdin: bool) -> SignedIn | None:
    from rig.people.user import Role

    return signed_in(runs, by, (Role.QUALITY,), WHAT, from_stdin=from_stdin, must_be_known=True)


def _new_password(name: str, from_stdin: bool) -> str:
    return read_password(f"{name}, a new one", from_stdin=from_stdin, variable=NEW_PASSWORD, twice=True)
