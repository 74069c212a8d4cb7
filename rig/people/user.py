"""A named user. A name is one person's for good: it is never given again, and a user is never deleted."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from rig.config import Section
from rig.records.event import utc_text

NAME = re.compile(r"[a-z][a-z0-9._-]{0,30}[a-z0-9]")


class Role(StrEnum):
    """What a user may be; a user may be several."""

    OPERATOR = "operator"
    ENGINEER = "engineer"
    QUALITY = "quality"


def signs_in(name: str) -> str:
    """Return a name that a user or a client may have; raises ValueError for another."""
    if not NAME.fullmatch(name):
        raise ValueError("2 to 32 of a-z, 0-9, dot, underscore and hyphen, a letter first")
    return name


def _printed(name: str) -> str:
    if name != name.strip() or not name or not name.isprintable():
        raise ValueError("a name as it shall be printed, on one line")
    return name


def _in_order(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if not roles:
        raise ValueError("one role at least")
    return tuple(role for role in Role if role in roles)


Roles = Annotated[tuple[Role, ...], AfterValidator(_in_order)]


class User(Section):
    """A user as the directory keeps one. Times are in UTC."""

    name: Annotated[str, AfterValidator(signs_in)]
    full_name: Annotated[str, Field(max_length=100), AfterValidator(_printed)]
    roles: Roles
    active: bool = True
    password_hash: str
    password_set_at: datetime
    given: bool = Field(False, description="another person chose the password: it must be changed first")
    former_hashes: tuple[str, ...] = Field((), description="of earlier passwords, the latest first")
    failed_attempts: int = 0
    locked_at: datetime | None = None

    def told(self) -> dict[str, Any]:
        """Return what the record may say of a user: nothing that is secret."""
        return {
            "full_name": self.full_name,
            "roles": [role.value for role in self.roles],
            "active": self.active,
            "password_set_at": utc_text(self.password_set_at),
            "password_given": self.given,
        }

    def has_any(self, roles: tuple[Role, ...]) -> bool:
        """Say whether the user has one of ``roles``."""
        return not set(roles).isdisjoint(self.roles)
