"""Tickets: a person who is signed in at the panel lets one thing be done in another process, once, and soon.

So the panel begins a run as that person and never holds a password. A ticket is good for what it was issued
for, and for nothing else; whoever tries it for something else has used it up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from rig.errors import RefusedToStart
from rig.people.actors import find_actor, find_recorded, may_act, person_of
from rig.people.directory import Directory
from rig.people.sign_in import SignedIn
from rig.people.tokens import TICKET, Token, hash_of, new_secret
from rig.records.run import wall_utc

Now = Callable[[], datetime]
GOOD_FOR = timedelta(seconds=60)


def issue_ticket(runs: Path, person: SignedIn, purpose: str, *, now: Now = wall_utc) -> str:
    """Issue a ticket.

    Args:
        runs: folder of the runs.
        person: who is signed in: of a session, or a client as a person.
        purpose: what it is for, as in "running plan eol".
        now: the time of day, in UTC.

    Returns:
        The ticket, which is kept nowhere.

    Raises:
        RefusedToStart: the person is signed in for another folder, or was retired or locked out meanwhile.
        StoreError: it could not be kept.
    """
    secret, at = new_secret(), now()
    token = Token(hash_of(secret), TICKET, person.name, at, at, at + GOOD_FOR, {"purpose": purpose})
    with Directory(runs) as directory, directory.changing(at):
        if person.runs != runs.resolve() or not may_act(find_actor(directory, person.name)):
            raise RefusedToStart(f"{purpose}: {person.name} is not signed in for {runs}", do="Sign in again")
        directory.tokens.put(token)
    return secret


def redeem_ticket(runs: Path, ticket: str, purpose: str, *, now: Now = wall_utc) -> SignedIn:
    """Use a ticket up, and return who it was issued to, with the roles of now.

    Args:
        runs: folder of the runs.
        ticket: as issued.
        purpose: what is done with it; it must be what it was issued for.
        now: the time of day, in UTC.

    Raises:
        RefusedToStart: unknown, used, too old, for something else, or of somebody who may nothing any more:
            all in the same words, and never with the ticket.
        StoreError: users or record cannot be read or written.
    """
    at = now()
    with Directory(runs) as directory:
        token = directory.tokens.find(ticket, TICKET)
        if token is None:
            raise _refused(purpose)
        with directory.changing(at):  # which deletes it if it is too old
            taken = directory.tokens.take(token)
        actor = find_recorded(directory, token.name, at)
        if not taken or token.body["purpose"] != purpose or actor is None:
            raise _refused(purpose)
        return person_of(actor, directory)


def _refused(purpose: str) -> RefusedToStart:
    return RefusedToStart(
        f"{purpose}: no such ticket, a used one, one older than {GOOD_FOR.total_seconds():g} s, or for "
        "something else",
        do="Begin again from the panel",
    )
