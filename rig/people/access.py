"""May this person do this here? Where a folder of runs knows users, nothing begins without one of them."""

from __future__ import annotations

from pathlib import Path

from rig.errors import RefusedToStart
from rig.people.actors import find_actor
from rig.people.directory import FILE_NAME, Directory
from rig.people.sign_in import SignedIn
from rig.people.told import last_told
from rig.people.user import Role


def are_kept(runs: Path) -> bool:
    """Say whether a folder of runs has a file of users; it may be one that lost its users."""
    path = runs / FILE_NAME
    return path.is_file() and path.stat().st_size > 0  # empty where the making of it was cut off


def knows_users(runs: Path) -> bool:
    """Say whether a folder of runs knows users.

    Raises:
        RefusedToStart: the record tells of users, and their file is gone or empty.
        StoreError: one of the two cannot be read.
    """
    if are_kept(runs):
        with Directory(runs) as directory:
            if directory.users():
                return True
    if last_told(runs):
        raise RefusedToStart(
            f"{runs / FILE_NAME}: the record tells of users, and none are there",
            do="Restore the file from the backup of the folder",
        )
    return False


def admit(runs: Path, person: SignedIn | None, roles: tuple[Role, ...], what: str) -> None:
    """Refuse what a person or a client may not do.

    Args:
        runs: folder of the runs it would be recorded in.
        person: who signed in, or the client as a person; None where nobody did.
        roles: any of them will do.
        what: shall be done, as in "running plan eol".

    Raises:
        RefusedToStart: nobody is signed in where users are known; or somebody is, for another folder or in no
            such role.
        StoreError: the users cannot be read.
    """
    if person is not None and person.runs != runs.resolve():
        raise RefusedToStart(
            f"{what}: {person.name} signed in for {person.runs}, and not for {runs}",
            do="Give one folder with --runs",
        )
    if not knows_users(runs):
        return
    if person is None:
        raise RefusedToStart(
            f"{what}: nobody is signed in, and {runs} knows users", do="Say who you are, with --user or --by"
        )
    with Directory(runs) as directory:
        actor = find_actor(directory, person.name)
    if actor is None or not actor.active:
        raise RefusedToStart(f"{what}: {person.name} is no user any more")
    if not actor.has_any(roles):
        raise RefusedToStart(
            f"{what}: {person.name} is {', '.join(actor.roles)}",
            expected=f"a user who is {' or '.join(roles)}",
        )


def admit_user(runs: Path, person: SignedIn | None, roles: tuple[Role, ...], what: str) -> None:
    """Refuse as :func:`admit` does, and a client whatever its roles: who may use the rig, people decide."""
    admit(runs, person, roles, what)
    if person is None or not knows_users(runs):
        return
    with Directory(runs) as directory:
        if directory.find(person.name) is None:
            raise RefusedToStart(f"{what}: {person.name} is a client", expected="a user")
