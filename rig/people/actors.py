"""Whoever a name stands for, a person or a machine: the user of that name, or the client."""

from __future__ import annotations

from datetime import datetime

from rig.people.client import Client, client_of
from rig.people.directory import Directory
from rig.people.sign_in import SignedIn
from rig.people.tokens import CLIENT
from rig.people.user import User


def find_actor(directory: Directory, name: str) -> User | Client | None:
    """Return the user or client of a name, retired ones too; None where nobody has it."""
    user = directory.find(name)
    if user is not None:
        return user
    token = directory.tokens.named(name, CLIENT)
    return None if token is None else client_of(token, directory.runs)


def may_act(actor: User | Client | None) -> bool:
    """Say whether there is somebody who is neither retired nor locked out.

    A lock-out stays on a user until the next attempt to sign in, so whoever is in by other means is not.
    """
    return actor is not None and actor.active and getattr(actor, "locked_at", None) is None


def find_recorded(directory: Directory, name: str, now: datetime) -> User | Client | None:
    """Return whom a token may stand for: somebody who may act, and of whom the record says the same.

    Args:
        directory: open.
        name: that the token names.
        now: in UTC.

    Returns:
        None for nobody, who may not act, or of whom the record says other things.

    Raises:
        StoreError: users or record cannot be read.
    """
    actor = find_actor(directory, name)
    if actor is None or not may_act(actor):
        return None
    if directory.is_as_recorded(actor):
        return actor
    if not directory.owes():
        return None
    # A change is between its two commits, or was cut off there.
    with directory.changing(now):
        actor = find_actor(directory, name)
    return actor if actor and may_act(actor) and directory.is_as_recorded(actor) else None


def person_of(actor: User | Client, directory: Directory) -> SignedIn:
    """Return a user or client as somebody who is signed in."""
    if isinstance(actor, Client):
        return actor.as_person()
    return SignedIn(actor.name, actor.full_name, actor.roles, directory.runs.resolve())
