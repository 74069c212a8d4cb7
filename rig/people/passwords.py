"""Passwords: hashed with argon2id, compared with the same effort whether or not there is such a user."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from rig.errors import RefusedToStart
from rig.people.policy import Hashing, PasswordRules
from rig.people.user import User

if TYPE_CHECKING:
    from argon2 import PasswordHasher


def hashed(password: str, cost: Hashing) -> str:
    """Return the hash of a password, with its salt and its cost in it."""
    return _hasher(cost).hash(_bytes(password))


def matches(password: str, user: User | None, cost: Hashing) -> bool:
    """Say whether a password is the user's; for nobody, the same time is spent and it is not."""
    if user is None:
        hashed(password, cost)
        return False
    return _is_hash_of(user.password_hash, password)


def must_hash_again(password_hash: str, cost: Hashing) -> bool:
    """Say whether a hash was made at another cost than is asked for now."""
    return _hasher(cost).check_needs_rehash(password_hash)


def check_new(password: str, name: str, rules: PasswordRules, earlier: tuple[str, ...] = ()) -> None:
    """Refuse a new password that the rules do not allow.

    Args:
        password: the new one.
        name: of the user.
        rules: what is asked of it.
        earlier: hashes of the user's passwords, the latest first.

    Raises:
        RefusedToStart: it is too short, the user's name, or one of the last.
    """
    length = len(_as_typed(password))
    if length < rules.min_length:
        raise RefusedToStart(f"a password of {length} characters", expected=f"{rules.min_length} or more")
    if name in password.casefold():
        raise RefusedToStart("the password has the user's name in it", expected="one that is not guessed")
    if any(_is_hash_of(one, password) for one in earlier[: rules.not_again]):
        raise RefusedToStart(
            "this password was used before",
            expected=f"none of the last {rules.not_again}",
            do="Choose another",
        )


def _is_hash_of(password_hash: str, password: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(password_hash, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _as_typed(password: str) -> str:
    """Return one form for what different keyboards write differently."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _as_typed(password).encode("utf-8", "surrogatepass")


def _hasher(cost: Hashing) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
