"""A client of the REST interface, such as a line's MES: named, with roles, and known by a token."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from rig.config import Section, check_model
from rig.people.sign_in import SignedIn
from rig.people.tokens import Token
from rig.people.user import Role, Roles, signs_in
from rig.records.event import utc_text


class Client(Section):
    """A client as it is kept. A name is one client's for good, and never a user's. Times are in UTC."""

    name: Annotated[str, AfterValidator(signs_in)]
    roles: Roles
    added_at: datetime
    last_seen: datetime | None = None
    active: bool = True
    runs: Path

    def told(self) -> dict[str, Any]:
        """Return what the record may say of a client: nothing of its token."""
        return {
            "client": True,
            "roles": [role.value for role in self.roles],
            "active": self.active,
            "added_at": utc_text(self.added_at),
        }

    def has_any(self, roles: tuple[Role, ...]) -> bool:
        """Say whether the client has one of ``roles``."""
        return not set(roles).isdisjoint(self.roles)

    def as_person(self) -> SignedIn:
        """Return what :func:`rig.people.access.admit` and the record of a run take it for."""
        return SignedIn(self.name, f"client {self.name}", self.roles, self.runs.resolve())


def client_of(token: Token, runs: Path) -> Client:
    """Return the client that a token is kept of.

    Raises:
        ConfigError: what is kept cannot be.
    """
    more = {"name": token.name, "added_at": token.made_at, "last_seen": token.seen_at, "runs": runs}
    return check_model(Client, {**token.body, **more}, source=f"client {token.name}")
