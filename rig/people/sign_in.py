"""Signing in: a name and its password, or the same refusal for everybody, after the same effort.

Who is refused is not told why, so that nobody learns which names there are or that a password was right; the
audit trail tells it. A name that nobody has is not entered: people type passwords there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rig.errors import RefusedToStart
from rig.people.directory import Directory
from rig.people.passwords import hashed, matches, must_hash_again
from rig.people.policy import LockOut, Policy, load_policy
from rig.people.user import Role, User
from rig.records.run import wall_utc

UNKNOWN = "a name that nobody has"
FAILED, LOCKED = "sign-in failed", "locked out"


@dataclass(frozen=True)
class SignedIn:
    """A person who has shown the password in a folder of runs, or what stands for it: a session, a token."""

    name: str
    full_name: str
    roles: tuple[Role, ...]
    runs: Path

    def told(self) -> dict[str, str]:
        """Return who this is, for the record."""
        return {"name": self.name, "full_name": self.full_name, "role": ", ".join(self.roles)}


def sign_in(
    runs: Path,
    name: str,
    password: str,
    *,
    now: Callable[[], datetime] = wall_utc,
    to_change_password: bool = False,
) -> SignedIn:
    """Sign a person in.

    Args:
        runs: folder of the runs, which knows the users.
        name: of the user.
        password: theirs; it is neither kept nor told.
        now: the time of day, in UTC.
        to_change_password: the person will change the password, so it may be one that must be.

    Raises:
        RefusedToStart: no such user, a wrong password, locked out, retired (all in the same words); or the
            password must be changed.
        StoreError: users or record cannot be read or written.
    """
    policy = load_policy(runs)
    with Directory(runs) as directory:
        # Outside the change below: this takes long, and others wait there.
        right = matches(password, directory.find(name), policy.hashing)
        with directory.changing(now()) as latest:
            refusal = _attempt(directory, name, right, policy.lock_out, now())
            user = directory.find(name)
            if not refusal and user and must_hash_again(user.password_hash, policy.hashing):
                user = user.model_copy(update={"password_hash": hashed(password, policy.hashing)})
                directory.put(user)
        if refusal or user is None:
            raise _refused(policy.lock_out)
        directory.check_against_record(user)
    if not to_change_password:
        _refuse_old_password(user, policy, latest)
    return SignedIn(user.name, user.full_name, user.roles, runs.resolve())


def is_locked(user: User, rules: LockOut, now: datetime) -> bool:
    """Say whether a user is locked out. A clock that was put back lets nobody in."""
    return user.locked_at is not None and now - user.locked_at < rules.time


def _attempt(directory: Directory, name: str, right: bool, rules: LockOut, now: datetime) -> str:
    """Count an attempt, and owe the audit trail a refused one; return why it was refused, empty if not."""
    user = directory.find(name)  # again, for another process may have counted meanwhile
    if user is None:
        directory.owe(UNKNOWN, did=FAILED, by="", before=None, after=None, reason=UNKNOWN)
        return UNKNOWN
    counted, refusal = _counted(user, right, rules, now)
    if counted != user:
        directory.put(counted)
    if refusal:
        did = LOCKED if counted.locked_at and not user.locked_at else FAILED
        if did == LOCKED:
            directory.tokens.end_all_of(name)
        before, after = ({"failed_attempts": one.failed_attempts} for one in (user, counted))
        directory.owe(name, did=did, by="", before=before, after=after, reason=refusal)
    return refusal


def _counted(user: User, right: bool, rules: LockOut, now: datetime) -> tuple[User, str]:
    """Return the user after an attempt, and why it is refused."""
    if not user.active:
        return user, "retired"
    if is_locked(user, rules, now):
        # Before its own beginning a lock-out would last for as long as the clock was put back.
        assert user.locked_at is not None
        return user.model_copy(update={"locked_at": min(user.locked_at, now)}), "locked out"
    if user.locked_at is not None:
        user = user.model_copy(update={"locked_at": None, "failed_attempts": 0})
    if right:
        return user.model_copy(update={"failed_attempts": 0}), ""
    failed = user.failed_attempts + 1
    locked_at = now if failed >= rules.attempts else None
    return user.model_copy(update={"failed_attempts": failed, "locked_at": locked_at}), "wrong password"


def _refuse_old_password(user: User, policy: Policy, latest: datetime) -> None:
    do = f"Choose another: rig users password {user.name}"
    if user.given:
        raise RefusedToStart(f"the password of {user.name} was chosen by another person", do=do)
    days = policy.password.expires_after_days
    if latest - user.password_set_at > timedelta(days=days):
        raise RefusedToStart(f"the password of {user.name} is older than {days:g} days", do=do)


def _refused(rules: LockOut) -> RefusedToStart:
    return RefusedToStart(
        "not signed in: no such user, a wrong password, locked out, or retired",
        do=f"After {rules.attempts} wrong passwords a name is locked for {rules.minutes:g} min; "
        "rig users list tells a person who is known",
    )
