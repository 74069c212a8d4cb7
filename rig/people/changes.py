"""Changing users: the first one by who sets the rig up, every later change by a user of role quality.

Each change is owed to the audit trail with its reason. Nobody is deleted, and there is always somebody left
who may change users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rig.config import check_model
from rig.errors import RefusedToStart
from rig.people.access import admit_user, knows_users
from rig.people.directory import Directory
from rig.people.passwords import check_new, hashed
from rig.people.policy import load_policy
from rig.people.sign_in import SignedIn, sign_in
from rig.people.user import Role, User
from rig.records.run import wall_utc

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Newcomer:
    """Who shall be added: the name to sign in with, the name as it is printed, and what they may be."""

    name: str
    full_name: str
    roles: Sequence[str]


def add_user(
    runs: Path, newcomer: Newcomer, password: str, *, by: SignedIn | None, reason: str, now: Now = wall_utc
) -> User:
    """Add a user; the first one, of role quality, by themselves.

    Args:
        runs: folder of the runs.
        newcomer: who.
        password: for the beginning; unless it is the first user's own, it must be changed first of all.
        by: a signed-in user of role quality; None for the first.
        reason: why.
        now: the time of day, in UTC.

    Raises:
        RefusedToStart: the name was given before, the password is not allowed, or ``by`` may not.
        ConfigError: a name or a role that cannot be.
        StoreError: it could not be kept.
    """
    is_first = not knows_users(runs)
    policy = load_policy(runs)
    check_new(password, newcomer.name, policy.password)
    user = check_model(
        User,
        {
            "name": newcomer.name,
            "full_name": newcomer.full_name,
            "roles": list(newcomer.roles),
            "password_hash": hashed(password, policy.hashing),
            "password_set_at": now(),
            "given": not is_first,
        },
        source="user",
    )
    if is_first and Role.QUALITY not in user.roles:
        raise RefusedToStart(f"the first user is {', '.join(user.roles)}", expected="one of role quality")
    if not is_first:
        _admit(runs, by)
    with Directory(runs, create=is_first) as directory, directory.changing(now()) as latest:
        if is_first and directory.users():
            raise RefusedToStart("another user was just added", do="Have one of role quality add this one")
        directory.refuse_given(user.name)
        user = user.model_copy(update={"password_set_at": latest})
        directory.put(user, did="added", by=by.name if by else user.name, reason=reason)
    return user


def retire(runs: Path, name: str, *, by: SignedIn, reason: str, now: Now = wall_utc) -> User:
    """Let a user sign in no more; the name stays theirs. Raises as :func:`set_roles`."""
    _admit(runs, by)
    with _changed(runs, name, by, now) as change:
        change.becomes(active=False)
        change.directory.tokens.end_all_of(name)
        change.keep("retired", reason)
    return change.user


def set_roles(
    runs: Path, name: str, roles: Sequence[str], *, by: SignedIn, reason: str, now: Now = wall_utc
) -> User:
    """Give a user other roles.

    Raises:
        RefusedToStart: no such user, a retired one, the last who may change users, or ``by`` may not.
        ConfigError: there is no such role.
        StoreError: it could not be kept.
    """
    _admit(runs, by)
    with _changed(runs, name, by, now) as change:
        change.becomes(roles=list(roles))
        change.keep("given other roles", reason)
    return change.user


def unlock(runs: Path, name: str, *, by: SignedIn, reason: str, now: Now = wall_utc) -> User:
    """End a lock-out before its time. Raises as :func:`set_roles`."""
    _admit(runs, by)
    with _changed(runs, name, by, now) as change:
        before, after = ({"failed_attempts": count} for count in (change.user.failed_attempts, 0))
        change.becomes(failed_attempts=0, locked_at=None)
        change.directory.put(change.user)
        change.directory.owe(name, did="unlocked", by=by.name, before=before, after=after, reason=reason)
    return change.user


def give_password(
    runs: Path, name: str, password: str, *, by: SignedIn, reason: str, now: Now = wall_utc
) -> User:
    """Give a user a password for the beginning, which they must change. Raises as :func:`set_roles`."""
    _admit(runs, by)
    return _set_password(runs, name, password, by=by, reason=reason, now=now)


def change_password(
    runs: Path, name: str, password: str, new: str, *, reason: str, now: Now = wall_utc
) -> User:
    """Change one's own password, also one that is too old or was given.

    Raises:
        RefusedToStart: not signed in, or the new password is not allowed.
        StoreError: it could not be kept.
    """
    person = sign_in(runs, name, password, now=now, to_change_password=True)
    return _set_password(runs, name, new, by=person, reason=reason, now=now)


@dataclass
class _Change:
    """A user under change, in a commit that is open."""

    directory: Directory
    user: User
    by: SignedIn
    latest: datetime

    def becomes(self, **values: object) -> None:
        """Change the user; raises ConfigError for what cannot be."""
        self.user = check_model(User, self.user.model_dump() | values, source=f"user {self.user.name}")

    def keep(self, did: str, reason: str) -> None:
        """Keep the user; raises RefusedToStart where nobody would be left who may change users."""
        self.directory.put(self.user, did=did, by=self.by.name, reason=reason)
        if not any(user.active and Role.QUALITY in user.roles for user in self.directory.users()):
            raise RefusedToStart(f"{self.user.name} is the last of role quality", do="Add another one first")


@contextmanager
def _changed(runs: Path, name: str, by: SignedIn, now: Now) -> Iterator[_Change]:
    with Directory(runs) as directory, directory.changing(now()) as latest:
        user = directory.find(name)
        if user is None:
            raise RefusedToStart(f"no user {name!r}", expected="one that rig users list tells")
        if not user.active:
            raise RefusedToStart(f"{name} is retired", do="Add the person under another name")
        yield _Change(directory, user, by, latest)


def _set_password(runs: Path, name: str, password: str, *, by: SignedIn, reason: str, now: Now) -> User:
    policy = load_policy(runs)
    new_hash = hashed(password, policy.hashing)
    with _changed(runs, name, by, now) as change:
        user = change.user
        earlier = (user.password_hash, *user.former_hashes)
        check_new(password, name, policy.password, earlier)
        change.becomes(
            password_hash=new_hash,
            password_set_at=change.latest,
            former_hashes=earlier[: policy.password.not_again],
            given=by.name != name,
            failed_attempts=0,
            locked_at=None,
        )
        change.directory.tokens.end_all_of(name)
        change.keep("given another password" if by.name != name else "chose another password", reason)
    return change.user


def _admit(runs: Path, by: SignedIn | None) -> None:
    admit_user(runs, by, (Role.QUALITY,), "changing users")
