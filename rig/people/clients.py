"""Clients of the REST interface: added and retired by users of role quality, known by a token each.

Each change is owed to the audit trail with its reason. A client is never deleted, and its token never shown
again: who lost one retires the client and adds another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rig.config import check_model
from rig.errors import RefusedToStart
from rig.people.access import admit_user, are_kept
from rig.people.actors import find_recorded
from rig.people.client import Client, client_of
from rig.people.directory import Directory
from rig.people.sign_in import SignedIn
from rig.people.tokens import CLIENT, Token, hash_of, new_secret
from rig.people.user import Role
from rig.records.run import wall_utc

Now = Callable[[], datetime]


def add_client(
    runs: Path, name: str, roles: Sequence[str], *, by: SignedIn, reason: str, now: Now = wall_utc
) -> str:
    """Add a client.

    Args:
        runs: folder of the runs.
        name: that no user and no client has or had.
        roles: what it may be; runs that it begins need one that their plan allows.
        by: a signed-in user of role quality.
        reason: why.
        now: the time of day, in UTC.

    Returns:
        Its token, which is kept nowhere.

    Raises:
        RefusedToStart: the name was given before, or ``by`` may not.
        ConfigError: a name or a role that cannot be.
        StoreError: it could not be kept.
    """
    _admit(runs, by)
    secret = new_secret()
    with Directory(runs) as directory, directory.changing(now()) as latest:
        kept = {"name": name, "roles": list(roles), "added_at": latest, "runs": runs}
        client = check_model(Client, kept, source="client")
        directory.refuse_given(name)
        directory.tokens.put(Token(hash_of(secret), CLIENT, name, latest, None, None, _body(client)))
        directory.owe(name, did="client added", by=by.name, before=None, after=client.told(), reason=reason)
    return secret


def retire_client(runs: Path, name: str, *, by: SignedIn, reason: str, now: Now = wall_utc) -> None:
    """Let a client in no more; the name stays its own.

    Raises:
        RefusedToStart: no such client, a retired one, or ``by`` may not.
        StoreError: it could not be kept.
    """
    _admit(runs, by)
    with Directory(runs) as directory, directory.changing(now()):
        token = directory.tokens.named(name, CLIENT)
        if token is None:
            raise RefusedToStart(f"no client {name!r}", expected="one that rig clients list tells")
        client = client_of(token, runs)
        if not client.active:
            raise RefusedToStart(f"{name} is retired", do="Add a client under another name")
        retired = client.model_copy(update={"active": False})
        directory.tokens.change(token, _body(retired))
        directory.tokens.end_all_of(name)
        before, after = client.told(), retired.told()
        directory.owe(name, did="client retired", by=by.name, before=before, after=after, reason=reason)


def clients(runs: Path) -> list[Client]:
    """Return every client there ever was, by name; none where no users are known.

    Raises:
        ConfigError: what is kept of one cannot be.
        StoreError: they cannot be read.
    """
    if not are_kept(runs):
        return []
    with Directory(runs) as directory:
        return [client_of(token, runs) for token in directory.tokens.all(CLIENT)]


def find_client(runs: Path, token: str, *, now: Now = wall_utc) -> Client | None:
    """Return the client of a token, and write down that it was seen.

    Args:
        runs: folder of the runs.
        token: from the request, whatever stands there.
        now: the time of day, in UTC.

    Returns:
        None for a token of nobody, of a retired client, or of one of whom the record says other things than
        the file of the users.

    Raises:
        StoreError: users or record cannot be read or written.
    """
    if not are_kept(runs):
        return None
    with Directory(runs) as directory:
        kept, at = directory.tokens.find(token, CLIENT), now()
        if kept is None:
            return None
        client = find_recorded(directory, kept.name, at)
        if not isinstance(client, Client):
            return None
        if kept.must_be_seen(at):
            with directory.changing(at):
                directory.tokens.seen(kept, at, None)
        return client


def _body(client: Client) -> dict[str, object]:
    return {"roles": [role.value for role in client.roles], "active": client.active}


def _admit(runs: Path, by: SignedIn) -> None:
    admit_user(runs, by, (Role.QUALITY,), "changing clients")
