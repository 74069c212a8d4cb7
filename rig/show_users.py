"""The users, as a table and as JSON: what is not secret of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rig.records.event import utc_text
from rig.records.run import wall_utc

if TYPE_CHECKING:
    from rich.console import Console

    from rig.people.policy import Policy
    from rig.people.user import User


def told_of(user: User, policy: Policy) -> dict[str, Any]:
    """Return what may be told of a user, with what stands in the way of signing in."""
    from rig.people.sign_in import is_locked

    expires = user.password_set_at + timedelta(days=policy.password.expires_after_days)
    return {
        "name": user.name,
        **user.told(),
        "password_expires_at": utc_text(expires),
        "locked": is_locked(user, policy.lock_out, wall_utc()),
    }


def render_users(users: Sequence[dict[str, Any]], console: Console) -> None:
    """Print the users, one a line."""
    from rich.table import Table

    if not users:
        console.print("no users are known; runs begin without a name")
        return
    table = Table("name", "full name", "roles", "state", "password until", box=None, pad_edge=False)
    for user in users:
        until = "to be changed first" if user["password_given"] else user["password_expires_at"][:10]
        table.add_row(user["name"], user["full_name"], ", ".join(user["roles"]), _state(user), until)
    console.print(table)


def _state(user: dict[str, Any]) -> str:
    if not user["active"]:
        return "retired"
    return "locked out" if user["locked"] else "active"
