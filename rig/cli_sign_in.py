"""How a person at the ``rig`` command says who they are: a name as an option, never the password.

A password comes from the environment (``RIG_PASSWORD``, for automation), from a line of the standard input
with ``--password-stdin``, or from the keyboard without an echo. Whoever is signed in at the panel already is
known by a ticket instead, which comes from a line of the standard input too.
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
_LONGEST_TICKET = 1000  # no line is read for ever

UserName = Annotated[str, typer.Option("--user", help="Who does this, where users are known: rig users.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from a line of the standard input.")
]
TicketFromStdin = Annotated[
    bool,
    typer.Option("--ticket-stdin", help="Read a ticket of the panel from a line of the standard input."),
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


def quality(runs: Path, name: str, what: str, *, from_stdin: bool) -> SignedIn:
    """Return the person of role quality who shows the password of ``name``.

    Args:
        runs, name, what, from_stdin: as :func:`signed_in` takes them.

    Raises:
        RefusedToStart: as there; or no users are known.
        StoreError: users or record cannot be read or written.
    """
    from rig.people.user import Role

    person = signed_in(runs, name, (Role.QUALITY,), what, from_stdin=from_stdin, must_be_known=True)
    if person is None:
        raise RefusedToStart(f"no users are known in {runs}", do="Add the first one: rig users add")
    return person


def who_runs(
    runs: Path, name: str, roles: tuple[Role, ...], what: str, *, from_stdin: bool, by_ticket: bool
) -> SignedIn | None:
    """Return who begins a run: whoever a ticket was issued to for it, else as :func:`signed_in`.

    Args:
        runs, roles, what, from_stdin: as there.
        name: of a user, who shows the password.
        by_ticket: take a ticket for ``what`` from the standard input, in place of name and password.

    Raises:
        RefusedToStart: as there; or the ticket is missing or none for this, or a name was given besides.
        StoreError: users or record cannot be read or written.
    """
    if not by_ticket:
        return signed_in(runs, name, roles, what, from_stdin=from_stdin, must_be_known=True)
    from rig.people.access import admit
    from rig.people.tickets import redeem_ticket

    if name or from_stdin:
        raise RefusedToStart(
            "a ticket and a user", expected="--ticket-stdin alone", do="The ticket says who it is"
        )
    ticket = sys.stdin.readline(_LONGEST_TICKET).strip()
    if not ticket:
        raise RefusedToStart("no ticket on the standard input", expected="one line of it")
    person = redeem_ticket(runs, ticket, what)
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
