"""Sessions of the panel: who signed in once is known by the secret in a cookie, for a while.

A session ends by itself, with the person's password, and with the person. The roles are asked for each time.
It is written down once a minute that a session is used, so it may be left alone for up to a minute less than
the policy says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rig.errors import RefusedToStart
from rig.people.access import are_kept
from rig.people.actors import find_recorded, may_act, person_of
from rig.people.directory import Directory
from rig.people.policy import load_policy
from rig.people.sign_in import SignedIn
from rig.people.tokens import SESSION, Token, hash_of, new_secret
from rig.records.event import utc_text
from rig.records.run import wall_utc

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Session:
    """A session that goes on.

    Args:
        person: who signed in, with the roles of now.
        expires_at: when it ends however much it is used, in UTC.
        csrf: what a form of this session must bring along; the same for all of it, and no help in guessing
            its secret.
    """

    person: SignedIn
    expires_at: datetime
    csrf: str


def open_session(runs: Path, person: SignedIn, *, now: Now = wall_utc) -> str:
    """Begin a session of a person who just signed in.

    Args:
        runs: folder of the runs.
        person: as :func:`rig.people.sign_in.sign_in` returned it.
        now: the time of day, in UTC.

    Returns:
        The secret for the cookie, which is kept nowhere.

    Raises:
        RefusedToStart: the person signed in for another folder, or was retired or locked out meanwhile.
        ConfigError: a wrong policy.
        StoreError: it could not be kept.
    """
    rules, at, secret = load_policy(runs).session, now(), new_secret()
    ends = at + rules.whole
    body = {"ends_at": utc_text(ends)}
    token = Token(hash_of(secret), SESSION, person.name, at, at, min(ends, at + rules.idle), body)
    with Directory(runs) as directory, directory.changing(at):
        if person.runs != runs.resolve() or not may_act(directory.find(person.name)):
            raise RefusedToStart(f"{person.name} is not signed in for {runs}", do="Sign in again")
        directory.tokens.put(token)
    return secret


def find_session(runs: Path, secret: str, *, uses: bool = True, now: Now = wall_utc) -> Session | None:
    """Return the session of a secret, and write down that it is used.

    Args:
        runs: folder of the runs.
        secret: from the cookie, whatever stands there.
        uses: not where a page only looks on, so that one that was left alone signs itself out.
        now: the time of day, in UTC.

    Returns:
        None for what is none: never begun, ended, left alone or used for too long, from before the clock was
        put back, or of a person who is retired or locked out, has another password, or of whom the record
        says other things than the file of the users.

    Raises:
        ConfigError: a wrong policy.
        StoreError: users or record cannot be read or written.
    """
    if not are_kept(runs):
        return None
    with Directory(runs) as directory:
        token, at = directory.tokens.find(secret, SESSION), now()
        if token is None:
            return None
        if token.is_over(at):
            with directory.changing(at):
                return None  # deleted, so that a clock which is put back does not revive it
        actor = find_recorded(directory, token.name, at)
        if actor is None:
            return None
        ends = datetime.fromisoformat(token.body["ends_at"])
        if uses and token.must_be_seen(at):
            until = min(ends, at + load_policy(runs).session.idle)
            with directory.changing(at):
                directory.tokens.seen(token, at, until)
        return Session(person_of(actor, directory), ends, _csrf(secret))


def end_session(runs: Path, secret: str) -> None:
    """End a session: the person signs out. Nothing happens where there is none.

    Raises:
        StoreError: it could not be deleted.
    """
    if not are_kept(runs):
        return
    with Directory(runs) as directory:
        directory.tokens.end(secret, SESSION)


def _csrf(secret: str) -> str:
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()
