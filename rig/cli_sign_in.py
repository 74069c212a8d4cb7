"""How a person at the ``rig`` command says who they are: a name as an option, never the password.

A password comes from the environment (``RIG_PASSWORD``, for automation), from a line of the standard input
with ``--password-stdin``, or from the keyboard without an echo.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rig.errors import RefusedToStart

if TYPE_CHECKING:
    from rig.people.sign_in import SignedIn
    from rig.people.user import Role

PASSWORD, NEW_PASSWORD = "RIG_PASSWORD", "RIG_NEW_PASSWORD"

UserName = Annotated[str, typer.Option("--user", help="Who does this, where users are known: rig users.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from a line of the standard input.")
]


def read_password(whose: str, *, from_stdin: bool, variable: str = PASSWORD, twice: bool = False) -> str:
    """Return a password; the environment forgets it, so that no process begun from here inherits it.

    Args:
        whose: told to who types it.
        from_stdin: take it from a line of the standard input.
        variable: of the environment, that may hold it.
        twice: have a new one typed twice, since nobody sees it.

    Raises:
        RefusedToStart: there is none, there is nobody to ask, or two that differ were typed.
    """
    password = os.environ.pop(variable, "")
    if not password:
        password = sys.stdin.readline().rstrip("\r\n") if from_stdin else _typed(whose, twice, variable)
    if not password:
        raise RefusedToStart(f"no password of {whose}")
    return password


def signed_in(
    runs: Path,
    name: str,
    roles: tuple[Role, ...],
    what: str,
    *,
    from_stdin: bool,
    must_be_known: bool = False,
) -> SignedIn | None:
    """Return the person who shows the password of ``name``; None where no users are known.

    Args:
        runs: folder of the runs.
        name: as given; empty where none was.
        roles: any of them will do.
        what: shall be done, as in "running plan eol".
        from_stdin: take the password from the standard input.
        must_be_known: a name is one of a user, and not just what somebody is called.

    Raises:
        RefusedToStart: users are known and nobody is named, or not signed in, or in no such role; or a name
            must be known and no users are.
        StoreError: users or record cannot be read or written.
    """
    from rig.people.access import admit, knows_users
    from rig.people.sign_in import sign_in

    if not knows_users(runs):
        if name and must_be_known:
            raise RefusedToStart(
                f"{name}: {runs} knows no users", do="Add the first one, of role quality: rig users add"
            )
        return None
    person = None
    if name:
        person = sign_in(runs, name, read_password(name, from_stdin=from_stdin))
    admit(runs, person, roles, what)
    return person


def _typed(whose: str, twice: bool, variable: str) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise RefusedToStart(
            f"nobody to ask for the password of {whose}", do=f"Give --password-stdin, or set {variable}"
        )
    try:
        password = getpass.getpass(f"Password of {whose}: ")
        if twice and getpass.getpass("The same again: ") != password:
            raise RefusedToStart("two different passwords were typed", do="Try again")
    except (EOFError, KeyboardInterrupt):  # nothing began, which is no verdict on anything
        return ""
    return password
