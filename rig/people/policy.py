"""What is asked of passwords, and who may do what: ``people.toml`` in the folder of the runs.

Every key has a default, and a folder without the file has them all.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rig.config import Section, load_model
from rig.people.user import Role, Roles

FILE_NAME = "people.toml"


class PasswordRules(Section):
    """What a password must be."""

    min_length: Annotated[int, Field(ge=8, le=128)] = 12
    expires_after_days: Annotated[float, Field(gt=0)] = 180.0
    not_again: Annotated[int, Field(ge=0, le=50)] = Field(
        5, description="how many of the last may not return"
    )


class LockOut(Section):
    """What becomes of a name after wrong passwords."""

    attempts: Annotated[int, Field(ge=1)] = 5
    minutes: Annotated[float, Field(gt=0)] = 15.0

    @property
    def time(self) -> timedelta:
        """How long a name is locked."""
        return timedelta(minutes=self.minutes)


class SessionRules(Section):
    """How long a person stays signed in at the panel."""

    # More than the minute to which it is known when a session was used.
    idle_minutes: Annotated[float, Field(ge=2, le=24 * 60)] = 30.0
    hours: Annotated[float, Field(gt=0, le=7 * 24)] = 12.0

    @property
    def idle(self) -> timedelta:
        """How long a session may be left alone."""
        return timedelta(minutes=self.idle_minutes)

    @property
    def whole(self) -> timedelta:
        """How long a session may last."""
        return timedelta(hours=self.hours)


class Hashing(Section):
    """Cost of one argon2id hash; by default the second choice of RFC 9106."""

    passes: Annotated[int, Field(ge=1)] = 3
    memory_kib: Annotated[int, Field(ge=8)] = 65536
    lanes: Annotated[int, Field(ge=1)] = 4


class Duties(Section):
    """Who may do what; who may run a plan, the plan itself says."""

    override: Roles = (Role.ENGINEER, Role.QUALITY)
    reset: Roles = tuple(Role)
    recover: Roles = (Role.ENGINEER, Role.QUALITY)
    hide: Roles = (Role.QUALITY,)
    change: Roles = (Role.ENGINEER, Role.QUALITY)
    study: Roles = (Role.ENGINEER, Role.QUALITY)


class Policy(Section):
    """The whole of it."""

    password: PasswordRules = PasswordRules()
    lock_out: LockOut = LockOut()
    session: SessionRules = SessionRules()
    hashing: Hashing = Hashing()
    roles: Duties = Duties()
    certificates: dict[str, str] = Field(
        {}, description="by user: common name or e-mail in the certificate, where it is not the full name"
    )


def load_policy(runs: Path) -> Policy:
    """Return the policy of a folder of runs.

    Raises:
        ConfigError: a wrong key or value.
    """
    path = runs / FILE_NAME
    return load_model(Policy, path) if path.exists() else Policy()
