"""The clients of the REST interface, as a table and as JSON: never anything of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rig.records.event import utc_text

if TYPE_CHECKING:
    from rich.console import Console

    from rig.people.client import Client


def told_of(client: Client) -> dict[str, Any]:
    """Return what may be told of a client; when it was last seen to the minute, None for never.

    Raises:
        StoreError: the record cannot be read.
    """
    from rig.people.told import last_told

    told = client.told()
    seen = None if client.last_seen is None else utc_text(client.last_seen)
    as_recorded = last_told(client.runs).get(client.name) == told
    return {
        "name": client.name,
        "roles": told["roles"],
        "active": client.active,
        "added_at": told["added_at"],
        "last_seen": seen,
        "as_recorded": as_recorded,
    }


def render_clients(clients: Sequence[dict[str, Any]], console: Console) -> None:
    """Print the clients, one a line."""
    from rich.table import Table

    if not clients:
        console.print("no clients are known; nothing comes in by the REST interface")
        return
    table = Table("name", "roles", "state", "added", "last seen", box=None, pad_edge=False)
    for client in clients:
        added, seen = (
            at[:16].replace("T", " ") for at in (client["added_at"], client["last_seen"] or "never")
        )
        table.add_row(client["name"], ", ".join(client["roles"]), _state(client), added, seen)
    console.print(table)


def _state(client: dict[str, Any]) -> str:
    if not client["as_recorded"]:
        return "not as recorded"
    return "active" if client["active"] else "retired"
