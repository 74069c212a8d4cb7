"""May this person do this here? Where a folder of runs knows users, nothing begins without one of them."""

from __future__ import annotations

from pathlib import Path

from rig.errors import RefusedToStart
from rig.people.directory import FILE_NAME, Directory, last_told
from rig.people.sign_in import SignedIn
from rig.people.user import Role


def knows_users(runs: Path) -> bool:
    """Say whether a folder of runs knows users.

    Raises:
        RefusedToStart: the record tells of users, and their file is gone or empty.
        StoreError: one of the two cannot be read.
    """
    path = runs / FILE_NAME
    if path.is_file() and path.stat().st_size:  # empty where the making of it was cut off
        with Directory(runs) as directory:
            if directory.users():
                return True
    if last_told(runs):
        raise RefusedToStart(
            f"{path}: the record tells of users, and none are there",
            do="Restore the file from the backup of the folder",
        )
    return False


def admit(runs: Path, person: SignedIn | None, roles: tuple[Role, ...], what: str) -> None:
    """Refuse what a person may not do.

    Args:
        runs: folder of the runs it would be recorded in.
        person: who signed in; None where nobody did.
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
        user = directory.find(person.name)
    if user is None or not user.active:
        raise RefusedToStart(f"{what}: {person.name} is no user any more")
    if not user.has_any(roles):
        raise RefusedToStart(
            f"{what}: {person.name} is {', '.join(user.roles)}",
            expected=f"a user who is {' or '.join(roles)}",
        )
